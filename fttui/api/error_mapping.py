"""From what went wrong on the wire to an `ApiError` in words: bodies of every kind, and transport errors."""

import errno
import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from fttui.api.errors import ApiError, BadAnswer, Unreachable, kind_of
from fttui.clock import duration
from fttui.models import lenient
from fttui.text import clean_line, fit

LONGEST = 300
"""Cells of a server's own words that are shown."""
LONGEST_ID = 100
_ID_HEADERS = ("x-request-id", "apim-request-id", "x-ms-request-id", "request-id", "x-litellm-call-id")

CLOSED = (
    "OpenAI no longer takes new fine-tuning jobs from this organisation. It has refused organisations new to "
    "fine-tuning since 2026-05-07 and inactive ones since 2026-07-02, and refuses everybody from 2027-01-06"
)
CLOSED_HINT = (
    "Old jobs, files and models stay readable. Create with another profile: --profile local trains on this machine."
)
QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_ACTIVE = re.compile(
    r"maximum of \d+ active|too many active (?:requests|jobs)|active (?:fine-tun\w+ )?jobs? limit", re.I
)


def of_status(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float, secret: str, changes: bool
) -> ApiError:
    """The error for an answer that is not 2xx.

    Args:
        now: Unix seconds, for a Retry-After that is a date.
        secret: the key that was sent; some servers repeat it, and we must not.
        changes: the request was no read, so a 5xx or a 408 may have come after it took effect.
    """
    fault = _members(body)
    reference = request_id(headers)
    said = fit(clean_line(hidden(fault["message"] or page_title(body), secret)), LONGEST)
    code = hidden(fault["code"], secret)
    name = _phrase(status)
    message = said or f"the server answered {name}"
    hint = ""
    if code == "training_not_available":
        message, hint = CLOSED, CLOSED_HINT
    elif code in QUOTA:
        hint = "The quota is used up; asking again does not help."
    elif status == 429 and _ACTIVE.search(said):
        code = code if code and code != "rate_limit_exceeded" else "too_many_active_jobs"
        hint = "Wait for a job to end, or cancel one."
    elif 300 <= status < 400:
        message = f"the server answered {name}, which is not followed"
    patience = retry_after(headers, now)
    if patience is not None and not hint:
        hint = f"It asks for {duration(max(1.0, patience))} of patience."
    return kind_of(status)(
        f"{message} ({status}{f', request {reference}' if reference else ''})",
        hint=hint,
        status=status,
        code=code,
        type=hidden(fault["type"], secret),
        param=hidden(fault["param"], secret),
        request_id=reference,
        retry_after=patience,
        should_retry={"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower()),
        ambiguous=changes and (status >= 500 or status == 408 or status < 400),
    )


def is_retryable(error: ApiError) -> bool:
    """Whether the same read may be sent again, and an answer may then be another (api.md §4).

    Decided by status *and* code: a quota does not come back in seconds, nor does a free place for a job. A name that
    does not exist and a certificate that is not trusted stay as they are.
    """
    if error.code in (*QUOTA, "too_many_active_jobs"):
        return False
    if error.should_retry is not None:
        return error.should_retry
    if isinstance(error, Unreachable):
        return error.kind not in ("name", "tls")
    if error.status is None:
        return False
    return error.status in (408, 409, 429) or (error.status >= 500 and error.status not in (501, 505))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, else `retry-after` as seconds or as a date."""
    milliseconds = lenient.number(headers.get("retry-after-ms"))
    if milliseconds is not None and milliseconds > 0:
        return milliseconds / 1000
    sent = headers.get("retry-after")
    seconds = lenient.number(sent)
    if seconds is None and sent:
        when = _date(sent)
        # Against the server's own clock where it told it: ours may be wrong.
        here = _date(headers.get("date", ""))
        seconds = None if when is None else when - (now if here is None else here)
    return seconds if seconds is not None and seconds > 0 else None


def of_transport(error: Exception, *, where: str, changes: bool) -> ApiError:
    """The error for an exchange that did not come to its end; `where` is what a person calls the other side."""
    kind, why = _transport(error)
    if kind == "garbage":
        return BadAnswer(f"{where} does not speak HTTP as it should: {why}", code="bad_protocol", ambiguous=changes)
    never = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
    return Unreachable(
        f"cannot reach {where}: {why}" if never else f"lost the connection to {where}: {why}",
        hint=_HINTS.get(kind, ""),
        code=kind,
        kind=kind,
        reason=why,
        unsent=never,
        ambiguous=changes and not never,
    )


_HINTS = {
    "name": "Check the base URL, and the network.",
    "refused": "Is the service running, and is the port right?",
    "tls": "A private authority goes into SSL_CERT_FILE, or ca_file of the profile.",
    "proxy": "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
}


def _transport(error: Exception) -> tuple[str, str]:
    """One of the kinds of `Unreachable`, or `garbage`; and why, in words."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return "tls", f"its certificate is not trusted ({clean_line(cause.verify_message)})"
            case ssl.SSLError():
                return "tls", f"TLS failed ({clean_line(cause.reason or 'no reason given')})"
            case socket.gaierror():
                if cause.errno == socket.EAI_AGAIN:
                    return "timeout", "its name cannot be looked up now"
                return "name", "there is no such name"
            case ConnectionRefusedError():
                return "refused", "the connection was refused"
            case FileNotFoundError():
                return "refused", "its socket is not there"
            case PermissionError():
                return "refused", "its socket belongs to somebody else"
            case OSError() if cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
                return "refused", "there is no way to it from here"
    match error:
        case httpx.TimeoutException() | TimeoutError():
            return "timeout", "it took too long"
        case httpx.ProxyError():
            return "proxy", f"the proxy refused ({clean_line(str(error))})"
        case httpx.ConnectError():
            return "refused", clean_line(str(error)) or "no connection"
        case httpx.RemoteProtocolError() if "without sending" not in str(error):
            # "…without sending complete message body" is a cut line as well, told apart by its words.
            return "garbage", clean_line(re.sub(r"bytearray\(b(['\"])(.*)\1\)", r"\2", str(error)))
        case httpx.RemoteProtocolError():
            return (
                ("cut", "it ended in the middle of the answer")
                if "complete" in str(error)
                else ("reset", "it was closed")
            )
    return "reset", "it was reset"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, what it was raised from, and the members of groups on the way."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        if isinstance(found, BaseExceptionGroup):
            waiting.extend(found.exceptions)
        # Suppressed contexts as well: httpcore raises "from None" what it got from the socket.
        waiting += [found.__context__, found.__cause__]


def _members(body: bytes) -> dict[str, str]:
    """Message, code, type and param of an error body in any of the known shapes; empty texts where there are none."""
    try:
        sent: Any = json.loads(body)
    except (ValueError, RecursionError):
        text = "" if _is_page(body) else body[:2000].decode("utf-8", "replace")
        return {"message": text, "code": "", "type": "", "param": ""}
    if isinstance(sent, str):
        sent = {"message": sent}
    outer = lenient.mapping(sent)
    inner = outer.get("error")
    if isinstance(inner, str):
        inner = {"message": inner}
    detail = outer.get("detail")
    if isinstance(detail, list):  # FastAPI: [{"loc": […], "msg": …}]
        detail = next((item for item in detail if isinstance(item, dict)), None)
    if isinstance(detail, str):
        detail = {"message": detail}
    places = [lenient.mapping(place) for place in (inner, detail, outer)]

    def first(*names: str) -> str:
        found = (lenient.line(place.get(name)) for place in places for name in names)
        return next((text for text in found if text and text not in ("None", "null")), "")

    return {
        "message": first("message", "msg", "error_description", "title"),
        "code": first("code"),
        "type": first("type"),
        "param": first("param"),
    }


def problem_in(raw: object) -> str:
    """The message of an error that came with a 2xx status, as some proxies send it; empty when it is none."""
    if not isinstance(raw, dict) or "id" in raw or "data" in raw or not raw.get("error"):
        return ""
    return _members(json.dumps(raw).encode())["message"] or "the answer is an error without words"


def _is_page(body: bytes) -> bool:
    start = body[:500].lstrip().lower()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<body")) or b"<html" in start


def page_title(body: bytes) -> str:
    """What a web page calls itself, in a sentence: gateways answer with such pages. Empty when it is no page."""
    if not _is_page(body):
        return ""
    text = body[:20_000].decode("utf-8", "replace")
    for tag in ("title", "h1"):
        found = re.search(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.I | re.S)
        if found and (words := " ".join(clean_line(re.sub(r"<[^>]+>", " ", found[1])).split())):
            return f"the answer is a web page: {words}"
    return "the answer is a web page"


def request_id(headers: Mapping[str, str]) -> str:
    """The id under which the provider's support finds the request; empty when it has none."""
    return next((clean_line(headers[name])[:LONGEST_ID] for name in _ID_HEADERS if headers.get(name)), "")


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def hidden(text: str, secret: str) -> str:
    """`text` without the key. One of a few characters protects nothing, and would tear words apart."""
    return text.replace(secret, "…") if len(secret) >= 8 else text


def date_of(headers: Mapping[str, str]) -> float | None:
    """The server's time, in Unix seconds; None when it told none."""
    return _date(headers.get("date", ""))


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
