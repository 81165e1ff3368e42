"""Files that the index watches: one of them changes whenever a source has new records."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fttui.runs.formats import FORMATS
from tests.runs.formats.test_hostile import FILES
from tests.runs.formats.test_mlflow import TABLES, add, write_run


def state(paths: list[str]) -> list[tuple[int, int]]:
    return [(os.stat(path).st_size, os.stat(path).st_mtime_ns) if os.path.exists(path) else (0, 0) for path in paths]


@pytest.mark.parametrize("name", [*FILES, "database"])
def test_a_watched_file_changes_when_records_are_appended(tmp_path: Path, name: str) -> None:
    database = tmp_path / "mlflow.db"
    if name == "database":
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript("PRAGMA journal_mode = WAL;" + TABLES)
    else:
        file, content = FILES[name]
        if name == "mlflow":
            write_run(tmp_path)
        (tmp_path / file).write_bytes(content)
    ((format, source),) = [
        (each, source) for each in FORMATS for source in each.sources(str(tmp_path), os.listdir(tmp_path))
    ]
    with closing(sqlite3.connect(database if name == "database" else ":memory:")) as connection:
        before = state(list(format.watched(source)))
        if name == "database":
            add(connection, 2, 2.0)
        else:
            with (tmp_path / file).open("ab") as appended:
                appended.write(content)
        assert state(list(format.watched(source))) != before
