"""The view of several profiles as one: a store over their stores, a poller over their pollers."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from fttui.learning.alarms import Report
from fttui.learning.run import Run
from fttui.models import refusals
from fttui.models.assessment import Assessment
from fttui.models.checkpoint import Checkpoint
from fttui.models.file import File, Model, ModelAnswer
from fttui.models.job import Job
from fttui.models.job_key import JobKey
from fttui.models.metric import Point
from fttui.models.restrictions import Restrictions
from fttui.models.row import EventRow, JobRow
from fttui.models.samples import StepSamples
from fttui.models.spec import JobSpec
from fttui.store.health import Health, State
from fttui.store.port import ModelApi, PollerPort, StorePort
from fttui.store.snapshot import Change, Outcome, Snapshot

_BEST_FIRST = (State.LIVE, State.CONNECTING, State.STALE, State.LIMITED, State.OFFLINE, State.DENIED)


class _MergedRows:
    """Rows of several profiles in one mapping.

    The rows of a profile are the same object until one changes, and so is the result. Only changed rows are made
    again: with 100,000 jobs, making all of them would delay every key.
    """

    def __init__(self) -> None:
        self._sources: dict[str, Mapping[str, JobRow]] = {}
        self._translated: dict[str, dict[str, JobRow]] = {}
        self._merged: dict[str, JobRow] = {}

    def of(self, sources: Mapping[str, Mapping[str, JobRow]]) -> Mapping[str, JobRow]:
        """Return the rows of all profiles, with `JobKey` texts as ids."""
        changed = [profile for profile, rows in sources.items() if self._sources.get(profile) is not rows]
        for profile in changed:
            self._translated[profile] = self._translate(profile, sources[profile])
            self._sources[profile] = sources[profile]
        if changed:
            self._merged = {row.id: row for rows in self._translated.values() for row in rows.values()}
        return self._merged

    def _translate(self, profile: str, rows: Mapping[str, JobRow]) -> dict[str, JobRow]:
        before, known = self._sources.get(profile, {}), self._translated.get(profile, {})
        return {
            id: known[id] if before.get(id) is row else row._replace(id=str(JobKey(profile, id)), profile=profile)
            for id, row in rows.items()
        }


class MergedStore:
    """A `StorePort` over the stores of several profiles.

    Ids are `JobKey` texts (`profile/id`), so that a job that two profiles list has a row for each.
    """

    def __init__(self, stores: Mapping[str, StorePort]) -> None:
        self._stores = stores
        self._rows = _MergedRows()
        self.restrictions = Restrictions()
        self.model_api: ModelApi | None = None

    @property
    def of_profiles(self) -> dict[str, Restrictions]:
        """Limits of the provider of each profile."""
        return {profile: store.restrictions for profile, store in self._stores.items()}

    @property
    def snapshot(self) -> Snapshot:
        """Rows of all profiles, with their joint health (see `joint_health`)."""
        snapshots = {profile: store.snapshot for profile, store in self._stores.items()}
        ages = [snapshot.as_of for snapshot in snapshots.values() if snapshot.as_of is not None]
        return Snapshot(
            rows=self._rows.of({profile: snapshot.rows for profile, snapshot in snapshots.items()}),
            health=joint_health({profile: snapshot.health for profile, snapshot in snapshots.items()}),
            as_of=min(ages, default=None),
            complete=all(snapshot.complete for snapshot in snapshots.values()),
            reading=any(snapshot.reading for snapshot in snapshots.values()),
            notices=tuple(dict.fromkeys(notice for snapshot in snapshots.values() for notice in snapshot.notices)),
        )

    def subscribe(self, fn: Callable[[Snapshot, Change], None], /) -> Callable[[], None]:
        """Call `fn` at each publication of any profile. Return a function that ends the subscription."""

        def publisher(profile: str) -> Callable[[Snapshot, Change], None]:
            def publish(_: Snapshot, change: Change) -> None:
                sets = {
                    member: frozenset(str(JobKey(profile, id)) for id in getattr(change, member))
                    for member in ("added", "updated", "removed", "events", "checkpoints")
                }
                fn(self.snapshot, Change(health=change.health, **sets))

            return publish

        ends = [store.subscribe(publisher(profile)) for profile, store in self._stores.items()]

        def unsubscribe() -> None:
            for end in ends:
                end()

        return unsubscribe

    def look_at(self, id: str | None) -> None:
        """Select a job in the store of its profile, and no job in the other stores."""
        selected = None if id is None else JobKey.parse(id)
        for profile, store in self._stores.items():
            store.look_at(selected.id if selected is not None and selected.profile == profile else None)

    # Questions

    def job(self, id: str) -> Job | None:
        """Return the whole job as last sent, or None for an unknown job."""
        store, inner_id = self._resolve(id)
        return store.job(inner_id)

    def events(
        self, id: str, *, before: int | None = None, after: int | None = None, limit: int = 500
    ) -> list[EventRow]:
        """Return events of a job, oldest first: the newest `limit`, or those next to a sequence number."""
        store, inner_id = self._resolve(id)
        return store.events(inner_id, before=before, after=after, limit=limit)

    def has_read_events(self, id: str) -> bool:
        """Tell whether the events of a job were fetched at least once."""
        store, inner_id = self._resolve(id)
        return store.has_read_events(inner_id)

    def need_numbers(self, ids: tuple[str, ...] | None) -> None:
        """Have the logs of these jobs read, None for all jobs, if they were not."""
        keys = None if ids is None else [JobKey.parse(id) for id in ids]
        for profile, store in self._stores.items():
            store.need_numbers(None if keys is None else tuple(key.id for key in keys if key.profile == profile))

    def lacks_numbers(self, id: str) -> bool:
        """Tell whether the log of a job is still to be read."""
        store, inner_id = self._resolve(id)
        return store.lacks_numbers(inner_id)

    def checkpoints(self, id: str) -> tuple[Checkpoint, ...]:
        """Return every checkpoint of a job ever seen, by step."""
        store, inner_id = self._resolve(id)
        return store.checkpoints(inner_id)

    def samples(self, id: str) -> tuple[StepSamples, ...]:
        """Return the samples of a job by step, as far as they were read."""
        store, inner_id = self._resolve(id)
        return store.samples(inner_id)

    def sample_steps(self, id: str) -> list[int]:
        """Return the steps of a job with samples, as far as they were read."""
        store, inner_id = self._resolve(id)
        return store.sample_steps(inner_id)

    def points(self, id: str) -> list[Point]:
        """Return the metrics of a job, by step."""
        store, inner_id = self._resolve(id)
        return store.points(inner_id)

    def run(self, id: str) -> Run:
        """Return the run of a job as series."""
        store, inner_id = self._resolve(id)
        return store.run(inner_id)

    def alarms(self, id: str) -> Report:
        """Return the alarms of a job at present."""
        store, inner_id = self._resolve(id)
        return store.alarms(inner_id)

    async def clock_alarms(self) -> dict[str, str]:
        """Return the kinds of the alarms that the clock raises, by job."""
        return {
            str(JobKey(profile, id)): kinds
            for profile, store in self._stores.items()
            for id, kinds in (await store.clock_alarms()).items()
        }

    def file(self, id: str) -> File | None:
        """Return a file by its plain id, or None for a file that no profile has seen."""
        return next((file for store in self._stores.values() if (file := store.file(id)) is not None), None)

    def has_file(self, id: str) -> bool | None:
        """Tell whether the provider's last list of files had this file. None before the first list."""
        key = JobKey.parse(id)
        return self._stores[key.profile].has_file(key.id) if key.profile in self._stores else None

    def has_copy(self, file: str) -> bool:
        """Tell whether a copy of a file is known on this disk."""
        key = JobKey.parse(file)
        return key.profile in self._stores and self._stores[key.profile].has_copy(key.id)

    def file_digest(self, file: str) -> str:
        """Return the SHA-256 of a file that was uploaded from this disk; empty for other files."""
        key = JobKey.parse(file)
        return self._stores[key.profile].file_digest(key.id) if key.profile in self._stores else ""

    async def jobs_naming(self, id: str) -> list[JobRow]:
        """Return the jobs of the id's profile whose JSON has this id of a file or model, newest first."""
        key = JobKey.parse(id)
        if (store := self._stores.get(key.profile)) is None:
            return []
        rows = await store.jobs_naming(key.id)
        return [row._replace(id=str(JobKey(key.profile, row.id)), profile=key.profile) for row in rows]

    def list_fault(self, kind: str) -> str:
        """Return why the last list of `models` or `files` failed at one profile; empty when it did not."""
        return next(filter(None, (store.list_fault(kind) for store in self._stores.values())), "")

    async def files(self) -> list[File]:
        """Return the files for training of each profile in turn."""
        return [
            file.model_copy(update={"id": str(JobKey(profile, file.id))})
            for profile, store in self._stores.items()
            for file in await store.files()
        ]

    async def models(self) -> list[Model]:
        """Return the models of each profile in turn."""
        return [
            model.model_copy(update={"id": str(JobKey(profile, model.id))})
            for profile, store in self._stores.items()
            for model in await store.models()
        ]

    async def model(self, id: str) -> ModelAnswer:
        """Ask the provider of one profile for a model, named by its key."""
        key = JobKey.parse(id)
        store = self._stores.get(key.profile)
        return ModelAnswer(None, is_certain=False) if store is None else await store.model(key.id)

    # Intents

    async def assess(self, *specs: JobSpec, has_files: bool) -> Assessment:
        """Return nothing: a job is created in one profile."""
        return Assessment()

    async def create(self, spec: JobSpec) -> Outcome:
        """Refuse: a job is created in one profile."""
        return Outcome(False, refusals.SEVERAL_PROFILES)

    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome:
        """Refuse: a file is uploaded to one profile."""
        return Outcome(False, refusals.SEVERAL_PROFILES)

    async def cancel(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Cancel jobs."""
        return await self._for_each_profile("cancel", ids)

    async def pause(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Pause jobs."""
        return await self._for_each_profile("pause", ids)

    async def resume(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Resume paused jobs."""
        return await self._for_each_profile("resume", ids)

    async def delete_jobs(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete ended jobs at their providers."""
        return await self._for_each_profile("delete_jobs", ids)

    async def forget(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete the archived copies of jobs. The providers are not changed."""
        return await self._for_each_profile("forget", ids)

    async def delete_files(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete files at their providers."""
        return await self._for_each_profile("delete_files", ids)

    async def delete_model(self, name: str) -> Outcome:
        """Delete a fine-tuned model at its provider."""
        key = JobKey.parse(name)
        if (store := self._stores.get(key.profile)) is None:
            return _unknown(name)
        return replace(await store.delete_model(key.id), id=name)

    async def download(
        self,
        id: str,
        path: str,
        *,
        overwrite: bool = False,
        as_csv: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Outcome:
        """Write the content of a file to `path`."""
        key = JobKey.parse(id)
        if (store := self._stores.get(key.profile)) is None:
            return _unknown(id)
        outcome = await store.download(key.id, path, overwrite=overwrite, as_csv=as_csv, progress=progress)
        return replace(outcome, id=id)

    async def _for_each_profile(self, verb: str, ids: Iterable[str]) -> dict[str, Outcome]:
        by_profile: dict[str, dict[str, str]] = {}
        for text in ids:
            key = JobKey.parse(text)
            by_profile.setdefault(key.profile, {})[key.id] = text
        outcomes: dict[str, Outcome] = {}
        for profile, texts in by_profile.items():
            if (store := self._stores.get(profile)) is None:
                outcomes |= {text: _unknown(text) for text in texts.values()}
                continue
            for id, outcome in (await getattr(store, verb)(list(texts))).items():
                outcomes[texts[id]] = replace(outcome, id=texts[id])
        return outcomes

    def _resolve(self, id: str) -> tuple[StorePort, str]:
        key = JobKey.parse(id)
        return self._stores[key.profile], key.id


def _unknown(id: str) -> Outcome:
    return Outcome(False, "no profile in this view has it", id)


def joint_health(healths: Mapping[str, Health]) -> Health:
    """Return the health of several profiles as one: the worst, but at most stale while one of them answers.

    The error names the profiles in trouble.
    """
    worst = max(healths, key=lambda profile: _BEST_FIRST.index(healths[profile].state))
    health = healths[worst]
    troubled = {profile: health for profile, health in healths.items() if health.why}
    if not troubled:
        return health
    why = "; ".join(f"{profile}: {health.why}" for profile, health in troubled.items())
    reason = "; ".join(f"{profile}{_state(health)}: {health.brief}" for profile, health in troubled.items())
    reason = reason if len(troubled) == 1 else f"{len(troubled)} of {len(healths)} profiles: {reason}"
    if any(health.is_good for health in healths.values()):
        health = health._replace(state=State.STALE)
    # The view as a whole counts as reachable: actions are refused job by job.
    return health._replace(why=why, reason=reason, unsent=False)


def _state(health: Health) -> str:
    return f" is {health.state}" if health.state in (State.OFFLINE, State.LIMITED) else ""


class MergedPoller:
    """A `PollerPort` over the pollers of several profiles. Each has its own rate limit."""

    def __init__(self, pollers: Iterable[PollerPort]) -> None:
        self._pollers = tuple(pollers)

    @property
    def blurred(self) -> bool:
        """The terminal has lost the focus."""
        return any(poller.blurred for poller in self._pollers)

    @blurred.setter
    def blurred(self, blurred: bool) -> None:
        for poller in self._pollers:
            poller.blurred = blurred

    def hold(self) -> None:
        """Stop the automatic refresh until `release`."""
        for poller in self._pollers:
            poller.hold()

    def release(self) -> None:
        """Resume the automatic refresh."""
        for poller in self._pollers:
            poller.release()

    def poke(self) -> None:
        """Poll now."""
        for poller in self._pollers:
            poller.poke()

    def pace(self, interval: float) -> None:
        """Set the seconds between two polls while a job is active."""
        for poller in self._pollers:
            poller.pace(interval)

    async def run(self) -> None:
        """Poll all profiles until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for poller in self._pollers:
                tasks.create_task(poller.run())
