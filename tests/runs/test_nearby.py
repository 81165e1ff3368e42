"""Runs below the working directory, which an empty list offers."""

import os
from pathlib import Path

import pytest

from fttui.runs import nearby
from fttui.runs.formats import peek
from fttui.runs.place import exists
from tests.support.hf_runs import end, losses


def test_runs_below_the_working_directory_are_found_by_names_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(tmp_path / "a", losses(range(10, 101, 10)))
    (tmp_path / "data.csv").write_text("step,loss\n1,2.0\n")
    monkeypatch.chdir(tmp_path)

    def unwanted(path: str) -> list[str]:
        raise AssertionError(f"{path} was opened")

    monkeypatch.setattr(peek, "first_lines", unwanted)
    assert nearby.has_runs()


def test_data_of_tests_is_not_offered_where_the_working_directory_is_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(tmp_path / "tests" / "curves" / "a", losses(range(10, 101, 10)))
    monkeypatch.chdir(tmp_path)
    assert not nearby.has_runs()
    monkeypatch.chdir(tmp_path / "tests" / "curves")
    assert nearby.has_runs()


def test_removed_working_directory_has_no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    os.rmdir(tmp_path / "gone")
    assert not nearby.has_runs()
    assert not exists(".")
    monkeypatch.chdir(tmp_path)
    assert exists(".")
