"""Faults of the archive's file and disk: the archive opens, keeps the history, and has a notice."""

import contextlib
import random
import sqlite3
from pathlib import Path

import pytest

from fttui import sqlite
from fttui.models.event import Event
from fttui.models.job import Job
from fttui.models.raw_json import decode
from fttui.store.archive import database, schema, set_aside
from fttui.store.archive.archive import Archive
from fttui.store.archive.first_rows import first_log, first_rows
from fttui.store.archive.schema import beside
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import entry, event, job

J = "ftjob-00001"


async def filled(path: Path, events: int = 300) -> None:
    """Write an archive with two jobs, one with events, and close it."""
    archive = Archive(str(path), "work")
    await archive.jobs.save([entry(job(1)), entry(job(2))], 1.0)
    batch = [Event.read(event(J, n)) for n in range(events)]
    assert await archive.events.append(J, batch, joined=True, cursor=None)
    await archive.close()


async def works(archive: Archive) -> None:
    """Write and read a job and an event."""
    await archive.jobs.save([entry(job(7))], 1.0)
    assert await archive.events.append("ftjob-00007", [Event.read(event("x", 1))], joined=True, cursor=None)
    assert "ftjob-00007" in {row.id for row in archive.jobs.rows()}
    assert len(archive.events.rows("ftjob-00007")) == 1


def asides(path: Path) -> list[Path]:
    return [found for found in path.parent.glob("a.db.aside-*") if not found.name.endswith(("-wal", "-shm"))]


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no archive at all" * 100)


def text(path: Path) -> None:
    path.write_text("{}")


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def cut_to_the_head(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def bad_head(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[16:100] = b"\xff" * 84
    path.write_bytes(content)


def foreign(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE bookmarks(url TEXT)")


def without_a_table(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE points")


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "harm",
    [garbage, text, cut, cut_to_the_head, bad_head, foreign, without_a_table, directory],
    ids=lambda f: f.__name__,
)
async def test_broken_file_is_set_aside_with_a_notice(tmp_path: Path, harm: object) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    harm(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    assert first_log(str(path), "work", "nobody") == []
    archive = Archive(str(path), "work")
    (aside,) = asides(path)
    assert before is None or aside.read_bytes() == before, "the file is unchanged"
    (notice,) = archive.notices
    assert aside.name in notice
    assert "set aside" in notice
    assert archive.jobs.rows() == []
    await works(archive)
    await archive.close()
    again = Archive(str(path), "work")
    assert (again.notices, [row.id for row in again.jobs.rows()]) == ([], ["ftjob-00007"])
    await again.close()


async def test_files_set_aside_have_different_names(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for _ in range(3):
        path.write_text("broken")
        await Archive(str(path), "work").close()
    assert len(asides(path)) == 3


@pytest.mark.parametrize("harm", [garbage, text, cut, cut_to_the_head, bad_head, foreign, directory])
async def test_first_rows_of_a_broken_file_is_empty(tmp_path: Path, harm: object) -> None:
    path = tmp_path / "a.db"
    assert first_rows(str(path), "work", 5) == ([], None)
    await filled(path)
    harm(path)  # type: ignore[operator]
    first_rows(str(path), "work", 5)
    first_log(str(path), "work", J)


async def test_empty_file_becomes_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    archive = Archive(str(path), "work")
    assert archive.notices == []
    await works(archive)
    await archive.close()


async def test_archive_of_a_newer_version_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = path.read_bytes()
    for _ in range(2):
        archive = Archive(str(path), "work")
        assert archive.path == beside(str(path)) != str(path)
        assert "newer fttui" in archive.notices[0]
        await works(archive)
        assert first_rows(str(path), "work", 5)[0] == archive.jobs.rows()
        await archive.close()
    assert path.read_bytes() == before
    assert asides(path) == []


async def test_archive_of_an_older_version_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    monkeypatch.setattr(
        schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE later(x);\nINSERT INTO later VALUES (1);\n")
    )
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    archive = Archive(str(path), "work")
    assert archive.notices == []
    assert len(archive.jobs.rows()) == 2
    await archive.close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT x FROM later").fetchall() == [(1,)]
        assert db.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


async def test_failed_migration_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    old = schema.VERSION
    fails_where_there_are_jobs = "CREATE TABLE later(x);\nSELECT json(CASE WHEN count(*) THEN 'no' END) FROM jobs;\n"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, fails_where_there_are_jobs))
    monkeypatch.setattr(schema, "VERSION", old + 1)
    archive = Archive(str(path), "work")
    assert "cannot be written" in archive.notices[0]
    assert len(archive.jobs.rows()) == 2, "the history is readable"
    await works(archive)
    await archive.close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (old,)
        assert db.execute("SELECT name FROM sqlite_master WHERE name = 'later'").fetchall() == []


async def test_unwritable_path_falls_back_to_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    archive = Archive(str(tmp_path / "file" / "a.db"), "work")
    assert archive.path == ""
    assert "cannot be written" in archive.notices[0]
    await works(archive)
    await archive.close()


def cannot(path: str) -> tuple[str, list[str]]:
    raise set_aside.Unusable("no space left on device")


def shrink(archive: Archive) -> None:
    """Make the disk full."""
    (pages,) = archive.database._writer.execute("PRAGMA page_count").fetchone()
    archive.database._writer.execute(f"PRAGMA max_page_count = {pages}")


async def test_full_disk_falls_back_to_memory_with_the_history_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = Archive(str(path), "work")
    shrink(archive)
    more = [Event.read(event(J, n) | {"message": f"event {n} " + "x" * 500}) for n in range(300, 400)]
    assert await archive.events.append(J, more, joined=True, cursor=None)
    assert "cannot be written" in archive.notices[0]
    assert "full" in archive.notices[0]
    assert [row.id for row in archive.jobs.rows()] == ["ftjob-00002", "ftjob-00001"]
    assert [row.seq for row in archive.events.rows(J, limit=1000)] == list(range(400))
    assert archive.database.generation == 0
    await works(archive)
    with monkeypatch.context() as patch:
        patch.setattr(set_aside, "prepare", cannot)
        await archive.close()
    again = Archive(str(path), "work")
    assert (again.notices, len(again.events.rows(J, limit=1000))) == ([], 300)
    await again.close()


async def test_full_disk_at_the_start_shows_the_history(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    real = database._connect

    def full(name: str) -> sqlite3.Connection:
        db = real(name)
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_connect", full)
        archive = Archive(str(path), "work")
    assert len(archive.jobs.rows()) == 2
    await archive.events.append(J, [Event.read(event(J, 300) | {"message": "x" * 50_000})], joined=True, cursor=None)
    assert (len(archive.jobs.rows()), len(archive.events.rows(J, limit=1000))) == (2, 301)
    await archive.close()


def spoil(path: Path) -> None:
    """Overwrite everything after the first page."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (size - 4096))


async def test_file_broken_while_open_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = Archive(str(path), "work")
    spoil(path)
    assert archive.events.rows(J) == [], "a failed read is empty"
    await archive.jobs.save([entry(job(1))], 1.0)
    assert archive.database.generation == 1
    assert len(asides(path)) == 1
    assert asides(path)[0].name in archive.notices[0]
    await works(archive)
    await archive.close()
    again = Archive(str(path), "work")
    assert {row.id for row in again.jobs.rows()} == {"ftjob-00001", "ftjob-00007"}
    await again.close()


async def test_concurrent_starts_set_a_broken_file_aside_once(tmp_path: Path) -> None:
    import threading

    path = tmp_path / "a.db"
    path.write_text("broken")
    barrier, archives = threading.Barrier(4), []

    def start() -> None:
        barrier.wait()
        archives.append(Archive(str(path), "work"))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asides(path)) == 1
    assert sum(len(archive.notices) for archive in archives) == 1
    await archives[0].jobs.save([entry(job(1))], 1.0)
    assert all(archive.jobs.row(J) is not None for archive in archives)
    for archive in archives:
        await archive.close()


async def test_blocked_writer_falls_back_to_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.01)
    path = tmp_path / "a.db"
    await filled(path)
    archive = Archive(str(path), "work")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        await works(archive)
    assert "locked" in archive.notices[0]
    assert len(archive.jobs.rows()) == 3
    await archive.close()


async def test_reads_after_close_are_empty(tmp_path: Path) -> None:
    archive = Archive(str(tmp_path / "a.db"), "work")
    await archive.jobs.save([entry(job(1))], 1.0)
    await archive.close()
    assert (archive.jobs.rows(), archive.events.rows(J), archive.jobs.body(J)) == ([], [], None)


async def test_damage_found_by_the_last_read_is_named_when_the_archive_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = Archive(str(path), "work")
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    assert archive.jobs.rows() == []
    assert not archive.was_broken
    await archive.close()
    assert archive.was_broken
    (notice,) = archive.notices
    assert asides(path)[0].name in notice


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("bodies", "raw", '{"id":"ftjob-00001"'),
        ("bodies", "raw", '{"id":"ftjob-00001","object":"fine_tuning.job","status":"sucseeded"}'),
        ("jobs", "status_text", "sucseeded"),
    ],
)
async def test_damaged_job_is_distrusted_and_does_not_stop_the_reader(
    tmp_path: Path, table: str, column: str, value: str
) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        where = "job = 1" if table == "bodies" else "key = 1"
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,))
        db.commit()
    archive = Archive(str(path), "work")
    damaged = archive.jobs.rows()[-1].id
    assert await archive.jobs.distrust_damaged() == [damaged]
    assert archive.jobs.digests()[damaged] == 0
    await archive.close()
    assert (archive.was_broken, archive.notices) == (False, [])


async def test_text_that_is_not_utf_8_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE jobs SET model = CAST(x'ff41' AS TEXT)")
        db.commit()
    archive = Archive(str(path), "work")
    assert archive.jobs.rows() == []
    await archive.close()
    assert archive.was_broken
    assert "(a text has bytes that are not UTF-8)" in archive.notices[0]


async def test_schema_that_is_not_utf_8_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    path.write_bytes(path.read_bytes().replace(b"tablecreates", b"table\xc5reates"))
    archive = Archive(str(path), "work")
    assert len(asides(path)) == 1
    await works(archive)
    await archive.close()


async def test_archive_with_any_changed_bits_can_be_opened_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path, events=50)
    sound = path.read_bytes()
    for seed in range(15):
        chance, content = random.Random(seed), bytearray(sound)
        for _ in range(chance.choice((1, 5, 50, 400))):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        for tail in ("-wal", "-shm"):
            Path(f"{path}{tail}").unlink(missing_ok=True)
        path.write_bytes(content)
        first_rows(str(path), "work", 5)
        first_log(str(path), "work", J)
        archive = inline_archive(str(path), "work")
        for row in archive.jobs.rows():
            Job.read(decode(archive.jobs.body(row.id), id=row.id)).row()
            archive.events.rows(row.id)
            archive.events.points(row.id)
        await archive.jobs.distrust_damaged()
        await works(archive)
        await archive.close()
