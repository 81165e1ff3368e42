"""The jobs of a profile in memory, and the merge of pages of the provider's list.

The table has a row and a digest for each job; the JSON is in the archive. An unchanged job is not decoded.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from fttui.clock import Clock
from fttui.models.job import Job
from fttui.models.job_row import row_of
from fttui.models.page import Page
from fttui.models.raw_json import digest, encode
from fttui.models.row import JobRow
from fttui.models.summary import Summary
from fttui.models.wire import sent_id
from fttui.store.archive.archive import Archive
from fttui.store.archive.events import Progress
from fttui.store.archive.jobs import JobEntry, ListState
from fttui.store.event_logs import EventLogs
from fttui.store.job_order import JobOrder

PAGE = 100
"""Most jobs requested in one page."""
GRACE = 60.0
"""Seconds for which a new job may be missing from the provider's list."""
FULL_WALK = 86400.0
"""Seconds between two walks of the whole list, which find jobs that are gone."""
SAVE_EVERY = 60.0
"""Seconds between two writes of the time of the last poll."""


@dataclass(slots=True)
class MergeResult:
    """Changes from a page or a single job. All sets hold job ids."""

    added: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    """Ids on the page, in its order."""


@dataclass(slots=True)
class ListWalk:
    """A walk of the older pages of the list."""

    cursor: str
    seen: set[str]
    finds_gone: bool
    """The walk started on the newest page, so a job that it does not see is gone."""
    to_end: bool = False
    """Walk to the end of the list, even where it is known."""
    wanted: frozenset[str] = frozenset()
    """Walk until these jobs were seen."""
    ends_at: Callable[[Sequence[str]], bool] | None = None
    """Walk until a page for which this returns True."""

    def is_done(self, page: Sequence[str], *, is_known: bool) -> bool:
        """Tell whether the walk ends with this page.

        Args:
            is_known: the rest of the list was seen before.
        """
        if self.ends_at is not None:
            return self.ends_at(page)
        return self.wanted <= self.seen if self.wanted else is_known and not self.to_end


class JobTable:
    """Rows, newest first, and how far the provider's list is known."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._archive = archive
        self._clock = clock
        self.rows: dict[str, JobRow] = {row.id: row for row in archive.jobs.rows()}
        """Replaced on each change, never changed in place."""
        self.list_state: ListState = archive.jobs.list_state()
        self.live: dict[str, None] = {id: None for id, row in self.rows.items() if row.status.is_live and exists(row)}
        """Jobs that may change at the provider, as an ordered set."""
        self.due: dict[str, float] = dict.fromkeys(archive.jobs.due(), float("-inf"))
        """Jobs that ended or changed after their events were fetched, with the time of discovery (monotonic)."""
        self.logs = EventLogs(archive)
        self.first_page: frozenset[str] = frozenset()
        """Ids on the newest page."""
        self.walk: ListWalk | None = None
        self._first_cursor: str | None = None
        self._first_seen: list[str] = []
        self._digests = archive.jobs.digests()
        self._order = JobOrder(archive.jobs.places())
        self._deletions, _ = archive.jobs.deleted()
        self._generation = archive.database.generation
        self._saved_at = self.list_state.as_of or float("-inf")
        self._lock = asyncio.Lock()
        self._turn = 0
        self._intent_turns: dict[str, int] = {}
        self._not_yet_listed: dict[str, float] = {}

    @property
    def is_unread(self) -> bool:
        """The list was never read to its end, and its older pages are to be read."""
        return self.walk is not None and not self.list_state.complete

    # Merging

    def turn(self) -> int:
        """Return a number for a request about to be sent. Of two answers about a job, the later request counts."""
        self._turn += 1
        return self._turn

    async def merge(self, objects: Iterable[Any], turn: int, *, listed: bool = True) -> MergeResult:
        """Merge jobs as sent.

        Args:
            turn: turn of the request. A job that an intent changed after it stays unchanged.
            listed: the jobs come from the list or from a request for one job, not from an intent.
        """
        async with self._lock:
            return await self._merge(objects, turn, listed=listed)

    async def _merge(self, objects: Iterable[Any], turn: int, *, listed: bool, older: bool = False) -> MergeResult:
        if self._archive.database.generation != self._generation:
            # The archive was started anew: write every job again.
            self._generation = self._archive.database.generation
            self._digests = {}
            self.list_state = ListState(as_of=self.list_state.as_of)
        merged, entries, back = MergeResult(), dict[str, JobEntry](), list[str]()
        for id, sent in (await self._archive.in_thread(partial(_decode, objects, self._digests))).items():
            merged.seen.append(id)
            if listed:
                self._not_yet_listed.pop(id, None)
            if self._intent_turns.get(id, -1) >= turn:
                continue
            if sent is not None:
                entries[id] = self._entry(sent)
            elif self.rows[id].gone:
                back.append(id)
        if not listed:
            for id in merged.seen:
                self._intent_turns[id] = self.turn()
                if id not in self.rows:
                    self._not_yet_listed[id] = self._clock.monotonic()
        places = self._update_order(merged.seen, entries, older=older)
        moved = {id: place for id, place in places.items() if id not in entries}
        if entries:
            await self._archive.jobs.save(list(entries.values()), self._clock.now())
        if moved:
            await self._archive.jobs.save_places(moved)
        if back:
            await self._archive.jobs.set_gone(back, None)
        merged.added = {id for id in entries if id not in self.rows}
        merged.updated = {*entries, *back, *moved} - merged.added
        self._update_rows(entries, back, moved=not places.keys() <= merged.added)
        return merged

    def _update_order(self, seen: Iterable[str], entries: dict[str, JobEntry], *, older: bool) -> dict[str, int]:
        """Update the order from a page, and the places in `entries`. Return the places that are new."""
        rows = ((id, entries[id].row if id in entries else self.rows.get(id)) for id in seen)
        places = self._order.update([(id, row.created_at) for id, row in rows if row is not None], older=older)
        for id, entry in entries.items():
            entries[id] = entry._replace(place=self._order.place(id))
        return places

    def _entry(self, sent: "SentJob") -> JobEntry:
        before, progress = self.rows.get(sent.row.id), self.logs.progress(sent.row.id)
        return entry_of(sent, before=before, progress=progress, complete=self.list_state.complete)

    def _update_rows(self, entries: dict[str, JobEntry], back: list[str], *, moved: bool) -> None:
        rows = {id: entry.row for id, entry in entries.items()}
        rows |= {id: self.rows[id]._replace(gone=False) for id in back}
        for id, entry in entries.items():
            self._digests[id] = entry.digest
            if entry.due:
                self.due[id] = self._clock.monotonic()
        self.replace(rows, moved=moved)

    def replace(self, rows: dict[str, JobRow], *, moved: bool = False) -> None:
        """Add or replace rows.

        Args:
            moved: the order of the rows before has changed.
        """
        if not rows and not moved:
            return
        moved |= any(self.rows[id].created_at != row.created_at for id, row in rows.items() if id in self.rows)
        new = [row for id, row in rows.items() if id not in self.rows]
        if moved:
            held = self.rows | rows
            self.rows = {row.id: row for row in self._order.newest_first(held.values())}
        else:
            known = {id: row for id, row in rows.items() if id in self.rows}
            held = self.rows | known if known else self.rows
            self.rows = self._order.insert(held, new) if new else held
        for id, row in rows.items():
            if row.status.is_live and exists(row):
                self.live[id] = None
            else:
                self.live.pop(id, None)

    async def drop(self, ids: Iterable[str]) -> set[str]:
        """Remove jobs that are no longer in the archive. Return the ids that were in the table."""
        async with self._lock:
            held = self.rows.keys() & set(ids)
            self.rows = {id: row for id, row in self.rows.items() if id not in held}
            for id in held:
                self._order.forget(id)
                for known in (self.live, self.due, self._digests, self._not_yet_listed):
                    known.pop(id, None)
            self.logs.forget(held)
            return held

    def ignore_earlier_answers(self, id: str) -> None:
        """Ignore a job in answers to requests sent before now: it was deleted since."""
        self._intent_turns[id] = self.turn()

    async def set_gone(self, ids: Iterable[str]) -> MergeResult:
        """Mark jobs as no longer listed by the provider."""
        async with self._lock:
            return MergeResult(updated=await self._set_gone(self.rows.keys() & set(ids)))

    def deleted_elsewhere(self) -> set[str]:
        """Return the jobs that another process has deleted from the archive since the last call."""
        self._deletions, ids = self._archive.jobs.deleted(self._deletions)
        return ids & self.rows.keys()

    # The list and its older pages

    async def merge_first_page(self, page: Page[Job], turn: int) -> MergeResult:
        """Merge the newest page, and plan a walk of older pages if one is needed."""
        async with self._lock:
            overlaps = page.last_id in self.rows and page.last_id not in self._not_yet_listed
            merged = await self._merge(page.objects, turn, listed=True)
            self._first_seen, self.first_page = merged.seen, frozenset(merged.seen)
            if self.walk is not None:
                self.walk.seen |= self.first_page
            self._first_cursor = page.cursor
            now = self._clock.now()
            state = self.list_state._replace(as_of=now)
            if page.has_more is False:
                self.walk = None
                merged.updated |= await self._mark_gone(self.first_page)
                state = state._replace(complete=True, cursor=None, walked_at=now)
            elif page.cursor is not None:
                state = self._plan_walk(page.cursor, overlaps, state)
            await self._set_list_state(state)
            return merged

    def _plan_walk(self, cursor: str, overlaps: bool, state: ListState) -> ListState:
        if overlaps and self.walk is not None:
            return state
        fresh = ListWalk(cursor, set(self.first_page), finds_gone=True)
        if not overlaps or (not state.complete and state.cursor is None):
            # The jobs below the newest page are unknown: walk from there, even if another walk is under way.
            self.walk = fresh
        elif state.cursor is not None:
            self.walk = ListWalk(state.cursor, set(self.first_page), finds_gone=False)
        elif state.walked_at is None or self._clock.now() - state.walked_at > FULL_WALK:
            fresh.to_end = True
            self.walk = fresh
        return state._replace(cursor=self.walk.cursor if self.walk is not None else None)

    async def merge_older_page(self, page: Page[Job], turn: int) -> MergeResult:
        """Merge the page that the walk requested, and continue or end the walk."""
        async with self._lock:
            walk = self.walk
            overlaps = page.last_id in self.rows and page.last_id not in self._not_yet_listed
            merged = await self._merge(page.objects, turn, listed=True, older=True)
            if walk is None:
                return merged
            fresh = set(merged.seen) - walk.seen
            walk.seen.update(merged.seen)
            cursor, state = page.cursor, self.list_state
            if not fresh or cursor is None or cursor == walk.cursor:
                # After `has_more`, an empty page may only mean that the server no longer knows the cursor.
                is_end = page.has_more is False if merged.seen else page.has_more is None
                if walk.finds_gone and is_end:
                    merged.updated |= await self._mark_gone(walk.seen)
                    state = state._replace(walked_at=self._clock.now())
                self.walk, state = None, state._replace(complete=True, cursor=None)
            elif walk.is_done(merged.seen, is_known=state.complete and overlaps):
                self.walk, state = None, state._replace(cursor=None)
            else:
                walk.cursor = cursor
                state = state._replace(cursor=cursor)
            await self._set_list_state(state)
            return merged

    def walk_to(self, wanted: Iterable[str]) -> None:
        """Start a walk of the older pages that ends when these jobs were seen, unless a walk is under way."""
        if self.walk is None and self._first_cursor is not None:
            self.walk = ListWalk(self._first_cursor, set(self.first_page), finds_gone=True, wanted=frozenset(wanted))

    def walk_whole(self) -> None:
        """Start a walk of the older pages to the end of the list, even where it is known."""
        if self._first_cursor is not None:
            self.walk = ListWalk(self._first_cursor, set(self.first_page), finds_gone=True, to_end=True)

    async def walk_news(self, is_old: Callable[[Sequence[str]], bool]) -> bool:
        """Start a walk of the older pages that ends at the first page for which `is_old` returns True.

        Returns:
            False, with nothing changed, if the list was never walked to its end or an interrupted walk is to be
            continued: then old pages may have new jobs below them.
        """
        if (
            not self.list_state.complete
            or self.list_state.walked_at is None
            or (self.walk and not self.walk.finds_gone)
        ):
            return False
        self.walk = None
        if self._first_cursor is not None and not is_old(self._first_seen):
            self.walk = ListWalk(self._first_cursor, set(self.first_page), finds_gone=True, ends_at=is_old)
        await self._set_list_state(self.list_state._replace(cursor=self.walk.cursor if self.walk is not None else None))
        return True

    async def abandon_walk(self) -> None:
        """End the walk whose cursor the server refused. The next poll plans a new walk from the newest page."""
        self.walk = None
        await self._set_list_state(self.list_state._replace(cursor=None))

    async def _mark_gone(self, seen: Iterable[str]) -> set[str]:
        young = self._clock.monotonic() - GRACE
        fresh = {id for id, since in self._not_yet_listed.items() if since > young}
        return await self._set_gone(id for id in self.rows.keys() - set(seen) - fresh if not self.rows[id].gone)

    async def _set_gone(self, ids: Iterable[str]) -> set[str]:
        gone = set(ids)
        if gone:
            await self._archive.jobs.set_gone(gone, self._clock.now())
            self.replace({id: self.rows[id]._replace(gone=True) for id in gone})
        return gone

    async def _set_list_state(self, state: ListState) -> None:
        before, self.list_state = self.list_state, state
        extent_changed = (state.complete, state.cursor) != (before.complete, before.cursor)
        # The time of a poll alone is written once a minute, so that the disk may sleep.
        if extent_changed or self._clock.now() - self._saved_at >= SAVE_EVERY:
            await self.save_list_state()

    async def save_list_state(self) -> None:
        """Record in the archive how far the list is known, if that has changed."""
        if self.list_state == self._archive.jobs.list_state():
            return
        self._saved_at = self._clock.now()
        await self._archive.jobs.save_list_state(self.list_state)

    # Events of a job

    async def clear_due(self, id: str) -> None:
        """Record that the events of a job were fetched after its last change."""
        if self.due.pop(id, None) is not None:
            await self._archive.jobs.clear_due(id)

    def update_progress(self, id: str) -> bool:
        """Copy the progress from a job's events to its row. Return True if the row has changed."""
        row = self.rows.get(id)
        if row is None:
            return False
        new = _with_progress(row, self.logs.progress(id))
        if new == row:
            return False
        self.replace({id: new})
        return True

    async def update_summary(self, id: str, summary: Summary, alarms: str, *, anew: bool = False) -> bool:
        """Record the numbers by which a job is judged. Return True if its row has changed.

        Args:
            anew: record them also if the row has them: the record is damaged.
        """
        row = self.rows.get(id)
        if row is None:
            return False
        has_changed = (row.summary, row.alarms) != (summary, alarms)
        if has_changed:
            self.replace({id: row._replace(summary=summary, alarms=alarms)})
        if has_changed or anew:
            await self._archive.jobs.save_summary(id, summary, alarms)
        return has_changed

    def live_on_older_pages(self) -> Sequence[str]:
        """Return the live jobs that are not on the newest page, so that polls of the list do not update them."""
        young = self._clock.monotonic() - GRACE
        # A job created a moment ago is newer than the newest page, not older.
        return [
            id for id in self.live if id not in self.first_page and self._not_yet_listed.get(id, float("-inf")) <= young
        ]


class SentJob(NamedTuple):
    """A job as sent."""

    row: JobRow
    """The job without the progress from its events."""
    text: str
    """Its JSON."""
    digest: int
    """Digest of its JSON."""


def _decode(objects: Iterable[Any], digests: Mapping[str, int]) -> dict[str, SentJob | None]:
    """Return the jobs of a response by id, in its order. None for a job with the same digest as before."""
    found: dict[str, SentJob | None] = {}
    for raw in objects:
        id = sent_id(raw) or row_of(raw).id
        if id not in found:
            hash = digest(raw)
            found[id] = None if digests.get(id) == hash else SentJob(row_of(raw), encode(raw), hash)
    return found


def entry_of(sent: SentJob, *, before: JobRow | None, progress: Progress, complete: bool) -> JobEntry:
    """Return a new or changed job as an entry for the archive.

    Args:
        before: the row of the job before the change. None for a new job.
        progress: the progress from the job's events.
        complete: the list was walked to its end before.
    """
    row = _with_progress(sent.row, progress)
    if before is not None:
        row = row._replace(summary=before.summary, alarms=before.alarms)
    # A new job that has already ended ran since the last poll, unless the list is fetched for the first time.
    changed = complete if before is None else before.status.is_live or before.status is not row.status
    return JobEntry(row, sent.text, sent.digest, due=changed and row.status.is_final and exists(row))


def _with_progress(row: JobRow, newer: Progress) -> JobRow:
    """Return a row with the progress that is known from the job's events, in place of its own."""
    progress = Progress(row.step, row.total_steps, row.loss).then(newer)
    return row._replace(step=progress.step, total_steps=progress.total_steps, loss=progress.loss)


def exists(row: JobRow) -> bool:
    """Tell whether the provider can be asked about a job."""
    return not row.fault and not row.gone
