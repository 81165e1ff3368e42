"""`fttui archive sync`: fetch everything that a provider still has into the archive.

Every page is recorded when it arrives, and the next run continues from there: a kill costs one page. A job with
complete history is not fetched again until it changes. Once the list was walked to its end, later runs stop at the
first page without news.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import NamedTuple

from fttui.api.client import Client
from fttui.api.error_mapping import UNKNOWN_ROUTE, is_retryable
from fttui.api.errors import ApiError, BadResponse, Forbidden, NotFound, RateLimited, Unauthorized, Unreachable
from fttui.clock import Clock
from fttui.models.job import Job
from fttui.models.raw_json import decode, encode
from fttui.store.archive.archive import Archive
from fttui.store.job_table import exists
from fttui.store.polling.fetcher import Fetcher
from fttui.store.store import Store

AT_ONCE = 4
"""Most jobs fetched at a time."""
SETTLED_AFTER = 300.0
"""Seconds after the last event of a finished job until its history counts as complete."""
MAX_SINGLE = 20
"""Most jobs below the news to fetch one by one. For more, the whole list is walked."""
LAST_PAGE = 100_000
"""Greatest number of pages of the list: ten million jobs. A longer list is taken to be endless, and fills the disk."""
MOST_EVENT_PAGES = 2000
"""Most pages of new events that are fetched of one job."""
MAX_FAILURES = 5
"""Consecutive jobs that may fail before the run fails."""
PAUSES = (5.0, 15.0, 30.0, 60.0, 120.0)
"""Seconds to wait after each 429 without Retry-After. Retry-After counts up to the last of them."""


class Progress(NamedTuple):
    """Progress of a run."""

    doing: str
    """`jobs` (the list), `history` (of each job), `files`, `models`, or `waiting` (`done` is the seconds)."""
    done: int
    of: int | None = None
    """None while the number is unknown."""


class Tally:
    """Result of a run."""

    def __init__(self) -> None:
        self.fetched = 0
        """Jobs whose history was fetched in this run."""
        self.unchanged = 0
        """Jobs that had complete history before this run."""
        self.missing_files: list[str] = []
        """Result files that the provider no longer has."""
        self.failed: dict[str, str] = {}
        """Reason for each failure, by job id, `files` or `models`."""


class NotWritable(Exception):
    """The archive cannot be written. The message says why."""


class ArchiveSync:
    """One run over everything that a provider has."""

    def __init__(
        self,
        archive: Archive,
        client: Client,
        clock: Clock,
        progress: Callable[[Progress], object] = lambda _: None,
        *,
        full: bool = False,
        damaged: Collection[str] = (),
    ) -> None:
        """
        Args:
            progress: receives the progress of the run.
            full: walk the whole list, which also finds jobs that changed or are gone on its older pages.
            damaged: jobs whose recorded history changed on the disk.
        """
        self._archive = archive
        self._client = client
        self._clock = clock
        self._progress = progress
        store = Store(archive, clock)
        store.access.attach(client, insist=True)
        self._jobs = store.jobs
        self._feed = store.feed
        self._access = store.access
        self._fetcher = Fetcher(store)
        self._full = full
        self._damaged = damaged
        self._failures = 0
        self._listed: set[str] = set()
        self.tally = Tally()

    @property
    def not_offered(self) -> set[str]:
        """Routes that the provider does not have."""
        return self._access.not_offered & {"events", "checkpoints", "results"}

    async def run(self) -> Tally:
        """Fetch everything.

        Raises:
            ApiError: the list could not be fetched to its end, or the provider is no longer reachable.
            NotWritable: the archive cannot be written.
        """
        self._check_writable()
        await self._list()
        ids = [id for id, row in self._jobs.rows.items() if exists(row)]
        held = self._archive.jobs.synced()
        wanted = [id for id in ids if id not in held]
        self.tally.unchanged = len(ids) - len(wanted)
        await self._histories(wanted)
        await self._fetcher.replace_damaged()
        await self._section("files", self._files)
        await self._section("models", self._models)
        await self._jobs.save_list_state()
        return self.tally

    def _check_writable(self) -> None:
        if not self._archive.path:
            raise NotWritable("\n".join(self._archive.notices) or "the archive is only in memory")

    # The list

    async def _list(self) -> None:
        self._progress(Progress("jobs", 0))
        await self._with_pauses(self._first_page)
        if not self._full and await self._jobs.walk_news(self._is_old):
            await self._walk()
            if await self._fetch_below_news():
                return
        self._jobs.walk_whole()
        await self._walk()

    def _is_old(self, page: Sequence[str]) -> bool:
        """Tell whether a page has no news: all its jobs are unchanged and have complete history."""
        self._listed.update(page)
        is_old = self._archive.jobs.synced().issuperset(page)
        return is_old and _is_newest_first([self._jobs.rows[id].created_at for id in page])

    async def _fetch_below_news(self) -> bool:
        """Fetch the incomplete jobs below the news one by one. Return False if the list must be walked instead."""
        complete = self._archive.jobs.synced()
        rows = self._jobs.rows.items()
        below = [id for id, row in rows if id not in complete and id not in self._listed and exists(row)]
        if len(below) > MAX_SINGLE:
            return False
        for id in below:
            try:
                await self._with_pauses(partial(self._fetcher.fetch_job, id))
            except NotFound:
                return False  # only a walk of the list shows that the job is gone
        return True

    async def _walk(self) -> None:
        for _ in range(LAST_PAGE):
            self._progress(Progress("jobs", len(self._jobs.rows)))
            if self._jobs.walk is None:
                return
            await self._with_pauses(self._fetcher.walk_list)
            self._check_writable()
        raise BadResponse(f"the list did not end after {LAST_PAGE:,} pages", code="endless")

    async def _first_page(self) -> None:
        await self._fetcher.refresh()
        if self._feed.error is not None:
            raise self._feed.error

    async def _with_pauses(self, read: Callable[[], Awaitable[None]]) -> None:
        """Fetch. After a 429, wait and fetch again."""
        for pause in PAUSES:
            try:
                return await read()
            except RateLimited as error:
                if not is_retryable(error):
                    raise
                pause = min(error.retry_after or pause, PAUSES[-1])
                self._progress(Progress("waiting", round(pause)))
                await self._clock.sleep(pause)
        return await read()

    # The history of each job

    async def _histories(self, ids: list[str]) -> None:
        done, waiting = 0, iter(ids)
        self._progress(Progress("history", 0, len(ids)))

        async def work() -> None:
            nonlocal done
            for id in waiting:
                await self._history(id)
                done += 1
                self._progress(Progress("history", done, len(ids)))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(ids))):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            # The first error has cancelled the other tasks.
            raise errors.exceptions[0] from None

    async def _history(self, id: str) -> None:
        self._check_writable()
        started = self._clock.now()
        complete = True
        parts: tuple[tuple[str, Callable[[str], Awaitable[None]]], ...] = (
            ("events", self._events),
            ("checkpoints", self._checkpoints),
            ("samples", self._samples),
            ("results", self._results),
        )
        for route, read in parts:
            if route in self._access.not_offered or (route == "samples" and not self._access.has_samples):
                continue
            try:
                await self._with_pauses(partial(read, id))
            except (Unauthorized, Unreachable, RateLimited):
                raise
            except ApiError as error:
                if route in self._access.not_offered:
                    continue
                complete = False
                self.tally.failed[id] = str(error)
                self._failures += 1
                if self._failures >= MAX_FAILURES or isinstance(error, Forbidden):
                    raise
                break
        else:
            self._failures = 0
        self.tally.fetched += 1
        if complete and self._is_complete(id, started):
            await self._archive.jobs.set_synced(id)

    def _is_complete(self, id: str, now: float) -> bool:
        """Tell whether a job has ended some time ago, so that no more events are expected."""
        row = self._jobs.rows[id]
        if not row.status.is_final:
            return False
        events = self._archive.events.rows(id, limit=1)
        times = [row.created_at, row.finished_at, *(event.created_at for event in events)]
        return max((time for time in times if time is not None), default=0.0) < now - SETTLED_AFTER

    async def _events(self, id: str) -> None:
        for _ in range(MOST_EVENT_PAGES):
            if not await self._fetcher.fetch_events(id):
                break
        before = None
        while (cursor := self._archive.events.state(id).cursor) is not None and cursor != before:
            await self._fetcher.fetch_older_events(id)
            before = cursor
        if id in self._damaged:
            await self._fetcher.fetch_whole_log(id)

    async def _checkpoints(self, id: str) -> None:
        await self._fetcher.fetch_checkpoints(id, all_pages=True)
        if id in self._damaged:
            await self._archive.jobs.drop_damaged_checkpoints(id)

    async def _samples(self, id: str) -> None:
        await self._fetcher.fetch_samples(id, anew=True)
        if id in self._damaged:
            await self._archive.samples.drop_damaged(id)

    async def _results(self, id: str) -> None:
        for file in Job.read(decode(self._archive.jobs.body(id))).result_files:
            try:
                if self._archive.files.content(file) is None:
                    await self._fetcher.fetch_content(id, file)
                if self._archive.files.get(file) is None:
                    item = await self._client.get_file(file)
                    await self._archive.files.save([(item.id, encode(item.raw))], self._clock.now())
            except NotFound as error:
                if self._archive.files.content(file) is None:
                    if error.code == UNKNOWN_ROUTE:
                        raise  # says nothing about the file
                    self.tally.missing_files.append(file)

    # Files and models

    async def _section(self, name: str, read: Callable[[], Awaitable[None]]) -> None:
        self._check_writable()
        try:
            await self._with_pauses(read)
        except (Unauthorized, Unreachable, RateLimited):
            raise
        except ApiError as error:
            # Some providers with jobs have no list of files.
            if error.status not in (404, 405, 501):
                self.tally.failed[name] = str(error)

    async def _files(self) -> None:
        done = 0
        async for page in self._client.each_file_page():
            sent = {item.id: encode(item.raw) for item in page.items}
            is_old = all(self._archive.files.get(id) == raw for id, raw in sent.items())
            await self._archive.files.save(list(sent.items()), self._clock.now())
            done += len(page.items)
            self._progress(Progress("files", done))
            if is_old and not self._full and _is_newest_first([item.created_at for item in page.items]):
                break

    async def _models(self) -> None:
        page = await self._client.list_models()
        await self._archive.files.save_models([(item.id, encode(item.raw)) for item in page.items], self._clock.now())
        self._progress(Progress("models", len(page.items)))


def _is_newest_first(times: Sequence[float | None]) -> bool:
    return bool(times) and times[0] is not None and times[-1] is not None and times[0] >= times[-1]
