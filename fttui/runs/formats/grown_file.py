"""Follow a file that another program appends to.

A reader asks for what was appended since its last read. A file that was truncated, replaced or rewritten begins again
from its start; a file that has not changed costs one `stat`.
"""

import errno
import os
import stat
import time
from typing import NamedTuple

PIECE = 4 << 20
"""Most bytes of one read. 10,000 lines or 50,000 TensorBoard records fit."""
LONGEST_LINE = 1 << 20
"""Longest line in bytes; longer ones are left out. A line of metrics has some hundred bytes."""
SETTLED = 10.0
"""Seconds without a change after which a last line without a line end counts as complete."""
_MARK = 64
"""Bytes before the place of the reader that must be the same at the next read."""
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Piece(NamedTuple):
    """Bytes that were appended to a file."""

    data: bytes = b""
    restarted: bool = False
    """`data` is the start of the file: everything before it is void."""
    more: bool = False
    """The file has more bytes now."""


class GrownFile:
    """Follower of one file by its end.

    A rewrite is recognised by a smaller size, a new inode, or a change in the last bytes that were read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._at = 0
        """Place of the next byte to read."""
        self._mark = b""
        """Last bytes before the place."""
        self._seen: tuple[int, int, int] | None = None
        """Inode, size and change time that need no read."""
        self._last = (0, 0, 0)
        """The same at the last read."""
        self._inode: tuple[int, int] | None = None

    @property
    def at(self) -> int:
        """Place of the next byte to read."""
        return self._at

    def read(self) -> Piece:
        """Return what was appended since the last call, at most `PIECE` bytes.

        Raises:
            OSError: the file is gone, unreadable or no regular file.
        """
        status = os.stat(self.path)
        now = (status.st_ino, status.st_size, status.st_mtime_ns)
        if now == self._seen:
            return Piece()
        handle = os.open(self.path, _OPEN)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "not a regular file", self.path)
            restarted = self._is_other(handle, status)
            if restarted:
                self._at, self._mark = 0, b""
            data = os.pread(handle, PIECE, self._at)
        finally:
            os.close(handle)
        self._inode = (status.st_dev, status.st_ino)
        self._at += len(data)
        self._mark = (self._mark + data[-_MARK:])[-_MARK:]
        more = self._at < status.st_size and len(data) == PIECE
        self._last = (status.st_ino, status.st_size, status.st_mtime_ns)
        self._seen = None if more else self._last
        return Piece(data, restarted, more)

    def skip(self, size: int) -> None:
        """Leave out bytes after the place without reading them. They need not exist yet."""
        self._at += size
        self._mark = b""
        self._seen = None

    def give_back(self, size: int) -> None:
        """Read the last `size` bytes again, but not before the file has changed."""
        self._at -= size
        self._mark = b""
        self._seen = self._last

    def _is_other(self, handle: int, status: os.stat_result) -> bool:
        if self._inode is None or self._at == 0:
            return False
        if self._inode != (status.st_dev, status.st_ino) or (status.st_size < self._at and self._mark):
            return True
        return bool(self._mark) and os.pread(handle, len(self._mark), self._at - len(self._mark)) != self._mark


class Lines(NamedTuple):
    """Lines that were appended to a file, without line ends."""

    lines: list[bytes]
    restarted: bool = False
    more: bool = False
    too_long: int = 0
    """Lines that were left out."""


class GrownLines:
    """Follower of a text file by lines.

    A last line without a line end is kept until its end arrives, or until the file has not changed for some seconds.
    """

    def __init__(self, path: str) -> None:
        self._file = GrownFile(path)
        self._rest = b""
        self._is_skipping = False
        self._given = b""
        """Last line that was handed over without a line end."""

    def read(self) -> Lines:
        """Return the lines that are new since the last call.

        Raises:
            OSError: the file cannot be read.
        """
        piece = self._file.read()
        if piece.restarted:
            self._rest, self._is_skipping, self._given = b"", False, b""
        if not piece.data:
            return Lines(self._settled(), piece.restarted, piece.more)
        *lines, rest = (self._rest + piece.data).split(b"\n")
        too_long = 0
        if self._is_skipping and lines:
            del lines[0]
            self._is_skipping = False
        elif self._is_skipping:
            rest = b""
        if len(rest) > LONGEST_LINE:
            rest, self._is_skipping, too_long = b"", True, 1
        self._rest = rest
        kept = [line.removesuffix(b"\r") for line in lines if len(line) <= LONGEST_LINE]
        too_long += len(lines) - len(kept)
        if kept and self._given:
            # The file went on after all. A line that only got its end is not handed over twice.
            if kept[0] == self._given:
                del kept[0]
            self._given = b""
        return Lines(kept + self._settled(), piece.restarted, piece.more, too_long)

    def _settled(self) -> list[bytes]:
        if not self._rest or self._rest == self._given:
            return []
        try:
            age = time.time() - os.stat(self._file.path).st_mtime
        except OSError:
            return []
        if age < SETTLED:
            return []
        self._given = self._rest
        return [self._rest]
