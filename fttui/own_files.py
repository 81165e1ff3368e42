"""Files and directories of fttui's own: no links are followed, and nobody else can write. Standard library only."""

import errno
import os
import stat

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


def not_own(path: str) -> str:
    """Return why a directory is refused, if another user may have made it or can write to it."""
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        return "it is a symbolic link" if stat.S_ISLNK(found.st_mode) else "it is no directory"
    if found.st_uid != os.geteuid():
        return f"it belongs to another user (uid {found.st_uid})"
    return others_can_write(path)


def others_can_write(path: str) -> str:
    """Return why a directory is refused, if other users can write to it. A missing directory is not refused."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return ""
    return f"other users can write to it (mode {mode & 0o7777:04o})" if mode & _OTHERS_WRITE else ""
