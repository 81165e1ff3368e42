"""Write and lock fttui's own TOML files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tomli_w

from fttui import atomic
from fttui.config.paths import make_dir


def write_toml(path: str, content: dict[str, Any]) -> None:
    """Write one of fttui's own TOML files atomically. Missing directories are made.

    Raises:
        OSError: writing failed.
    """
    text = "# Written by fttui. Put your own settings into config.toml.\n" + tomli_w.dumps(content)
    make_dir(os.path.dirname(path))
    atomic.write(path, text.encode())


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold the lock of one of fttui's own files, from reading to writing a change.

    Raises:
        OSError: the lock file cannot be made.
    """
    import fcntl

    from fttui.own_files import open_own

    make_dir(os.path.dirname(path))
    handle = open_own(path + ".lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
