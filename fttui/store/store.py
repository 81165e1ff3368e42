"""The store: what is known of one profile, kept true by polls, changed by intents, told to whoever subscribes.

Questions are answered at once, from memory or by key from the archive. Intents are coroutines that return an
`Outcome` and never raise; what they bring is merged and published at once.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

from fttui.api.client import Client
from fttui.api.errors import ApiError
from fttui.clock import Clock
from fttui.models.checkpoint import Checkpoint
from fttui.models.job import Job
from fttui.models.metric import Point, points_of_checkpoints, points_of_result_file
from fttui.models.row import EventRow
from fttui.models.spec import JobSpec
from fttui.store.archive.archive import Archive
from fttui.store.archive.events import LogState
from fttui.store.create_once import create_kept
from fttui.store.file_service import Holdings, refusal_of
from fttui.store.health import State
from fttui.store.snapshot import Outcome

AT_ONCE = 4
"""Intents of one kind that are sent side by side."""
REMEMBERED = 32
"""Decoded jobs and curves that are held, for panes that ask again and again."""


class Store(Holdings):
    """See the module. One event loop owns it; subscribers are called in that loop."""

    def __init__(
        self, archive: Archive, clock: Clock, client: Client | None = None, *, read_only: bool = False
    ) -> None:
        """
        Args:
            client: None while the provider cannot be reached, or shall not be.
            read_only: every intent is refused.
        """
        super().__init__(archive, clock, read_only=read_only)
        self._jobs: dict[str, tuple[str, Job]] = {}
        self._points: dict[str, tuple[LogState, list[Point]]] = {}
        self.selected: str | None = None
        """Which job the person looks at."""
        self.selected_at = float("-inf")
        """When that was chosen (monotonic)."""
        self.on_look: Callable[[], None] = lambda: None
        """Called when another job is selected; the poller's."""
        if client is not None:
            self.attach(client)

    # Questions

    def job(self, id: str) -> Job | None:
        """The whole job as last sent; None when it is not known."""
        text = self._archive.jobs.body(id)
        if text is None:
            return None
        held = self._jobs.get(id)
        if held is None or held[0] != text:
            held = self._jobs[id] = (text, Job.read(json.loads(text)))
            _bound(self._jobs)
        return held[1]

    def events(
        self, id: str, *, before: int | None = None, after: int | None = None, limit: int = 500
    ) -> list[EventRow]:
        """The job's log, oldest first: the newest `limit`, or those next to `before` or `after` a `seq`."""
        return self._archive.events.rows(id, before=before, after=after, limit=limit)

    def checkpoints(self, id: str) -> tuple[Checkpoint, ...]:
        """Every checkpoint ever seen, by step."""
        return tuple(Checkpoint.read(json.loads(text)) for text in self._archive.jobs.checkpoints(id))

    def points(self, id: str) -> list[Point]:
        """What was measured, by step: from the events, else from a result file, else from the checkpoints."""
        state, held = self._archive.events.state(id), self._points.get(id)
        if held is None or held[0] != state or not held[1]:
            points = [Point(*measured) for measured in self._archive.events.points(id)]
            held = self._points[id] = (state, points or self._points_of_results(id))
            _bound(self._points)
        # Nebius tells its numbers in checkpoints alone.
        return held[1] or points_of_checkpoints(self.checkpoints(id))

    def _points_of_results(self, id: str) -> list[Point]:
        job = self.job(id)
        for file in job.result_files if job is not None else ():
            content = self._archive.files.content(file)
            with suppress(ValueError):
                if content is not None:
                    return points_of_result_file(content)
        return []

    def look_at(self, id: str | None) -> None:
        """Say which job is selected: the poller serves it first."""
        if id != self.selected:
            self.selected, self.selected_at = id, self._clock.monotonic()
            self.on_look()

    # Intents

    async def create(self, spec: JobSpec) -> Outcome:
        """Create a job, exactly once (see `store.create`); it is in the snapshot when this returns."""
        client = self._able()
        if isinstance(client, Outcome):
            return client
        created = await create_kept(self._archive, client, spec, self._clock)
        if created.job is not None:
            await self._merge_job(created.job)
        return created

    async def cancel(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Ask for an end of these jobs."""
        return await self._act("cancel", ids)

    async def pause(self, ids: Iterable[str]) -> dict[str, Outcome]:
        return await self._act("pause", ids)

    async def resume(self, ids: Iterable[str]) -> dict[str, Outcome]:
        return await self._act("resume", ids)

    async def forget(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete the archive's own copy of jobs, as `fttui archive delete` does; at the provider nothing changes.

        A job that the provider still has would come back with the next look at it, so only those are taken that it no
        longer lists, and any that has ended while it cannot be asked (no connection, offline, key refused); these come
        back once it can be and still has them. A job that is live is never taken.
        """

        async def one(id: str) -> Outcome:
            if refusal := self._stays(id):
                return Outcome(False, refusal, id)
            body = self._archive.jobs.body(id)
            if body is None:
                return Outcome(False, f"{id} is not in the archive", id)
            await self._archive.jobs.delete(id, self._clock.now(), Job.read(json.loads(body)).result_files)
            return Outcome(True, f"{id} is deleted from the archive", id)

        outcomes = {id: await one(id) for id in dict.fromkeys(ids)}
        deleted = [id for id, outcome in outcomes.items() if outcome.ok]
        for id in deleted:
            self._jobs.pop(id, None)
            self._points.pop(id, None)
        await self._drop(deleted)
        return outcomes

    def _stays(self, id: str) -> str:
        """Why the archive's copy of a job is not deleted; empty when it may be."""
        row = self.snapshot.rows.get(id)
        if self._read_only:
            return "this is a read-only session: nothing is deleted"
        if row is None or row.gone:
            return ""
        if row.status.is_live:
            return f"{id} is {row.status_text}: what has not ended stays"
        if self.client is None or self.snapshot.health.state in (State.OFFLINE, State.DENIED):
            return ""
        return f"{id} is still at the provider and would come back: only what is gone there can be deleted here"

    async def _act(self, verb: str, ids: Iterable[str]) -> dict[str, Outcome]:
        client, gate = self._able(), asyncio.Semaphore(AT_ONCE)

        async def one(id: str) -> Outcome:
            if isinstance(client, Outcome):
                return client
            if refusal := self._obstacle(verb, id):
                return Outcome(False, refusal, id)
            send: Callable[[str], Awaitable[Job]] = getattr(client, f"{verb}_job")
            async with gate:
                try:
                    job = await self._watch(verb, id, send(id))
                except ApiError as error:
                    return refusal_of(error, id)
                await self._merge_job(job)
            return Outcome(True, f"{id} is {job.status_text or 'as asked'}", id)

        wanted = list(dict.fromkeys(ids))
        return dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))

    def _obstacle(self, verb: str, id: str) -> str:
        """Why a verb cannot even be sent for a job; empty when it can. One that is not held may exist all the same."""
        job, row = self.job(id), self.snapshot.rows.get(id)
        if job is not None and not job.can_act:
            return f"{id} cannot be changed: {job.fault or 'it is no fine-tuning job'}"
        if row is not None and row.gone:
            return f"{id} is only in the archive: the provider no longer has it"
        return f"this provider does not offer {verb}" if verb in self.not_offered else ""

    async def _merge_job(self, job: Job) -> None:
        self._publish(await self._roster.merge([job.raw], self._roster.turn(), listed=False))


def _bound(held: dict[str, Any]) -> None:
    if len(held) > REMEMBERED:
        del held[next(iter(held))]
