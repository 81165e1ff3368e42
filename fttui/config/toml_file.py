"""Read, write and lock TOML files. Standard library only, except for writing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fttui import bounded
from fttui.config.errors import ConfigError
from fttui.config.paths import make_dir

LARGEST = bounded.MEGABYTE
"""Greatest size of a TOML file, in bytes."""


def read_toml(path: str) -> dict[str, Any]:
    """Return the content of a TOML file, empty if the file does not exist.

    Raises:
        ConfigError: the file cannot be read or is not TOML. The message names file and line, never content.
    """
    text = read_text(path)
    if not text:
        return {}
    import tomllib  # late: most users have no such file, and the first frame must not wait for the import

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None


def read_text(path: str) -> str:
    """Return the text of a TOML file, empty if the file does not exist.

    Raises:
        ConfigError: the file cannot be read or is not text.
    """
    try:
        return bounded.read_file(path, LARGEST).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text") from None


def write_toml(path: str, content: dict[str, Any]) -> None:
    """Write one of fttui's own TOML files atomically. Missing directories are made.

    Raises:
        OSError: writing failed.
    """
    import tomli_w  # late, like the next: the first frame only reads

    from fttui import atomic

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
