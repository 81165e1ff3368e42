"""Read the configuration files strictly. Standard library only."""

import os

from fttui.config.choose import LOCAL
from fttui.config.directories import check_directories
from fttui.config.errors import ConfigError
from fttui.config.faults import FileFaults, error_of
from fttui.config.paths import config_file, profiles_file
from fttui.config.schema import ProfilesFile, Settings, Table
from fttui.config.toml_file import read_text, read_toml
from fttui.config.validate import faults
from fttui.lean_typing import Any


def load() -> Settings:
    """Return the settings of both files. A profile in the user's file replaces an added one of the same name.

    Raises:
        ConfigError: a file cannot be read or has a fault, or a directory is refused.
    """
    check_directories()
    user, added = _read((config_file(), Settings), (profiles_file(), ProfilesFile))
    profiles = {**added.get("profiles", {}), **user.get("profiles", {})}
    return Settings(**{**user, "profiles": profiles} if profiles else user)


def user_settings() -> Settings:
    """Return the settings of the user's `config.toml`, without added profiles.

    Raises:
        ConfigError: the file cannot be read or has a fault.
    """
    return Settings(**_read((config_file(), Settings))[0])


def added_profiles() -> ProfilesFile:
    """Return the profiles of `profiles.toml`, which fttui writes.

    Raises:
        ConfigError: the file cannot be read or has a fault.
    """
    return ProfilesFile(**_read((profiles_file(), ProfilesFile))[0])


def profile_names() -> list[str]:
    """Return the names that `--profile` takes: those of the configuration, and the built-in ones.

    Raises:
        ConfigError: a file cannot be read or has a fault.
    """
    built_in = [LOCAL, "openai"] + (["azure"] if os.environ.get("AZURE_OPENAI_ENDPOINT", "").strip() else [])
    return sorted({*load().profiles, *built_in})


def _read(*files: tuple[str, type[Table]]) -> list[dict[str, Any]]:
    """Return the contents of files.

    Raises:
        ConfigError: names all faults of all files.
    """
    contents, wrong = [], []
    for path, table in files:
        try:
            content = read_toml(path)
            found = list(faults(table, content))
        except ConfigError as error:
            content, found = {}, []
            wrong.append(FileFaults(path, "", (), unreadable=str(error)))
        if found:
            wrong.append(FileFaults(path, read_text(path), found))
        contents.append(content)
    if wrong:
        raise error_of(wrong)
    return contents
