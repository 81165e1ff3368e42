"""Paths of fttui's files, and making their directories. Standard library only.

The user owns the config directory; fttui only reads it. fttui owns the data and state directories.
`FTTUI_CONFIG` moves the first (it names `config.toml` or its directory), `FTTUI_DATA_DIR` the other two. Every path is
absolute: without a home directory the functions raise `ConfigError`, and nothing is made in the working directory.
"""

import os
import sys

from fttui.config.errors import ConfigError


def config_file() -> str:
    """Path of the user's `config.toml`, which may not exist."""
    given = _moved("FTTUI_CONFIG")
    if not given:
        return os.path.join(_base_dir("XDG_CONFIG_HOME", ".config"), "fttui", "config.toml")
    return os.path.join(given, "config.toml") if os.path.isdir(given) else given


def config_dir() -> str:
    """Directory of `config.toml`."""
    return os.path.dirname(config_file())


def data_dir() -> str:
    """Directory of data worth a backup: the archive, the service's jobs, added profiles."""
    return _moved("FTTUI_DATA_DIR") or os.path.join(
        _base_dir("XDG_DATA_HOME", os.path.join(".local", "share")), "fttui"
    )


def state_dir() -> str:
    """Directory of data that may be lost: the sort order, the layout."""
    return _moved("FTTUI_DATA_DIR") or os.path.join(
        _base_dir("XDG_STATE_HOME", os.path.join(".local", "state")), "fttui"
    )


def prices_file() -> str:
    """Path of the user's own prices, beside `config.toml`. It may not exist."""
    return os.path.join(config_dir(), "prices.toml")


def plans_file() -> str:
    """Path of the estimates made when jobs were created, one JSON object per line."""
    return os.path.join(data_dir(), "plans.jsonl")


def profiles_file() -> str:
    """Path of the profiles that `fttui profile add` made, with the name of the profile in use."""
    return os.path.join(data_dir(), "profiles.toml")


def view_file() -> str:
    """Path of the cockpit's saved view: columns, sort order, theme."""
    return os.path.join(state_dir(), "state.toml")


def archive_file() -> str:
    """Path of the archive of all profiles."""
    return os.path.join(data_dir(), "archive.db")


def service_dir() -> str:
    """Directory of the embedded service."""
    return os.path.join(data_dir(), "service")


def make_dir(path: str) -> str:
    """Make a directory and its missing parents, mode 0700, and return the path. An existing one is not changed.

    Raises:
        OSError: the directory cannot be made.
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


def _moved(variable: str) -> str:
    """Return the absolute path in a variable; an empty string when it is not set."""
    given = os.environ.get(variable, "")
    if given == "~" or given.startswith("~/"):
        return os.path.normpath(_home_dir() + given[1:])
    expanded = os.path.expanduser(given)
    if given.startswith("~") and expanded == given:
        raise ConfigError(
            f"{variable}: no user has the home directory {given.split('/', 1)[0]}\n"
            "Write the path in full, or ./ before a name that begins with ~."
        )
    return os.path.abspath(expanded) if given else ""


def _base_dir(variable: str, fallback: str) -> str:
    # The XDG specification: a relative path is invalid and must be ignored.
    given = os.environ.get(variable, "")
    if os.path.isabs(given):
        return given
    if sys.platform == "darwin":
        fallback = os.path.join("Library", "Application Support")
    return os.path.join(_home_dir(), fallback)


def _home_dir() -> str:
    """Return the home directory of the user.

    Raises:
        ConfigError: HOME names no absolute path, and the user's id has no entry in the password database.
    """
    given = os.environ.get("HOME", "")
    if os.path.isabs(given):
        return given
    import pwd  # late: HOME is almost always set

    try:
        found = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        found = ""
    if not os.path.isabs(found):
        raise ConfigError(
            f"there is no home directory: HOME is {'not absolute' if given else 'not set'}, and the user id "
            f"{os.getuid()} has no entry in the password database\n"
            "Set HOME, or both FTTUI_CONFIG and FTTUI_DATA_DIR, to a directory that you can write to."
        )
    return found
