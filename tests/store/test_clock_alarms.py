"""Alarms that the clock raises, for all jobs of a profile at once: right for each, without a request."""

from typing import Any

import pytest

from fttui.learning.alarms import BY_CLOCK, Kind
from fttui.models.raw_json import encode
from fttui.store.polling.fetcher import Fetcher
from fttui.store.store import Store
from tests.support.clock import START, FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import FakeClient, job, metrics

RUNNING, QUEUED, OLD_FILE, OLD_MODEL = (f"ftjob-{number:05}" for number in (40, 41, 2, 3))


def started(number: int) -> list[dict[str, Any]]:
    """Return the log of a run that began ten seconds after its job, a step each second."""
    events = [metrics(f"ftjob-{number:05}", step, 2.0) for step in range(1, 12)]
    return [event | {"created_at": START - 5000 + number + 10 + event["data"]["step"]} for event in events]


class Account:
    """An account with finished jobs, a running job and a queued job, of which no job is selected."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.client = FakeClient(self.clock)
        self.archive = inline_archive("", "work")
        self.store = Store(self.archive, self.clock, self.client)  # type: ignore[arg-type]
        self.fetcher = Fetcher(self.store)
        jobs = {number: job(number, "succeeded") for number in range(1, 40)}
        jobs |= {40: job(40, "running"), 41: job(41, "queued")}
        for number, raw in jobs.items():
            raw["created_at"] = START - 5000 + number
        jobs[2]["training_file"] = "file-old"
        jobs[3]["model"] = "base-old"
        self.client.jobs = [*jobs.values()][::-1]
        for number in (37, 38, 39, 40):
            self.client.events[f"ftjob-{number:05}"] = started(number)

    async def read(self) -> None:
        """Read the list, logs of four jobs, a file and the models."""
        await self.fetcher.refresh()
        for number in (37, 38, 39, 40):
            await self.fetcher.fetch_events(f"ftjob-{number:05}")
        file = {"id": "file-old", "object": "file", "expires_at": START + 86_400}
        await self.archive.files.save([("file-old", encode(file))], START)
        model = {"id": "base-old", "object": "model", "deprecation": {"inference": START + 86_400}}
        await self.archive.files.save_models([("base-old", encode(model))], START)


@pytest.fixture
async def account() -> Account:
    found = Account()
    await found.read()
    return found


async def test_every_kind_is_found_for_jobs_that_are_not_selected(account: Account) -> None:
    sent = len(account.client.calls)
    assert await account.store.clock_alarms() == {
        RUNNING: "stalled",
        QUEUED: "queued_long",
        OLD_FILE: "file_expiring",
        OLD_MODEL: "model_retiring",
    }
    assert len(account.client.calls) == sent, "no request"


async def test_all_jobs_have_the_kinds_that_a_check_of_each_alone_finds(account: Account) -> None:
    for later in (0.0, 100_000.0):
        account.clock.advance(later)
        alone = {
            id: [kind for kind in account.store.alarms(id).kinds() if kind in BY_CLOCK]
            for id in account.store.jobs.rows
        }
        assert await account.store.clock_alarms() == {id: ",".join(kinds) for id, kinds in alone.items() if kinds}


async def test_job_whose_log_was_not_read_is_not_stalled(account: Account) -> None:
    account.store.jobs.logs.reads.clear()
    assert RUNNING not in await account.store.clock_alarms()
    assert (Kind.STALLED, "its log was not read") in account.store.alarms(RUNNING).skipped


async def test_new_event_ends_the_stall(account: Account) -> None:
    assert (await account.store.clock_alarms())[RUNNING] == "stalled"
    account.client.events[RUNNING].append(metrics(RUNNING, 12, 2.0) | {"created_at": account.clock.now()})
    await account.fetcher.fetch_events(RUNNING)
    assert RUNNING not in await account.store.clock_alarms()


async def test_new_job_of_an_expiring_file_is_found(account: Account) -> None:
    await account.store.clock_alarms()
    account.client.jobs.insert(0, job(50, "running", training_file="file-old"))
    await account.fetcher.refresh()
    assert (await account.store.clock_alarms())["ftjob-00050"] == "file_expiring"
