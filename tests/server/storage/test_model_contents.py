"""Checksums of models that any trainer wrote: files and directories."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fttui.server.storage.descriptions import Stopped
from fttui.server.storage.model_contents import FILENAME, damage, describe


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    (path / "shards").mkdir(parents=True)
    (path / "config.json").write_bytes(b"{}")
    (path / "shards" / "1.bin").write_bytes(b"weights" * 1000)
    (path / "link").symlink_to("config.json")
    (tmp_path / "single.bin").write_bytes(b"abc")
    describe(str(tmp_path), {"model", "single.bin"})
    return path


def flip(path: Path) -> None:
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize(
    ("harm", "file", "why"),
    [
        (flip, "shards/1.bin", "the checksum of file shards/1.bin is wrong"),
        (cut, "shards/1.bin", "its file shards/1.bin has 6999 bytes instead of 7000"),
        (Path.unlink, "config.json", "its file config.json is missing"),
    ],
)
def test_damage_names_the_file_of_the_model(model: Path, harm: Callable[[Path], None], file: str, why: str) -> None:
    assert damage(str(model)) == ""
    harm(model / file)
    assert damage(str(model)) == why


@pytest.mark.parametrize(
    ("harm", "why"),
    [(flip, "its checksum is wrong"), (cut, "it has 2 bytes instead of 3"), (Path.unlink, "it is missing")],
)
def test_damage_of_a_model_of_one_file(model: Path, harm: Callable[[Path], None], why: str) -> None:
    single = model.with_name("single.bin")
    assert damage(str(single)) == ""
    harm(single)
    assert damage(str(single)) == why


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
def test_model_without_sound_checksums_cannot_be_checked(model: Path, harm: Callable[[Path], None]) -> None:
    harm(model.with_name(FILENAME))
    flip(model / "config.json")
    assert damage(str(model)) == ""


def test_work_on_a_large_model_can_be_stopped(model: Path) -> None:
    with pytest.raises(Stopped):
        describe(str(model.parent), {"model"}, lambda: True)
    with pytest.raises(Stopped):
        damage(str(model), lambda: True)
