"""Output to the terminal: at once while it takes the bytes, else by a thread that waits for it."""

import os
from typing import TextIO


class TerminalOutput:
    """File of Textual's writing thread that ignores errors, and a way around the thread.

    The thread would end at the first error, and callers that wait for space in its queue would block. It takes a while
    to wake, so `write_now` writes without it when nothing waits there.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._now = _open_again(file.fileno())
        self._queued = self._written = self._flushed = 0
        """Number of texts that the thread was to write, has written and has flushed."""

    def write_now(self, text: str) -> str | bytes:
        """Write what the terminal takes without waiting. Return the rest, which the thread must `write`."""
        rest: str | bytes = text
        if self._now is not None and self._queued == self._flushed:
            rest = text.encode(self._file.encoding, self._file.errors or "replace")
            try:
                rest = rest[os.write(self._now, rest) :]
            except BlockingIOError:
                pass
            except OSError:
                return b""
        self._queued += bool(rest)
        return rest

    def write(self, text: str | bytes) -> None:
        """Write in the thread."""
        self._written += 1
        try:
            if isinstance(text, bytes):
                self._file.flush()
                self._file.buffer.write(text)
            else:
                self._file.write(text)
        except (OSError, ValueError):
            return

    def flush(self) -> None:
        """Flush in the thread."""
        try:
            self._file.flush()
        except (OSError, ValueError):
            return
        finally:
            self._flushed = self._written

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        """Write everything by the thread from now on."""
        if self._now is not None:
            os.close(self._now)
            self._now = None


def _open_again(fileno: int) -> int | None:
    """Open a terminal again, for writes that do not wait. Return None where that is impossible.

    Other programs share the flags of the given descriptor, so they must stay as they are.
    """
    try:
        found = os.open(os.ttyname(fileno), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return None
    if os.fstat(found).st_rdev == os.fstat(fileno).st_rdev:
        return found
    os.close(found)
    return None
