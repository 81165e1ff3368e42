"""A file on its way to a provider: a multipart body that is read from the disk as it is sent."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from fttui.api.errors import BadRequest

CHUNK = 256 * 1024


class Form:
    """The multipart body for one file. Its length is known before the first byte is sent."""

    def __init__(self, file: BinaryIO, name: str, size: int) -> None:
        self._file = file
        self._name = name
        self.size = size
        self._boundary = f"fttui{os.urandom(12).hex()}"

    @property
    def kind(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    def length(self, purpose: str) -> int:
        return len(self._head(purpose)) + self.size + len(self._tail())

    async def stream(self, purpose: str, progress: Callable[[int, int], None] | None) -> AsyncIterator[bytes]:
        """The body, from the beginning of the file.

        Raises:
            BadRequest: the file became shorter, or cannot be read any more.
        """
        report = progress or (lambda done, size: None)
        yield self._head(purpose)
        self._file.seek(0)
        done = 0
        report(0, self.size)
        while done < self.size:
            try:
                # The disk may be a slow one; nobody else should wait for it.
                chunk = await asyncio.to_thread(self._file.read, min(CHUNK, self.size - done))
            except OSError as error:
                raise BadRequest(
                    f"cannot read {self._name}: {error.strerror or error}", code="file_unreadable"
                ) from None
            if not chunk:
                raise BadRequest(f"{self._name} became shorter while it was sent", code="file_changed")
            yield chunk
            done += len(chunk)
            report(done, self.size)
        yield self._tail()

    def _head(self, purpose: str) -> bytes:
        # As browsers write a name: quotes and line ends escaped, everything else as UTF-8.
        name = self._name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        return (
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode("utf-8", "replace")

    def _tail(self) -> bytes:
        return f"\r\n--{self._boundary}--\r\n".encode()


@contextmanager
def opened(path: str) -> Iterator[Form]:
    """The form for a file on this disk.

    Raises:
        BadRequest: it cannot be opened, or is no plain file.
    """
    try:
        # Not blocking: opening a pipe that nobody writes into would wait for ever.
        file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its name cannot be used"
        raise BadRequest(f"cannot read {path}: {why}", code="file_unreadable") from None
    with file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise BadRequest(f"{path} is no plain file, so its size is not known", code="file_unreadable")
        yield Form(file, os.path.basename(path), found.st_size)
