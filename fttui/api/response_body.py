"""Decompress response bodies up to a limit."""

import zlib
from collections.abc import AsyncIterator

import httpx

MEGABYTE = 1024 * 1024


class UnusableBody(Exception):
    """The body has an unknown encoding, is damaged or is too large; `str()` is the reason."""


async def decompressed(response: httpx.Response, limit: int | None) -> AsyncIterator[bytes]:
    """Yield the bytes of a body, decompressed in chunks.

    The limit protects the memory from a small body that decompresses to a huge one.

    Args:
        limit: greatest number of decompressed bytes; None for no limit.

    Raises:
        UnusableBody: the encoding is unknown, the body is damaged or it exceeds the limit.
        httpx.RemoteProtocolError: a compressed body ended early.
        httpx.HTTPError: the connection broke.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower() or "identity"
    chunks = response.aiter_raw()
    if response.is_stream_consumed:  # a transport in a test, which returns a complete body
        encoding, chunks = "identity", _once(response.content)
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise UnusableBody(f"the response has an unsupported encoding: {encoding}")
    unpack = zlib.decompressobj(31) if encoding != "identity" else None
    total = 0
    async for chunk in chunks:
        while chunk:
            try:
                plain = chunk if unpack is None else unpack.decompress(chunk, MEGABYTE)
            except zlib.error:
                raise UnusableBody("the response is damaged: it cannot be decompressed") from None
            chunk = b"" if unpack is None else unpack.unconsumed_tail
            total += len(plain)
            if limit is not None and total > limit:
                raise UnusableBody(f"the response is larger than {limit / MEGABYTE:.0f} MB")
            if plain:
                yield plain
    if unpack is not None:
        if rest := unpack.flush():
            yield rest
        if total and not unpack.eof:
            raise httpx.RemoteProtocolError("ended without sending complete message body")


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
