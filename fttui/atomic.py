"""Write a file whole or not at all. Standard library only."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO


def write(path: str, data: bytes, *, sync: bool = True) -> None:
    """Replace a file of fttui's own, mode 0600. After a crash the old or the new content is there, never a part.

    A symbolic link is replaced, not followed.

    Args:
        sync: make the new content survive a power cut.

    Raises:
        OSError: writing failed; the old file is unchanged. Its `filename` is `path`.
    """
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):  # a full disk is reported without a name, and the temporary one means nothing
            error.filename, error.filename2 = path, None
        raise
    if sync:
        sync_directory(os.path.dirname(path) or ".")


def sync_directory(path: str) -> None:
    """Make the names in a directory survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems refuse this for directories
    finally:
        os.close(handle)


@contextmanager
def writing(path: str, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a file at a path that the user named. It appears under that name only if the block succeeds.

    A pipe or a device is written directly.

    Raises:
        FileExistsError: the path exists by now, and `overwrite` is False.
        OSError: writing failed. Its `filename` is `path`, unless the block named a different file.
    """
    if os.path.exists(path) and not os.path.isfile(path):
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
            _rename_new(part, path)
    except BaseException as error:
        with suppress(FileNotFoundError):
            os.unlink(part)
        if isinstance(error, OSError) and error.filename in (None, part):
            error.filename, error.filename2 = path, None
        raise


def why_not_writable(path: str, *, overwrite: bool) -> str:
    """Return the reason why `writing` would refuse a path, or an empty string."""
    if os.path.isdir(path):
        return f"{path} is a directory"
    if not overwrite and os.path.lexists(path):
        return f"{path} already exists"
    folder = os.path.dirname(path)
    return f"no such directory: {folder}" if folder and not os.path.isdir(folder) else ""


def _rename_new(part: str, path: str) -> None:
    try:
        os.link(part, path)  # fails if the path exists by now
    except FileExistsError:
        raise
    except OSError:
        # FAT and some network shares have no hard links.
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from None
        os.rename(part, path)
    else:
        os.unlink(part)
