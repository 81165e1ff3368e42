"""File operations on trees: links instead of copies, removal."""

import os

from fttui import atomic
from fttui.own_files import open_own


def remove(path: str) -> None:
    """Remove a file, or a directory with its content. A missing path is not an error."""
    if os.path.isdir(path) and not os.path.islink(path):
        for name in os.listdir(path):
            remove(os.path.join(path, name))
        os.rmdir(path)
        return
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def link(source: str, target: str) -> None:
    """Hard-link a file or directory tree, or copy it where the file system has no hard links.

    Neither side writes to a linked file, so the shared content is safe. An existing target is left as it is.
    """
    if os.path.isdir(source):
        os.makedirs(target, mode=0o700, exist_ok=True)
        for name in os.listdir(source):
            link(os.path.join(source, name), os.path.join(target, name))
        return
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError:
        _copy(source, target)


def accept(received: str, target: str) -> None:
    """Give a received content its final name, durably. The caller removes `received` after the row is stored.

    As long as `received` exists, the next start knows that a content without a row was never accepted.
    """
    try:
        os.link(received, target)
    except OSError:
        os.rename(received, target)  # no hard links here: an interrupted upload is then kept as unknown
    atomic.sync_directory(os.path.dirname(target))


def _copy(source: str, target: str) -> None:
    import shutil  # late: only needed without hard links

    copy = open_own(target + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with open(source, "rb") as original, open(copy, "wb") as file:
        shutil.copyfileobj(original, file, 1 << 20)
    os.replace(target + ".new", target)
