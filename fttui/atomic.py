"""Files that are written where a person said: whole or not at all, and over nothing unless told."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO


def obstacle(path: str, *, overwrite: bool) -> str:
    """Why no file can be written at `path`, in words; empty when nothing speaks against it."""
    if os.path.isdir(path):
        return f"{path} is a directory"
    if not overwrite and os.path.lexists(path):
        return f"{path} is there already"
    folder = os.path.dirname(path)
    return f"there is no directory {folder}" if folder and not os.path.isdir(folder) else ""


@contextmanager
def landing(path: str, *, overwrite: bool) -> Iterator[BinaryIO]:
    """A file that takes the name `path` when all went well, and leaves nothing behind when not.

    Raises:
        FileExistsError: something of that name has appeared, and `overwrite` is not given.
        OSError: it could not be written.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe or a device is written as it is
        with open(path, "wb") as file:
            yield file
        return
    part = f"{path}.{os.getpid()}.part"
    try:
        with open(part, "x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            os.replace(part, path)
        else:
            _place(part, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(part)
        raise


def _place(part: str, path: str) -> None:
    try:
        os.link(part, path)  # fails where a file has appeared meanwhile
    except FileExistsError:
        raise
    except OSError:
        # Memory sticks and some shares know no second names.
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from None
        os.rename(part, path)
    else:
        os.unlink(part)
