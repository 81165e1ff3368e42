"""First rows of archives of every version."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from fttui.models.row import EventRow, JobRow
from fttui.models.summary import Summary
from fttui.store.archive import first_rows, schema

J = "ftjob-00001"


def written(path: Path, version: int) -> None:
    """Write an archive as fttui of this version did, with two jobs in one second, and an event."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for migration in schema.MIGRATIONS[:version]:
            db.executescript(migration)
        db.execute(f"PRAGMA user_version = {version}")
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute("INSERT INTO profiles(name, as_of, complete) VALUES ('work', 5.0, 1)")
        for id, suffix in ((J, "support"), ("ftjob-00002", "")):
            db.execute(
                "INSERT INTO jobs(profile, id, status_text, model, suffix, method, fine_tuned_model, created_at, "
                "fault, digest, due, first_seen, last_seen) "
                "VALUES (1, ?, 'running', 'm', ?, '', '', 9.0, '', 0, 0, 0, 0)",
                (id, suffix),
            )
        db.execute(
            "INSERT INTO events(job, seq, id, created_at, level, type, message, data, raw) "
            "VALUES (1, 0, 'e', 1, 'info', 'message', 'hello', '', '{}')"
        )
        db.execute("INSERT INTO files(profile, id, raw, last_seen) VALUES (1, 'f', '{}', 1)")
        db.commit()


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_archive_of_each_version_has_first_rows(tmp_path: Path, version: int) -> None:
    path = str(tmp_path / "a.db")
    written(tmp_path / "a.db", version)
    before = (tmp_path / "a.db").read_bytes()
    one = JobRow(J, "running", "m", "support", created_at=9.0, summary=Summary())
    other = one._replace(id="ftjob-00002", suffix="")
    assert first_rows.first_rows(path, "work") == ([one, other], 5.0)
    assert first_rows.rows_named(path, "work", "support", "support") == [one]
    assert first_rows.read_rows(path, "work", [J, "nobody"]) == {J: one}
    assert first_rows.counts_by_profile(path) == {"work": ({"running": 2}, 5.0)}
    assert first_rows.failures_by_profile(path) == {}
    assert first_rows.list_walked(path, "work") == 5.0
    assert first_rows.first_log(path, "work", J) == [EventRow(0, "e", 1.0, "info", "message", "hello", "")]
    assert first_rows.first_files(path, "work") == [("f", "{}")]
    assert (tmp_path / "a.db").read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.db"]


def test_archive_without_a_version_has_no_first_rows(tmp_path: Path) -> None:
    written(tmp_path / "a.db", 1)
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as db:
        db.execute("PRAGMA user_version = 0")
    assert first_rows.first_rows(str(tmp_path / "a.db"), "work") == ([], None)
