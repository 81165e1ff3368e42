"""The body of an answer: unpacked with a bound, and read as JSON the way servers really write it."""

import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx

MEGABYTE = 1024 * 1024


class Unusable(Exception):
    """The body is packed in an unknown way or is too large; `str()` says which."""


async def unpacked(response: httpx.Response, limit: int | None) -> AsyncIterator[bytes]:
    """The bytes of a body, gunzipped piece by piece: a small packed body must not become gigabytes unseen.

    Args:
        limit: in bytes, unpacked; None for no limit.

    Raises:
        Unusable: see there.
        httpx.RemoteProtocolError: a packed body is damaged, or ends in the middle.
        httpx.HTTPError: the line broke.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower() or "identity"
    chunks = response.aiter_raw()
    if response.is_stream_consumed:  # a test's transport that answers with a whole body
        encoding, chunks = "identity", _once(response.content)
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise Unusable(f"the answer is packed in a way nobody asked for: {encoding}")
    unpack = zlib.decompressobj(31) if encoding != "identity" else None
    total = 0
    async for chunk in chunks:
        while chunk:
            try:
                plain = chunk if unpack is None else unpack.decompress(chunk, MEGABYTE)
            except zlib.error:
                raise Unusable("the answer is damaged: it cannot be unpacked") from None
            chunk = b"" if unpack is None else unpack.unconsumed_tail
            total += len(plain)
            if limit is not None and total > limit:
                raise Unusable(f"the answer is larger than {limit / MEGABYTE:.0f} MB")
            if plain:
                yield plain
    if unpack is not None:
        if rest := unpack.flush():
            yield rest
        if total and not unpack.eof:
            raise httpx.RemoteProtocolError("ended without sending complete message body")


def loads(body: bytes) -> Any:
    """JSON as servers send it: NaN, infinities and monstrous integers read as null, broken UTF-8 as `\\ufffd`.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested without end.
    """
    try:
        return json.loads(body, parse_constant=_null)
    except json.JSONDecodeError:
        raise
    except ValueError:  # bytes that are no UTF-8, or an integer of thousands of digits
        text = body.decode("utf-8-sig", "replace")
        return json.loads(text, parse_constant=_null, parse_int=_integer)


def _null(_: str) -> None:
    return None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) < 4000 else None


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
