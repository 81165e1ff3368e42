"""The store and the poller of cockpit tests. mypy holds both to the ports of `fttui.store.port`."""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from fttui.learning.alarms import BY_CLOCK, Report
from fttui.learning.run import Run, run_of
from fttui.learning.summary import summarize
from fttui.models.assessment import Assessment
from fttui.models.checkpoint import Checkpoint
from fttui.models.file import File, Model, ModelAnswer
from fttui.models.job import Job
from fttui.models.metric import Point
from fttui.models.restrictions import Restrictions
from fttui.models.row import EventRow, JobRow
from fttui.models.samples import StepSamples
from fttui.models.spec import JobSpec
from fttui.models.status import Status
from fttui.store.health import Health, State
from fttui.store.port import ModelApi, PollerPort, StorePort
from fttui.store.snapshot import Change, Outcome, Snapshot
from tests.support.clock import START

NOW = START


def job(number: int, status: str = "running", **members: Any) -> dict[str, Any]:
    """Return a job as sent. A higher number is an older job."""
    return {
        "id": f"ftjob-{number:08d}",
        "object": "fine_tuning.job",
        "status": status,
        "model": "gpt-4o-mini-2024-07-18",
        "created_at": NOW - 60 * (number + 1),
        "training_file": "file-train",
        "user_provided_suffix": f"run-{number}",
        "error": {},
    } | members


def event(seq: int, message: str, level: str = "info") -> EventRow:
    return EventRow(seq, f"ftevent-{seq}", NOW - 1000 + seq, level, "message", message, "")


def measured(seq: int, **values: float) -> EventRow:
    """Return a metrics event. Its step is its number, if `values` has none."""
    data = json.dumps({"step": seq, "total_steps": 900, **values})
    return EventRow(seq, f"ftevent-{seq}", NOW - 1000 + seq, "info", "metrics", f"Step {seq}/900", data)


@dataclass
class FakeStore:
    """A store in memory that records the intents it receives."""

    raw: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: dict[str, list[EventRow]] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    """Digests of uploaded files."""
    saved: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Checkpoints as sent, by job."""
    sampled: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Samples as sent, by job."""
    without_copy: frozenset[str] = frozenset()
    """Files of which no copy is on this disk."""
    sent: list[tuple[Any, ...]] = field(default_factory=list)
    refusal: str = ""
    described: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the service says of a model beyond the API, by id."""
    answers_models: bool = True
    """Requests for one model are answered; otherwise they fail."""
    assessments: dict[bool, Assessment] = field(default_factory=dict)
    """Answers about jobs to be created: before (False) and after their files are uploaded."""
    snapshot: Snapshot = field(default_factory=Snapshot)
    listener: Callable[[Snapshot, Change], None] | None = None
    looked_at: str | None = None
    unread: set[str] = field(default_factory=set)
    """Jobs whose log is not read yet."""
    needed: tuple[str, ...] | None = ()
    """Jobs whose numbers the list needs."""
    restrictions: Restrictions = field(default_factory=Restrictions)
    of_profiles: dict[str, Restrictions] = field(default_factory=dict)
    model_api: ModelApi | None = None
    notices: tuple[str, ...] = ()
    faults: dict[str, str] = field(default_factory=dict)
    """Reasons why lists failed, by kind."""
    answer: asyncio.Event | None = None
    """A cancel waits for it."""

    def put(self, *jobs: dict[str, Any]) -> "FakeStore":
        self.raw |= {item["id"]: item for item in jobs}
        return self

    def publish(
        self,
        *,
        why: str = "",
        state: State = State.LIVE,
        as_of: float = NOW,
        reason: str = "",
        unsent: bool = False,
    ) -> None:
        """Publish the jobs in `raw`, as a store does after a poll."""
        before = self.snapshot.rows
        rows = {id: self._row(id) for id in self.raw}
        health = Health(state=state, since=NOW, why=why, reason=reason, unsent=unsent)
        self.snapshot = Snapshot(rows=rows, health=health, as_of=as_of, complete=True, notices=self.notices)
        change = Change(
            added=frozenset(rows.keys() - before.keys()),
            removed=frozenset(before.keys() - rows.keys()),
            updated=frozenset(id for id in rows.keys() & before.keys() if rows[id] != before[id]),
            events=frozenset(self.log),
            health=True,
        )
        if self.listener is not None:
            self.listener(self.snapshot, change)

    def _row(self, id: str) -> JobRow:
        row = Job.read(self.raw[id]).row()
        has_run = id in self.runs or row.status is Status.RUNNING
        alarms = ",".join(alarm.kind for alarm in self.alarms(id).alarms)
        return row._replace(summary=summarize(self.run(id)) if has_run else row.summary, alarms=alarms)

    def subscribe(self, fn: Callable[[Snapshot, Change], None], /) -> Callable[[], None]:
        self.listener = fn
        return lambda: None

    def job(self, id: str) -> Job | None:
        return Job.read(self.raw[id]) if id in self.raw else None

    def events(
        self, id: str, *, before: int | None = None, after: int | None = None, limit: int = 500
    ) -> list[EventRow]:
        found = [item for item in self.log.get(id, []) if after is None or item.seq > after]
        return [item for item in found if before is None or item.seq < before][-limit:]

    def has_read_events(self, id: str) -> bool:
        return id in self.log

    def need_numbers(self, ids: tuple[str, ...] | None) -> None:
        self.needed = ids

    def lacks_numbers(self, id: str) -> bool:
        return id in self.unread

    def checkpoints(self, id: str) -> tuple[Checkpoint, ...]:
        return tuple(map(Checkpoint.read, self.saved.get(id, ())))

    def samples(self, id: str) -> tuple[StepSamples, ...]:
        return tuple(map(StepSamples.read, self.sampled.get(id, ())))

    def sample_steps(self, id: str) -> list[int]:
        return [each.step_number for each in self.samples(id) if each.step_number is not None and each.samples]

    def file(self, id: str) -> File | None:
        return File.read({"id": id, "filename": "train.jsonl", "bytes": 29_900}) if id == "file-train" else None

    def has_file(self, id: str) -> bool | None:
        return None

    def has_copy(self, file: str) -> bool:
        return file not in self.without_copy

    def file_digest(self, file: str) -> str:
        return self.digests.get(file, "")

    async def jobs_naming(self, id: str) -> list[JobRow]:
        return [
            self.snapshot.rows[key] for key, raw in self.raw.items() if id in str(raw) and key in self.snapshot.rows
        ]

    def list_fault(self, kind: str) -> str:
        return self.faults.get(kind, "")

    def points(self, id: str) -> list[Point]:
        return [Point(1, {"train_loss": 2.0}), Point(2, {"train_loss": 1.0}), Point(3, {"valid_loss": 9.0})]

    def run(self, id: str) -> Run:
        return self.runs.get(id) or run_of((point.step, point.values, point.at) for point in self.points(id))

    async def clock_alarms(self) -> dict[str, str]:
        found = {
            id: ",".join(alarm.kind.value for alarm in report.alarms if alarm.kind in BY_CLOCK)
            for id, report in self.reports.items()
        }
        return {id: kinds for id, kinds in found.items() if kinds}

    def alarms(self, id: str) -> Report:
        return self.reports.get(id) or Report()

    def look_at(self, id: str | None) -> None:
        self.looked_at = id

    async def cancel(self, ids: Iterable[str]) -> dict[str, Outcome]:
        self.sent.append(("cancel", *ids))
        if self.answer is not None:
            await self.answer.wait()
        if self.refusal:
            return {id: Outcome(False, self.refusal, id) for id in ids}
        for id in ids:
            self.raw[id] = self.raw[id] | {"status": "cancelled"}
        self.publish()
        return {id: Outcome(True, "", id) for id in ids}

    async def pause(self, ids: Iterable[str]) -> dict[str, Outcome]:
        self.sent.append(("pause", *ids))
        for id in ids:
            self.raw[id] = self.raw[id] | {"status": "paused"}
        self.publish()
        return {id: Outcome(True, "", id) for id in ids}

    async def resume(self, ids: Iterable[str]) -> dict[str, Outcome]:
        self.sent.append(("resume", *ids))
        return {id: Outcome(True, "", id) for id in ids}

    async def delete_files(self, ids: Iterable[str]) -> dict[str, Outcome]:
        self.sent.append(("delete_files", *ids))
        return {id: Outcome(not self.refusal, self.refusal, id) for id in ids}

    async def delete_model(self, name: str) -> Outcome:
        self.sent.append(("delete_model", name))
        return Outcome(not self.refusal, self.refusal, name)

    async def delete_jobs(self, ids: Iterable[str]) -> dict[str, Outcome]:
        self.sent.append(("delete_jobs", *ids))
        return {id: Outcome(not self.refusal, self.refusal, id) for id in ids}

    async def forget(self, ids: Iterable[str]) -> dict[str, Outcome]:
        self.sent.append(("forget", *ids))
        return {id: Outcome(not self.refusal, self.refusal, id) for id in ids}

    async def download(
        self,
        id: str,
        path: str,
        *,
        overwrite: bool = False,
        as_csv: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Outcome:
        self.sent.append(("download", id, path, "as CSV" if as_csv else "as sent"))
        return Outcome(not self.refusal, self.refusal, id)

    async def models(self) -> list[Model]:
        return [Model.read({"id": name}) for name in ("gpt-4.1-mini", "fttui-tiny-1")] + [
            Model.read({"id": id, "fttui": raw}) for id, raw in self.described.items() if raw.get("source") != "hub"
        ]

    async def model(self, id: str) -> ModelAnswer:
        if not self.answers_models:
            return ModelAnswer(None, is_certain=False)
        raw = self.described.get(id)
        return ModelAnswer(Model.read({"id": id, "fttui": raw}) if raw is not None else None)

    async def files(self) -> list[File]:
        return [File.read({"id": "file-known"})]

    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome:
        self.sent.append(("upload", path))
        return Outcome(True, "", f"file-{len(self.sent)}")

    async def assess(self, *specs: JobSpec, has_files: bool) -> Assessment:
        return self.assessments.get(has_files, Assessment())

    async def create(self, spec: JobSpec) -> Outcome:
        self.sent.append(("create", spec))
        if self.refusal:
            return Outcome(False, self.refusal)
        self.raw = {"ftjob-new": job(-1, "queued", id="ftjob-new", model=spec.model)} | self.raw
        self.publish()
        return Outcome(True, "", "ftjob-new")


class FakePoller:
    """A poller that records its calls."""

    def __init__(self, store: FakeStore) -> None:
        self.store = store
        self.blurred = False
        self.pokes = 0
        self.held = False
        self.interval = 0.0

    async def run(self) -> None:
        self.store.publish()

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False

    def pace(self, interval: float) -> None:
        self.interval = interval

    def poke(self) -> None:
        self.pokes += 1


_store: type[StorePort] = FakeStore
_poller: type[PollerPort] = FakePoller
