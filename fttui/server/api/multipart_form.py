"""Parser of multipart forms: fields go to memory, the file goes to the disk as it arrives."""

import os
import zlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from fttui.server.api.errors import RequestError, too_large

_LONGEST_FIELD = 64 << 10
_MOST_FIELDS = 100


class Form(NamedTuple):
    """Received form. The content of the file is at the path passed to `read_form`."""

    fields: dict[str, str]
    filename: str | None
    """File name of the client, for display only; None when no file was sent."""
    size: int
    checksum: int
    """CRC-32 of the content."""


async def read_form(content_type: str, chunks: AsyncIterator[bytes], path: str, most: int, name: str = "file") -> Form:
    """Read a form, and write its file part called `name` to `path`, durably.

    Raises:
        RequestError: 400 for an invalid form, 413 for a file of more than `most` bytes.
        OSError: the disk fails.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise RequestError(400, "The request is not multipart/form-data with a boundary.")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        reader = _FormReader(file, most, name)
        try:
            parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]
            async for block in _blocks(chunks):
                # In a thread, so that a busy disk does not block other requests.
                await run_in_threadpool(parser.write, block)
            parser.finalize()
        except FormParserError as error:
            raise RequestError(400, f"The form in the request is invalid: {error}.") from None
        if not reader.complete:
            raise RequestError(400, "The form in the request ends before its last boundary.")
        await run_in_threadpool(os.fsync, file)
    finally:
        os.close(file)
    return Form(reader.fields, reader.filename, reader.size, reader.checksum)


async def _blocks(chunks: AsyncIterator[bytes], least: int = 1 << 20) -> AsyncIterator[bytes]:
    """Join chunks to blocks of at least `least` bytes, except the last block."""
    block = bytearray()
    async for chunk in chunks:
        block += chunk
        if len(block) >= least:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


class _FormReader:
    """Callbacks of the parser."""

    def __init__(self, file: int, most: int, file_part: str) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.size = self.checksum = 0
        self.complete = False
        self._file = file
        self._most = most
        self._file_part = file_part
        self._header = bytearray()
        self._value = bytearray()
        self._name = ""
        self._is_file = False
        self._text = bytearray()

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header_ends,
            "on_part_data": self._data,
            "on_part_end": self._part_ends,
            "on_end": self._ends,
        }

    def _begin(self) -> None:
        self._name, self._is_file = "", False
        self._text.clear()

    def _header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._name = _decoded(options.get(b"name", b""))
            if self._name == self._file_part:
                if self.filename is not None:
                    raise RequestError(400, "The form has more than one file.", param=self._file_part)
                self._is_file = True
                self.filename = _decoded(options.get(b"filename", b"file"))
        self._header.clear()
        self._value.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self.size += end - start
            if self.size > self._most:
                raise too_large(self._most)
            view = memoryview(data)[start:end]
            self.checksum = zlib.crc32(view, self.checksum)
            while view:
                view = view[os.write(self._file, view) :]
        else:
            self._text += data[start:end]
            if len(self._text) > _LONGEST_FIELD:
                raise too_large(_LONGEST_FIELD)

    def _part_ends(self) -> None:
        if not self._is_file:
            self.fields[self._name] = _decoded(self._text)
            if len(self.fields) > _MOST_FIELDS:
                raise RequestError(400, "The form has too many fields.")

    def _ends(self) -> None:
        self.complete = True


def _decoded(data: bytes | bytearray) -> str:
    return data.decode("utf-8", "replace")
