"""Parameters of requests: page limits, cursors, JSON bodies of a limited size."""

import json
from typing import Any

from starlette.requests import Request

from fttui.server.api.errors import RequestError, invalid, too_large
from fttui.server.service import Service

LARGEST_BODY = 1 << 20
LONGEST_PAGE = 1000
"""Largest page of jobs, events or checkpoints. A larger `limit` is reduced to it."""


def service_of(request: Request) -> Service:
    service: Service = request.app.service
    return service


def is_owner(request: Request) -> bool:
    """Return whether the request came over the socket that only the owner of the service can open."""
    found: bool = request.app.is_owner
    return found


def limit_of(request: Request, default: int, most: int = LONGEST_PAGE) -> int:
    """Return the `limit` of a page.

    Raises:
        RequestError: 400 for anything but a whole number above zero.
    """
    text = request.query_params.get("limit")
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < 1:
        raise invalid("limit", f"Invalid 'limit': {text[:40]!r} is not a whole number above zero.")
    return min(int(text), most)


def after_of(request: Request) -> str | None:
    """Return the cursor of a page; None for the first page."""
    return request.query_params.get("after") or None


def check_length(request: Request, most: int) -> None:
    """Refuse a body with a Content-Length of more than `most` bytes, before it arrives.

    Raises:
        RequestError: 413.
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > most:
        raise too_large(most)


async def json_of(request: Request) -> Any:
    """Return the decoded JSON body.

    Raises:
        RequestError: 413 when it is too large, 400 when it is not JSON.
    """
    check_length(request, LARGEST_BODY)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise too_large(LARGEST_BODY)
    try:
        return json.loads(bytes(body))
    except (ValueError, RecursionError):
        raise RequestError(400, "We could not parse the JSON body of your request.") from None
