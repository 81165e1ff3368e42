"""Databases of other programs: when they are queried, and what is kept of one that cannot be read now."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fttui.runs.directory import Directory
from fttui.runs.formats import foreign_database
from fttui.runs.formats.mlflow import MLflow
from fttui.runs.formats.trackio import Trackio


def store(path: Path, *runs: str) -> None:
    """Write a database of trackio."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS metrics (run_name TEXT, step INTEGER, metrics TEXT)")
        connection.executemany("INSERT INTO metrics VALUES (?, 1, '{}')", [(run,) for run in runs])


def test_database_is_queried_when_it_changed_and_its_runs_stay_while_it_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path / "a.db", "x")
    os.utime(tmp_path, (1e9, 1e9))
    asked: list[str] = []
    query = foreign_database.query
    monkeypatch.setattr(foreign_database, "query", lambda path, work: asked.append(path) or query(path, work))
    index = Directory([str(tmp_path)], (MLflow(), Trackio()))
    for _ in range(3):
        index.refresh()
    assert (list(index.runs), len(asked)) == (["x"], 2), "once by each format"
    store(tmp_path / "a.db", "y")

    def busy(path: str, work: object) -> list[str]:
        raise OSError("database is locked")

    with monkeypatch.context() as during:
        during.setattr(foreign_database, "query", busy)
        index.refresh()
        assert list(index.runs) == ["x"]
    index.refresh()
    assert list(index.runs) == ["x", "y"]


def test_folder_with_a_busy_database_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(tmp_path / "a.db", "x")
    os.utime(tmp_path, (1e9, 1e9))
    index = Directory([str(tmp_path)], (Trackio(),))

    def busy(path: str, work: object) -> list[str]:
        raise OSError("database is locked")

    with monkeypatch.context() as during:
        during.setattr(foreign_database, "query", busy)
        index.refresh()
    index.refresh()
    assert list(index.runs) == ["x"]
