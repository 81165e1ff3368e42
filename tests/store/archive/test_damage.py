"""Changed bits in the archive's rows: left out, named once, and fetched again where the provider has them."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.summary import Summary
from fttui.store.archive import set_aside
from fttui.store.archive.archive import Archive
from fttui.store.archive.damage import EVENT, MOST_NAMED
from fttui.store.archive.events import LogState, Progress
from fttui.store.archive.files import UPLOADED_AGAIN
from fttui.store.archive.schema import MIGRATIONS, OF_JOBS
from fttui.store.archive.verification import add_checksums, damaged_summaries, distrust_damaged
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import entry, event, job, metrics

J, F = "ftjob-00001", "file-r1"
SHA, OTHER_SHA = "5" * 64, "6" * 64
CONTENT = b"step,train_loss\n1,0.5\n"


def opened(path: Path) -> Archive:
    return inline_archive(str(path), "work")


async def filled(path: Path) -> None:
    archive = opened(path)
    await archive.jobs.save([entry(job(1, result_files=[F]))], 1.0)
    events = [Event.read(metrics(J, n, 1 / n) if n % 2 else event(J, n)) for n in range(1, 9)]
    assert await archive.events.append(J, events, joined=True, cursor=None)
    await archive.jobs.save_checkpoints(J, [Checkpoint.read({"id": f"c{n}", "step_number": n}) for n in (3, 5)])
    await archive.files.save([(F, '{"id":"file-r1","filename":"metrics.csv"}')], 1.0)
    await archive.files.save_content(F, CONTENT, 1.0)
    await archive.files.save_models([("m1", '{"id":"m1","shutdown_date":1}'), ("m2", '{"id":"m2"}')], 1.0)
    await archive.files.remember_upload(SHA, F)
    await archive.creates.remember("t1", '{"model":"gpt-x"}', 5)
    # An integer in a REAL column, as providers send losses.
    await archive.jobs.save_summary(J, Summary(metric="train_loss", last=1, last_step=7, best=0.5), "plateau")
    await archive.close()


def change(path: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute(sql).rowcount
        db.commit()


def read_all(archive: Archive) -> dict[str, Any]:
    return {
        "messages": [row.message for row in archive.events.rows(J)],
        "raw": len(archive.events.raw(J)),
        "steps": [point.step for point in archive.events.points(J)],
        "checkpoints": len(archive.jobs.checkpoints(J)),
        "file": archive.files.get(F),
        "content": archive.files.content(F),
    }


DAMAGE = {
    "events": "UPDATE events SET message = 'evemt 4' WHERE seq = 3",
    "metrics": "UPDATE points SET measured = replace(measured, '0.2', '8.2') WHERE step = 5",
    "checkpoints": "UPDATE checkpoints SET raw = replace(raw, '5', '4') WHERE id = 'c5'",
    "the description": "UPDATE files SET raw = replace(raw, 'metrics', 'metricr')",
    "the content": "UPDATE files SET content = x'00'",
}


SMALL = ("logs", "summaries", "models", "uploads", "creates")


def sums(path: Path) -> list[Any]:
    """Return all checksums. Every row must have one."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        tables = ("events", "points", "checkpoints", *SMALL)
        found = [(table, db.execute(f"SELECT sum FROM {table}").fetchall()) for table in tables]
    assert all(rows and (None,) not in rows for _, rows in found)
    return found


@pytest.mark.parametrize("what", DAMAGE)
async def test_changed_bits_are_left_out_and_named_once(tmp_path: Path, what: str) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = opened(path)
    sound = read_all(archive)
    assert archive.notices == []
    change(path, DAMAGE[what])
    found = [read_all(archive), read_all(archive)][1]
    (notice,) = archive.notices
    assert f"{what} of {F if what.startswith('the') else J}" in notice
    assert "fttui archive sync" in notice
    assert archive.damage.is_found
    assert sum(found[name] != sound[name] for name in sound) == (2 if what == "events" else 1), found
    if what == "events":
        assert found["messages"] == [*sound["messages"][:3], EVENT, *sound["messages"][4:]]
    await archive.close()


async def test_every_kind_of_text_in_an_event_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    archive = opened(path)
    await archive.jobs.save([entry(job(1))], 1.0)
    texts = ("plain", "don't", 'say "x"', "a\\b", "a', 'b", "Größe", "", "None", "'", '"', "\t")
    sent = [event(J, n) | {"message": text, "created_at": 5 if n % 2 else None} for n, text in enumerate(texts)]
    assert await archive.events.append(J, list(map(Event.read, sent)), joined=True, cursor=None)
    shown = archive.events.rows(J)
    assert (len(shown), archive.damage.is_found) == (len(texts), False)
    for damage in ("message = 'x'", "level = x'00'", "created_at = 6", "raw = 'None'", "data = x'', raw = raw || ''''"):
        change(path, f"UPDATE events SET {damage}")
        assert {row.message for row in archive.events.rows(J)} == {EVENT}
        await archive.events.repair(J, list(map(Event.read, sent)))
        assert archive.events.rows(J) == shown
    await archive.close()


@pytest.mark.parametrize(
    ("written", "now", "damaged"),
    [
        ("m1{", "m0{", {"m0": ["model"]}),
        (f"5{F}", f"4{F}", {}),
        (f"{F}{{", "file-r0{", {"file-r0": ["file"]}),
        (f"{J}-e00004", f"{J}-e00005", {J: ["events"]}),
    ],
)
async def test_flipped_bit_of_an_indexed_column_does_not_set_the_archive_aside(
    tmp_path: Path, written: str, now: str, damaged: dict[str, list[str]]
) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    content = path.read_bytes()
    assert written.encode() in content
    path.write_bytes(content.replace(written.encode(), now.encode(), 1))
    archive = opened(path)
    assert await distrust_damaged(archive) == damaged
    assert await archive.files.drop_damaged_uploads() == ([] if damaged else [F])
    await archive.files.save_models([("m1", "{}")], 2.0)
    await archive.files.remember_upload(SHA, "file-new")
    await archive.events.repair(J, [Event.read(metrics(J, n, 1 / n) if n % 2 else event(J, n)) for n in range(1, 9)])
    assert await distrust_damaged(archive) == {}
    assert (archive.files.models(), archive.files.uploaded(SHA), len(archive.events.raw(J))) == (["{}"], "file-new", 8)
    assert not archive.was_broken
    await archive.close()


async def test_many_damaged_jobs_are_named_in_few_messages(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    archive = opened(path)
    for number in range(1, MOST_NAMED + 5):
        raw = job(number)
        await archive.jobs.save([entry(raw)], 1.0)
        await archive.events.append(raw["id"], [Event.read(event(raw["id"], 1))], joined=True, cursor=None)
    change(path, "UPDATE events SET message = 'x'")
    for row in archive.jobs.rows():
        archive.events.rows(row.id)
    assert len(archive.notices) == MOST_NAMED + 1
    assert "More of the archive" in archive.notices[-1]
    await archive.close()


async def test_repair_puts_events_and_metrics_in_their_places(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = opened(path)
    sound = read_all(archive)
    change(path, "UPDATE events SET message = 'x' WHERE seq IN (0, 3, 4, 7)")
    change(path, "UPDATE events SET id = 'other' WHERE seq = 4")
    change(path, DAMAGE["metrics"])
    assert await distrust_damaged(archive) == {J: ["events", "metrics"]}
    await archive.events.repair(J, [Event.read(metrics(J, n, 1 / n) if n % 2 else event(J, n)) for n in range(1, 9)])
    assert read_all(archive) == sound
    assert await distrust_damaged(archive) == {}
    await archive.close()


async def test_damaged_event_that_the_provider_lacks_stays_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = opened(path)
    change(path, DAMAGE["events"])
    await archive.events.repair(J, [])
    assert archive.events.damaged(J) == ["events"]
    await archive.close()


async def test_rows_of_an_older_version_get_checksums_in_the_background(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    written = sums(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        for table in ("events", "points", "checkpoints"):
            db.execute(f"UPDATE {table} SET sum = NULL")
        db.execute("UPDATE files SET raw_sum = NULL, content_sum = NULL")
        for table in SMALL:
            db.execute(f"UPDATE {table} SET sum = NULL")
        db.execute(next(line for line in MIGRATIONS[6].splitlines() if "INSERT INTO unsummed" in line))
        db.commit()
    archive = opened(path)
    before = read_all(archive)
    assert await distrust_damaged(archive) == {}
    await add_checksums(archive)
    assert (read_all(archive), archive.notices, archive.jobs.unsummed()) == (before, [], [])
    assert sums(path) == written
    for harm in DAMAGE.values():
        change(path, harm)
    read_all(archive)
    assert len(archive.notices) == len(DAMAGE)
    await archive.close()


@pytest.mark.parametrize("change_of", [f"id = 'file-r2', digest = '{SHA}'", f"digest = '{OTHER_SHA}'"])
async def test_damaged_upload_is_forgotten(tmp_path: Path, change_of: str) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = opened(path)
    assert (archive.files.uploaded(SHA), archive.files.digest(F)) == (F, SHA)
    change(path, f"UPDATE uploads SET {change_of}")
    for file in (F, "file-r2"):
        assert (archive.files.uploaded(SHA), archive.files.digest(file)) == (None, "")
    assert (archive.files.uploaded(OTHER_SHA), archive.files.has_copy("file-r2")) == (None, False)
    (notice,) = archive.notices
    assert "the upload of file-r" in notice
    assert UPLOADED_AGAIN in notice
    await archive.files.remember_upload(SHA, "file-new")
    assert archive.files.uploaded(SHA) == "file-new"
    assert len(await archive.files.drop_damaged_uploads()) == ("digest = '6" in change_of)
    assert await archive.files.drop_damaged_uploads() == []
    await archive.close()


@pytest.mark.parametrize("what", ["token = 't2'", 'body = \'{"model":"gpt-y"}\'', "asked_at = 4.0"])
async def test_damaged_create_is_kept_apart(tmp_path: Path, what: str) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = opened(path)
    assert archive.creates.pending() == {"t1": ('{"model":"gpt-x"}', 5.0)}
    change(path, f"UPDATE creates SET {what}")
    assert archive.creates.pending() == {}
    ((token, body),) = archive.creates.damaged().items()
    assert (token, body) == ("t2" if "t2" in what else "t1", f'{{"model":"gpt-{"y" if "y" in what else "x"}"}}')
    await archive.creates.forget(token)
    assert archive.creates.damaged() == {}
    await archive.close()


async def test_damaged_model_is_left_out_until_it_is_fetched_again(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = opened(path)
    assert (len(archive.files.models()), len(archive.files.retiring())) == (2, 1)
    change(path, "UPDATE models SET raw = replace(raw, '1}', '2}')")
    assert archive.files.models() == ['{"id":"m2"}']
    assert (archive.files.model("m1"), archive.files.retiring()) == (None, [])
    (notice,) = archive.notices
    assert "the description of m1" in notice
    assert "fttui archive sync" in notice
    assert await distrust_damaged(archive) == {"m1": ["model"]}
    assert archive.database.query("SELECT id FROM models") == [("m2",)]
    await archive.close()


LOG_DAMAGE = ("cursor = NULL", "cursor = 'ftjob-00001-e00000'", "step = 6", "loss = 'text'", "total_steps = 10")


@pytest.mark.parametrize("what", LOG_DAMAGE)
async def test_log_with_a_damaged_state_is_read_again_from_its_oldest_event(tmp_path: Path, what: str) -> None:
    path = tmp_path / "a.db"
    archive = opened(path)
    await archive.jobs.save([entry(job(1))], 1.0)
    newest = [Event.read(metrics(J, n, 1 / n)) for n in range(5, 9)]
    assert await archive.events.append(J, newest, joined=False, cursor=newest[0].id)
    sound = LogState(3, 0, newest[0].id, True, Progress(8, 1000, 1 / 8))
    assert archive.events.state(J) == sound
    change(path, f"UPDATE logs SET {what}")
    assert archive.events.state(J) == sound._replace(is_damaged=True)
    (notice,) = archive.notices
    assert f"the extent of the log of {J}" in notice
    older = [Event.read(metrics(J, n, 1 / n)) for n in range(1, 5)]
    assert await archive.events.prepend(J, older, asked=newest[0].id, cursor=None)
    assert archive.events.state(J) == sound._replace(bottom=-4, cursor=None)
    change(path, f"UPDATE logs SET {what}, cursor = 'x'")
    assert await distrust_damaged(archive) == {J: ["log"]}
    assert archive.events.state(J) == sound._replace(bottom=-4, cursor=older[0].id)
    assert await archive.events.append(J, [Event.read(event(J, 9))], joined=True, cursor=None)
    assert archive.events.states() == {J: sound._replace(top=None, bottom=None, cursor=older[0].id)}
    await archive.close()


async def test_damaged_state_of_a_log_without_events_is_deleted(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    archive = opened(path)
    await archive.jobs.save([entry(job(1))], 1.0)
    assert await archive.events.append(J, [], joined=True, cursor=None)
    assert archive.events.state(J).visited
    change(path, "UPDATE logs SET cursor = 'x'")
    assert archive.events.states()
    await archive.events.repair_state(J)
    assert (archive.events.state(J), archive.events.states()) == (LogState(), {})
    await archive.close()


async def test_events_follow_a_log_of_damaged_events_and_state(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = opened(path)
    change(path, "UPDATE events SET message = 'x'")
    change(path, "UPDATE logs SET step = 5")
    assert await archive.events.append(J, [Event.read(event(J, 9))], joined=True, cursor=None)
    assert [row.message for row in archive.events.rows(J)] == [EVENT] * 8 + ["event 9"]
    await archive.close()


@pytest.mark.parametrize("what", ["last = 2", "metric = 'train_lost'", "alarms = ''", "best_step = 3", "sum = 1"])
async def test_damaged_summary_is_found(tmp_path: Path, what: str) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    archive = opened(path)
    assert damaged_summaries(archive) == []
    change(path, f"UPDATE summaries SET {what}")
    assert damaged_summaries(archive) == [J]
    await archive.close()


async def test_older_archive_that_cannot_be_migrated_stays_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        for migration in MIGRATIONS[:6]:
            db.executescript(migration)
        db.execute("PRAGMA user_version = 6")
        db.execute("INSERT INTO profiles(name) VALUES ('work')")
        db.execute(
            "INSERT INTO jobs(profile, id, status_text, model, suffix, method, fine_tuned_model, fault, digest, due, "
            f"first_seen, last_seen) VALUES (1, '{J}', '', '', '', '', '', '', 0, 0, 0, 0)"
        )
        db.execute("INSERT INTO events VALUES (1, 0, 'e', 1, 'info', 'message', 'hello', '', '{}')")
        db.execute("INSERT INTO points VALUES (1, 1, '{}', NULL)")
        db.execute("INSERT INTO checkpoints VALUES (1, 'c', 1, 1, '{}')")
        db.execute("INSERT INTO files VALUES (1, 'f', '{}', NULL, 1)")
        db.commit()

    def full(path: str) -> tuple[str, list[str]]:
        raise set_aside.Unusable("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(set_aside, "prepare", full)
        archive = opened(path)
        assert [row.message for row in archive.events.rows(J)] == ["hello"]
        assert (len(archive.events.points(J)), len(archive.jobs.checkpoints(J)), archive.files.get("f")) == (1, 1, "{}")
        await archive.close()


async def test_deleted_job_leaves_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    change(path, "INSERT INTO unsummed SELECT key FROM jobs")
    archive = opened(path)
    assert await archive.jobs.delete(J, 1.0, [F])
    await archive.close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert [db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in OF_JOBS] == [(0,)] * len(OF_JOBS)
