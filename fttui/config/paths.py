"""Where fttui keeps its files, and how it writes them: owner-only and whole. Standard library only.

The config directory belongs to the person and is only read; the data and state directories belong to the
program. `FTTUI_CONFIG` moves the first (it names `config.toml`, or the directory it is in), `FTTUI_DATA_DIR`
the other two.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from fttui.text import clean


class ConfigError(Exception):
    """The configuration cannot be used. `str()` is one or two clean lines: what is wrong, and what to do next."""

    def __init__(self, message: str) -> None:
        super().__init__(clean(message))


class NoKey(ConfigError):
    """A key is needed and none was found. `str()` says what is missing, and where to put it."""


def config_file() -> str:
    """The person's `config.toml`, whether it exists or not."""
    named = os.environ.get("FTTUI_CONFIG", "")
    if not named:
        return os.path.join(_home_of("XDG_CONFIG_HOME", ".config"), "fttui", "config.toml")
    named = os.path.abspath(os.path.expanduser(named))
    return os.path.join(named, "config.toml") if os.path.isdir(named) else named


def config_dir() -> str:
    """The directory of `config.toml`."""
    return os.path.dirname(config_file())


def data_dir() -> str:
    """What must not be lost: the archive, the service's jobs, the profiles that the program added."""
    return _own() or os.path.join(_home_of("XDG_DATA_HOME", os.path.join(".local", "share")), "fttui")


def state_dir() -> str:
    """What is merely remembered: the sort order, the layout."""
    return _own() or os.path.join(_home_of("XDG_STATE_HOME", os.path.join(".local", "state")), "fttui")


def prices_file() -> str:
    """The person's own prices, beside config.toml. It belongs to the person and need not exist."""
    return os.path.join(os.path.dirname(config_file()), "prices.toml")


def plans_file() -> str:
    """What was expected of jobs when they were created: a line of JSON each."""
    return os.path.join(data_dir(), "plans.jsonl")


def profiles_file() -> str:
    """The profiles that the program added, and the name of the one in use."""
    return os.path.join(data_dir(), "profiles.toml")


def archive_file() -> str:
    """The archive of all profiles."""
    return os.path.join(data_dir(), "archive.db")


def service_dir() -> str:
    """The home of the embedded service."""
    return os.path.join(data_dir(), "service")


def make_dir(path: str) -> str:
    """Make a directory and its missing parents, mode 0700, and return it. One that exists is left as it is.

    Raises:
        OSError: it cannot be made.
    """
    if os.path.isdir(path):
        return path
    parent = os.path.dirname(path)
    if parent and parent != path:
        make_dir(parent)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
    return path


def write_atomic(path: str, data: bytes) -> None:
    """Put `data` at `path`, mode 0600: after a crash the old file is there or the new one, never a part.

    Raises:
        OSError: it could not be written; what was there before is still there.
    """
    # A link stays a link: people keep such files in a repository and link to them.
    path = os.path.realpath(path)
    directory = make_dir(os.path.dirname(path))
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        _remove(temporary)
        raise
    # The rename itself must survive a power cut.
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError:
        pass  # some network file systems refuse this for directories
    finally:
        os.close(folder)


def read_toml(path: str) -> dict[str, Any]:
    """A TOML file; empty when there is none.

    Raises:
        ConfigError: it cannot be read, or is not TOML; the message names file and line, never content.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from None
    import tomllib  # late: most people have no such file, and the first frame must not pay for it

    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None


def write_toml(path: str, content: dict[str, Any]) -> None:
    """Write one of the program's own TOML files, atomically.

    Raises:
        OSError: it could not be written.
    """
    import tomli_w

    write_atomic(
        path, b"# Written by fttui. Your own settings belong in config.toml.\n" + tomli_w.dumps(content).encode()
    )


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Keep other fttui processes from changing `path` (one of ours) between a read and a write.

    Raises:
        OSError: the lock file cannot be made.
    """
    import fcntl

    make_dir(os.path.dirname(path))
    handle = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _own() -> str:
    named = os.environ.get("FTTUI_DATA_DIR", "")
    return os.path.abspath(os.path.expanduser(named)) if named else ""


def _home_of(variable: str, fallback: str) -> str:
    # The XDG specification: a relative path is invalid and ignored.
    named = os.environ.get(variable, "")
    if os.path.isabs(named):
        return named
    if sys.platform == "darwin":
        fallback = os.path.join("Library", "Application Support")
    return os.path.join(os.path.expanduser("~"), fallback)


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
