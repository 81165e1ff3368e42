"""A fake provider for tests of the store."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from typing import Any

from fttui.api.errors import ApiError, BadRequest, NotFound
from fttui.api.providers import Provider
from fttui.api.walk import walk
from fttui.models.assessment import Assessment
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.models.raw_json import digest, encode
from fttui.models.row import JobRow
from fttui.models.samples import StepSamples
from fttui.models.spec import JobSpec
from fttui.models.wire import Wire
from fttui.store.archive.jobs import JobEntry
from tests.support.clock import FakeClock


def job(number: int, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    """Return a job as sent. A higher number is a newer job."""
    return {
        "object": "fine_tuning.job",
        "id": f"ftjob-{number:05d}",
        "status": status,
        "model": "gpt-4o-mini",
        "created_at": 1_700_000_000 + number,
        "error": {},
        **more,
    }


def event(job_id: str, number: int, **data: Any) -> dict[str, Any]:
    """Return an event as sent. A higher number is a newer event."""
    return {
        "object": "fine_tuning.job.event",
        "id": f"{job_id}-e{number:05d}",
        "created_at": 1_700_000_000 + number // 3,
        "level": "info",
        "message": f"event {number}",
        "type": "metrics" if data else "message",
        "data": data,
    }


def metrics(job_id: str, step: int, loss: float, total: int = 1000) -> dict[str, Any]:
    return event(job_id, step, step=step, total_steps=total, train_loss=loss)


def entry(raw: dict[str, Any], *, due: bool = False) -> JobEntry:
    return JobEntry(Job.read(raw).row(), encode(raw), digest(raw), due)


def rows_of(raws: Iterable[dict[str, Any]]) -> list[JobRow]:
    return [Job.read(raw).row() for raw in raws]


class FakeClient:
    """A provider in memory that records its requests."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock
        self.jobs: list[dict[str, Any]] = []
        """Jobs, newest first."""
        self.events: dict[str, list[dict[str, Any]]] = {}
        """Events by job, oldest first."""
        self.checkpoints: dict[str, list[dict[str, Any]]] = {}
        self.samples: dict[str, list[dict[str, Any]]] = {}
        """Samples by job and step. Only a provider with `has_samples` is asked for them."""
        self.files: list[dict[str, Any]] = []
        self.models: list[dict[str, Any]] = []
        self.contents: dict[str, bytes] = {}
        self.calls: list[tuple[str, ...]] = []
        self.times: list[float] = []
        self.limits: list[int] = []
        """Limits of the pages of jobs."""
        self.failures: dict[str, list[ApiError]] = {}
        """Errors to raise next, by verb or for `*`. The last error stays."""
        self.gates: dict[str, asyncio.Event] = {}
        """Gates by verb: the response is computed at the request and returned when the gate opens."""
        self.page_size = 100
        """Most items of a page."""
        self.refuses_above = 10_000
        """Largest limit of a page that is not refused."""
        self.room_at = 0.0
        """Time at which the announced rate limit has room again, as elapsed seconds of the clock."""
        self.opaque = False
        """The cursors of the list of jobs are no ids."""
        self.ascending = False
        """Send events oldest first."""
        self.assessments: dict[bool, Assessment] = {}
        """Answers about jobs to be created: before (False) and after their files are uploaded."""
        self.closed = False
        self.provider = Provider(name="fake", base_url="https://host.example/v1")

    def with_tries(self, tries: int) -> "FakeClient":
        return self

    @property
    def rate_pause(self) -> float:
        return max(0.0, self.room_at - self.clock.elapsed) if self.clock is not None else 0.0

    def count(self, verb: str) -> int:
        return sum(call[0] == verb for call in self.calls)

    def fail(self, verb: str, *errors: ApiError) -> None:
        self.failures[verb] = list(errors)

    def recover(self) -> None:
        self.failures.clear()

    async def _called(self, *call: str) -> None:
        self.calls.append(call)
        if self.clock is not None:
            self.times.append(self.clock.elapsed)
        for verb in (call[0], "*"):
            if errors := self.failures.get(verb):
                raise errors.pop(0) if len(errors) > 1 else errors[0]

    async def _gate(self, verb: str) -> None:
        if gate := self.gates.get(verb):
            await gate.wait()

    def _page(self, kind: type[Wire], items: list[Any], after: str | None, limit: int) -> Page[Any]:
        start = 0
        if self.opaque and kind is Job:
            start = int((after or "page@0").removeprefix("page@"))
            end = start + min(limit, self.page_size)
            return Page(kind, items[start:end], end < len(items), None, next=f"page@{end}")
        if after is not None:
            start = next((n + 1 for n, item in enumerate(items) if item.get("id") == after), len(items))
        end = start + min(limit, self.page_size)
        return Page.read(kind, {"object": "list", "data": items[start:end], "has_more": end < len(items)})

    def change(self, id: str, **members: Any) -> None:
        self.jobs = [raw | members if raw.get("id") == id else raw for raw in self.jobs]

    def _job(self, id: str) -> dict[str, Any]:

        for raw in self.jobs:
            if raw.get("id") == id:
                return raw
        raise NotFound(f"Could not find fine tune: {id}", status=404, code="fine_tune_not_found")

    async def list_jobs(
        self, *, after: str | None = None, limit: int = 100, metadata: Mapping[str, str] | None = None
    ) -> Page[Job]:
        await self._called("list_jobs", after or "")
        self.limits.append(limit)
        if limit > self.refuses_above:
            raise BadRequest(f"limit must not exceed {self.refuses_above}", status=400)
        page = self._page(Job, self.jobs, after, limit)
        await self._gate("list_jobs")
        return page

    async def get_job(self, id: str) -> Job:
        await self._called("get_job", id)
        return Job.read(self._job(id))

    def carries_metadata(self, spec: JobSpec) -> bool:
        return True

    async def assess(self, *specs: JobSpec, has_files: bool) -> Assessment:
        return self.assessments.get(has_files, Assessment())

    async def create_job(self, spec: JobSpec) -> Job:
        await self._called("create_job", spec.model)
        raw = job(90_000 + len(self.jobs), "validating_files", model=spec.model, metadata=dict(spec.metadata))
        self.jobs.insert(0, raw)
        return Job.read(raw)

    async def _act(self, verb: str, id: str, status: str) -> Job:
        await self._called(verb, id)
        self._job(id)
        self.change(id, status=status)
        await self._gate(verb)
        return Job.read(self._job(id))

    async def cancel_job(self, id: str) -> Job:
        return await self._act("cancel_job", id, "cancelled")

    async def pause_job(self, id: str) -> Job:
        return await self._act("pause_job", id, "paused")

    async def resume_job(self, id: str) -> Job:
        return await self._act("resume_job", id, "queued")

    async def delete_job(self, id: str) -> dict[str, Any]:
        await self._called("delete_job", id)
        self.jobs.remove(self._job(id))
        return {}

    async def list_events(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        await self._called("list_events", id, after or "")
        items = self.events.get(id, [])
        page = self._page(Event, items if self.ascending else items[::-1], after, limit)
        await self._gate("list_events")
        return page

    def each_event_page(self, id: str, *, limit: int = 100) -> AsyncIterator[Page[Event]]:
        return walk(lambda after: self.list_events(id, after=after, limit=limit))

    async def list_checkpoints(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Checkpoint]:
        await self._called("list_checkpoints", id, after or "")
        return self._page(Checkpoint, self.checkpoints.get(id, [])[::-1], after, limit)

    def each_checkpoint_page(self, id: str, *, limit: int = 100) -> AsyncIterator[Page[Checkpoint]]:
        return walk(lambda after: self.list_checkpoints(id, after=after, limit=limit))

    async def list_samples(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[StepSamples]:
        await self._called("list_samples", id, after or "")
        return self._page(StepSamples, self.samples.get(id, []), after, limit)

    def each_samples_page(
        self, id: str, *, after: str | None = None, limit: int = 100
    ) -> AsyncIterator[Page[StepSamples]]:
        return walk(lambda place: self.list_samples(id, after=place or after, limit=limit))

    def each_file_page(self, *, purpose: str | None = None, limit: int | None = None) -> AsyncIterator[Page[File]]:
        return walk(lambda after: self.list_files(purpose=purpose, after=after, limit=limit))

    async def get_file(self, id: str) -> File:

        await self._called("get_file", id)
        for raw in self.files:
            if raw["id"] == id:
                return File.read(raw)
        raise NotFound(f"No such File object: {id}", status=404)

    async def list_files(
        self, *, purpose: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Page[File]:
        await self._called("list_files", after or "")
        return self._page(File, self.files, after, limit or 10_000)

    async def list_models(self) -> Page[Model]:
        await self._called("list_models")
        return Page.read(Model, {"data": self.models})

    async def get_model(self, id: str) -> Model:
        await self._called("get_model", id)
        found = next((raw for raw in self.models if raw["id"] == id), None)
        if found is None:
            raise NotFound(f"The model '{id}' does not exist", status=404)
        return Model.read(found)

    async def upload_file(self, path: str, *, purpose: str = "fine-tune", progress: Any = None) -> File:
        await self._called("upload_file", path)
        raw = {"id": f"file-{len(self.files)}", "filename": path, "purpose": purpose}
        self.files.append(raw)
        return File.read(raw)

    async def delete_file(self, id: str) -> dict[str, Any]:
        await self._called("delete_file", id)
        self.files = [raw for raw in self.files if raw["id"] != id]
        return {"id": id, "deleted": True}

    async def file_content(self, id: str) -> bytes:

        await self._called("file_content", id)
        if id not in self.contents:
            raise NotFound(f"No such File object: {id}", status=404)
        return self.contents[id]

    async def download_file(self, id: str, write: Any, *, progress: Any = None) -> int:
        content = await self.file_content(id)
        for start in range(0, len(content), 3):
            write(content[start : start + 3])
            if progress is not None:
                progress(start + len(content[start : start + 3]), len(content))
        await self._called("sent", id)
        return len(content)

    async def delete_model(self, id: str) -> dict[str, Any]:
        await self._called("delete_model", id)
        self.models = [raw for raw in self.models if raw["id"] != id]
        return {"id": id, "deleted": True}

    async def close(self) -> None:
        self.closed = True


async def finished(work: Coroutine[Any, Any, Any], clock: FakeClock, seconds: float = 600.0) -> Any:
    """Run a coroutine that sleeps by the clock, and return its result."""
    task = asyncio.create_task(work)
    await clock.run(seconds)
    assert task.done(), "the coroutine still waits"
    return task.result()


def samples(step: int, answer: str = "yes") -> dict[str, Any]:
    """Return the samples of a step as the embedded service sends them."""
    prompt = [{"role": "user", "content": "Will it learn?"}]
    sample = {"prompt": prompt, "expected": "Yes.", "answer": answer, "finish_reason": "stop"}
    return {
        "object": "fine_tuning.job.samples",
        "id": f"ftsmpl-{step}",
        "created_at": 1_700_000_000 + step,
        "step_number": step,
        "samples": [sample],
    }
