"""Mark of a sweep in the archive's rows."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from fttui.models.job import Job
from fttui.store.archive.archive import Archive
from fttui.store.archive.first_rows import first_rows
from fttui.store.archive.schema import MIGRATIONS
from fttui.store.record import record_jobs
from tests.support.fake_store import NOW, job


def test_row_has_the_mark_of_its_sweep() -> None:
    assert Job.read(job(1, metadata={"fttui.sweep": "a1 lr\x1b\n"})).row().sweep.isprintable()
    assert Job.read(job(1, metadata={"fttui.sweep": "a1 lr"})).row().sweep == "a1 lr"
    assert Job.read(job(1)).row().sweep == ""


@pytest.mark.parametrize(
    ("metadata", "mark"),
    [({"fttui.sweep": "a1 lr"}, "a1 lr"), ({"fttui.sweep": "a\x1b[2J"}, ""), ({"fttui.sweep": 3}, ""), (None, "")],
)
def test_older_archive_gets_the_clean_marks(metadata: Any, mark: str) -> None:
    db = sqlite3.connect(":memory:")
    for migration in MIGRATIONS[:5]:
        db.executescript(migration)
    db.execute("INSERT INTO profiles(name) VALUES ('p')")
    db.execute(
        "INSERT INTO jobs(profile, id, status_text, model, suffix, method, fine_tuned_model, fault, digest, due, "
        "first_seen, last_seen) VALUES (1, 'j', '', '', '', '', '', '', 0, 0, 0, 0)"
    )
    db.execute("INSERT INTO bodies(job, raw) VALUES (1, ?)", (json.dumps({"metadata": metadata}),))
    db.executescript(MIGRATIONS[5])
    assert db.execute("SELECT sweep FROM jobs").fetchone() == (mark,)


async def test_archive_returns_the_mark(tmp_path: Path) -> None:
    path = str(tmp_path / "archive.db")
    archive = Archive(path, "p")
    await record_jobs(archive, [job(1, metadata={"fttui.sweep": "a1 lr"})], NOW)
    await archive.close()
    assert [row.sweep for row in first_rows(path, "p")[0]] == ["a1 lr"]
