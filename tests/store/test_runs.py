"""Runs and summaries of jobs in the store."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fttui.learning.alarms import Report
from fttui.learning.finding import JobState
from fttui.models.event import Event
from fttui.models.summary import Summary
from fttui.store import runs
from fttui.store.archive.archive import Archive
from fttui.store.archive.first_rows import first_rows
from fttui.store.archive.schema import LOG_COLUMNS
from fttui.store.archive.verification import damaged_jobs, damaged_summaries
from fttui.store.polling.fetcher import Fetcher
from fttui.store.polling.poller import Poller
from fttui.store.record import record_events, record_jobs
from fttui.store.store import Store
from tests.support.clock import FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.simulated_runs import real_run
from tests.support.store_fakes import FakeClient, event, job

SETTINGS = {
    "hyperparameters": {"n_epochs": 10, "learning_rate_multiplier": 2.0, "batch_size": "auto"},
    "validation_file": "file-v",
    "seed": 7,
}
J = job(1)["id"]


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    archive = inline_archive(str(tmp_path / "archive.db"), "work")
    yield archive
    await archive.close()


def events_of(name: str, until: int) -> list[dict[str, object]]:
    """Return the events of a real run up to a step, oldest first."""
    run = real_run(name)
    by_step: dict[int, dict[str, float]] = {}
    for metric, series in run.series.items():
        for step, value in zip(series.steps, series.values, strict=True):
            by_step.setdefault(int(step), {})[metric] = value
    steps = sorted(step for step in by_step if step <= until)
    return [event(J, step, step=step, total_steps=run.total_steps, **by_step[step]) for step in steps]


async def world(archive: Archive, *jobs: dict[str, object]) -> tuple[FakeClient, Store, Fetcher]:
    clock = FakeClock()
    client = FakeClient(clock)
    client.jobs = list(jobs)
    store = Store(archive, clock, client)  # type: ignore[arg-type]
    fetcher = Fetcher(store)
    await fetcher.refresh()
    return client, store, fetcher


async def fetch_all(fetcher: Fetcher, store: Store) -> None:
    while await fetcher.fetch_events(J):
        pass
    while J in store.jobs.logs.unread:
        await fetcher.fetch_older_events(J)


async def test_run_of_new_events_is_judged_and_survives_a_restart(archive: Archive) -> None:
    client, store, fetcher = await world(archive, job(1, "running", **SETTINGS))
    client.events[J] = events_of("overfit", 640)
    await fetch_all(fetcher, store)
    row = store.snapshot.rows[J]
    assert (row.summary.metric, row.summary.best_step) == ("full_valid_loss", 360)
    assert row.judged_loss == pytest.approx(1.886, abs=0.001)
    assert row.alarms == "overfitting"
    assert (row.epochs, row.rate, row.batch, row.seed) == ("10", "2", "auto", "7")
    assert Store(archive, FakeClock()).snapshot.rows[J] == row
    assert first_rows(archive.path, "work")[0] == [row]


async def test_run_grows_with_new_events(archive: Archive) -> None:
    client, store, fetcher = await world(archive, job(1, "running", **SETTINGS))
    client.events[J] = events_of("good", 100)
    await fetch_all(fetcher, store)
    run = store.run(J)
    assert (run.last_step, run.total_steps, run.n_epochs) == (100, 270, 10)
    client.events[J] = events_of("good", 120)
    await fetch_all(fetcher, store)
    assert store.run(J) is run
    assert run.last_step == 120
    assert run.times.steps == list(range(1, 121))


async def test_summary_stays_when_the_job_changes(archive: Archive) -> None:
    client, store, fetcher = await world(archive, job(1, "running", **SETTINGS))
    client.events[J] = events_of("good", 100)
    await fetch_all(fetcher, store)
    before = store.snapshot.rows[J].summary
    client.jobs = [job(1, "succeeded", **SETTINGS)]
    await fetcher.refresh()
    assert store.snapshot.rows[J].summary == before != Summary()


async def test_log_that_is_still_being_read_is_not_judged(archive: Archive) -> None:
    client, store, fetcher = await world(archive, job(1, "running", **SETTINGS))
    client.page_size = 50
    client.events[J] = events_of("good", 270)
    await fetcher.fetch_events(J)
    assert store.snapshot.rows[J].summary == Summary()
    while J in store.jobs.logs.unread:
        await fetcher.fetch_older_events(J)
    assert store.snapshot.rows[J].summary.best_step == 270


async def test_value_that_is_not_finite_is_kept_as_a_gap(archive: Archive) -> None:
    client, store, fetcher = await world(archive, job(1, "running"))
    losses: list[float | str] = [2.0, math.nan, "NaN", "Infinity", 1.5]
    client.events[J] = [event(J, step, step=step, train_loss=loss) for step, loss in enumerate(losses, 1)]
    await fetch_all(fetcher, store)
    assert store.run(J).train.not_finite == [2, 3, 4]
    row = store.snapshot.rows[J]
    assert (row.summary.not_finite, row.alarms) == (3, "non_finite")


async def test_finest_source_of_a_step_counts(archive: Archive) -> None:
    client, store, fetcher = await world(archive, job(1, "succeeded", result_files=["file-r"]))
    client.events[J] = [event(J, 2, step=2, train_loss=1.23456)]
    client.contents["file-r"] = b"step,train_loss\n1,2.5\n2,1.23\n"
    client.checkpoints[J] = [
        {"id": "c1", "step_number": 2, "created_at": 1, "metrics": {"train_loss": 1.2, "full_valid_loss": 1.9}}
    ]
    await fetch_all(fetcher, store)
    await fetcher.fetch_checkpoints(J)
    await fetcher.fetch_result(J)
    run = store.run(J)
    assert run.train.values == [2.5, 1.23456]
    assert run.whole.values == [1.9]
    assert store.snapshot.rows[J].summary.best == 1.9


async def test_curve_is_checked_once_for_each_state_of_the_run(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, store, fetcher = await world(archive, job(1, "running", **SETTINGS))
    client.events[J] = events_of("overfit", 640)
    await fetch_all(fetcher, store)
    checked: list[int] = []
    whole = runs.check_job

    def check(state: JobState, *kinds: Any) -> Report:
        checked.append(state.run.last_step)
        return whole(state, *kinds)

    monkeypatch.setattr(runs, "check_job", check)
    assert "overfitting" in store.alarms(J).kinds()
    client.events[J] = events_of("overfit", 641)
    await fetcher.fetch_events(J)
    for _ in range(3):
        assert "overfitting" in store.alarms(J).kinds()
        await fetcher.fetch_events(J)
    assert checked == [641]


async def test_job_of_an_older_version_is_summarized(archive: Archive) -> None:
    client, store, fetcher = await world(archive, job(1, "succeeded", **SETTINGS))
    client.events[J] = events_of("good", 270)
    await fetch_all(fetcher, store)
    await archive.database.execute("DELETE FROM summaries WHERE ? > 0")
    client, store, fetcher = await world(archive, job(1, "succeeded", **SETTINGS))
    assert store.snapshot.rows[J].summary == Summary()
    await fetcher.complete_old()
    assert store.snapshot.rows[J].summary.best_step == 270


async def test_damaged_summaries_and_logs_are_replaced_from_what_is_sound(archive: Archive) -> None:
    client, store, fetcher = await world(archive, job(1, "succeeded", **SETTINGS))
    client.events[J] = events_of("good", 270)
    await fetch_all(fetcher, store)
    sound = store.snapshot.rows[J]
    for what in ("best_step = 260", "last = 'text'", "sum = 1"):
        await archive.database.execute(f"UPDATE summaries SET {what} WHERE ? > 0")
        await archive.database.execute("UPDATE logs SET cursor = 'x' WHERE ? > 0")
        client, store, fetcher = await world(archive, job(1, "succeeded", **SETTINGS))
        await fetcher.replace_damaged()
        assert store.snapshot.rows[J] == sound
        assert archive.jobs.row(J) == sound
        assert (damaged_summaries(archive), damaged_jobs(archive, "logs", LOG_COLUMNS)) == ([], [])
        assert store.jobs.logs.unread == {J}
    assert [notice.split(": ")[1].split(".")[0] for notice in store.snapshot.notices] == [
        f"the extent of the log of {J}",
        f"the summary of {J}",
    ]


async def test_exception_in_an_old_job_is_shown_and_ends_neither_the_others_nor_polling(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    raws = [job(2, "succeeded", **SETTINGS), job(1, "succeeded", **SETTINGS)]
    client, store, fetcher = await world(archive, *raws)
    for raw in raws:
        client.events[raw["id"]] = [event | {"id": f"{raw['id']}-{event['id']}"} for event in events_of("good", 30)]
        await fetcher.fetch_events(raw["id"])
    await archive.database.execute("DELETE FROM summaries WHERE ? > 0")
    client, store, _ = await world(archive, *raws)
    clock = FakeClock()
    poller = Poller(store, clock)
    whole = store.runs.judge
    broken = archive.jobs.unsummarized()[0]
    monkeypatch.setattr(store.runs, "judge", lambda id: 1 / 0 if id == broken else whole(id))
    whys: list[str] = []
    store.subscribe(lambda snapshot, _: whys.append(snapshot.health.why))
    polling = asyncio.create_task(poller.run())
    await clock.run(1)
    assert not polling.done()
    assert "division by zero" in whys
    assert [id for id, row in store.snapshot.rows.items() if row.summary == Summary()] == [broken]
    polling.cancel()


async def test_command_that_reads_events_records_the_summary(archive: Archive) -> None:
    await record_jobs(archive, [job(1, **SETTINGS)], 1.0)
    await record_events(archive, J, [Event.read(raw) for raw in events_of("good", 270)])
    row = archive.jobs.row(J)
    assert row is not None
    assert row.summary.best_step == 270


async def test_events_that_come_after_their_checkpoint_are_in_the_run(archive: Archive) -> None:
    client, store, fetcher = await world(archive, job(1, "running", **SETTINGS))
    client.events[J] = events_of("good", 60)
    saved = {"id": "c", "object": "fine_tuning.job.checkpoint", "step_number": 100, "metrics": {"train_loss": 1.0}}
    client.checkpoints[J] = [saved]
    await fetch_all(fetcher, store)
    await fetcher.fetch_checkpoints(J)
    assert store.run(J).train.steps[-2:] == [60, 100]
    client.events[J] = events_of("good", 120)
    await fetch_all(fetcher, store)
    assert store.run(J).train.steps == list(range(1, 121))


async def test_steps_of_a_resumed_training_replace_those_before(archive: Archive) -> None:
    client, store, fetcher = await world(archive, job(1, "running", **SETTINGS))
    client.events[J] = events_of("good", 60)
    await fetch_all(fetcher, store)
    assert store.run(J).last_step == 60
    again = [event(J, 1000 + step, step=step, train_loss=9.0) for step in range(41, 51)]
    client.events[J] = [*client.events[J], *again]
    await fetch_all(fetcher, store)
    before = real_run("good").train.values
    assert list(store.run(J).train.values) == [*before[:40], *[9.0] * 10, *before[50:60]]
