"""Parts of large files: what a server sends for a range of bytes."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx


class Piece(NamedTuple):
    """End of a file, from a byte that was asked for."""

    start: int | None
    """First byte: 0 if the server sends the whole file instead, None if it does not say which part it sends."""
    size: int | None
    """Bytes of the whole file; None if they are not known."""
    chunks: AsyncIterator[bytes]


class Measured(NamedTuple):
    """Facts about a file that was not read."""

    size: int | None
    """Bytes; None if the server does not say."""
    content_type: str
    version: str
    """Strong entity tag, which changes with the content; empty without one."""


def measured(response: httpx.Response) -> Measured:
    """Return the facts that the answer to a request for a range has about the whole file."""
    tag = response.headers.get("etag", "")
    kind = response.headers.get("content-type", "").lower()
    return Measured(range_of(response)[1], kind, tag if tag.startswith('"') and tag.isascii() else "")


def range_of(response: httpx.Response) -> tuple[int | None, int | None]:
    """Return the first byte of an answer, and the size of the whole file. None for what it does not say."""
    if response.status_code == 206:
        found = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", response.headers.get("content-range", ""))
        return (None, None) if found is None else (int(found[1]), None if found[2] == "*" else int(found[2]))
    length = response.headers.get("content-length", "")
    return 0, int(length) if response.status_code == 200 and length.isdecimal() else None
