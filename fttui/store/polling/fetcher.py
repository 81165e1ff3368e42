"""Requests of polls: the list, its older pages, events, checkpoints and files of single jobs.

Each coroutine sends one request and publishes the result. `refresh` never raises. The others raise `ApiError`, and the
poller decides what the error means.
"""

import asyncio
from collections.abc import Iterable
from functools import partial

from fttui.api.errors import ApiError, BadRequest, NotFound
from fttui.models.event import Event
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.models.raw_json import decode, encode
from fttui.store.archive.verification import add_checksums, damaged_summaries, repair_logs
from fttui.store.event_logs import LogRead
from fttui.store.job_table import PAGE, MergeResult
from fttui.store.lost_creates import LostCreates
from fttui.store.polling.event_walk import EventWalk, is_ascending, older_batch, oldest_first
from fttui.store.polling.read_ahead import ReadAhead
from fttui.store.snapshot import Change, Snapshot
from fttui.store.store import Store

SETTLES_AFTER = 5.0
"""Seconds after the end of a job for which its last events may still arrive."""
COMPUTED_AGAIN = "It is computed again."
"""Consequence of a damaged summary."""


class Fetcher:
    """Reader of a provider, for one store."""

    def __init__(self, store: Store) -> None:
        self._archive = store.archive
        self._clock = store.clock
        self._jobs = store.jobs
        self._feed = store.feed
        self._access = store.access
        self._runs = store.runs
        self._lost_creates = LostCreates(store.archive, store.clock)
        self.older = ReadAhead(self._list_jobs, store.jobs.turn)
        """Older pages of the list."""
        self._refreshing = asyncio.Lock()
        self._walks: dict[str, tuple[EventWalk, float]] = {}
        self._with_all_results: set[str] = set()
        self._with_all_files: set[str] = set()
        self._asked_files: dict[str, str] = {}
        """Files that were requested, each with the job for which it was."""
        self._failure = store.archive.jobs.failure()
        store.subscribe(self._forget_removed)

    def _forget_removed(self, _snapshot: Snapshot, change: Change) -> None:
        if not (removed := change.removed):
            return
        for id in removed:
            self._walks.pop(id, None)
        self._with_all_results -= removed
        self._with_all_files -= removed
        self._asked_files = {file: id for file, id in self._asked_files.items() if id not in removed}
        self._runs.forget(removed)

    # The list

    async def refresh(self) -> None:
        """Fetch the newest page of the list and publish the differences. A second call waits for the first."""
        if self._refreshing.locked():
            async with self._refreshing:
                return
        async with self._refreshing:
            if self._access.client is None:
                return
            turn = self._jobs.turn()
            try:
                page = await self._access.poll_client.list_jobs(limit=PAGE)
            except ApiError as error:
                self._feed.failed(error)
                await self._remove_deleted()
                await self._record_health()
                return
            await self._remove_deleted()
            self._feed.succeeded(await self._jobs.merge_first_page(page, turn))
            await self._record_health()

    async def _record_health(self) -> None:
        """Record the last failure for the list of profiles, which asks no provider."""
        health = self._feed.snapshot.health
        failure = None if health.is_good else (str(health.state), health.since)
        if failure != self._failure:
            self._failure = failure
            await self._archive.jobs.save_failure(failure)

    async def _remove_deleted(self) -> None:
        # `fttui archive delete` may run beside an open cockpit.
        if ids := self._jobs.deleted_elsewhere():
            self._feed.publish(removed=await self._jobs.drop(ids))

    async def walk_list(self) -> None:
        """Fetch one older page of the list, if a walk is under way, and publish it."""
        self._feed.publish(await self.fetch_older_page())

    async def fetch_older_page(self, limit: int = PAGE) -> MergeResult:
        """Fetch one older page of the list, if a walk is under way. It is published later.

        Args:
            limit: most jobs of the page. The walk survives the refusal of more than `PAGE`.
        """
        walk = self._jobs.walk
        if walk is None:
            return MergeResult()
        try:
            page, turn = await self.older.page(walk.cursor, limit)
        except (BadRequest, NotFound):
            if limit <= PAGE:
                await self._jobs.abandon_walk()
            raise
        return await self._jobs.merge_older_page(page, turn) if walk is self._jobs.walk else MergeResult()

    async def _list_jobs(self, after: str, limit: int) -> Page[Job]:
        return await self._access.poll_client.list_jobs(after=after, limit=limit)

    async def fetch_job(self, id: str) -> None:
        """Fetch one job."""
        client, turn = self._access.poll_client, self._jobs.turn()
        job = await client.get_job(id)
        self._feed.publish(await self._jobs.merge([job.raw], turn))

    # Lost creates

    @property
    def lost_create(self) -> str | None:
        """Token of a job to search for now, or None."""
        return self._lost_creates.next_token()

    async def fetch_lost_create(self, token: str) -> None:
        """Search for a job by its token and report the result."""
        client, turn = self._access.poll_client, self._jobs.turn()
        result = await self._lost_creates.search(client, token)
        if result is None:
            return
        if result.job is not None:
            self._feed.publish(await self._jobs.merge([result.job.raw], turn))
        self._feed.report(result.message)

    # Events and checkpoints

    @property
    def unfinished(self) -> Iterable[str]:
        """Jobs with an unfinished walk of their newest events."""
        return self._walks.keys()

    async def fetch_events(self, id: str) -> bool:
        """Fetch one page of a job's newest events. Return True if the walk needs another page."""
        client = self._access.poll_client
        self._jobs.logs.load_ends(id)
        unfinished = self._walks.pop(id, None)
        walk, started = unfinished or (EventWalk(self._archive.events.newest_id(id)), self._clock.monotonic())
        was_listed = id in self._jobs.rows
        page = await self._access.call("events", id, client.list_events(id, after=walk.after, limit=PAGE))
        if was_listed and id not in self._jobs.rows:
            return False  # removed meanwhile
        batch = walk.take(page, lambda ids: self._archive.events.recorded_ids(id, ids))
        if batch is not None and not await self._archive.events.append(
            id, batch.events, joined=batch.joined, cursor=batch.cursor
        ):
            # Another cockpit has recorded events that this walk did not reach: the next walk will.
            return id in self._jobs.rows
        if not walk.done:
            self._walks[id] = (walk, started)
        elif started >= self._jobs.due.get(id, float("inf")) + SETTLES_AFTER:
            await self._jobs.clear_due(id)
        await self._publish_events(id, is_read=walk.done)
        return not walk.done

    async def fetch_older_events(self, id: str) -> None:
        """Fetch one page of a job's older events."""
        client = self._access.poll_client
        self._jobs.logs.load_ends(id)
        if (asked := self._archive.events.state(id).cursor) is not None:
            page = await client.list_events(id, after=asked, limit=PAGE)
            batch = older_batch(page, asked, lambda ids: self._archive.events.recorded_ids(id, ids))
            await self._archive.events.prepend(id, batch.events, asked=asked, cursor=batch.cursor)
        await self._publish_events(id)

    async def fetch_whole_log(self, id: str) -> None:
        """Fetch all events of a job, to replace those that changed on the disk."""
        found: list[Event] = []
        ascending = False
        async for page in self._access.poll_client.each_event_page(id):
            ascending = is_ascending(page.objects) if not found else ascending
            found += page.items
        await self._archive.events.repair(id, found if ascending else oldest_first(found))

    async def _publish_events(self, id: str, *, is_read: bool = False) -> None:
        """Publish what has changed in a job's log.

        Args:
            is_read: the log was read up to its newest event.
        """
        has_new = self._jobs.logs.update(id)
        row_changed = self._jobs.update_progress(id)
        # An unfinished log is judged at its end: a run that begins in the middle looks different.
        if id not in self._walks and id not in self._jobs.logs.unread:
            row_changed |= await self._judge(id)
            if is_read:
                times = [event.created_at for event in self._archive.events.rows(id, limit=1)]
                newest = times[0] if times else None
                self._jobs.logs.reads[id] = LogRead(self._clock.now(), newest, self._runs.patience(id))
        self._feed.publish(updated=[id] if row_changed else (), events=[id] if has_new else ())

    async def _judge(self, id: str, *, anew: bool = False) -> bool:
        return await self._jobs.update_summary(id, *await self._runs.judge(id), anew=anew)

    async def complete_old(self) -> None:
        """Add to the jobs that an older version recorded what it did not: checksums and summaries."""
        await add_checksums(self._archive)
        await self._judge_each(self._archive.jobs.unsummarized())

    async def replace_damaged(self) -> None:
        """Replace damaged states of logs and summaries. Lists are drawn without a look at their checksums."""
        for id in await repair_logs(self._archive):
            self._jobs.logs.update(id)
        damaged = await self._archive.in_thread(partial(damaged_summaries, self._archive))
        for id in damaged:
            self._archive.damage.name("the summary", id, COMPUTED_AGAIN)
        await self._judge_each(damaged, anew=True)
        self._feed.publish()

    async def _judge_each(self, ids: Iterable[str], *, anew: bool = False) -> None:
        """Judge jobs one at a time. An unexpected exception counts as a failed poll, so that it is shown."""
        for id in ids:
            try:
                if await self._judge(id, anew=anew):
                    self._feed.publish(updated=[id])
            except Exception as error:
                self._feed.failed(error)
            await asyncio.sleep(0)

    async def fetch_checkpoints(self, id: str, *, all_pages: bool = False) -> None:
        """Fetch a job's checkpoints: the newest page, which is all that most providers keep, or every page."""
        pages = self._access.poll_client.each_checkpoint_page(id, limit=PAGE)
        while (page := await self._access.call("checkpoints", id, anext(pages, None))) is not None:
            if await self._archive.jobs.save_checkpoints(id, page.items):
                changed = await self._judge(id)
                self._feed.publish(updated=[id] if changed else (), checkpoints=[id])
            if not all_pages:
                break

    async def fetch_samples(self, id: str, *, anew: bool = False) -> None:
        """Fetch the samples of a job after those that are recorded; with `anew`, all of them."""
        after = None if anew else self._archive.samples.newest(id)
        pages = self._access.poll_client.each_samples_page(id, after=after, limit=PAGE)
        while (page := await self._access.call("samples", id, anext(pages, None))) is not None:
            if await self._archive.samples.save(id, page.items):
                self._feed.publish(checkpoints=[id])

    # Files of a job

    def missing_result(self, id: str) -> str | None:
        """Return the id of a job's result file whose content is not recorded, or None."""
        if id in self._with_all_results:
            return None
        job = self._job(id)
        files = job.result_files if job is not None else ()
        missing = next((file for file in files if self._archive.files.content(file) is None), None)
        if missing is None and self._is_final(id):
            self._with_all_results.add(id)
        return missing

    async def fetch_result(self, id: str) -> None:
        """Fetch the content of one missing result file of a job."""
        if (file := self.missing_result(id)) is not None:
            await self.fetch_content(id, file)

    async def fetch_content(self, id: str, file: str) -> None:
        """Fetch the content of a result file of a job."""
        content = await self._access.call("results", id, self._access.poll_client.file_content(file))
        await self._archive.files.save_content(file, content, self._clock.now())
        changed = await self._judge(id)
        self._feed.publish(updated=[id] if changed else (), events=[id])

    def unknown_file(self, id: str) -> str | None:
        """Return the id of a job's file whose name and size are unknown, or None."""
        job = self._job(id)
        if id in self._with_all_files or job is None:
            return None
        files = (job.training_file, job.validation_file, *job.result_files)
        unknown = next(
            (f for f in files if f and f not in self._asked_files and self._archive.files.get(f) is None), None
        )
        if unknown is None and self._is_final(id):
            self._with_all_files.add(id)
        return unknown

    async def fetch_file(self, id: str) -> None:
        """Fetch name and size of one unknown file of a job."""
        if (file := self.unknown_file(id)) is None:
            return
        # Requested once: a file that the provider does not return now, such as a deleted one, stays unknown.
        self._asked_files[file] = id
        found = await self._access.poll_client.get_file(file)
        await self._archive.files.save([(file, encode(found.raw))], self._clock.now())
        self._feed.publish(events=[id])

    def _job(self, id: str) -> Job | None:
        text = self._archive.jobs.body(id)
        return None if text is None else Job.read(decode(text))

    def _is_final(self, id: str) -> bool:
        row = self._jobs.rows.get(id)
        return row is not None and row.status.is_final
