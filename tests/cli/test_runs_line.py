"""Command lines that open directories of runs without the parser."""

import os
from pathlib import Path

import pytest

from fttui.cli.runs_line import options_of
from fttui.core.options import Options


def test_directories_become_one_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b").mkdir()
    monkeypatch.chdir(tmp_path)
    assert options_of(["runs"]) == Options(base_url=f"file://{tmp_path}")
    assert options_of(["runs", "a b", "c*"]) == Options(base_url=f"file://{tmp_path}/a%20b:{tmp_path}/c*")


@pytest.mark.parametrize(
    "line", [[], ["jobs"], ["runs", "--help"], ["runs", ".", "--offline"], ["--offline", "runs", "."], ["runs", "gone"]]
)
def test_other_command_lines_go_to_the_parser(line: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert options_of(line) is None


def test_removed_working_directory_goes_to_the_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    os.rmdir(tmp_path / "gone")
    assert options_of(["runs"]) is None
