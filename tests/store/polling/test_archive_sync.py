"""`archive sync`: each object is fetched once, also over interrupted runs."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fttui.api.errors import ApiError, Forbidden, NotFound, RateLimited, ServerError, Unauthorized, Unreachable
from fttui.store.archive.archive import Archive
from fttui.store.archive.size import on_disk, shares
from fttui.store.polling.archive_sync import ArchiveSync, NotWritable, Progress, Tally
from tests.support.clock import START, FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import FakeClient, event, finished, job, metrics, samples


class Place:
    """A provider with jobs and events, and an archive on the disk."""

    def __init__(self, path: Path, *, jobs: int = 3, events: int = 250, checkpoints: int = 120) -> None:
        path.mkdir(exist_ok=True)
        self.path = path / "a.db"
        self.clock = FakeClock()
        self.client = FakeClient(self.clock)
        self.client.page_size = 100
        self.client.jobs = [
            job(n, result_files=[f"file-r{n}"], created_at=START - 10_000 + n) for n in range(jobs, 0, -1)
        ]
        for raw in self.client.jobs:
            id = raw["id"]
            self.client.events[id] = [event(id, n) if n % 2 else metrics(id, n, 1 / (n + 1)) for n in range(events)]
            self.client.checkpoints[id] = [{"id": f"{id}-c{n}", "step_number": n} for n in range(checkpoints)]
            file = raw["result_files"][0]
            self.client.contents[file] = f"step,train_loss\n1,{id[-1]}\n".encode()
            self.client.files.append(
                {"id": file, "object": "file", "filename": "../../step_metrics.csv", "created_at": raw["created_at"]}
            )
        self.client.models = [{"id": "gpt-4o-mini"}]
        self.told: list[Progress] = []

    def open(self) -> Archive:
        return inline_archive(str(self.path), "work")

    async def sync(self, *, full: bool = False) -> Tally:
        archive = self.open()
        try:
            run = ArchiveSync(archive, self.client, self.clock, self.told.append, full=full)  # type: ignore[arg-type]
            return await run.run()
        finally:
            await archive.close()

    async def everything(self) -> dict[str, Any]:
        """Return the records of each job, by id."""
        archive = self.open()
        found = {
            row.id: (
                json.loads(archive.jobs.body(row.id) or "null"),
                [json.loads(text) for text in archive.events.raw(row.id)],
                [json.loads(text) for text in archive.jobs.checkpoints(row.id)],
                archive.events.points(row.id),
                [archive.files.content(file) for file in json.loads(archive.jobs.body(row.id) or "{}")["result_files"]],
            )
            for row in archive.jobs.rows()
        }
        await archive.close()
        return found

    def has_all(self, found: dict[str, Any]) -> None:
        assert set(found) == {raw["id"] for raw in self.client.jobs}
        for raw in self.client.jobs:
            body, events, checkpoints, points, contents = found[raw["id"]]
            assert body == raw
            assert events == self.client.events[raw["id"]]
            assert len(checkpoints) == len(self.client.checkpoints[raw["id"]])
            assert len(points) == sum(bool(item["data"]) for item in events)
            assert contents == [self.client.contents[file] for file in raw["result_files"]]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_sync_fetches_everything_once(place: Place) -> None:
    tally = await place.sync()
    place.has_all(await place.everything())
    assert (tally.fetched, tally.unchanged, tally.missing_files, tally.failed) == (3, 0, [], {})
    assert len(place.client.calls) == len(set(place.client.calls)), "nothing is requested twice"
    archive = place.open()
    assert [json.loads(text)["id"] for text in archive.files.models()] == ["gpt-4o-mini"]
    assert archive.files.get("file-r1") is not None
    (share,) = shares(archive)
    assert share[:-1] == ("work", 3, 0, 750, 360, 3)
    assert sum(on_disk(str(place.path)).values()) > share.bytes > 100_000
    await archive.close()
    assert place.told[0] == Progress("jobs", 0)
    assert Progress("history", 3, 3) in place.told
    assert {progress.doing for progress in place.told} == {"jobs", "history", "files", "models"}


async def test_samples_are_fetched_where_the_provider_has_them(place: Place) -> None:
    id = place.client.jobs[0]["id"]
    place.client.samples[id] = [samples(step) for step in range(0, 300, 10)]
    place.client.page_size = 7
    await place.sync()
    assert place.client.count("list_samples") == 0
    place.client.provider = replace(place.client.provider, has_samples=True)
    place.client.change(id, trained_tokens=1)
    await place.sync()
    archive = place.open()
    assert [json.loads(text) for text in archive.samples.all(id)] == place.client.samples[id]
    await archive.close()


@pytest.mark.parametrize(("page_size", "ascending"), [(7, False), (100, True), (7, True)])
async def test_sync_with_small_pages_and_oldest_first_servers(tmp_path: Path, page_size: int, ascending: bool) -> None:
    place = Place(tmp_path, events=60)
    place.client.page_size, place.client.ascending = page_size, ascending
    await place.sync()
    place.has_all(await place.everything())
    place.client.change("ftjob-00001", trained_tokens=7)
    place.client.events["ftjob-00001"] += [event("ftjob-00001", n) for n in range(60, 100)]
    await place.sync()
    place.has_all(await place.everything())


async def test_complete_unchanged_jobs_are_not_fetched_again(place: Place) -> None:
    await place.sync()
    place.client.calls.clear()
    tally = await place.sync()
    assert (tally.fetched, tally.unchanged) == (0, 3)
    assert [call[0] for call in place.client.calls] == ["list_jobs", "list_files", "list_models"]
    # One job has changed: only its new events are fetched.
    place.client.change("ftjob-00002", fine_tuned_model="ft:again")
    place.client.events["ftjob-00002"].append(event("ftjob-00002", 999))
    place.client.calls.clear()
    tally = await place.sync()
    assert (tally.fetched, tally.unchanged) == (1, 2)
    assert [call for call in place.client.calls if call[0] == "list_events"] == [("list_events", "ftjob-00002", "")]
    place.has_all(await place.everything())


async def test_jobs_without_complete_history_are_fetched_each_time(place: Place) -> None:
    place.client.change("ftjob-00003", status="running")
    place.client.change("ftjob-00002", created_at=START - 5)
    await place.sync()
    place.client.events["ftjob-00003"].append(event("ftjob-00003", 999))
    place.client.events["ftjob-00002"].append(event("ftjob-00002", 999))
    tally = await place.sync()
    assert (tally.fetched, tally.unchanged) == (2, 1)
    place.has_all(await place.everything())


@pytest.mark.parametrize("after", range(1, 24))
async def test_kill_at_any_request_loses_only_that_request(place: Place, after: int) -> None:
    """The request never returns, and the process is abandoned with its archive open."""
    sent = 0
    called = place.client._called

    async def counted(*call: str) -> None:
        nonlocal sent
        sent += 1
        if sent > after:
            await asyncio.Event().wait()
        await called(*call)

    place.client._called = counted  # type: ignore[method-assign]
    archive = place.open()
    task = asyncio.create_task(ArchiveSync(archive, place.client, place.clock).run())  # type: ignore[arg-type]
    await place.clock.settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answered = set(place.client.calls)
    place.client.calls.clear()
    place.client._called = called  # type: ignore[method-assign]
    await place.sync()
    place.has_all(await place.everything())
    pages = {call for call in answered if call[0] == "list_events" and call[2]}
    assert not pages & set(place.client.calls), "recorded older pages are not fetched again"
    contents = {call for call in answered if call[0] == "file_content"}
    assert not contents & set(place.client.calls)
    await archive.close()


async def test_jobs_gone_at_the_provider_stay_in_the_archive(place: Place) -> None:
    await place.sync()
    before = await place.everything()
    place.client.jobs.pop()
    await place.sync()
    assert await place.everything() == before
    archive = place.open()
    assert {row.id: row.gone for row in archive.jobs.rows()} == {
        "ftjob-00003": False,
        "ftjob-00002": False,
        "ftjob-00001": True,
    }
    await archive.close()


async def test_full_sync_walks_a_long_list_to_its_end(tmp_path: Path) -> None:
    place = Place(tmp_path, jobs=350, events=1, checkpoints=1)
    tally = await place.sync()
    assert tally.fetched == 350
    place.has_all(await place.everything())
    assert place.client.count("list_jobs") == 4
    # With `full`, also a known list is walked: changed and gone jobs far down are found.
    gone = place.client.jobs.pop(340)["id"]
    place.client.change("ftjob-00002", fine_tuned_model="ft:late")
    tally = await place.sync(full=True)
    assert (tally.fetched, tally.unchanged) == (1, 348)
    archive = place.open()
    assert [row.id for row in archive.jobs.rows() if row.gone] == [gone]
    await archive.close()


async def requests(place: Place, *, full: bool = False) -> list[str]:
    """Return the requests of a sync."""
    place.client.calls.clear()
    await place.sync(full=full)
    return [call[0] for call in place.client.calls]


async def test_sync_without_news_fetches_one_page(tmp_path: Path) -> None:
    place = Place(tmp_path, jobs=350, events=1, checkpoints=1)
    assert (await requests(place)).count("list_jobs") == 4
    assert await requests(place) == ["list_jobs", "list_files", "list_models"]
    # Also after a day, when a cockpit would walk the whole list.
    place.clock.advance(2 * 86400)
    assert await requests(place) == ["list_jobs", "list_files", "list_models"]
    assert await requests(place, full=True) == ["list_jobs"] * 4 + ["list_files"] * 4 + ["list_models"]


async def test_sync_stops_at_the_first_page_without_news(tmp_path: Path) -> None:
    place = Place(tmp_path, jobs=350, events=1, checkpoints=1)
    await place.sync()
    for n in range(351, 501):
        place.client.jobs.insert(0, job(n, result_files=[], created_at=START - 10_000 + n))
    asked = await requests(place)
    # Two pages with news and one without news.
    assert (asked.count("list_jobs"), asked.count("list_events")) == (3, 150)
    assert await requests(place) == ["list_jobs", "list_files", "list_models"]


async def test_incomplete_jobs_below_the_news_are_fetched_singly(tmp_path: Path) -> None:
    place = Place(tmp_path, jobs=350, events=1, checkpoints=1)
    place.client.change("ftjob-00007", status="running")
    place.client.change("ftjob-00150", status="paused")
    await place.sync()
    place.client.change("ftjob-00007", status="succeeded", fine_tuned_model="ft:at-last")
    place.client.events["ftjob-00007"].append(event("ftjob-00007", 999))
    asked = await requests(place)
    assert (asked.count("list_jobs"), asked.count("get_job"), asked.count("list_events")) == (1, 2, 2)
    place.client.jobs = [raw for raw in place.client.jobs if raw["id"] != "ftjob-00150"]
    asked = await requests(place)
    assert asked.count("list_jobs") == 4, "a missing job leads to a walk of the whole list"
    archive = place.open()
    assert [row.id for row in archive.jobs.rows() if row.gone] == ["ftjob-00150"]
    await archive.close()
    assert (await requests(place)).count("list_jobs") == 1


async def test_interrupted_walk_of_news_is_continued(tmp_path: Path) -> None:
    """After a kill in the middle of the news, the jobs below them do not count as known."""
    for pages in (1, 2, 3):
        place = Place(tmp_path / str(pages), jobs=50, events=1, checkpoints=1)
        await place.sync()
        for n in range(51, 401):
            place.client.jobs.insert(0, job(n, result_files=[], created_at=START - 10_000 + n))
            place.client.events[f"ftjob-{n:05d}"], place.client.checkpoints[f"ftjob-{n:05d}"] = [], []
        archive = place.open()
        run = ArchiveSync(archive, place.client, place.clock)  # type: ignore[arg-type]
        await run._first_page()
        assert await run._jobs.walk_news(run._is_old)
        for _ in range(pages - 1):
            await run._fetcher.walk_list()
        assert archive.jobs.list_state().cursor == f"ftjob-{401 - 100 * pages:05d}"
        await archive.close()
        await place.sync()
        place.has_all(await place.everything())


async def test_oldest_first_list_is_walked_to_its_end(tmp_path: Path) -> None:
    place = Place(tmp_path, jobs=250, events=1, checkpoints=1)
    place.client.jobs.reverse()
    place.client.files.reverse()
    await place.sync()
    place.client.jobs.append(job(251, result_files=[], created_at=START - 9_000))
    place.client.files.append({"id": "file-new", "created_at": START - 9_000})
    await place.sync()
    place.client.events["ftjob-00251"], place.client.checkpoints["ftjob-00251"] = [], []
    place.has_all(await place.everything())
    archive = place.open()
    assert archive.files.get("file-new") is not None
    await archive.close()


async def test_interrupted_walk_of_the_list_is_continued(tmp_path: Path) -> None:
    place = Place(tmp_path, jobs=450, events=1, checkpoints=1)
    archive = place.open()
    run = ArchiveSync(archive, place.client, place.clock)  # type: ignore[arg-type]
    await run._first_page()
    run._jobs.walk_whole()
    for _ in range(3):
        await run._fetcher.walk_list()
    await archive.close()
    await place.sync()
    place.has_all(await place.everything())


async def test_failure_of_one_job_does_not_stop_the_run(place: Place) -> None:
    place.client.checkpoints["ftjob-00002"] = []
    list_events = place.client.list_events

    async def broken(id: str, **more: Any) -> Any:
        if id == "ftjob-00002":
            raise ServerError("it broke", status=503)
        return await list_events(id, **more)

    place.client.list_events = broken  # type: ignore[method-assign]
    tally = await place.sync()
    assert tally.failed == {"ftjob-00002": "it broke"}
    assert tally.fetched == 3
    place.client.list_events = list_events  # type: ignore[method-assign]
    tally = await place.sync()
    assert (tally.fetched, tally.unchanged, tally.failed) == (1, 2, {})
    place.has_all(await place.everything())


@pytest.mark.parametrize("verb", ["list_jobs", "list_events", "file_content", "list_models"])
async def test_rate_limit_pauses_the_run(place: Place, verb: str) -> None:
    real, refused = getattr(place.client, verb), [RateLimited("slow down", status=429, retry_after=7.0)] * 3

    async def limited(*given: Any, **more: Any) -> Any:
        if refused:
            raise refused.pop()
        return await real(*given, **more)

    setattr(place.client, verb, limited)
    tally = await finished(place.sync(), place.clock)
    assert tally.failed == {}
    place.has_all(await place.everything())
    assert 7.0 <= place.clock.elapsed <= 600


async def test_exhausted_quota_ends_the_run(place: Place) -> None:
    place.client.fail("list_jobs", RateLimited("slow down", status=429, retry_after=9999.0))
    with pytest.raises(RateLimited):
        await finished(place.sync(), place.clock, 5 * 120.0 + 1)
    place.client.fail("list_jobs", RateLimited("used up", status=429, code="insufficient_quota"))
    with pytest.raises(RateLimited):
        await place.sync()


@pytest.mark.parametrize("verb", ["list_jobs", "list_events", "list_files"])
@pytest.mark.parametrize(
    "error", [Unauthorized("no", status=401), Unreachable("gone", kind="refused")], ids=["denied", "unreachable"]
)
async def test_unreachable_provider_ends_the_run(place: Place, verb: str, error: ApiError) -> None:
    place.client.fail(verb, error)
    with pytest.raises(type(error)):
        await place.sync()
    place.client.recover()
    await place.sync()
    place.has_all(await place.everything())


async def test_forbidden_history_ends_the_run(place: Place) -> None:
    place.client.fail("list_events", Forbidden("no", status=403))
    with pytest.raises(Forbidden):
        await place.sync()


async def test_consecutive_failures_end_the_run(tmp_path: Path) -> None:
    place = Place(tmp_path, jobs=50, events=1, checkpoints=1)
    place.client.fail("list_checkpoints", ServerError("busy", status=503))
    with pytest.raises(ServerError):
        await place.sync()
    assert place.client.count("list_checkpoints") < 20


async def test_absent_routes_are_skipped(place: Place) -> None:
    place.client.fail("list_events", NotFound("Invalid URL", status=404))
    place.client.fail("list_checkpoints", ServerError("not implemented", status=501))
    place.client.fail("list_files", NotFound("Invalid URL", status=404))
    tally = await place.sync()
    assert tally.failed == {}
    assert place.client.count("list_checkpoints") <= 4
    archive = place.open()
    assert archive.routes.absent(place.clock.now()) == {"events", "checkpoints"}
    assert archive.files.content("file-r1") is not None
    await archive.close()


async def test_missing_result_files_are_reported_once(place: Place) -> None:
    del place.client.contents["file-r2"]
    tally = await place.sync()
    assert (tally.missing_files, tally.failed) == (["file-r2"], {})
    place.client.calls.clear()
    await place.sync()
    assert place.client.count("file_content") == 0


async def test_404_for_the_route_of_contents_says_nothing_about_the_files(place: Place) -> None:
    place.client.fail("file_content", NotFound("Invalid URL (GET /v1/files/x/content)", status=404, code="unknown_url"))
    tally = await place.sync()
    assert tally.missing_files == []
    assert len(tally.failed) == 2, "the third 404 shows that the route is missing"
    assert all("Invalid URL" in reason for reason in tally.failed.values())
    archive = place.open()
    assert archive.routes.absent(place.clock.now()) == {"results"}
    await archive.close()


async def test_unwritable_archive_ends_the_run_before_any_request(place: Place) -> None:
    archive = inline_archive("", "work")
    with pytest.raises(NotWritable):
        await ArchiveSync(archive, place.client, place.clock).run()  # type: ignore[arg-type]
    assert place.client.calls == []


async def test_endless_list_raises_an_error(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttui.store.polling.archive_sync.LAST_PAGE", 7)
    count = iter(range(10**6, 0, -1))

    async def endless(**_: Any) -> Any:
        from fttui.models.job import Job
        from fttui.models.page import Page

        return Page.read(Job, {"data": [job(next(count))], "has_more": True})

    place.client.list_jobs = endless  # type: ignore[method-assign]
    with pytest.raises(ApiError, match="did not end"):
        await place.sync()


async def test_concurrent_syncs_record_one_complete_history(place: Place) -> None:
    """Two syncs at once: the events are complete and in order."""
    archives = [Archive(str(place.path), "work") for _ in range(3)]
    runs = [ArchiveSync(archive, place.client, place.clock) for archive in archives]  # type: ignore[arg-type]
    tallies = await asyncio.gather(*(run.run() for run in runs))
    assert [tally.failed for tally in tallies] == [{}, {}, {}]
    assert [archive.notices for archive in archives] == [[], [], []]
    for archive in archives:
        await archive.close()
    place.has_all(await place.everything())
