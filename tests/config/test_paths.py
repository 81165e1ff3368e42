"""Directories, and writes that are whole and owner-only."""

import multiprocessing
import os
import stat
import sys
from pathlib import Path

import pytest

from fttui.config import paths


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


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


def test_the_two_variables_move_everything(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_made_directories_and_files_are_the_owners_alone(home: Path) -> None:
    previous = os.umask(0)
    try:
        path = home / "a" / "b" / "c.toml"
        paths.write_atomic(str(path), b"x = 1\n")
    finally:
        os.umask(previous)
    assert [mode(home / "a"), mode(home / "a/b"), mode(path)] == [0o700, 0o700, 0o600]
    assert path.read_bytes() == b"x = 1\n"
    assert [found.name for found in path.parent.iterdir()] == ["c.toml"], "no temporary file is left"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home / "kept.toml"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        paths.write_atomic(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert [found.name for found in home.iterdir()] == ["kept.toml"]


def test_a_link_stays_a_link(home: Path) -> None:
    real = home / "dotfiles" / "profiles.toml"
    real.parent.mkdir()
    real.write_bytes(b"old")
    link = home / "profiles.toml"
    link.symlink_to(real)
    paths.write_atomic(str(link), b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'api_key = "sk-secret', "not valid TOML"),
        (b"x = \xff", "not UTF-8"),
    ],
)
def test_a_broken_file_is_named_and_not_quoted(home: Path, content: bytes, words: str) -> None:
    path = home / "x.toml"
    path.write_bytes(content)
    with pytest.raises(paths.ConfigError, match=words) as caught:
        paths.read_toml(str(path))
    assert str(path) in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_a_missing_file_is_empty_and_a_mark_of_byte_order_is_no_fault(home: Path) -> None:
    assert paths.read_toml(str(home / "none.toml")) == {}
    (home / "bom.toml").write_bytes(b"\xef\xbb\xbfx = 1\n")
    assert paths.read_toml(str(home / "bom.toml")) == {"x": 1}


def _add(path: str, count: int) -> None:
    for _ in range(count):
        with paths.locked(path):
            content = paths.read_toml(path)
            content["n"] = content.get("n", 0) + 1
            paths.write_toml(path, content)


def test_two_programs_changing_one_file_lose_nothing(home: Path) -> None:
    path = str(home / "shared.toml")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add, args=(path, 20)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert paths.read_toml(path)["n"] == 40
