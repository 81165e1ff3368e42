"""Local paths, sample files and file ids."""

import os
from pathlib import Path

import pytest

from fttui.data.local_files import NotAFile, local_path


def samples(name: str) -> str | None:
    return "/package/sample.jsonl" if name == "sample.jsonl" else None


def test_existing_file_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("train.jsonl", "plain", "file-abc"):
        (tmp_path / name).touch()
    assert local_path("train.jsonl", samples) == "train.jsonl"
    assert local_path("plain", samples) == "plain"
    assert local_path("~/plain", samples) == str(tmp_path / "plain")
    assert local_path("file-abc", samples) is None, "a file id, even with such a file in the directory"
    assert local_path("./file-abc", samples) == "./file-abc"


def test_sample_is_found_by_name_unless_a_local_file_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert local_path("sample.jsonl", samples) == "/package/sample.jsonl"
    (tmp_path / "sample.jsonl").touch()
    assert local_path("sample.jsonl", samples) == "sample.jsonl"


def test_text_that_is_no_path_is_an_id() -> None:
    assert local_path("", samples) is None
    assert local_path("7c9e6679-7425-40de-944b-e07fc1f90ae7", samples) is None


def test_bad_path_raises_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, words in (
        ("none.jsonl", "no such file: none.jsonl"),
        ("a/b", "no such file: a/b"),
        ("folder", "folder is a directory, not a file"),
        ("pipe", "pipe is not a regular file; save the data to a file first"),
        ("x\0/y", "no such file: x\0/y"),
    ):
        with pytest.raises(NotAFile) as raised:
            local_path(name, samples)
        assert str(raised.value) == words
