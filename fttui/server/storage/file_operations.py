"""File operations on trees: links instead of copies, removal."""

import os


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


def _copy(source: str, target: str) -> None:
    import shutil  # late: only needed without hard links

    shutil.copyfile(source, target + ".new")
    os.replace(target + ".new", target)
