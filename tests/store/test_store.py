"""The store: publications of polls, outcomes of intents, and the records in the archive."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fttui.api.errors import BadRequest, NotFound, RateLimited, ServerError, Unauthorized, Unreachable
from fttui.models.job import TOKEN_KEY, Job
from fttui.models.raw_json import digest
from fttui.models.spec import JobSpec
from fttui.models.status import Status
from fttui.store.archive.archive import Archive
from fttui.store.health import State
from fttui.store.job_table import FULL_WALK, GRACE
from fttui.store.polling.fetcher import Fetcher
from fttui.store.query import select
from fttui.store.snapshot import Change, Outcome, Snapshot
from fttui.store.store import Store
from tests.support.clock import START, FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import FakeClient, event, finished, job, metrics, rows_of

J = "ftjob-00001"


class World:
    """A store over a fake provider, with its publications."""

    def __init__(self, archive: Archive | None = None, **more: Any) -> None:
        self.clock = FakeClock()
        self.client = FakeClient(self.clock)
        self.archive = archive or inline_archive("", "work")
        self.store = Store(self.archive, self.clock, self.client, **more)  # type: ignore[arg-type]
        self.fetcher = Fetcher(self.store)
        self.told: list[Change] = []
        self.snapshots: list[Snapshot] = []
        self.store.subscribe(self._tell)

    def _tell(self, snapshot: Snapshot, change: Change) -> None:
        assert snapshot is self.store.snapshot
        self.told.append(change)
        self.snapshots.append(snapshot)

    async def poll(self, seconds: float = 4.0) -> list[Change]:
        """Poll after some seconds and return the changes published."""
        self.clock.advance(seconds)
        self.told.clear()
        await self.fetcher.refresh()
        return list(self.told)

    @property
    def ids(self) -> list[str]:
        return list(self.store.snapshot.rows)

    def statuses(self) -> dict[str, str]:
        return {id: row.status_text for id, row in self.store.snapshot.rows.items()}

    def numbers(self, id: str = J) -> list[int]:
        return [int(row.message.split()[1]) for row in self.store.events(id, limit=10**6)]


@pytest.fixture
def world() -> World:
    return World()


# Polls


async def test_first_poll_adds_all_jobs(world: World) -> None:
    world.client.jobs = [job(3, "running"), job(2), job(1, "failed")]
    (change,) = await world.poll()
    assert change == Change(added=frozenset({"ftjob-00003", "ftjob-00002", "ftjob-00001"}), health=True)
    snapshot = world.store.snapshot
    assert list(snapshot.rows.values()) == rows_of(world.client.jobs)
    assert (snapshot.health.state, snapshot.as_of, snapshot.complete) == (State.LIVE, START + 4, True)
    whole = world.store.job(J)
    assert whole is not None
    assert whole.raw == world.client.jobs[2]


async def test_unchanged_poll_publishes_an_empty_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.client.jobs = [job(2, "running"), job(1)]
    await world.poll()
    before = world.store.snapshot
    # The order of members does not count.
    world.client.jobs = [dict(reversed(raw.items())) for raw in world.client.jobs]
    monkeypatch.setattr(Job, "read", lambda raw: pytest.fail("it was decoded"))
    monkeypatch.setattr(world.archive.jobs, "save", lambda *_: pytest.fail("it was written"))
    monkeypatch.setattr(world.archive.jobs, "save_list_state", lambda *_: pytest.fail("it was written"))
    assert await world.poll() == [Change()]
    assert not Change().rows
    assert world.store.snapshot.rows is before.rows
    assert world.store.snapshot.health is before.health
    assert world.store.snapshot.as_of == before.as_of + 4  # type: ignore[operator]


async def test_poll_publishes_only_differences(world: World) -> None:
    world.client.jobs = [job(n, "running") for n in range(9, 0, -1)]
    await world.poll()
    held = world.store.snapshot.rows
    world.client.change("ftjob-00004", status="succeeded")
    world.client.change("ftjob-00005", metadata={"note": "seen only in the whole job"})
    world.client.jobs.insert(0, job(10, "queued"))
    (change,) = await world.poll()
    assert change == Change(added=frozenset({"ftjob-00010"}), updated=frozenset({"ftjob-00004", "ftjob-00005"}))
    assert change.rows
    rows = world.store.snapshot.rows
    assert list(rows) == [f"ftjob-{n:05d}" for n in range(10, 0, -1)]
    assert held["ftjob-00004"].status_text == "running", "rows of an old snapshot do not change"
    assert rows["ftjob-00006"] is held["ftjob-00006"]


async def test_any_json_in_the_list_is_a_row(world: World) -> None:
    world.client.jobs = [
        job(2),
        {"id": "odd", "object": "job", "status": "IDLE"},
        {"no": "id"},
        [1, 2],  # type: ignore[list-item]
        {"id": "bad\x1b[2Jid", "status": "running"},
        None,  # type: ignore[list-item]
        job(1),
        job(1),
    ]
    (change,) = await world.poll()
    assert len(world.ids) == 7 == len(change.added)
    faults = [row.fault for row in world.store.snapshot.rows.values() if row.fault]
    assert len(faults) == 4
    assert await world.poll() == [Change()]
    outcome = (await world.store.cancel(["odd"]))["odd"]
    assert (outcome.ok, "not a fine-tuning job" in outcome.message) == (False, True)
    assert set(world.store.jobs.live) == {"odd"}


async def test_page_is_decoded_outside_the_event_loop(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[threading.Thread] = set()

    def noted(raw: Any) -> int:
        threads.add(threading.current_thread())
        return digest(raw)

    monkeypatch.setattr("fttui.store.job_table.digest", noted)
    world = World(Archive(str(tmp_path / "a.db"), "work"))
    world.client.jobs = [job(1)]
    await world.poll()
    await world.archive.close()
    assert world.ids == [J]
    assert threads
    assert threading.main_thread() not in threads


async def test_second_start_shows_archived_rows(world: World) -> None:
    world.client.jobs = [job(2, "running"), job(1)]
    world.client.events["ftjob-00002"] = [metrics("ftjob-00002", 7, 0.25)]
    await world.poll()
    await world.fetcher.fetch_events("ftjob-00002")
    again = Store(world.archive, world.clock)
    assert again.snapshot.rows == world.store.snapshot.rows
    assert list(again.snapshot.rows) == world.ids
    assert (again.snapshot.health.state, again.snapshot.as_of) == (State.CONNECTING, START + 4)
    assert again.job(J) == world.store.job(J)
    # Unchanged jobs are not published again.
    told: list[Change] = []
    again.subscribe(lambda _, change: told.append(change))
    again.access.attach(world.client)  # type: ignore[arg-type]
    world.clock.advance(60)
    await Fetcher(again).refresh()
    assert told == [Change(health=True)]


async def test_job_that_ended_between_runs_is_due(world: World) -> None:
    world.client.jobs = [job(2, "running"), job(1)]
    await world.poll()
    again = World(world.archive)
    again.client.jobs = [job(3), job(2), job(1)]
    await again.poll()
    assert set(again.store.jobs.due) == {"ftjob-00003", "ftjob-00002"}
    assert set(World(world.archive).store.jobs.due) == {"ftjob-00003", "ftjob-00002"}, "due is kept over a restart"


async def test_concurrent_polls_send_one_request(world: World) -> None:
    world.client.jobs = [job(1)]
    world.client.gates["list_jobs"] = asyncio.Event()
    polls = [asyncio.create_task(world.fetcher.refresh()) for _ in range(3)]
    await world.clock.settle()
    assert world.client.count("list_jobs") == 1
    world.client.gates["list_jobs"].set()
    await asyncio.gather(*polls)
    assert world.client.count("list_jobs") == 1
    assert world.ids == [J]


async def test_subscription_ends_during_a_publication(world: World) -> None:
    told: list[Change] = []
    leave = world.store.subscribe(lambda _, change: told.append(change))
    leave()
    leave()
    await world.poll()
    assert told == []


# Pages, and what is gone


async def walk(world: World) -> int:
    """Fetch older pages until the walk ends. Return their number."""
    pages = 0
    while world.store.jobs.walk:
        await world.fetcher.walk_list()
        pages += 1
        assert pages < 50
    return pages


async def test_job_missing_from_a_complete_list_is_gone_until_listed_again(world: World) -> None:
    world.client.jobs = [job(2, "running"), job(1)]
    await world.poll()
    world.client.jobs = [job(1)]
    assert await world.poll() == [Change(updated=frozenset({"ftjob-00002"}))]
    assert world.store.snapshot.rows["ftjob-00002"].gone
    assert "ftjob-00002" not in set(world.store.jobs.live)
    assert await world.poll() == [Change()]
    outcome = (await world.store.cancel(["ftjob-00002"]))["ftjob-00002"]
    assert (outcome.ok, "no longer lists this job" in outcome.message) == (False, True)
    assert World(world.archive).store.snapshot.rows["ftjob-00002"].gone
    world.client.jobs = [job(2, "running"), job(1)]
    assert await world.poll() == [Change(updated=frozenset({"ftjob-00002"}))]
    assert not world.store.snapshot.rows["ftjob-00002"].gone
    assert "ftjob-00002" in set(world.store.jobs.live)


@pytest.mark.parametrize("opaque", [False, True])
async def test_long_list_is_walked_page_by_page(world: World, opaque: bool) -> None:
    world.client.opaque = opaque
    world.client.jobs = [job(n) for n in range(250, 0, -1)]
    await world.poll()
    assert (len(world.ids), world.store.snapshot.complete, world.store.jobs.walk is not None) == (100, False, True)
    assert await walk(world) == 2
    assert (len(world.ids), world.store.snapshot.complete) == (250, True)
    await world.poll()
    assert not world.store.jobs.walk


async def test_only_a_complete_walk_marks_jobs_gone(world: World) -> None:
    world.client.jobs = [job(n) for n in range(250, 0, -1)]
    await world.poll()
    await walk(world)
    world.client.jobs = [raw for raw in world.client.jobs if raw["id"] not in ("ftjob-00200", "ftjob-00020")]
    await world.poll()
    assert not any(row.gone for row in world.store.snapshot.rows.values())
    await world.poll(FULL_WALK + 1)
    assert await walk(world) == 2
    assert {id for id, row in world.store.snapshot.rows.items() if row.gone} == {"ftjob-00200", "ftjob-00020"}
    await world.poll()
    assert not world.store.jobs.walk


@pytest.mark.parametrize("opaque", [False, True])
async def test_walk_of_new_jobs_ends_at_known_jobs(world: World, opaque: bool) -> None:
    world.client.opaque = opaque
    world.client.jobs = [job(n) for n in range(250, 0, -1)]
    await world.poll()
    await walk(world)
    world.client.jobs = [job(n) for n in range(480, 0, -1)]
    await world.poll()
    assert await walk(world) == 2
    assert world.ids == [f"ftjob-{n:05d}" for n in range(480, 0, -1)]


async def test_interrupted_walk_continues_after_a_restart(world: World) -> None:
    world.client.jobs = [job(n) for n in range(550, 0, -1)]
    await world.poll()
    await world.fetcher.walk_list()
    again = World(world.archive)
    again.client.jobs = world.client.jobs
    await again.poll()
    assert len(again.ids) == 200
    assert await walk(again) == 4
    assert (len(again.ids), again.store.snapshot.complete) == (550, True)


@pytest.mark.parametrize("has_more", [True, None])
async def test_walk_ends_if_the_server_ignores_the_cursor(world: World, has_more: bool | None) -> None:
    from fttui.models.page import Page

    raw: dict[str, Any] = {"data": [job(2), job(1)]} | ({} if has_more is None else {"has_more": has_more})

    async def list_jobs(**_: Any) -> Page[Job]:
        return Page.read(Job, raw)

    world.client.list_jobs = list_jobs  # type: ignore[method-assign]
    await world.poll()
    assert await walk(world) == 1
    raw["data"] = [job(2)]
    await world.poll(FULL_WALK + 1)
    await walk(world)
    assert not any(row.gone for row in world.store.snapshot.rows.values()), (
        "such a server cannot show which jobs are gone"
    )


async def test_empty_page_for_an_unknown_cursor_marks_nothing_gone(world: World) -> None:
    world.client.jobs = [job(n) for n in range(250, 0, -1)]
    await world.poll()
    await walk(world)
    await world.poll(FULL_WALK + 1)
    walked = world.store.jobs.walk
    assert walked is not None
    walked.cursor = "ftjob-deleted"
    await walk(world)
    assert not any(row.gone for row in world.store.snapshot.rows.values())


async def test_refused_cursor_restarts_the_walk(world: World) -> None:
    world.client.jobs = [job(n) for n in range(250, 0, -1)]
    await world.poll()
    world.client.fail("list_jobs", BadRequest("unknown cursor", status=400))
    with pytest.raises(BadRequest):
        await world.fetcher.walk_list()
    world.client.recover()
    assert not world.store.jobs.walk
    await world.poll()
    await walk(world)
    assert len(world.ids) == 250


async def test_live_jobs_on_older_pages_are_found_by_a_walk(world: World) -> None:
    world.client.jobs = [job(n, "running" if n < 9 else "succeeded") for n in range(350, 0, -1)]
    await world.poll()
    await walk(world)
    assert list(world.store.jobs.live_on_older_pages()) == [f"ftjob-{n:05d}" for n in range(8, 0, -1)]
    world.client.change(J, status="succeeded")
    world.told.clear()
    await world.fetcher.fetch_job(J)
    assert world.told == [Change(updated=frozenset({J}))]
    world.client.change("ftjob-00005", status="succeeded")
    world.store.jobs.walk_to(world.store.jobs.live_on_older_pages())
    assert await walk(world) == 3
    assert world.statuses()["ftjob-00005"] == "succeeded"
    await world.poll()
    assert not world.store.jobs.walk


# Intents


async def test_created_job_is_in_the_snapshot_at_once(world: World) -> None:
    await world.poll()
    world.told.clear()
    outcome = await world.store.create(JobSpec(model="m", training_file="f", metadata={"a": "b"}))
    assert (outcome.ok, outcome.id) == (True, "ftjob-90000")
    assert world.told == [Change(added=frozenset({outcome.id}))]
    held = world.store.job(outcome.id)
    assert held is not None
    assert held.metadata.keys() == {"a", TOKEN_KEY}
    assert world.archive.creates.pending() == {}, "the outcome is known"


async def test_create_token_is_recorded_until_the_outcome_is_known(world: World) -> None:
    kept: list[dict[str, Any]] = []
    real = world.client.create_job

    async def lost(spec: JobSpec) -> Job:
        kept.append(dict(world.archive.creates.pending()))
        await real(spec)
        world.client.jobs.clear()
        raise Unreachable("the answer was lost", ambiguous=True)

    world.client.create_job = lost  # type: ignore[method-assign]
    outcome = await finished(world.store.create(JobSpec(model="m", training_file="f")), world.clock)
    assert (outcome.ok, outcome.ambiguous) == (False, True)
    (token,) = kept[0]
    assert json.loads(kept[0][token][0])["metadata"] == {TOKEN_KEY: token}
    assert set(world.archive.creates.pending()) == {token}


async def test_refused_create_drops_its_token(world: World) -> None:
    world.client.fail("create_job", BadRequest("no such model", status=400, request_id="req_1", hint="try another"))
    outcome = await world.store.create(JobSpec(model="m", training_file="f"))
    assert (outcome.ok, outcome.message, outcome.request_id) == (False, "no such model\ntry another", "req_1")
    assert (world.archive.creates.pending(), world.ids) == ({}, [])


async def test_new_job_missing_from_the_list_is_not_gone(world: World) -> None:
    world.client.jobs = [job(1)]
    await world.poll()
    outcome = await world.store.create(JobSpec(model="m", training_file="f"))
    world.client.jobs = [job(1)]
    await world.poll()
    assert not world.store.snapshot.rows[outcome.id].gone
    await world.poll(GRACE)
    assert world.store.snapshot.rows[outcome.id].gone


async def test_cancel_returns_an_outcome_for_each_job(world: World) -> None:
    world.client.jobs = [job(3, "running"), job(2, "queued")]
    await world.poll()
    world.told.clear()
    outcomes = await world.store.cancel(["ftjob-00003", "ftjob-00009", "ftjob-00002", "ftjob-00003"])
    assert {id: outcome.ok for id, outcome in outcomes.items()} == {
        "ftjob-00003": True,
        "ftjob-00009": False,
        "ftjob-00002": True,
    }
    assert outcomes["ftjob-00009"].message == "Could not find fine tune: ftjob-00009"
    assert world.client.count("cancel_job") == 3
    assert Change.merged(world.told).updated == {"ftjob-00003", "ftjob-00002"}
    assert set(world.statuses().values()) == {"cancelled"}


async def test_pause_and_resume_change_the_status(world: World) -> None:
    world.client.jobs = [job(1, "running")]
    await world.poll()
    assert (await world.store.pause([J]))[J].ok
    assert world.store.snapshot.rows[J].status is Status.PAUSED
    assert (await world.store.resume([J]))[J].ok
    assert world.statuses() == {J: "queued"}


async def test_older_list_response_does_not_undo_a_cancel(world: World) -> None:
    world.client.jobs = [job(1, "running")]
    await world.poll()
    world.client.gates["list_jobs"] = asyncio.Event()
    poll = asyncio.create_task(world.fetcher.refresh())
    await world.clock.settle()
    await world.store.cancel([J])
    world.client.gates.pop("list_jobs").set()
    await poll
    assert world.statuses() == {J: "cancelled"}
    world.client.change(J, status="failed")
    await world.poll()
    assert world.statuses() == {J: "failed"}, "a later response counts again"


Intent = Callable[[Store], Any]
INTENTS: list[Intent] = [
    lambda store: store.create(JobSpec(model="m", training_file="f")),
    lambda store: store.cancel([J]),
    lambda store: store.pause([J]),
    lambda store: store.resume([J]),
    lambda store: store.upload("data.jsonl"),
]


async def outcome_of(intent: Intent, store: Store) -> Outcome:
    result = await intent(store)
    return result[J] if isinstance(result, dict) else result


@pytest.mark.parametrize("intent", INTENTS)
async def test_read_only_session_sends_no_intents(intent: Intent) -> None:
    world = World(read_only=True)
    outcome = await outcome_of(intent, world.store)
    assert (outcome.ok, "read-only" in outcome.message, world.client.calls) == (False, True, [])


@pytest.mark.parametrize("intent", INTENTS)
async def test_intents_without_a_client_give_the_reason(intent: Intent) -> None:
    store = Store(inline_archive("", "work"), FakeClock())
    assert (await outcome_of(intent, store)).message == "not connected"
    store.feed.failed(Unreachable("the host has no name"))
    outcome = await outcome_of(intent, store)
    assert (outcome.ok, outcome.message) == (False, "not connected: the host has no name")


@pytest.mark.parametrize("intent", INTENTS)
async def test_failed_intent_returns_an_outcome(intent: Intent, world: World) -> None:
    world.client.fail("*", ServerError("it broke", status=503, request_id="req_7"))
    outcome = await outcome_of(intent, world.store)
    assert (outcome.ok, outcome.message, outcome.request_id) == (False, "it broke", "req_7")


async def test_files_and_models_fall_back_to_the_archive(world: World) -> None:
    world.client.files = [{"id": "file-1", "filename": "a.jsonl"}]
    world.client.models = [{"id": "m1"}, {"id": "m2"}]
    assert [file.filename for file in await world.store.files()] == ["a.jsonl"]
    assert [model.id for model in await world.store.models()] == ["m1", "m2"]
    world.client.fail("*", Unreachable("gone"))
    assert [file.filename for file in await world.store.files()] == ["a.jsonl"]
    assert [model.id for model in await world.store.models()] == ["m1", "m2"]


async def test_upload_returns_the_id_of_the_file(world: World) -> None:
    outcome = await world.store.upload("data.jsonl")
    assert (outcome.ok, outcome.id, outcome.message) == (True, "file-0", "uploaded data.jsonl")


# Health


async def test_health_has_start_and_reason(world: World) -> None:
    world.client.jobs = [job(1)]
    await world.poll()
    world.client.fail("list_jobs", Unreachable("connection refused"))
    states = []
    for _ in range(4):
        (change,) = await world.poll(10)
        assert change == Change(health=True)
        states.append(world.store.snapshot.health)
    assert [health.state for health in states] == [State.STALE, State.STALE, State.OFFLINE, State.OFFLINE]
    assert {health.since for health in states} == {START + 14}
    assert [health.failures for health in states] == [1, 2, 3, 4]
    assert states[-1].why == "connection refused"
    assert (world.ids, world.store.snapshot.as_of) == ([J], START + 4), "the rows stay"
    world.client.recover()
    assert await world.poll() == [Change(health=True)]
    health = world.store.snapshot.health
    assert (health.state, health.since, health.why, health.failures) == (State.LIVE, START + 48, "", 0)


async def test_health_distinguishes_denied_and_limited(world: World) -> None:
    world.client.fail("list_jobs", Unauthorized("the key was refused", status=401, request_id="req_9"))
    await world.poll()
    health = world.store.snapshot.health
    assert (health.state, health.request_id) == (State.DENIED, "req_9")
    world.client.fail("list_jobs", RateLimited("slow down", status=429, retry_after=30.0))
    await world.poll()
    assert world.store.snapshot.health.state is State.LIMITED
    world.told.clear()
    world.store.feed.set_next_try(START + 99)
    world.store.feed.set_next_try(START + 99)
    assert world.told == [Change(health=True)]
    assert world.store.snapshot.health.next_try == START + 99
    world.client.recover()
    await world.poll()
    assert world.store.snapshot.health.next_try is None


# Logs


async def test_metrics_events_set_step_and_loss_of_the_row(world: World) -> None:
    world.client.jobs = [job(2), job(1, "running")]
    world.client.events[J] = [event(J, 0), metrics(J, 1, 0.9), metrics(J, 2, 0.8), event(J, 3)]
    await world.poll()
    world.told.clear()
    await world.fetcher.fetch_events(J)
    assert world.told == [Change(updated=frozenset({J}), events=frozenset({J}))]
    row = world.store.snapshot.rows[J]
    assert (row.step, row.total_steps, row.loss) == (2, 1000, 0.8)
    assert [(point.step, dict(point.values)) for point in world.store.points(J)] == [
        (1, {"train_loss": 0.9}),
        (2, {"train_loss": 0.8}),
    ]
    world.told.clear()
    await world.fetcher.fetch_events(J)
    assert world.told == [], "nothing new is not published"
    world.client.change(J, status="succeeded", trained_tokens=9)
    await world.poll()
    row = world.store.snapshot.rows[J]
    assert (row.status_text, row.step, row.loss) == ("succeeded", 2, 0.8), "a changed job keeps step and loss"
    world.client.events[J].append(metrics(J, 4, 0.5))
    await world.fetcher.fetch_events(J)
    assert [point.step for point in world.store.points(J)] == [1, 2, 4]


async def test_first_visit_publishes_the_newest_page_first(world: World) -> None:
    world.client.jobs = [job(1)]
    world.client.events[J] = [event(J, n) for n in range(250)]
    await world.poll()
    assert not await world.fetcher.fetch_events(J)
    assert world.numbers() == list(range(150, 250))
    newest = world.store.events(J)[-1].seq
    for held in (50, 0):
        world.told.clear()
        await world.fetcher.fetch_older_events(J)
        assert world.numbers() == list(range(held, 250))
        assert world.told == [Change(events=frozenset({J}))]
    assert world.store.jobs.logs.states[J].cursor is None
    assert world.store.events(J)[-1].seq == newest, "sequence numbers do not change"
    before = len(world.client.calls)
    await world.fetcher.fetch_older_events(J)
    assert len(world.client.calls) == before


async def test_later_visit_records_the_whole_walk_at_once(world: World) -> None:
    world.client.jobs = [job(1)]
    world.client.events[J] = [event(J, n) for n in range(5)]
    await world.poll()
    await world.fetcher.fetch_events(J)
    world.client.events[J] += [event(J, n) for n in range(5, 255)]
    assert await world.fetcher.fetch_events(J)
    assert await world.fetcher.fetch_events(J)
    assert world.numbers() == list(range(5)), "an unfinished walk is not recorded"
    assert list(world.fetcher.unfinished) == [J]
    assert not await world.fetcher.fetch_events(J)
    assert world.numbers() == list(range(255))
    assert [row.seq for row in world.store.events(J, limit=999)] == list(range(255))


async def test_failed_walk_of_events_starts_again(world: World) -> None:
    world.client.jobs = [job(1)]
    world.client.events[J] = [event(J, n) for n in range(5)]
    await world.poll()
    await world.fetcher.fetch_events(J)
    world.client.events[J] += [event(J, n) for n in range(5, 155)]
    assert await world.fetcher.fetch_events(J)
    world.client.fail("list_events", Unreachable("reset"))
    with pytest.raises(Unreachable):
        await world.fetcher.fetch_events(J)
    assert world.numbers() == list(range(5))
    world.client.recover()
    world.client.events[J] += [event(J, n) for n in range(155, 160)]
    while await world.fetcher.fetch_events(J):
        pass
    assert world.numbers() == list(range(160))


async def test_events_sent_oldest_first_are_recorded_in_order(world: World) -> None:
    world.client.ascending = True
    world.client.jobs = [job(1, "running")]
    world.client.events[J] = [event(J, n) for n in range(230)]
    await world.poll()
    while await world.fetcher.fetch_events(J):
        pass
    assert world.numbers() == list(range(230))
    world.client.events[J] += [event(J, n) for n in range(230, 340)]
    before = world.client.count("list_events")
    while await world.fetcher.fetch_events(J):
        pass
    assert world.numbers() == list(range(340))
    assert world.client.count("list_events") - before == 3, (
        "one page shows the order, then the walk continues after the recorded events"
    )


async def test_events_recorded_by_another_cockpit_are_published(world: World) -> None:
    world.client.jobs = [job(1, "running")]
    world.client.events[J] = [event(J, n) for n in range(10)]
    await world.poll()
    await world.fetcher.fetch_events(J)
    other = World(world.archive)
    other.client = world.client
    other.store.access.attach(world.client)  # type: ignore[arg-type]
    world.client.events[J].append(metrics(J, 10, 0.5))
    await other.fetcher.fetch_events(J)
    world.told.clear()
    await world.fetcher.fetch_events(J)
    assert world.told == [Change(updated=frozenset({J}), events=frozenset({J}))], (
        "the events of the other cockpit are published"
    )


async def test_new_checkpoints_are_published(world: World) -> None:
    world.client.jobs = [job(1)]
    world.client.checkpoints[J] = [{"id": f"c{n}", "step_number": n} for n in (10, 20, 30)]
    await world.poll()
    world.told.clear()
    await world.fetcher.fetch_checkpoints(J)
    await world.fetcher.fetch_checkpoints(J)
    assert world.told == [Change(checkpoints=frozenset({J}))]
    world.client.checkpoints[J] = [{"id": "c40", "step_number": 40}]
    await world.fetcher.fetch_checkpoints(J)
    assert [point.step_number for point in world.store.checkpoints(J)] == [10, 20, 30, 40]


async def test_job_stays_due_until_its_last_events_arrive(world: World) -> None:
    world.client.jobs = [job(1, "running")]
    await world.poll()
    await world.fetcher.fetch_events(J)
    world.client.change(J, status="succeeded")
    await world.poll()
    await world.fetcher.fetch_events(J)
    assert list(world.store.jobs.due) == [J], "the last events may still arrive"
    world.clock.advance(6)
    await world.fetcher.fetch_events(J)
    assert list(world.store.jobs.due) == []
    assert world.archive.jobs.due() == set()


@pytest.mark.parametrize(
    ("error", "tries", "absent"),
    [
        (NotFound("Invalid URL", status=404), 1, True),
        (BadRequest("not allowed", status=405), 1, True),
        (ServerError("not implemented", status=501), 1, True),
        (ServerError("oops", status=500), 2, False),
        (ServerError("oops", status=500), 3, True),
        (ServerError("busy", status=503), 9, False),
        (NotFound("no such job", status=404, code="fine_tune_not_found"), 9, False),
    ],
)
async def test_repeated_failures_make_a_route_absent(world: World, error: NotFound, tries: int, absent: bool) -> None:
    world.client.jobs = [job(1, "running")]
    await world.poll()
    world.client.fail("list_events", error)
    world.client.fail("pause_job", error)
    for _ in range(tries):
        with pytest.raises(type(error)):
            await world.fetcher.fetch_events(J)
        assert not (await world.store.pause([J]))[J].ok
    assert world.store.restrictions.missing == ({"events", "pause"} if absent else set())
    sent = world.client.count("pause_job")
    outcome = (await world.store.pause([J]))[J]
    assert (world.client.count("pause_job") > sent) is not absent
    assert ("does not offer pause" in outcome.message) is absent


async def test_route_that_worked_never_becomes_absent(world: World) -> None:
    world.client.jobs = [job(1, "running")]
    await world.poll()
    await world.fetcher.fetch_events(J)
    world.client.fail("list_events", NotFound("Invalid URL", status=404))
    for _ in range(5):
        with pytest.raises(NotFound):
            await world.fetcher.fetch_events(J)
    assert world.store.restrictions.missing == set()


async def test_all_jobs_are_written_to_a_new_archive(tmp_path: Any) -> None:
    first = World(inline_archive(str(tmp_path / "a.db"), "work"))
    first.client.jobs = [job(n) for n in range(150, 0, -1)]
    await first.poll()
    await walk(first)
    await first.archive.close()
    archive = inline_archive(str(tmp_path / "a.db"), "work")
    world = World(archive)
    world.client.jobs = first.client.jobs
    content = bytearray((tmp_path / "a.db").read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    (tmp_path / "a.db").write_bytes(content)
    world.client.change("ftjob-00150", status="failed")
    await world.poll()
    assert world.store.snapshot.notices
    assert Change.merged(world.told).health, "the notice is published"
    await world.poll()
    await walk(world)
    assert len(archive.jobs.rows()) == 150 == len(world.ids)
    assert {id for id in world.ids if world.store.job(id) is None} == set()
    await archive.close()


async def test_rows_are_in_the_default_order(world: World) -> None:
    world.client.jobs = [job(1, created_at=None), job(2, created_at=5), job(3, created_at=5), job(4, created_at=9)]
    await world.poll()
    assert list(world.store.snapshot.rows.values()) == select(world.store.snapshot.rows.values())
    assert list(world.store.snapshot.rows.values()) == world.archive.jobs.rows()
    world.client.change("ftjob-00002", created_at=10)
    await world.poll()
    assert list(world.store.snapshot.rows.values()) == world.archive.jobs.rows()


async def test_files_returns_all_pages(world: World) -> None:
    world.client.page_size = 2
    world.client.files = [{"id": f"file-{n}", "purpose": "fine-tune"} for n in range(5)]
    assert [file.id for file in await world.store.files()] == [f"file-{n}" for n in range(5)]
    world.client.fail("list_files", ServerError("oops", status=500))
    assert {file.id for file in await world.store.files()} == {f"file-{n}" for n in range(5)}


async def test_points_of_checkpoints_and_events_are_joined(world: World) -> None:
    world.client.jobs = [job(1, "running")]
    world.client.events[J] = [event(J, 1)]
    world.client.checkpoints[J] = [{"id": "c", "step_number": 5, "metrics": {"valid_loss": 0.5}}]
    await world.poll()
    await world.fetcher.fetch_events(J)
    assert world.store.points(J) == []
    await world.fetcher.fetch_checkpoints(J)
    assert [(point.step, point.values) for point in world.store.points(J)] == [(5, {"valid_loss": 0.5})]
    world.client.events[J].append(metrics(J, 6, 0.25))
    await world.fetcher.fetch_events(J)
    assert [point.step for point in world.store.points(J)] == [5, 6]


def test_unreachable_only_without_a_connection() -> None:
    store = Store(inline_archive("", "work"), FakeClock())
    refused = Unreachable("cannot reach http://host/v1: it was refused", reason="it was refused", unsent=True)
    for failures in range(1, 4):
        store.feed.failed(refused)
        assert store.snapshot.health.unreachable == ("it was refused" if failures == 3 else "")
    assert store.snapshot.health.brief == "it was refused"
    store.feed.failed(Unreachable("lost the connection to http://host/v1: a timeout", reason="a timeout"))
    assert (store.snapshot.health.unreachable, store.snapshot.health.brief) == ("", "a timeout")
    store.feed.failed(ServerError("the server failed (500)", status=500))
    assert (store.snapshot.health.unreachable, store.snapshot.health.brief) == ("", "the server failed (500)")
