"""Read a file line by line in constant memory, and recognize its encoding."""

import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from fttui.data.formats import GZIP_START

LONGEST_LINE = 192_000_000
"""Bytes. Ten images of 10 MB fit in base64; a file without line ends does not fill the memory."""
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)
_BYTES_PER_REPORT = 1 << 20
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
BOM = b"\xef\xbb\xbf"
"""Byte order mark of UTF-8."""

Progress = Callable[[int, int], None]
"""Receives the bytes read so far and the size of the file."""
ShouldStop = Callable[[], bool]


def never() -> bool:
    """Never stop: the default of `should_stop`."""
    return False


def wide_encoding(head: bytes) -> str | None:
    """Return the UTF-16 or UTF-32 encoding that the first bytes of a file show, with or without a byte order mark."""
    for mark, name in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return name
    sample = head[:2048]
    if len(sample) >= 8:
        even, odd = sample[::2].count(0) / len(sample[::2]), sample[1::2].count(0) / len(sample[1::2])
        if odd > 0.4 and even < 0.1:
            return "utf-16-le"
        if even > 0.4 and odd < 0.1:
            return "utf-16-be"
    return None


class LineReader:
    """Reads the lines of one file."""

    def __init__(self, path: str, progress: Progress | None = None, should_stop: ShouldStop = never) -> None:
        self.path = path
        self.size = os.path.getsize(path)
        self.lines_read = 0
        self.too_long: list[int] = []
        """Numbers of the lines longer than `LONGEST_LINE`, which are skipped."""
        self.stopped = False
        """`should_stop` ended the reading early."""
        self.is_damaged = False
        """The compressed file ends early, or its bytes are wrong."""
        self._progress = progress
        self._should_stop = should_stop
        with open(path, "rb") as file:
            self.is_compressed = file.read(2) == GZIP_START

    def _open(self) -> BinaryIO:
        """Open the file, decompressed."""
        if self.is_compressed:
            return cast(BinaryIO, gzip.open(self.path, "rb"))
        return open(self.path, "rb", buffering=1 << 18)

    def head(self, size: int = 4096) -> bytes:
        """Return the first bytes of the file; of a damaged compressed file, none."""
        try:
            with self._open() as file:
                return file.read(size)
        except _DAMAGED:
            return b""

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and bytes of each line, with its line end. Lines that are too long are left out."""
        done, next_report = 0, 0
        limit = LONGEST_LINE
        number = 0
        with self._open() as file:
            readline = file.readline
            while line := self._next(readline, limit):
                number += 1
                done += len(line)
                if len(line) >= limit and line[-1:] != b"\n":
                    done += self._skip_line(file)
                    self.lines_read = number
                    self.too_long.append(number)
                else:
                    if number == 1 and line.startswith(BOM):
                        line = line[3:]
                    yield number, line
                if done >= next_report:
                    next_report = done + _BYTES_PER_REPORT
                    self.lines_read = number
                    if self._progress is not None:
                        self._progress(min(done, self.size), self.size)
                    if self._should_stop():
                        self.stopped = True
                        return
        self.lines_read = number

    def _next(self, readline: Callable[[int], bytes], limit: int) -> bytes:
        try:
            return readline(limit)
        except _DAMAGED:
            self.is_damaged = True
            return b""

    def _skip_line(self, file: BinaryIO) -> int:
        """Read to the end of the line without storing it. Return the number of bytes."""
        skipped = 0
        while piece := self._next(file.readline, _BYTES_PER_REPORT):
            skipped += len(piece)
            if self._progress is not None:
                self._progress(min(file.tell(), self.size), self.size)
            if piece[-1:] == b"\n" or self._should_stop():
                break
        return skipped
