"""Add, use and remove profiles. They are kept in `profiles.toml`; the user's `config.toml` is never written."""

from collections.abc import Callable
from typing import Any

from fttui.config.choose import check_name, choose
from fttui.config.directories import check_directories
from fttui.config.errors import ConfigError
from fttui.config.load import added_profiles, load, user_settings
from fttui.config.paths import config_file, profiles_file
from fttui.config.schema import Profile
from fttui.config.toml_file import read_toml
from fttui.config.toml_writing import locked, write_toml
from fttui.config.validate import KEY_SOURCES


def use_profile(name: str | None) -> None:
    """Switch to a profile for all later starts. None leaves the choice to `config.toml` and the environment.

    Raises:
        ConfigError: the profile does not exist.
        OSError: writing failed.
    """
    load()
    if name is not None:
        choose(profile=name)

    def change(content: dict[str, Any]) -> None:
        content.pop("use", None)
        if name is not None:
            content["use"] = name

    _change(change)


def add_profile(name: str, profile: Profile) -> None:
    """Add a profile.

    Raises:
        ConfigError: the name is taken or invalid, or nothing tells which service the profile leads to.
        OSError: writing failed.
    """
    check_name(name)
    if name in load().profiles:
        raise ConfigError(f"profile {name} already exists: choose another name, or remove it first")
    if not profile.values.keys() & {"base_url", "provider", "directory", *KEY_SOURCES}:
        raise ConfigError(
            f"{name} was not added: a profile needs --base-url URL or --provider NAME\n"
            "For OpenAI, the source of the key is enough: --api-key-env VAR"
        )

    def change(content: dict[str, Any]) -> None:
        content.setdefault("profiles", {})[name] = profile.values

    _change(change)


def remove_profile(name: str) -> None:
    """Remove an added profile. If it is in use, it is no longer.

    Raises:
        ConfigError: the profile was not added by fttui.
        OSError: writing failed.
    """
    if name not in added_profiles().profiles:
        if name in user_settings().profiles:
            raise ConfigError(f"profile {name} is in your own file: delete it in {config_file()}")
        raise ConfigError(f"no profile {name!r} to remove")

    def change(content: dict[str, Any]) -> None:
        content["profiles"].pop(name, None)
        if content.get("use") == name:
            del content["use"]

    _change(change)


def _change(change: Callable[[dict[str, Any]], None]) -> None:
    check_directories()
    path = profiles_file()
    with locked(path):
        content = read_toml(path)
        change(content)
        write_toml(path, content)
