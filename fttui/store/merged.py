"""Several profiles looked at as one: their stores behind the face of one, their pollers behind the face of one."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from fttui.models.checkpoint import Checkpoint
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.metric import Point
from fttui.models.row import EventRow, JobRow
from fttui.models.spec import JobSpec
from fttui.store.health import State
from fttui.store.port import PollerPort, StorePort
from fttui.store.snapshot import Change, Outcome, Snapshot

_WORSE = (State.LIVE, State.CONNECTING, State.STALE, State.LIMITED, State.OFFLINE, State.DENIED)
_CREATE = "several profiles are shown: look at one of them (@) to create a job there"

_UNKNOWN = "none of the profiles that are shown has it"


class MergedStore:
    """What a screen asks of a store, answered by the stores of several profiles.

    A job goes by `profile/id`, so that two profiles that see the same job have a row each.
    """

    def __init__(self, stores: Mapping[str, StorePort]) -> None:
        self._stores = stores
        self.not_offered: frozenset[str] = frozenset()

    @property
    def snapshot(self) -> Snapshot:
        """The rows of all; as true as the least true of them, which says whose fault it is."""
        rows: dict[str, JobRow] = {}
        for name, store in self._stores.items():
            for id, row in store.snapshot.rows.items():
                rows[f"{name}/{id}"] = row._replace(id=f"{name}/{id}", profile=name)
        snapshots = {name: store.snapshot for name, store in self._stores.items()}
        name = max(snapshots, key=lambda name: _WORSE.index(snapshots[name].health.state))
        health = snapshots[name].health
        if health.why:
            # The others can be reached: what is refused is for the profile itself to say.
            health = replace(health, why=f"{name}: {health.why}", reason=f"{name}: {health.brief}", unsent=False)
        ages = [snapshot.as_of for snapshot in snapshots.values() if snapshot.as_of is not None]
        return Snapshot(
            rows=rows,
            health=health,
            as_of=min(ages, default=None),
            complete=all(snapshot.complete for snapshot in snapshots.values()),
            notices=tuple(dict.fromkeys(notice for snapshot in snapshots.values() for notice in snapshot.notices)),
        )

    def subscribe(self, fn: Callable[[Snapshot, Change], None]) -> Callable[[], None]:
        """Hear of every publication of any of them."""

        def hear(name: str) -> Callable[[Snapshot, Change], None]:
            def heard(_: Snapshot, change: Change) -> None:
                named = {
                    member: frozenset(f"{name}/{id}" for id in getattr(change, member))
                    for member in ("added", "updated", "removed", "events", "checkpoints")
                }
                fn(self.snapshot, Change(health=change.health, **named))

            return heard

        leaves = [store.subscribe(hear(name)) for name, store in self._stores.items()]

        def leave() -> None:
            for each in leaves:
                each()

        return leave

    def job(self, id: str) -> Job | None:
        store, inner = self._of(id)
        return store.job(inner)

    def events(
        self, id: str, *, before: int | None = None, after: int | None = None, limit: int = 500
    ) -> list[EventRow]:
        store, inner = self._of(id)
        return store.events(inner, before=before, after=after, limit=limit)

    def has_read_events(self, id: str) -> bool:
        store, inner = self._of(id)
        return store.has_read_events(inner)

    def checkpoints(self, id: str) -> tuple[Checkpoint, ...]:
        store, inner = self._of(id)
        return store.checkpoints(inner)

    def points(self, id: str) -> list[Point]:
        store, inner = self._of(id)
        return store.points(inner)

    def file(self, id: str) -> File | None:
        return next((file for store in self._stores.values() if (file := store.file(id)) is not None), None)

    def has_file(self, id: str) -> bool | None:
        name, _, inner = id.partition("/")
        return self._stores[name].has_file(inner) if name in self._stores else None

    def look_at(self, id: str | None) -> None:
        """One store serves it first; the others have nobody's attention."""
        chosen, inner = self._of(id) if id else (None, None)
        for store in self._stores.values():
            store.look_at(inner if store is chosen else None)

    async def cancel(self, ids: Iterable[str]) -> dict[str, Outcome]:
        return await self._each("cancel", ids)

    async def pause(self, ids: Iterable[str]) -> dict[str, Outcome]:
        return await self._each("pause", ids)

    async def resume(self, ids: Iterable[str]) -> dict[str, Outcome]:
        return await self._each("resume", ids)

    async def create(self, spec: JobSpec) -> Outcome:
        return Outcome(False, _CREATE)

    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome:
        return Outcome(False, _CREATE)

    async def download(
        self,
        id: str,
        path: str,
        *,
        overwrite: bool = False,
        as_csv: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Outcome:
        name, _, inner = id.partition("/")
        if (store := self._stores.get(name)) is None:
            return Outcome(False, _UNKNOWN, id)
        outcome = await store.download(inner, path, overwrite=overwrite, as_csv=as_csv, progress=progress)
        return replace(outcome, id=id)

    async def delete_files(self, ids: Iterable[str]) -> dict[str, Outcome]:
        return await self._each("delete_files", ids)

    async def delete_model(self, name: str) -> Outcome:
        profile, _, inner = name.partition("/")
        if (store := self._stores.get(profile)) is None:
            return Outcome(False, _UNKNOWN, name)
        return replace(await store.delete_model(inner), id=name)

    async def forget(self, ids: Iterable[str]) -> dict[str, Outcome]:
        return await self._each("forget", ids)

    async def models(self) -> list[Model]:
        """The models of all, profile by profile, by `profile/id`."""
        return [
            model.model_copy(update={"id": f"{name}/{model.id}"})
            for name, store in self._stores.items()
            for model in await store.models()
        ]

    async def files(self) -> list[File]:
        """The files of all, profile by profile, by `profile/id`."""
        return [
            file.model_copy(update={"id": f"{name}/{file.id}"})
            for name, store in self._stores.items()
            for file in await store.files()
        ]

    async def _each(self, verb: str, ids: Iterable[str]) -> dict[str, Outcome]:
        by_store: dict[str, list[str]] = {}
        for id in (ids := list(ids)):
            name, _, inner = id.partition("/")
            by_store.setdefault(name, []).append(inner)
        outcomes: dict[str, Outcome] = {}
        for name, inner_ids in by_store.items():
            if (store := self._stores.get(name)) is None:
                outcomes |= {id: Outcome(False, _UNKNOWN, id) for id in ids if id.partition("/")[0] == name}
                continue
            done = await getattr(store, verb)(inner_ids)
            outcomes |= {f"{name}/{id}": replace(outcome, id=f"{name}/{id}") for id, outcome in done.items()}
        return outcomes

    def _of(self, id: str) -> tuple[StorePort, str]:
        name, _, inner = id.partition("/")
        return self._stores[name], inner


class MergedPoller:
    """The pollers of several profiles; each keeps to its own budget, for each asks another provider."""

    def __init__(self, pollers: Iterable[PollerPort]) -> None:
        self._pollers = tuple(pollers)

    @property
    def blurred(self) -> bool:
        return any(poller.blurred for poller in self._pollers)

    @blurred.setter
    def blurred(self, blurred: bool) -> None:
        for poller in self._pollers:
            poller.blurred = blurred

    def hold(self) -> None:
        for poller in self._pollers:
            poller.hold()

    def release(self) -> None:
        for poller in self._pollers:
            poller.release()

    def poke(self) -> None:
        for poller in self._pollers:
            poller.poke()

    def pace(self, interval: float) -> None:
        for poller in self._pollers:
            poller.pace(interval)

    async def run(self) -> None:
        """Poll all of them until cancelled."""
        async with asyncio.TaskGroup() as lanes:
            for poller in self._pollers:
                lanes.create_task(poller.run())
