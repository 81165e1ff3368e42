"""Paths of fttui's files, and making their directories."""

import os
import sys
from pathlib import Path

import pytest

from fttui.config import crash, paths
from fttui.config.errors import ConfigError


def test_directories_follow_xdg(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FTTUI_CONFIG")
    monkeypatch.delenv("FTTUI_DATA_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    assert paths.config_file() == str(home / ".config/fttui/config.toml")
    assert paths.data_dir() == str(home / ".local/share/fttui")
    assert paths.state_dir() == str(home / ".local/state/fttui")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    assert paths.config_dir() == "/elsewhere/fttui"
    assert paths.data_dir() == str(home / ".local/share/fttui")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert paths.config_dir() == paths.data_dir() == str(home / "Library/Application Support/fttui")


def test_fttui_config_and_fttui_data_dir_move_every_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTTUI_DATA_DIR", "~/box")
    box = str(home / "box")
    assert paths.data_dir() == paths.state_dir() == box
    assert [paths.profiles_file(), paths.archive_file(), paths.service_dir()] == [
        f"{box}/profiles.toml",
        f"{box}/archive.db",
        f"{box}/service",
    ]
    monkeypatch.setenv("FTTUI_CONFIG", str(home))
    assert paths.config_file() == str(home / "config.toml"), "a directory means the config.toml in it"


def test_new_directories_belong_to_the_owner_alone(home: Path) -> None:
    previous = os.umask(0)
    try:
        assert paths.make_dir(str(home / "a" / "b")) == str(home / "a" / "b")
    finally:
        os.umask(previous)
    assert [(home / name).stat().st_mode & 0o777 for name in ("a", "a/b")] == [0o700, 0o700]


NO_USER = 4_000_000_111
"""User id without an entry in the password database."""


@pytest.mark.parametrize("given", [None, "", "relative"])
def test_paths_without_a_home_directory_are_refused(
    given: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOME") if given is None else monkeypatch.setenv("HOME", given)
    monkeypatch.setattr(os, "getuid", lambda: NO_USER)
    for wish in (None, "~", "~/box"):
        for name in ("FTTUI_CONFIG", "FTTUI_DATA_DIR"):
            monkeypatch.delenv(name, raising=False) if wish is None else monkeypatch.setenv(name, wish)
        for ask in (paths.config_file, paths.data_dir, paths.state_dir):
            with pytest.raises(ConfigError, match=f"no home directory: HOME is not .*{NO_USER}.*\nSet HOME, or both"):
                ask()
    assert crash.report(ValueError()) == "fttui: unexpected error: ValueError"
    assert list(tmp_path.iterdir()) == []


def test_paths_without_home_come_from_the_password_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FTTUI_DATA_DIR")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(sys, "platform", "linux")
    assert paths.data_dir() == os.path.expanduser("~/.local/share/fttui")
    monkeypatch.setenv("FTTUI_DATA_DIR", "~/box")
    assert paths.data_dir() == os.path.expanduser("~/box")


def test_paths_given_in_full_need_no_home_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: NO_USER)
    assert paths.archive_file() == str(home / "data" / "archive.db")
    assert paths.config_dir() == str(home / "config")


def test_a_home_directory_of_an_unknown_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTTUI_DATA_DIR", "~nobody-at-all/box")
    with pytest.raises(ConfigError, match="FTTUI_DATA_DIR: no user has the home directory ~nobody-at-all"):
        paths.data_dir()
