"""The archive: saved rows, two processes at once, and a kill during a write."""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.metric import Point
from fttui.models.row import EventRow
from fttui.models.samples import StepSamples
from fttui.store.archive.archive import Archive
from fttui.store.archive.events import LogState, Progress
from fttui.store.archive.first_rows import first_log, first_rows
from fttui.store.archive.jobs import ListState
from fttui.store.query import select
from tests.support.inline_archive import inline_archive
from tests.support.objects import values
from tests.support.store_fakes import entry, event, job, metrics, rows_of, samples

J = "ftjob-00001"


def read(*raws: dict[str, object]) -> list[Event]:
    return [Event.read(raw) for raw in raws]


def numbers(found: list[EventRow]) -> list[int]:
    return [int(row.message.split()[1]) for row in found]


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    archive = Archive(str(tmp_path / "a.db"), "work")
    yield archive
    await archive.close()


async def test_saved_job_is_returned_unchanged(archive: Archive, tmp_path: Path) -> None:
    raws = [job(1, "running"), job(3, trained_tokens=5070, finished_at=1_700_000_500), job(2, created_at=None)]
    await archive.jobs.save([entry(raw, due=raw["status"] == "running") for raw in raws], 10.0)
    expected = select(rows_of(raws))
    assert archive.jobs.rows() == expected
    assert [row.id for row in expected] == ["ftjob-00003", "ftjob-00001", "ftjob-00002"]
    assert archive.jobs.row(J) == rows_of(raws)[0]
    assert json.loads(archive.jobs.body(J) or "") == raws[0]
    assert archive.jobs.due() == {J}
    assert archive.jobs.digests() == {raw["id"]: entry(raw).digest for raw in raws}
    other = Archive(archive.path, "work")
    assert other.jobs.rows() == expected
    await other.close()
    assert first_rows(archive.path, "work", 2) == (expected[:2], None)


async def test_profiles_are_separate(archive: Archive) -> None:
    other = Archive(archive.path, "home")
    await archive.jobs.save([entry(job(1))], 10.0)
    await other.jobs.save([entry(job(1, "failed"))], 10.0)
    await other.events.append(J, read(event(J, 1)), joined=True, cursor=None)
    await other.creates.remember("token", "{}", 1.0)
    assert [row.status_text for row in archive.jobs.rows()] == ["succeeded"]
    assert [row.status_text for row in other.jobs.rows()] == ["failed"]
    assert (archive.events.rows(J), len(other.events.rows(J))) == ([], 1)
    assert (archive.creates.pending(), other.creates.pending()) == ({}, {"token": ("{}", 1.0)})
    assert first_rows(archive.path, "home", 9)[0] == other.jobs.rows()
    await other.close()


async def test_saving_a_job_keeps_due_and_clears_gone(archive: Archive) -> None:
    await archive.jobs.save([entry(job(1, "running"), due=True)], 10.0)
    await archive.jobs.set_gone([J], 20.0)
    assert [row.gone for row in archive.jobs.rows()] == [True]
    await archive.jobs.save([entry(job(1))], 30.0)
    assert [(row.gone, row.status_text) for row in archive.jobs.rows()] == [(False, "succeeded")]
    assert archive.jobs.due() == {J}
    await archive.jobs.clear_due(J)
    assert archive.jobs.due() == set()


async def test_list_state_is_saved(archive: Archive) -> None:
    assert archive.jobs.list_state() == ListState()
    state = ListState(5.0, True, "ftjob-00009", 4.0)
    await archive.jobs.save_list_state(state)
    assert archive.jobs.list_state() == state
    assert first_rows(archive.path, "work", 5) == ([], 5.0)


async def test_sequence_numbers_rise_from_old_to_new(archive: Archive) -> None:
    await archive.jobs.save([entry(job(1))], 1.0)
    assert archive.events.state(J) == LogState()
    assert await archive.events.append(J, read(event(J, 4), event(J, 5)), joined=False, cursor="c4")
    assert await archive.events.append(J, read(event(J, 6)), joined=True, cursor=None)
    assert await archive.events.prepend(J, read(event(J, 2), event(J, 3)), asked="c4", cursor="c2")
    assert await archive.events.prepend(J, read(event(J, 1)), asked="c2", cursor=None)
    assert numbers(archive.events.rows(J)) == [1, 2, 3, 4, 5, 6]
    assert [row.seq for row in archive.events.rows(J)] == [-3, -2, -1, 0, 1, 2]
    assert numbers(archive.events.rows(J, limit=2)) == [5, 6]
    assert numbers(archive.events.rows(J, before=1, limit=2)) == [3, 4]
    assert numbers(archive.events.rows(J, after=-2)) == [3, 4, 5, 6]
    assert numbers(archive.events.rows(J, after=-2, limit=1)) == [3]
    assert archive.events.newest_id(J) == event(J, 6)["id"]
    assert archive.events.recorded_ids(J, [event(J, 3)["id"], "x"]) == {event(J, 3)["id"]}
    assert [json.loads(raw)["id"] for raw in archive.events.raw(J)] == [event(J, n)["id"] for n in range(1, 7)]
    assert numbers(first_log(archive.path, "work", J, 3)) == [4, 5, 6]


async def test_repeated_event_is_recorded_once(archive: Archive) -> None:
    await archive.jobs.save([entry(job(1))], 1.0)
    await archive.events.append(J, read(event(J, 1), event(J, 1), event(J, 2)), joined=True, cursor=None)
    await archive.events.append(J, read(event(J, 2), event(J, 3)), joined=True, cursor=None)
    assert numbers(archive.events.rows(J)) == [1, 2, 3]
    assert [row.seq for row in archive.events.rows(J)] == [0, 1, 2]


async def test_append_that_would_leave_a_gap_is_refused(archive: Archive) -> None:
    """A second cockpit records events after the first has started its first visit."""
    await archive.jobs.save([entry(job(1))], 1.0)
    other = Archive(archive.path, "work")
    await other.events.append(J, read(event(J, 1)), joined=True, cursor=None)
    assert not await archive.events.append(J, read(event(J, 8), event(J, 9)), joined=False, cursor="c8")
    assert numbers(archive.events.rows(J)) == [1]
    assert await archive.events.append(J, read(event(J, 1), event(J, 2)), joined=False, cursor="c1")
    assert numbers(archive.events.rows(J)) == [1, 2]
    assert archive.events.state(J).cursor is None
    await other.close()


async def test_prepend_with_a_moved_cursor_is_refused(archive: Archive) -> None:
    await archive.jobs.save([entry(job(1))], 1.0)
    await archive.events.append(J, read(event(J, 5)), joined=False, cursor="c5")
    other = Archive(archive.path, "work")
    assert await other.events.prepend(J, read(event(J, 4)), asked="c5", cursor="c4")
    assert not await archive.events.prepend(J, read(event(J, 4)), asked="c5", cursor="c4")
    assert numbers(archive.events.rows(J)) == [4, 5]
    await other.close()


async def test_metrics_events_give_progress_and_points(archive: Archive) -> None:
    await archive.jobs.save([entry(job(1))], 1.0)
    newer = read(metrics(J, 5, 0.5), event(J, 6, step=5, full_valid_loss=0.7), event(J, 7))
    await archive.events.append(J, newer, joined=False, cursor="c")
    assert archive.events.state(J).progress == Progress(5, 1000, 0.5)
    older = read(metrics(J, 3, 0.9), event(J, 4, step=5, train_loss=99.0, train_mean_token_accuracy=0.25))
    await archive.events.prepend(J, older, asked="c", cursor=None)
    row = archive.jobs.row(J)
    assert row is not None
    assert (row.step, row.total_steps, row.loss) == (5, 1000, 0.5)
    assert archive.events.points(J) == [
        Point(3, {"train_loss": 0.9}, 1700000001.0),
        Point(5, {"train_loss": 0.5, "train_mean_token_accuracy": 0.25, "full_valid_loss": 0.7}, 1700000001.0),
    ]
    assert archive.events.states() == {J: LogState(None, None, None, True, Progress(5, 1000, 0.5))}


async def test_older_events_fill_gaps_of_progress(archive: Archive) -> None:
    await archive.jobs.save([entry(job(1))], 1.0)
    await archive.events.append(J, read(event(J, 9)), joined=False, cursor="c")
    await archive.events.prepend(J, read(metrics(J, 3, 0.9)), asked="c", cursor=None)
    assert archive.events.state(J).progress == Progress(3, 1000, 0.9)


async def test_checkpoints_missing_from_a_later_list_stay(archive: Archive) -> None:
    def checkpoint(step: int, loss: float = 1.0) -> Checkpoint:
        return Checkpoint.read({"id": f"c{step}", "step_number": step, "metrics": {"train_loss": loss}})

    await archive.jobs.save([entry(job(1))], 1.0)
    assert await archive.jobs.save_checkpoints(J, [checkpoint(20), checkpoint(10)])
    assert not await archive.jobs.save_checkpoints(J, [checkpoint(20)])
    assert await archive.jobs.save_checkpoints(J, [checkpoint(30), checkpoint(20, 0.5)])
    assert [json.loads(raw)["id"] for raw in archive.jobs.checkpoints(J)] == ["c10", "c20", "c30"]
    assert json.loads(archive.jobs.checkpoints(J)[1])["metrics"] == {"train_loss": 0.5}


async def test_samples_are_kept_by_step_and_deleted_with_their_job(archive: Archive) -> None:
    await archive.jobs.save([entry(job(1))], 1.0)
    first, second = (StepSamples.read(samples(step)) for step in (0, 90))
    assert await archive.samples.save(J, [second, first])
    assert not await archive.samples.save(J, [first])
    assert archive.samples.newest(J) == second.id
    assert await archive.samples.save(J, [StepSamples.read(samples(90, "no")), StepSamples.read({"id": "x"})])
    found = [StepSamples.read(json.loads(raw)) for raw in archive.samples.all(J)]
    assert [(each.step_number, each.samples[0].answer) for each in found] == [(0, "yes"), (90, "no")]
    await archive.database.execute("UPDATE samples SET raw = replace(raw, 'yes', 'yas') WHERE ? > 0")
    assert [json.loads(raw)["step_number"] for raw in archive.samples.all(J)] == [90], "a changed bit is noticed"
    assert archive.samples.has_damaged(J)
    assert await archive.samples.save(J, [first])
    assert not archive.samples.has_damaged(J)
    await archive.database.execute("UPDATE samples SET step = 1 WHERE step = 0 AND ? > 0")
    await archive.samples.drop_damaged(J)
    assert [json.loads(raw)["step_number"] for raw in archive.samples.all(J)] == [90]
    assert not await archive.samples.save("nobody", [first])
    assert archive.samples.newest("nobody") is None
    await archive.jobs.delete(J, 2.0)
    assert archive.database.query("SELECT count(*) FROM samples") == [(0,)]


async def test_events_of_an_unknown_job_are_not_recorded(archive: Archive) -> None:
    assert not await archive.events.append("nobody", read(event(J, 1)), joined=True, cursor=None)
    assert not await archive.jobs.save_checkpoints("nobody", [])
    assert (archive.events.rows("nobody"), archive.events.points("nobody")) == ([], [])
    assert archive.jobs.body("nobody") is None


async def test_files_models_and_creates_are_saved(archive: Archive) -> None:
    await archive.files.save_content("f1", b"step,\x00", 1.0)
    await archive.files.save([("f1", '{"id":"f1"}'), ("f2", '{"id":"f2"}')], 2.0)
    assert archive.files.content("f1") == b"step,\x00"
    assert (archive.files.content("f2"), archive.files.content("f3")) == (None, None)
    assert archive.files.all() == ['{"id":"f1"}', '{"id":"f2"}']
    await archive.files.save_models([("m1", '{"id":"m1"}'), ("m2", "{}")], 2.0)
    await archive.files.save_models([("m3", '{"id":"m3"}')], 3.0)
    assert archive.files.models() == ['{"id":"m3"}']
    await archive.creates.remember("t", "{}", 4.0)
    await archive.creates.forget("t")
    assert archive.creates.pending() == {}


@settings(max_examples=60, deadline=None)
@given(raws=st.lists(st.tuples(values, values), min_size=1, max_size=4))
async def test_any_decoded_json_can_be_saved(raws: list[tuple[object, object]]) -> None:
    """Models decoded from any JSON fit into the columns, and the JSON is returned unchanged."""
    archive = inline_archive("", "work")
    for raw_job, raw_event in raws:
        kept = entry(raw_job)  # type: ignore[arg-type]
        await archive.jobs.save([kept], 1.0)
        assert archive.jobs.row(kept.row.id) == kept.row
        assert archive.jobs.body(kept.row.id) == kept.raw
        found = Event.read(raw_event)
        await archive.events.append(kept.row.id, [found], joined=True, cursor=None)
        assert found.id in {row.id for row in archive.events.rows(kept.row.id)}
    await archive.close()


async def test_archive_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "a.db"
    archive = Archive(str(path), "work")
    await archive.jobs.save([entry(job(1))], 1.0)
    modes = {name.name: stat.S_IMODE(name.stat().st_mode) for name in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert "a.db-wal" in modes
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await archive.close()
    path.chmod(0o644)
    await Archive(str(path), "work").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_two_concurrent_writers_record_each_event_once(tmp_path: Path) -> None:
    """Both record the events of one job in different batches. Each event is recorded once, in order."""
    first, second = (Archive(str(tmp_path / "a.db"), "work") for _ in range(2))
    await first.jobs.save([entry(job(1))], 1.0)

    async def walk(archive: Archive, width: int) -> None:
        for start in range(0, 120, width):
            batch = [event(J, n) for n in range(max(0, start - 2), min(120, start + width))]
            assert await archive.events.append(J, read(*batch), joined=True, cursor=None)

    await asyncio.gather(walk(first, 7), walk(second, 11))
    assert numbers(first.events.rows(J)) == list(range(120)) == numbers(second.events.rows(J))
    assert [row.seq for row in first.events.rows(J)] == list(range(120))
    await first.close()
    await second.close()


WRITER = """
import asyncio, sys
from fttui.models.event import Event
from fttui.store.archive.archive import Archive
from tests.support.store_fakes import entry, event, job

async def main():
    archive = Archive(sys.argv[1], "work")
    await archive.jobs.save([entry(job(1))], 1.0)
    print("ready", flush=True)
    for start in range(0, 10**9, 10):
        batch = [Event.read(event("ftjob-00001", n)) for n in range(start, start + 10)]
        await archive.events.append("ftjob-00001", batch, joined=True, cursor=None)
        if start >= int(sys.argv[2]):
            print("enough", flush=True)

asyncio.run(main())
"""


def write_until_killed(path: str, events: int) -> None:
    """Kill a process that writes batches of ten events, after it has written `events` of them."""
    root = Path(__file__).resolve().parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, path, str(events)], stdout=subprocess.PIPE, cwd=root, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        assert process.stdout.readline() == "enough\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("events", [0, 30, 90])
async def test_kill_during_a_write_leaves_whole_transactions(tmp_path: Path, events: int) -> None:
    path = str(tmp_path / "a.db")
    write_until_killed(path, events)
    archive = Archive(path, "work")
    assert (archive.notices, archive.path) == ([], path)
    found = numbers(archive.events.rows(J, limit=10**6))
    assert found == list(range(len(found)))
    assert len(found) > events
    assert len(found) % 10 == 0, "a part of a transaction was recorded"
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    await archive.close()


async def test_phase_of_a_row_is_kept(archive: Archive, tmp_path: Path) -> None:
    sent = {"phase": {"name": "downloading", "done": 1, "total": 4}}
    await archive.jobs.save([entry(job(1, "running", fttui=sent))], 10.0)
    (row,), _ = first_rows(str(tmp_path / "a.db"), "work")
    assert row.phase == "get 25%"
