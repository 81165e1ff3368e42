"""The jobs of a profile as the store holds them, and how pages of the provider's list are merged into them.

A job is held as its row and a digest of its JSON; the JSON itself is in the archive. What is unchanged is not
even decoded.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fttui.clock import Clock
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.models.raw_json import digest, encode
from fttui.models.row import JobRow
from fttui.models.wire import sent_id
from fttui.store.archive.archive import Archive
from fttui.store.archive.events import Progress
from fttui.store.archive.jobs import JobEntry, ListState
from fttui.store.job_order import Places

PAGE = 100
GRACE = 60.0
"""Seconds for which a job that was created here may be missing in the provider's list."""
FULL_WALK = 86400.0
"""Seconds after which a long list is walked to its end again, to see what is gone."""
SAVE_EVERY = 60.0
"""Seconds between two notes in the archive of when the list was last confirmed."""


@dataclass(slots=True)
class Merged:
    """What a page, or an answer about one job, changed. All sets hold job ids."""

    added: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    """The ids on the page, in its order."""


@dataclass(slots=True)
class ListWalk:
    """A walk through the older pages of the list."""

    cursor: str
    seen: set[str]
    tells_gone: bool
    """It began on the newest page, so what it does not see is no longer there."""
    thorough: bool = False
    """It goes to the end even through known territory."""
    wanted: frozenset[str] = frozenset()
    """It goes on until it has seen these, and no further."""
    ends_at: Callable[[Sequence[str]], bool] | None = None
    """It goes on to a page of which this is so, and no further."""

    def is_done(self, page: Sequence[str], *, is_known: bool) -> bool:
        """Whether nothing below this page is asked for; `is_known`: below it lies what was seen before."""
        if self.ends_at is not None:
            return self.ends_at(page)
        return self.wanted <= self.seen if self.wanted else is_known and not self.thorough


class Roster:
    """The rows, newest first, and how far the provider's list is known."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._archive = archive
        self._clock = clock
        self.rows: dict[str, JobRow] = {row.id: row for row in archive.jobs.rows()}
        """Never changed in place: whoever holds it may keep it."""
        self.state: ListState = archive.jobs.list_state()
        self.live: dict[str, None] = {id: None for id, row in self.rows.items() if row.status.is_live and _askable(row)}
        """Jobs worth asking about again, as an ordered set."""
        self.due: dict[str, float] = dict.fromkeys(archive.jobs.due(), float("-inf"))
        """Jobs that ended or changed after their events were read, and when that was seen (monotonic)."""
        self.progress: dict[str, Progress] = {id: log.progress for id, log in archive.events.states().items()}
        """What events told."""
        self.first_page: frozenset[str] = frozenset()
        """The ids on the newest page."""
        self.walk: ListWalk | None = None
        self._first_cursor: str | None = None
        self._first_seen: list[str] = []
        self._digests = archive.jobs.digests()
        self._places = Places(archive.jobs.places())
        self._deletions, _ = archive.jobs.deleted()
        self._generation = archive.database.generation
        self._saved_at = self.state.as_of or float("-inf")
        self._lock = asyncio.Lock()
        self._turn = 0
        self._touched: dict[str, int] = {}
        self._unlisted: dict[str, float] = {}

    # One after the other

    def turn(self) -> int:
        """A number for a request that is about to be sent: answers are believed in the order of asking."""
        self._turn += 1
        return self._turn

    async def merge(self, objects: Iterable[Any], asked: int, *, listed: bool = True) -> Merged:
        """Merge jobs as sent.

        Args:
            asked: the turn at which they were asked for; a job that an intent changed later is left as it is.
            listed: they come from a list; else they are what an intent or a question about one job brought.
        """
        async with self._lock:
            return await self._merge(objects, asked, listed=listed)

    async def _merge(self, objects: Iterable[Any], asked: int, *, listed: bool, older: bool = False) -> Merged:
        if self._archive.database.generation != self._generation:
            # The archive was begun anew: everything must be written again as it is met.
            self._generation = self._archive.database.generation
            self._digests = {}
            self.state = ListState(as_of=self.state.as_of)
        merged, met, entries, back = Merged(), set[str](), dict[str, JobEntry](), list[str]()
        for raw in objects:
            job = None if (id := sent_id(raw)) else Job.read(raw)
            id = job.id if job is not None else id
            if id in met:
                continue
            met.add(id)
            merged.seen.append(id)
            if listed:
                self._unlisted.pop(id, None)
            if self._touched.get(id, -1) >= asked:
                continue
            mark = digest(raw)
            if self._digests.get(id) != mark:
                entries[id] = self._entry(job or Job.read(raw), raw, mark)
            elif self.rows[id].gone:
                back.append(id)
        if not listed:
            for id in merged.seen:
                self._touched[id] = self.turn()
                if id not in self.rows:
                    self._unlisted[id] = self._clock.monotonic()
        learned = self._learn_places(merged.seen, entries, older=older)
        moved = {id: place for id, place in learned.items() if id not in entries}
        if entries:
            await self._archive.jobs.save(list(entries.values()), self._clock.now())
        if moved:
            await self._archive.jobs.save_places(moved)
        if back:
            await self._archive.jobs.set_gone(back, None)
        merged.added = {id for id in entries if id not in self.rows}
        merged.updated = {*entries, *back, *moved} - merged.added
        self._hold(entries, back, moved=bool(learned))
        return merged

    def _learn_places(self, seen: Iterable[str], entries: dict[str, JobEntry], *, older: bool) -> dict[str, int]:
        """See jobs in their order; the places that are new, which are put into the entries as well."""
        rows = ((id, entries[id].row if id in entries else self.rows.get(id)) for id in seen)
        learned = self._places.learn([(id, row.created_at) for id, row in rows if row is not None], older=older)
        for id, entry in entries.items():
            entries[id] = entry._replace(place=self._places.of(id))
        return learned

    def _entry(self, job: Job, raw: Any, mark: int) -> JobEntry:
        told = self.progress.get(job.id, Progress())
        return entry_of(job, raw, mark, was=self.rows.get(job.id), told=told, complete=self.state.complete)

    def _hold(self, entries: dict[str, JobEntry], back: list[str], *, moved: bool) -> None:
        rows = {id: entry.row for id, entry in entries.items()}
        rows |= {id: self.rows[id]._replace(gone=False) for id in back}
        for id, entry in entries.items():
            self._digests[id] = entry.digest
            if entry.due:
                self.due[id] = self._clock.monotonic()
        self.replace(rows, moved=moved)

    def replace(self, rows: dict[str, JobRow], *, moved: bool = False) -> None:
        """Put rows in place of those held, or beside them.

        Args:
            moved: rows have other places, even if none of these.
        """
        if not rows and not moved:
            return
        moved |= any((was := self.rows.get(id)) is None or was.created_at != row.created_at for id, row in rows.items())
        held = self.rows | rows
        self.rows = {row.id: row for row in self._places.newest_first(held.values())} if moved else held
        for id, row in rows.items():
            if row.status.is_live and _askable(row):
                self.live[id] = None
            else:
                self.live.pop(id, None)

    async def drop(self, ids: Iterable[str]) -> set[str]:
        """Jobs are no longer in the archive: know nothing of them. Returns which of them were held."""
        async with self._lock:
            held = self.rows.keys() & set(ids)
            self.rows = {id: row for id, row in self.rows.items() if id not in held}
            for id in held:
                self._places.forget(id)
                for known in (self.live, self.due, self.progress, self._digests, self._touched, self._unlisted):
                    known.pop(id, None)
            return held

    def deleted(self) -> set[str]:
        """Jobs that another process has deleted from the archive since the last call."""
        self._deletions, ids = self._archive.jobs.deleted(self._deletions)
        return ids & self.rows.keys()

    # The list and its older pages

    async def take_first_page(self, page: Page[Job], asked: int) -> Merged:
        """Merge the newest page, and see whether older ones must be walked."""
        async with self._lock:
            overlaps = page.cursor in self.rows and page.cursor not in self._unlisted
            merged = await self._merge(page.objects, asked, listed=True)
            self._first_seen, self.first_page = merged.seen, frozenset(merged.seen)
            if self.walk is not None:
                self.walk.seen |= self.first_page
            self._first_cursor = page.cursor
            now = self._clock.now()
            state = self.state._replace(as_of=now)
            if page.has_more is False:
                self.walk = None
                merged.updated |= await self._mark_gone(self.first_page)
                state = state._replace(complete=True, cursor=None, walked_at=now)
            elif page.cursor is not None:
                state = self._plan_walk(page.cursor, overlaps, state)
            await self._save(state)
            return merged

    def _plan_walk(self, cursor: str, overlaps: bool, state: ListState) -> ListState:
        if overlaps and self.walk is not None:
            return state
        fresh = ListWalk(cursor, set(self.first_page), tells_gone=True)
        if not overlaps or (not state.complete and state.cursor is None):
            # The newest page ends in unknown territory: go on from there, whatever was going on further down.
            self.walk = fresh
        elif state.cursor is not None:
            self.walk = ListWalk(state.cursor, set(self.first_page), tells_gone=False)
        elif state.walked_at is None or self._clock.now() - state.walked_at > FULL_WALK:
            fresh.thorough = True
            self.walk = fresh
        return state._replace(cursor=self.walk.cursor if self.walk is not None else None)

    async def take_older_page(self, page: Page[Job], asked: int) -> Merged:
        """Merge the page that the walk asked for, and move the walk on or end it."""
        async with self._lock:
            walk = self.walk
            overlaps = page.cursor in self.rows and page.cursor not in self._unlisted
            merged = await self._merge(page.objects, asked, listed=True, older=True)
            if walk is None:
                return merged
            fresh = set(merged.seen) - walk.seen
            walk.seen.update(merged.seen)
            cursor, state = page.cursor, self.state
            if not fresh or cursor is None or cursor == walk.cursor:
                # An empty page after "there is more" may only mean that the server no longer knows the cursor.
                is_end = page.has_more is False if merged.seen else page.has_more is None
                if walk.tells_gone and is_end:
                    merged.updated |= await self._mark_gone(walk.seen)
                    state = state._replace(walked_at=self._clock.now())
                self.walk, state = None, state._replace(complete=True, cursor=None)
            elif walk.is_done(merged.seen, is_known=state.complete and overlaps):
                self.walk, state = None, state._replace(cursor=None)
            else:
                walk.cursor = cursor
                state = state._replace(cursor=cursor)
            await self._save(state)
            return merged

    def walk_to(self, wanted: Iterable[str]) -> None:
        """Walk the older pages as far as these jobs lie, unless a walk is under way."""
        if self.walk is None and self._first_cursor is not None:
            self.walk = ListWalk(self._first_cursor, set(self.first_page), tells_gone=True, wanted=frozenset(wanted))

    def walk_whole(self) -> None:
        """Walk the older pages to their end, whatever is known of them."""
        if self._first_cursor is not None:
            self.walk = ListWalk(self._first_cursor, set(self.first_page), tells_gone=True, thorough=True)

    async def walk_news(self, is_old: Callable[[Sequence[str]], bool]) -> bool:
        """Walk the older pages as far as the first of which `is_old` is so, the newest among them.

        Returns:
            False, and nothing is changed, where the list was never seen to its end, or where a walk that was broken off
            is still to be gone on with: then nobody knows where the news end.
        """
        if not self.state.complete or self.state.walked_at is None or (self.walk and not self.walk.tells_gone):
            return False
        self.walk = None
        if self._first_cursor is not None and not is_old(self._first_seen):
            self.walk = ListWalk(self._first_cursor, set(self.first_page), tells_gone=True, ends_at=is_old)
        await self._save(self.state._replace(cursor=self.walk.cursor if self.walk is not None else None))
        return True

    async def abandon_walk(self) -> None:
        """The server refused the cursor: begin again from the newest page."""
        self.walk = None
        await self._save(self.state._replace(cursor=None))

    async def _mark_gone(self, seen: Iterable[str]) -> set[str]:
        young = self._clock.monotonic() - GRACE
        fresh = {id for id, since in self._unlisted.items() if since > young}
        gone = {id for id in self.rows.keys() - set(seen) - fresh if not self.rows[id].gone}
        if gone:
            await self._archive.jobs.set_gone(gone, self._clock.now())
            self.replace({id: self.rows[id]._replace(gone=True) for id in gone})
        return gone

    async def _save(self, state: ListState) -> None:
        was, self.state = self.state, state
        now = self._clock.now()
        # A poll that only moves the time is noted once a minute: the disk may sleep meanwhile.
        if (state.complete, state.cursor) != (was.complete, was.cursor) or now - self._saved_at >= SAVE_EVERY:
            await self.save()

    async def save(self) -> None:
        """Note in the archive how far the list is known, and since when; nothing when nobody was asked yet."""
        if self.state == self._archive.jobs.list_state():
            return
        self._saved_at = self._clock.now()
        await self._archive.jobs.save_list_state(self.state)

    # What events say about a job

    async def settle(self, id: str) -> None:
        """The events of a job that had changed are read."""
        if self.due.pop(id, None) is not None:
            await self._archive.jobs.clear_due(id)

    def tell(self, id: str, progress: Progress) -> bool:
        """Progress from events; whether the row is another one for it."""
        self.progress[id] = progress
        row = self.rows.get(id)
        if row is None:
            return False
        told = Progress(row.step, row.total_steps, row.loss).then(progress)
        new = row._replace(step=told.step, total_steps=told.total_steps, loss=told.loss)
        if new == row:
            return False
        self.replace({id: new})
        return True

    def sunk(self) -> Sequence[str]:
        """Live jobs that the newest page does not hold, so that the list does not tell of them."""
        young = self._clock.monotonic() - GRACE
        # What was created a moment ago is not below the newest page, but above the one that was read last.
        return [id for id in self.live if id not in self.first_page and self._unlisted.get(id, float("-inf")) <= young]


def entry_of(job: Job, raw: Any, mark: int, *, was: JobRow | None, told: Progress, complete: bool) -> JobEntry:
    """A job that is new or another than before, as it is written.

    Args:
        mark: the digest of `raw`.
        was: its row until now; None when it is new.
        told: what its events told.
        complete: the whole list was seen before.
    """
    row = job.row(step=told.step, total=told.total_steps, loss=told.loss)
    # What is new and over already happened while nobody looked; but on the first look it is just old.
    changed = complete if was is None else was.status.is_live or was.status is not row.status
    return JobEntry(row, encode(raw), mark, due=changed and row.status.is_final and _askable(row))


def _askable(row: JobRow) -> bool:
    """Whether the provider can be asked about it."""
    return not row.fault and not row.gone
