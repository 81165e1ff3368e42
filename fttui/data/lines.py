"""A file's bytes as lines, in flat memory, and what is wrong with the bytes themselves."""

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

LONGEST_LINE = 192_000_000
"""Bytes: ten images of 10 MB in base64 fit, and a file without line ends does not fill the memory."""
_BEAT = 1 << 20
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
BOM = b"\xef\xbb\xbf"

Progress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]


def never() -> bool:
    """Nobody stops it."""
    return False


def wide_encoding(head: bytes) -> str | None:
    """`utf-16`, `utf-32` or one of their kinds without a mark, where the first bytes of a file say so."""
    for mark, name in _MARKS:
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


class Source:
    """A file, read line by line."""

    def __init__(self, path: str, progress: Progress | None = None, should_stop: ShouldStop = never) -> None:
        self.path = path
        self.size = os.path.getsize(path)
        self.number = 0
        """Lines read so far."""
        self.giants: list[int] = []
        """Lines that were too long to be read."""
        self.stopped = False
        self._progress = progress
        self._should_stop = should_stop

    def head(self, bytes: int = 4096) -> bytes:
        """How the file begins."""
        with open(self.path, "rb") as file:
            return file.read(bytes)

    def each(self) -> Iterator[tuple[int, bytes]]:
        """Number and bytes of every line, with its end. A line that is too long comes as None would: not at all."""
        done, beat = 0, 0
        limit = LONGEST_LINE
        number = 0
        with open(self.path, "rb", buffering=1 << 18) as file:
            readline = file.readline
            while line := readline(limit):
                number += 1
                done += len(line)
                if len(line) >= limit and line[-1:] != b"\n":
                    done += self._skip(file)
                    self.number = number
                    self.giants.append(number)
                else:
                    if number == 1 and line.startswith(BOM):
                        line = line[3:]
                    yield number, line
                if done >= beat:
                    beat = done + _BEAT
                    self.number = number
                    if self._progress is not None:
                        self._progress(done, self.size)
                    if self._should_stop():
                        self.stopped = True
                        return
        self.number = number

    def _skip(self, file: BinaryIO) -> int:
        """Read to the end of the line without keeping it; how many bytes it was."""
        skipped = 0
        while piece := file.readline(_BEAT):
            skipped += len(piece)
            if self._progress is not None:
                self._progress(file.tell(), self.size)
            if piece[-1:] == b"\n" or self._should_stop():
                break
        return skipped
