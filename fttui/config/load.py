"""Read the configuration files strictly. Standard library only."""

import os

from fttui.config.choose import LOCAL
from fttui.config.errors import ConfigError
from fttui.config.paths import config_file, data_dir, profiles_file, state_dir
from fttui.config.schema import ProfilesFile, Settings, Table
from fttui.config.toml_file import read_toml
from fttui.config.validate import faults
from fttui.own_files import others_can_write
from fttui.text import clean_line


def load() -> Settings:
    """Return the settings of both files. A profile in the user's file replaces an added one of the same name.

    Raises:
        ConfigError: a file cannot be read or has a fault, or a directory is refused.
    """
    check_directories()
    user, added = user_settings(), added_profiles()
    profiles = {**added.values.get("profiles", {}), **user.values.get("profiles", {})}
    return Settings(**{**user.values, "profiles": profiles}) if profiles else user


def check_directories() -> None:
    """Refuse directories of data and state that other users can write to: a profile in them can name a command to run.

    Raises:
        ConfigError: a directory is refused.
    """
    for directory in dict.fromkeys((data_dir(), state_dir())):
        if reason := others_can_write(directory):
            raise ConfigError(
                f"the directory {clean_line(directory)} is refused: {reason}\n"
                f"Make it private (chmod go-w {clean_line(directory)}), or set FTTUI_DATA_DIR to a different directory."
            )


def user_settings() -> Settings:
    """Return the settings of the user's `config.toml`, without added profiles.

    Raises:
        ConfigError: the file cannot be read or has a fault.
    """
    return Settings(**_read(config_file(), Settings))


def added_profiles() -> ProfilesFile:
    """Return the profiles of `profiles.toml`, which fttui writes.

    Raises:
        ConfigError: the file cannot be read or has a fault.
    """
    return ProfilesFile(**_read(profiles_file(), ProfilesFile))


def profile_names() -> list[str]:
    """Return the names that `--profile` takes: those of the configuration, and the built-in ones.

    Raises:
        ConfigError: a file cannot be read or has a fault.
    """
    built_in = [LOCAL, "openai"] + (["azure"] if os.environ.get("AZURE_OPENAI_ENDPOINT", "").strip() else [])
    return sorted({*load().profiles, *built_in})


def _read(path: str, table: type[Table]) -> dict[str, object]:
    content = read_toml(path)
    if found := list(faults(table, content)):
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise ConfigError(f"{os.path.basename(path)}: {clean_line(found[0])}{more}\nFile: {path}")
    return content
