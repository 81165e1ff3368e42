"""Error bodies of providers, read without requests: message, code, type and the member that is wrong."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fttui.models import lenient

_RPC_CODES = {
    1: "CANCELLED",
    3: "INVALID_ARGUMENT",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    16: "UNAUTHENTICATED",
}
"""Names of google.rpc codes, which gateways of gRPC send as numbers."""


class Fault(NamedTuple):
    """An error as the provider sent it. Missing members are empty. Texts are not clean."""

    message: str = ""
    code: str = ""
    type: str = ""
    param: str = ""


ReadFault = Callable[[Any], Fault]
"""Reads the decoded JSON of an error body."""


def of_openai(sent: Any) -> Fault:
    """Read the error of OpenAI, and of the servers with its API: FastAPI's places, a bare text, members at the top."""
    if isinstance(sent, str):
        sent = {"message": sent}
    outer = lenient.mapping(sent)
    inner = outer.get("error")
    if isinstance(inner, str):
        inner = {"message": inner}
    detail = outer.get("detail")
    if isinstance(detail, list):  # FastAPI: [{"loc": […], "msg": …}]
        detail = next((item for item in detail if isinstance(item, dict)), None)
        parts = lenient.items(detail.get("loc")) if detail else []
        if detail and len(parts) > 1:
            place = ".".join(map(str, parts))
            detail = {"msg": f"{place}: {lenient.line(detail.get('msg'))}", "param": place.removeprefix("body.")}
    if isinstance(detail, str):
        detail = {"message": detail}
    places = [lenient.mapping(place) for place in (inner, detail, outer)]

    def first(*names: str) -> str:
        found = (lenient.line(place.get(name)) for place in places for name in names)
        return next((text for text in found if text and text not in ("None", "null")), "")

    return Fault(first("message", "msg", "error_description", "title"), first("code"), first("type"), first("param"))


def of_google(sent: Any) -> Fault:
    """Read the error of a Google API. Its code repeats the HTTP status; `status` names it, details name members."""
    found = of_openai(sent)
    inner = lenient.mapping(lenient.mapping(sent).get("error"))
    name = lenient.line(inner.get("status"))
    return found._replace(code=name if name.isupper() else found.code, param=found.param or _violation(inner))


def of_grpc(sent: Any) -> Fault:
    """Read the error of a gateway of gRPC, whose code is a number of google.rpc, or of a Google API."""
    found = of_google(sent)
    outer = lenient.mapping(sent)
    name = _RPC_CODES.get(lenient.whole(outer.get("code")) or 0) if isinstance(outer.get("details"), list) else None
    return found._replace(code=name or found.code, param=found.param or _violation(outer))


def _violation(error: Mapping[str, Any]) -> str:
    """Return the first member of a request that the details of an error name."""
    details = map(lenient.mapping, lenient.items(error.get("details")))
    fields = (lenient.mapping(item) for detail in details for item in lenient.items(detail.get("fieldViolations")))
    return next(filter(None, (lenient.line(field.get("field")) for field in fields)), "")


def of_body(body: bytes, read: ReadFault) -> Fault:
    """Read an error body. A body that is not JSON is the message."""
    try:
        return read(json.loads(body))
    except (ValueError, RecursionError):
        return Fault(body[:2000].decode("utf-8", "replace"))
