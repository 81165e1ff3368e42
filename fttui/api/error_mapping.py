"""Convert HTTP responses and transport errors to `ApiError`s with messages for the user."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from fttui.api import faults
from fttui.api.errors import ApiError, BadResponse, Unreachable, kind_of
from fttui.api.proxy import ProxyFailed
from fttui.clock import duration
from fttui.models import lenient
from fttui.text import clean_line, fit

MAX_MESSAGE_CELLS = 300
"""Greatest width of a server's message, in terminal cells."""
LONGEST_ID = 100
"""Greatest length of a request id."""
_ID_HEADERS = ("x-request-id", "apim-request-id", "x-ms-request-id", "request-id", "x-litellm-call-id")

CLOSED_MESSAGE = (
    "OpenAI accepts no more fine-tuning jobs from this organisation. It refuses organisations new to fine-tuning "
    "since 2026-05-07, inactive organisations since 2026-07-02, and all organisations from 2027-01-06"
)
CLOSED_HINT = "Existing jobs, files and models stay readable. To train on this machine, use --profile local."
QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
UNKNOWN_ROUTE = "unknown_url"
"""Code of a 404 for a route that the server does not have, in the error of OpenAI and in ours."""
_ROUTE = re.compile(
    r"invalid url|unrecognized request url|(unknown|no such|no matching) (url|route|path|endpoint)|page not found"
    r"|cannot (get|post|delete) /|^not found\.?$|^resource not found\.?$",
    re.I,
)
_ACTIVE = re.compile(
    r"maximum of \d+ active|too many active (?:requests|jobs)|active (?:fine-tun\w+ )?jobs? limit", re.I
)


def of_status(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    secret: str,
    is_write: bool,
    sender: str = "",
    read: faults.ReadFault = faults.of_openai,
) -> ApiError:
    """Return the error for a response that is not 2xx.

    Args:
        now: Unix seconds, for a Retry-After that is a date.
        secret: the key that was sent. Some servers repeat it; messages must not.
        is_write: whether the request changes something. If it does, the change may have been made in spite of a 3xx, a
            408 or a 5xx.
        sender: who may have sent the response, in words, if it need not be the provider. A request id or an error code
            is the provider's.
        read: reads the body as the provider writes it.
    """
    page = page_title(body)
    fault = faults.Fault() if page else faults.of_body(body, read)
    reference = request_id(headers)
    server_message = fit(
        clean_line(without_key(fault.message or (page and f"the server sent {page}"), secret)), MAX_MESSAGE_CELLS
    )
    code = without_key(fault.code, secret)
    name = _phrase(status)
    message = server_message or f"the server sent {name}"
    hint = ""
    if code == "training_not_available":
        message, hint = CLOSED_MESSAGE, CLOSED_HINT
    elif code in QUOTA:
        hint = "The quota is exhausted; retrying does not help."
    elif status == 429 and _ACTIVE.search(server_message):
        code = code if code and code != "rate_limit_exceeded" else "too_many_active_jobs"
        hint = "Wait until a job ends, or cancel one."
    elif status == 404 and code in ("", "404") and (not fault.message or _ROUTE.search(server_message)):
        code = UNKNOWN_ROUTE
    elif 300 <= status < 400:
        message = f"the server sent {name}, a redirect that is not followed"
    if sender and not (reference or code or fault.type):
        message = f"{sender} answered: {server_message or name}"
    delay = retry_after(headers, now)
    if delay is not None and not hint:
        hint = f"Retry after {f'{max(1.0, delay):.0f} s' if delay < 60 else duration(delay)}."
    return kind_of(status)(
        f"{message} ({status}{f', request {reference}' if reference else ''})",
        hint=hint,
        status=status,
        code=code,
        type=without_key(fault.type, secret),
        param=without_key(fault.param, secret),
        request_id=reference,
        retry_after=delay,
        should_retry={"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower()),
        ambiguous=is_write and (status >= 500 or status == 408 or status < 400),
        reason=message,
    )


def is_retryable(error: ApiError) -> bool:
    """Return whether a retry of the same read may succeed.

    Some errors last longer than all retries: an exhausted quota, too many active jobs, an unknown host name, an
    untrusted certificate.
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
    """Return the seconds to wait, from `retry-after-ms` or else from `retry-after`, which is a number or a date."""
    milliseconds = lenient.number(headers.get("retry-after-ms"))
    if milliseconds is not None and milliseconds > 0:
        return milliseconds / 1000
    sent = headers.get("retry-after")
    seconds = lenient.number(sent)
    if seconds is None and sent:
        when = _date(sent)
        # Compare with the server's time if it sent one, because the clock of this machine may be wrong.
        server_now = date_of(headers)
        seconds = None if when is None else when - (now if server_now is None else server_now)
    return seconds if seconds is not None and seconds > 0 else None


def of_transport(error: Exception, *, where: str, is_write: bool) -> ApiError:
    """Return the error for a request without a complete response.

    Args:
        where: the name of the provider in messages.
        is_write: whether the request changes something. If it was sent, the change may have been made.
    """
    kind, why = _transport(error)
    via = "".join(getattr(error, "__notes__", ()))
    if isinstance(error, ProxyFailed):
        return of_proxy(via, why, is_write=False, unsent=True)
    if via:
        where = f"{where} through {via}"
    if kind == "garbage":
        return BadResponse(f"{where} does not speak HTTP: {why}", code="bad_protocol", ambiguous=is_write)
    unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
    return Unreachable(
        f"cannot reach {where}: {why}" if unsent else f"lost the connection to {where}: {why}",
        hint=_HINTS.get(kind, ""),
        code=kind,
        kind=kind,
        reason=why,
        unsent=unsent,
        ambiguous=is_write and not unsent,
    )


def of_proxy(proxy: str, why: str, *, is_write: bool, unsent: bool = False) -> Unreachable:
    """Return the error for a proxy that fails.

    Args:
        proxy: the proxy in words.
        is_write: whether the request changes something. It may have reached the provider unless it is `unsent`.
    """
    message = f"{proxy}, cannot be used: {clean_line(why)}"
    hint = _HINTS["proxy"]
    return Unreachable(
        message, hint=hint, code="proxy", kind="proxy", reason=message, unsent=unsent, ambiguous=is_write and not unsent
    )


_HINTS = {
    "name": "Check the base URL and the network.",
    "refused": "Is the service running, and is the port right?",
    "tls": "For a private certificate authority, set SSL_CERT_FILE, or ca_file in the profile.",
    "proxy": "Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.",
}


def _transport(error: Exception) -> tuple[str, str]:
    """Return a kind of `Unreachable`, or `garbage`, and the reason in words."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return "tls", f"certificate not trusted ({clean_line(cause.verify_message)})"
            case ssl.SSLError():
                return "tls", f"TLS failed ({clean_line(cause.reason or 'no reason given')})"
            case socket.gaierror():
                if cause.errno == socket.EAI_AGAIN:
                    return "timeout", "the DNS lookup failed for now"
                return "name", "unknown host name"
            case ConnectionRefusedError():
                return "refused", "connection refused"
            case FileNotFoundError():
                return "refused", "its socket does not exist"
            case PermissionError():
                return "refused", "no permission to open its socket"
            case OSError() if cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
                return "refused", "no route to the host"
    match error:
        case httpx.TimeoutException() | TimeoutError():
            return "timeout", "timed out"
        case ProxyFailed():
            return "proxy", clean_line(str(error))
        case httpx.ProxyError():
            return "proxy", f"the proxy refused the connection ({clean_line(str(error))})"
        case httpx.ConnectError():
            return "refused", clean_line(str(error)) or "no connection"
        case httpx.RemoteProtocolError() if "without sending" not in str(error):
            # A response that was cut off has the same class; only its message contains "without sending".
            return "garbage", clean_line(re.sub(r"bytearray\(b(['\"])(.*)\1\)", r"\2", str(error)))
        case httpx.RemoteProtocolError():
            return (
                ("cut", "the response ended early") if "complete" in str(error) else ("reset", "closed by the server")
            )
    return "reset", "reset by the server"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, its causes and contexts, and the members of exception groups."""
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
        # Include suppressed contexts: httpcore raises its errors "from None" after an error of the socket.
        waiting += [found.__context__, found.__cause__]


def error_in_success(raw: object, read: faults.ReadFault = faults.of_openai) -> str:
    """Return the message of an error that a proxy sent with a 2xx status; empty if the value is no error."""
    if not isinstance(raw, dict) or not raw.get("error") or not raw.keys().isdisjoint(("id", "data", "state")):
        return ""
    return read(raw).message or "the response is an error without a message"


def of_event(raw: object, secret: str, read: faults.ReadFault = faults.of_openai) -> ApiError | None:
    """Return the error in an event of a stream, None if the event is no error.

    Args:
        secret, read: as for `of_status`.
    """
    if not isinstance(raw, dict) or not raw.get("error"):
        return None
    found = read(raw)
    code, type, param = (without_key(text, secret) for text in (found.code, found.type, found.param))
    message = fit(clean_line(without_key(found.message, secret)), MAX_MESSAGE_CELLS)
    return BadResponse(message or "the answer ended with an error", code=code, type=type, param=param)


def _is_page(body: bytes) -> bool:
    start = body[:500].lstrip().lower()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<body")) or b"<html" in start


def page_title(body: bytes) -> str:
    """Return the words "a web page" and the page's title; empty if the body is no web page. Gateways send pages."""
    if not _is_page(body):
        return ""
    lower = body[:20_000].lower()
    for tag in (b"title", b"h1"):
        # Not a regular expression: it would take a quarter of a second for a page of tags without an end.
        opened = lower.find(b"<" + tag)
        start = lower.find(b">", opened) + 1 if opened >= 0 else 0
        end = lower.find(b"</" + tag + b">", start)
        if not start or end < 0:
            continue
        text = re.sub(r"<[^<>]+>", " ", body[start:end].decode("utf-8", "replace"))
        if words := " ".join(clean_line(text).split()):
            return f"a web page: {words}"
    return "a web page"


def request_id(headers: Mapping[str, str]) -> str:
    """Return the request id, which the provider's support asks for; empty if the server sent none."""
    return next((clean_line(headers[name])[:LONGEST_ID] for name in _ID_HEADERS if headers.get(name)), "")


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def without_key(text: str, secret: str) -> str:
    """Replace the key in `text`. A key of less than 8 characters is not replaced: it could match parts of words."""
    return text.replace(secret, "…") if len(secret) >= 8 else text


def date_of(headers: Mapping[str, str]) -> float | None:
    """Return the server's time in Unix seconds; None if it sent none."""
    return _date(headers.get("date", ""))


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
