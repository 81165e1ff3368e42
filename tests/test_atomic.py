"""Files written whole or not at all."""

import os
from pathlib import Path

import pytest

from fttui import atomic


def test_written_file_belongs_to_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    previous = os.umask(0)
    try:
        atomic.write(str(path), b"x = 1\n")
    finally:
        os.umask(previous)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b"x = 1\n"
    assert [found.name for found in tmp_path.iterdir()] == ["c.toml"], "no temporary file is left"


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept.toml"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as failure:
        atomic.write(str(path), b"new")
    assert failure.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["kept.toml"]


def test_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles"
    target.write_bytes(b"old")
    link = tmp_path / "profiles.toml"
    link.symlink_to(target)
    atomic.write(str(link), b"new")
    assert not link.is_symlink()
    assert link.read_bytes() == b"new"
    assert target.read_bytes() == b"old"


def test_block_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> None:
        with atomic.writing(str(tmp_path / "out.csv"), overwrite=False) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not list(tmp_path.iterdir())


def test_full_disk_is_reported_with_the_path_that_the_user_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as failure, atomic.writing(str(tmp_path / "out.csv"), overwrite=True):
        pass
    assert failure.value.filename == str(tmp_path / "out.csv")


def test_file_that_appeared_meanwhile_is_replaced_only_with_overwrite(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"

    def write_late(*, overwrite: bool) -> None:
        with atomic.writing(str(path), overwrite=overwrite) as file:
            file.write(b"ours")
            path.write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        write_late(overwrite=False)
    assert path.read_bytes() == b"theirs"
    write_late(overwrite=True)
    assert path.read_bytes() == b"ours"
    assert [found.name for found in tmp_path.iterdir()] == ["out.csv"]


def test_existing_file_is_refused_where_the_file_system_has_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "out.csv"
    with atomic.writing(str(path), overwrite=False) as file:
        file.write(b"ours")
    assert path.read_bytes() == b"ours"
    with pytest.raises(FileExistsError), atomic.writing(str(path), overwrite=False) as file:
        file.write(b"again")
    assert path.read_bytes() == b"ours"


def test_device_is_written_directly() -> None:
    with atomic.writing("/dev/null", overwrite=False) as file:
        file.write(b"x")


def test_why_not_writable(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert atomic.why_not_writable(str(path), overwrite=False) == ""
    path.write_bytes(b"")
    assert atomic.why_not_writable(str(path), overwrite=False) == f"{path} already exists"
    assert atomic.why_not_writable(str(path), overwrite=True) == ""
    assert atomic.why_not_writable(str(tmp_path), overwrite=True) == f"{tmp_path} is a directory"
    assert atomic.why_not_writable(f"{tmp_path}/no/x", overwrite=True) == f"no such directory: {tmp_path}/no"
