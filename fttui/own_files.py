"""Files and directories of fttui's own: no links are followed, and nobody else can write. Standard library only."""

import errno
import os

_OTHERS_WRITE = 0o022


def open_own(path: str, flags: int) -> int:
    """Open a file of fttui's own, and create it with mode 0600 if the flags say so. Return its descriptor.

    Raises:
        OSError: the file cannot be opened, or it is a symbolic link, which could lead to a file of somebody else.
    """
    try:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if os.path.islink(path):
            raise link_error(path) from None
        raise error


def link_error(path: str) -> OSError:
    """Return the error for a file of fttui's own that is a symbolic link."""
    return OSError(errno.ELOOP, "it is a symbolic link, and fttui does not follow links to write", path)


def others_can_write(path: str) -> str:
    """Return why a directory is refused, if other users can write to it. A missing directory is not refused."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return ""
    return f"other users can write to it (mode {mode & 0o7777:04o})" if mode & _OTHERS_WRITE else ""
