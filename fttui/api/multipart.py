"""Upload of a file as multipart bodies, read from the disk while they are sent, whole or in parts."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO
from urllib.parse import quote

from fttui.api.errors import ApiError, BadRequest, BadResponse
from fttui.api.http import Http
from fttui.models.wire import sent_id

CHUNK = 256 * 1024
MEGABYTE = 1024 * 1024
IN_PARTS_ABOVE = 512 * MEGABYTE
"""Size in bytes above which a file is sent in parts: the limit of `POST /files` in OpenAI's API reference."""
PART = 64 * MEGABYTE
"""Size of a part, in bytes."""
LARGEST = 8 * 1024 * MEGABYTE
"""Greatest size of a file, in bytes."""

Report = Callable[[int, int], None]
Fields = Sequence[tuple[str, str]]
"""Fields of a form before its file, in their order."""


class Form:
    """Multipart body of one file. Its length is known before the first byte is sent."""

    def __init__(self, file: BinaryIO, name: str, size: int) -> None:
        self._file = file
        self.name = name
        self.size = size
        self._boundary = f"fttui{os.urandom(12).hex()}"

    @property
    def kind(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    def length(self, fields: Fields) -> int:
        """Return the length of the body with the whole file."""
        return len(self._head(fields)) + self.size + len(self._tail())

    def part_length(self, size: int) -> int:
        """Return the length of the body with `size` bytes of the file."""
        return len(self._part_head()) + size + len(self._tail())

    async def stream(self, fields: Fields, progress: Report | None) -> AsyncIterator[bytes]:
        """Yield the body with the whole file.

        Raises:
            BadRequest: the file became shorter or unreadable.
        """
        yield self._head(fields)
        async for chunk in self._bytes(0, self.size, progress):
            yield chunk
        yield self._tail()

    def plain(self, progress: Report | None) -> AsyncIterator[bytes]:
        """Return the bytes of the file alone."""
        return self._bytes(0, self.size, progress)

    async def part(self, start: int, size: int, progress: Report | None) -> AsyncIterator[bytes]:
        """Yield the body with `size` bytes of the file, from `start`.

        Raises:
            BadRequest: the file became shorter or unreadable.
        """
        yield self._part_head()
        async for chunk in self._bytes(start, size, progress):
            yield chunk
        yield self._tail()

    async def _bytes(self, start: int, size: int, progress: Report | None) -> AsyncIterator[bytes]:
        report = progress or (lambda done, size: None)
        self._file.seek(start)
        done = 0
        report(start, self.size)
        while done < size:
            try:
                # In a thread: a slow disk must not block the event loop.
                chunk = await asyncio.to_thread(self._file.read, min(CHUNK, size - done))
            except OSError as error:
                raise BadRequest(
                    f"cannot read {self.name}: {error.strerror or error}", code="file_unreadable"
                ) from None
            if not chunk:
                raise BadRequest(f"{self.name} became shorter during the upload", code="file_changed")
            yield chunk
            done += len(chunk)
            report(start + done, self.size)

    def _part_head(self) -> bytes:
        return (
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="data"; filename="part"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()

    def _head(self, fields: Fields) -> bytes:
        # As browsers do: escape quotes and line ends, send the rest as UTF-8.
        name = self.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        before = "".join(
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in fields
        )
        return (
            f'{before}--{self._boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode("utf-8", "replace")

    def _tail(self) -> bytes:
        return f"\r\n--{self._boundary}--\r\n".encode()


@contextmanager
def opened(path: str) -> Iterator[Form]:
    """Open a file as a form.

    Raises:
        BadRequest: the file cannot be opened, or is not a regular file.
    """
    try:
        # Non-blocking: opening a pipe without a writer would never return.
        file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "invalid file name"
        raise BadRequest(f"cannot read {path}: {why}", code="file_unreadable") from None
    with file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise BadRequest(f"{path} is not a regular file", code="file_unreadable")
        yield Form(file, os.path.basename(path), found.st_size)


async def send(http: Http, path: str, purpose: str, progress: Report | None) -> Any:
    """Upload a file, in parts if it is too large for one request. Return the JSON of the new file.

    Raises:
        ApiError: the provider refused the file, or it cannot be read.
    """
    with opened(path) as form:
        if form.size > LARGEST:
            raise BadRequest(f"{form.name} is larger than 8 GB, the limit of all providers", code="file_too_large")
        if form.size > IN_PARTS_ABOVE:
            try:
                upload = await _begin(http, form, purpose)
            except ApiError as error:
                if error.status not in (404, 405, 501):
                    raise
                # No uploads in parts here; some of these providers accept large files in one request.
            else:
                return await _in_parts(http, form, upload, progress)
        return await _send(http, "/files", form, [("purpose", purpose)], progress)


async def send_whole(http: Http, route: str, path: str, fields: Fields, progress: Report | None) -> Any:
    """Upload a file in one request. Return the JSON of the new file.

    Raises:
        ApiError: the provider refused the file, or it cannot be read.
    """
    with opened(path) as form:
        return await _send(http, route, form, fields, progress)


async def send_plain(http: Http, route: str, path: str, progress: Report | None) -> Any:
    """Upload a file as the body of one request, without a form. Return the JSON of the new file.

    Raises:
        ApiError: the provider refused the file, or it cannot be read.
    """
    with opened(path) as form:
        return await http.send(route, lambda: form.plain(progress), kind="application/octet-stream", length=form.size)


async def _send(http: Http, route: str, form: Form, fields: Fields, progress: Report | None) -> Any:
    return await http.send(route, lambda: form.stream(fields, progress), kind=form.kind, length=form.length(fields))


async def _begin(http: Http, form: Form, purpose: str) -> str:
    kind = "text/jsonl" if form.name.endswith(".jsonl") else "application/octet-stream"
    body = {"filename": form.name, "purpose": purpose, "bytes": form.size, "mime_type": kind}
    raw = await http.write("POST", "/uploads", body)
    id = sent_id(raw)
    if not id:
        raise BadResponse("the response to a new upload has no id", code="unreadable")
    return f"/uploads/{quote(id, safe='')}"


async def _in_parts(http: Http, form: Form, upload: str, progress: Report | None) -> Any:
    """Send all parts in order and complete the upload. Cancel the upload if a part fails."""
    try:
        parts = []
        for start in range(0, form.size, PART):
            size = min(PART, form.size - start)
            raw = await http.send(
                f"{upload}/parts",
                lambda start=start, size=size: form.part(start, size, progress),  # type: ignore[misc]
                kind=form.kind,
                length=form.part_length(size),
                # Only parts named at the end count, so sending a part twice does no harm.
                repeatable=True,
            )
            if not sent_id(raw):
                raise BadResponse("the response to a part of a file has no id", code="unreadable")
            parts.append(sent_id(raw))
    except BaseException:
        with suppress(ApiError):
            await asyncio.shield(http.write("POST", f"{upload}/cancel"))
        raise
    raw = await http.write("POST", f"{upload}/complete", {"part_ids": parts})
    return raw.get("file") if isinstance(raw, dict) else raw
