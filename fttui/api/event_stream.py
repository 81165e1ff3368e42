"""Server-sent events: data and comments in a stream of bytes."""

from collections.abc import AsyncIterator
from typing import NamedTuple

LONGEST_LINE = 1 << 20
"""Bytes of the longest line of a stream."""


class StreamTooWide(Exception):
    """A line of the stream is longer than `LONGEST_LINE`."""


class StreamEvent(NamedTuple):
    """Data or a comment. Names and ids of events are left out."""

    text: str
    is_comment: bool = False


async def events_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[StreamEvent]:
    """Yield the events of a stream. A line that belongs to no event counts as data, so that the reader sees it.

    Raises:
        StreamTooWide: a line is too long.
    """
    async for line in _lines(chunks):
        name, colon, rest = line.partition(":")
        if not line.strip():
            continue
        if line.startswith(":"):
            yield StreamEvent(rest.strip(), is_comment=True)
        elif colon and name == "data":
            yield StreamEvent(rest.strip())
        elif not (colon and name in ("event", "id", "retry")):
            yield StreamEvent(line.strip())


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk.replace(b"\r\n", b"\n")
        while (end := waiting.find(b"\n")) >= 0:
            yield waiting[:end].decode("utf-8", "replace").rstrip("\r")
            del waiting[: end + 1]
        if len(waiting) > LONGEST_LINE:
            raise StreamTooWide
    if waiting:
        yield waiting.decode("utf-8", "replace")
