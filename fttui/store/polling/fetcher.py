"""What polls read from the provider: the list, older pages of it, and the logs of single jobs.

Each coroutine here sends one request. `refresh` never raises; the others raise `ApiError`, and the poller
decides what that means.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from fttui.api.client import Client
from fttui.api.errors import ApiError, BadRequest, NotFound, ServerFault
from fttui.clock import Clock
from fttui.models.job import Job
from fttui.models.raw_json import encode
from fttui.store.archive.archive import Archive
from fttui.store.archive.events import LogState
from fttui.store.feed import Board
from fttui.store.job_table import PAGE
from fttui.store.lost_creates import Lost
from fttui.store.polling.event_walk import EventWalk, older_batch

T = TypeVar("T")

SETTLES_AFTER = 5.0
"""Seconds after a job's end for which its last events may still be on their way."""
ABSENT_FOR = 7 * 86400.0
"""Seconds for which a route is taken for lacking once the provider has said so plainly."""
ABSENT_PERHAPS = 86400.0
"""The same, where it was only concluded from failures."""


class Asking(Board):
    """A board that is kept true by requests."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        super().__init__(archive, clock)
        self.client: Client | None = None
        """How the provider is reached; None while it is not."""
        self._asker: Client | None = None
        self._refreshing = asyncio.Lock()
        self._walks: dict[str, tuple[EventWalk, float]] = {}
        self._offered: set[str] = set()
        self._failed: dict[str, int] = {}
        self._with_results: set[str] = set()
        self._with_files: set[str] = set()
        self._nameless: set[str] = set()
        self._lost = Lost(archive, clock)
        self.not_offered: set[str] = archive.routes.absent(clock.now())
        """Routes that this provider lacks: `events`, `checkpoints`, `results`, `cancel`, `pause`, `resume`."""
        self.logs: dict[str, LogState] = archive.events.states()
        """Jobs whose events were asked for at least once."""
        self.unread: set[str] = {id for id, log in self.logs.items() if log.cursor is not None}
        """Those of them that have older events, not read yet."""

    def attach(self, client: Client, *, insist: bool = False) -> Client | None:
        """Reach the provider through `client` from now on. Returns the one before, for the caller to close.

        Args:
            insist: reads are retried by the client; polls have a plan of their own of when to try again.
        """
        before, self.client = self.client, client
        self._asker = client if insist else client.with_tries(1)
        self.not_offered |= client.provider.missing
        return before

    def _connected(self) -> Client:
        if self._asker is None:
            raise ApiError("not connected yet")
        return self._asker

    # What there is to ask

    @property
    def live(self) -> Iterable[str]:
        """Jobs that may change by themselves."""
        return self._roster.live.keys()

    @property
    def due(self) -> Iterable[str]:
        """Jobs that ended, and whose last events are not read yet."""
        return self._roster.due.keys()

    @property
    def unfinished(self) -> Iterable[str]:
        """Jobs with a walk of newest events under way."""
        return self._walks.keys()

    @property
    def sunk(self) -> Sequence[str]:
        """Live jobs that the newest page of the list does not show."""
        return self._roster.sunk()

    def has_read_events(self, id: str) -> bool:
        """Whether the events of a job were asked for at least once."""
        return id in self.logs

    def walk_to_sunk(self) -> None:
        """Walk the older pages of the list as far as its live jobs lie."""
        self._roster.walk_to(self._roster.sunk())

    def walk_whole(self) -> None:
        """Walk the older pages of the list to their end."""
        self._roster.walk_whole()

    async def walk_news(self, is_old: Callable[[Sequence[str]], bool]) -> bool:
        """See `Roster.walk_news`."""
        return await self._roster.walk_news(is_old)

    @property
    def is_walking(self) -> bool:
        """There are older pages of the list to be read."""
        return self._roster.walk is not None

    @property
    def lost(self) -> str | None:
        """The token of a job whose answer was lost and that is to be looked for."""
        return self._lost.wanted()

    # The list

    async def refresh(self) -> None:
        """Ask for the newest page of the list, merge it, and publish what differs. One at a time."""
        if self._refreshing.locked():
            async with self._refreshing:
                return
        async with self._refreshing:
            if self._asker is None:
                return
            asked = self._roster.turn()
            try:
                page = await self._asker.list_jobs(limit=PAGE)
            except ApiError as error:
                self.failed(error)
                await self._notice_deleted()
                return
            await self._notice_deleted()
            merged = await self._roster.take_first_page(page, asked)
            self.error = None
            self._publish(merged, health=self._good())

    async def walk_list(self) -> None:
        """Read one older page of the list."""
        client, walk, asked = self._connected(), self._roster.walk, self._roster.turn()
        if walk is None:
            return
        try:
            page = await client.list_jobs(after=walk.cursor, limit=PAGE)
        except (BadRequest, NotFound):
            await self._roster.abandon_walk()
            raise
        if walk is self._roster.walk:
            self._publish(await self._roster.take_older_page(page, asked))

    async def fetch_job(self, id: str) -> None:
        """Read one job that the newest page of the list does not show."""
        client, asked = self._connected(), self._roster.turn()
        job = await client.get_job(id)
        self._publish(await self._roster.merge([job.raw], asked))

    async def _notice_deleted(self) -> None:
        """Another process may have deleted jobs from the archive: `fttui archive delete` beside an open cockpit."""
        if ids := self._roster.deleted():
            await self._drop(ids)

    async def _drop(self, ids: Iterable[str]) -> None:
        """Jobs are no longer in the archive: publish that they are gone from here."""
        removed = await self._roster.drop(ids)
        for id in removed:
            self.logs.pop(id, None)
            self._walks.pop(id, None)
            self.unread.discard(id)
            self._with_results.discard(id)
        self._publish(removed=removed)

    async def fetch_lost(self, token: str) -> None:
        """Look for a job whose answer was lost, and tell what became of it."""
        client, asked = self._connected(), self._roster.turn()
        verdict = await self._lost.look(client, token)
        if verdict is None:
            return
        if verdict.job is not None:
            self._publish(await self._roster.merge([verdict.job.raw], asked))
        self._report(verdict.words)

    # Logs

    async def fetch_events(self, id: str) -> bool:
        """Read one page of a job's newest events. Returns whether the walk wants another."""
        client = self._connected()
        self._learn_ends(id)
        under_way = self._walks.pop(id, None)
        walk, began = under_way or (EventWalk(self._archive.events.newest_id(id)), self._clock.monotonic())
        page = await self._watch("events", id, client.list_events(id, after=walk.after, limit=PAGE))
        batch = walk.take(page, lambda ids: self._archive.events.known(id, ids))
        if batch is not None and not await self._archive.events.append(
            id, batch.events, joined=batch.joined, cursor=batch.cursor
        ):
            # Another cockpit wrote meanwhile what this walk has not met: the next one will.
            return id in self._roster.rows
        if not walk.done:
            self._walks[id] = (walk, began)
        elif began >= self._roster.due.get(id, float("inf")) + SETTLES_AFTER:
            await self._roster.settle(id)
        self._tell_log(id)
        return not walk.done

    async def fetch_older_events(self, id: str) -> None:
        """Read one page of a job's older events."""
        client = self._connected()
        self._learn_ends(id)
        if (asked := self._archive.events.state(id).cursor) is not None:
            page = await client.list_events(id, after=asked, limit=PAGE)
            batch = older_batch(page, asked, lambda ids: self._archive.events.known(id, ids))
            await self._archive.events.prepend(id, batch.events, asked=asked, cursor=batch.cursor)
        self._tell_log(id)

    def _learn_ends(self, id: str) -> None:
        # The archive lists its logs without their ends; those are looked up when they matter.
        if (held := self.logs.get(id)) is not None and held.top is None:
            self.logs[id] = self._archive.events.state(id)

    def _tell_log(self, id: str) -> None:
        # Compared with the archive, not with what was just written: another cockpit may have written it first.
        before, state = self.logs.get(id, LogState()), self._archive.events.state(id)
        if state.visited:
            self.logs[id] = state
        (self.unread.discard if state.cursor is None else self.unread.add)(id)
        updated = self._roster.tell(id, state.progress)
        changed = (state.top, state.bottom) != (before.top, before.bottom)
        self._publish(updated=[id] if updated else (), events=[id] if changed else ())

    async def fetch_checkpoints(self, id: str, *, whole: bool = False) -> None:
        """Read a job's checkpoints: the newest page, which holds all that most providers keep, or every page."""
        client = self._connected()
        pages = client.each_checkpoint_page(id, limit=PAGE)
        while (page := await self._watch("checkpoints", id, anext(pages, None))) is not None:
            if await self._archive.jobs.save_checkpoints(id, page.items):
                self._publish(checkpoints=[id])
            if not whole:
                break

    # Result files

    def missing_result(self, id: str) -> str | None:
        """The id of a result file of a job that the archive does not hold yet."""
        if id in self._with_results:
            return None
        text = self._archive.jobs.body(id)
        files = Job.read(json.loads(text)).result_files if text is not None else ()
        missing = next((file for file in files if self._archive.files.content(file) is None), None)
        row = self.snapshot.rows.get(id)
        if missing is None and row is not None and row.status.is_final:
            self._with_results.add(id)
        return missing

    async def fetch_result(self, id: str) -> None:
        """Read one result file of a job."""
        if (file := self.missing_result(id)) is not None:
            await self.fetch_content(id, file)

    async def fetch_content(self, id: str, file: str) -> None:
        """Read one result file of a job by its id."""
        content = await self._watch("results", id, self._connected().file_content(file))
        await self._archive.files.save_content(file, content, self._clock.now())
        self._publish(events=[id])

    def unknown_file(self, id: str) -> str | None:
        """The id of a file of a job of which nothing was ever seen: neither name nor size."""
        text = self._archive.jobs.body(id)
        if id in self._with_files or text is None:
            return None
        job = Job.read(json.loads(text))
        names = (job.training_file, job.validation_file, *job.result_files)
        unknown = next((f for f in names if f and f not in self._nameless and self._archive.files.get(f) is None), None)
        row = self.snapshot.rows.get(id)
        if unknown is None and row is not None and row.status.is_final:
            self._with_files.add(id)
        return unknown

    async def fetch_file(self, id: str) -> None:
        """Read what one file of a job is called and how large it is."""
        if (file := self.unknown_file(id)) is None:
            return
        # Asked for once: what the provider does not tell now, such as a file that was deleted, it will not tell later.
        self._nameless.add(file)
        found = await self._connected().get_file(file)
        await self._archive.files.save([(file, encode(found.raw))], self._clock.now())
        self._publish(events=[id])

    # Routes that a provider may lack

    async def _watch(self, route: str, id: str, call: Awaitable[T]) -> T:
        """Await a call to an optional route of a job, and learn from its failure whether there is such a route."""
        try:
            result = await call
        except (BadRequest, NotFound, ServerFault) as error:
            await self._learn_absent(route, id, error)
            raise
        if route not in self._offered:
            self._offered.add(route)
            self.not_offered.discard(route)
            await self._archive.routes.forget_absent(route)
        return result

    async def _learn_absent(self, route: str, id: str, error: ApiError) -> None:
        if route in self._offered or error.code.endswith("_not_found"):
            return
        if (route, error.status) in (("results", 404), ("cancel", 500)):
            return  # the file is gone, or the server has a bad day: neither says anything about the route
        sure = error.status in (405, 501) or (error.status == 404 and id in self._roster.first_page)
        if sure or error.status in (404, 500):
            # A 404 may mean the job, and a 500 a bad day: those must repeat.
            self._failed[route] = self._failed.get(route, 0) + (3 if sure else 1)
        if self._failed.get(route, 0) >= 3 and route not in self.not_offered:
            self.not_offered.add(route)
            await self._archive.routes.remember_absent(
                route, self._clock.now() + (ABSENT_FOR if sure else ABSENT_PERHAPS)
            )
