"""Paths of fttui's files, and making their directories."""

import os
import sys
from pathlib import Path

import pytest

from fttui.config import paths


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
