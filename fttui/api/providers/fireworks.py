"""Fireworks, which takes no new jobs: read, cancel, resume, delete and archive what is there."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fttui.api import faults
from fttui.api.errors import BadRequest
from fttui.api.providers.base import Provider
from fttui.api.providers.decoding import complete
from fttui.api.providers.dialect import Dialect, Report, Stream, part
from fttui.models import lenient
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import COST, Job
from fttui.models.page import Page
from fttui.models.spec import JobSpec
from fttui.models.status import Status, status_of
from fttui.models.wire import Wire

LARGEST_PAGE = 200
NANO = 1e9
"""Parts of a unit in `nanos`."""
CLOSED = "takes no new jobs and no new data: its managed training was closed in November 2026"


class _Kind(NamedTuple):
    """A kind of jobs, with routes and ids of its own."""

    prefix: str
    """Start of our ids. Ids of Fireworks have no colon."""
    resource: str
    method: str


_KINDS = (
    _Kind("", "supervisedFineTuningJobs", "supervised"),
    _Kind("dpo:", "dpoJobs", "dpo"),
    _Kind("rft:", "reinforcementFineTuningJobs", "reinforcement"),
)
_SETTINGS = {
    "n_epochs": "epochs",
    "learning_rate": "learningRate",
    "batch_size": "batchSize",
    "batch_size_samples": "batchSizeSamples",
    "lora_rank": "loraRank",
    "gradient_accumulation_steps": "gradientAccumulationSteps",
    "max_context_length": "maxContextLength",
}


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return an account of Fireworks."""
    return Provider(
        name="fireworks",
        base_url=base_url,
        dialect=Fireworks,
        label="Fireworks",
        files="/datasets",
        missing=frozenset({"pause", "upload", "events", "checkpoints", "results", "content", "try_model"}),
        secrets=frozenset({"apiKey"}),
        closed=CLOSED,
        hyperparameters=MappingProxyType({kind.method: tuple(_SETTINGS) for kind in _KINDS}),
        fault=faults.of_grpc,
    )


class Fireworks(Dialect):
    """API of Fireworks. The list of jobs is three lists, one after the other."""

    async def jobs(
        self, *, after: str | None = None, limit: int = 100, metadata: Mapping[str, str] | None = None
    ) -> Page[Job]:
        """Return one page. The cursor has the number of the list and the token of its page."""
        number, _, token = (after or "0 ").partition(" ")
        if not number.isdecimal() or int(number) >= len(_KINDS):
            raise BadRequest("the list cannot continue: its cursor is of another provider", code="unknown_cursor")
        resource = _KINDS[int(number)].resource
        raw, next = await self._list(f"/{resource}", token)
        found = [self._decode.translated(Job, item) for item in lenient.items(raw.get(resource))]
        cursor = f"{number} {next}" if next else f"{int(number) + 1} "
        has_more = bool(next) or int(number) + 1 < len(_KINDS)
        if has_more and not found:  # an empty page would end the walk
            return await self.jobs(after=cursor, limit=limit)
        return Page(Job, found, has_more, raw, next=cursor)

    async def create(self, spec: JobSpec) -> Job:
        raise BadRequest(f"Fireworks {CLOSED}", code="closed")

    async def cancel(self, id: str) -> Job:
        """Cancel a job. The response is empty, so that the job is read again."""
        await self._http.write("POST", f"{self._job_path(id)}:cancel", {})
        return await self.job(id)

    async def resume(self, id: str) -> Job:
        raw = await self._http.write("POST", f"{self._job_path(id)}:resume", {})
        return self._decode.object(Job, raw, is_write=True)

    async def events(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        """Return an empty page: `Provider.missing` says that there are no events."""
        return Page(Event, [], False, None)

    async def checkpoints(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Checkpoint]:
        """Return an empty page: `Provider.missing` says that there are no checkpoints."""
        return Page(Checkpoint, [], False, None)

    # Files and models

    async def files(
        self, *, purpose: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Page[File]:
        """Return one page of the data sets."""
        return await self._named(File, self.provider.files, "datasets", after)

    async def upload(self, path: str, *, purpose: str, progress: Report | None = None) -> File:
        raise BadRequest(f"Fireworks {CLOSED}", code="closed")

    async def content(self, id: str) -> bytes:
        raise BadRequest("Fireworks no longer lets data sets be downloaded", code="closed")

    def stream(self, id: str) -> Stream:
        raise BadRequest("Fireworks no longer lets data sets be downloaded", code="closed")

    async def models(self) -> Page[Model]:
        return await self._named(Model, self.provider.models, "models", None)

    async def delete_model(self, id: str) -> dict[str, Any]:
        return await self._delete(f"{self.provider.models}/{part(_last(id))}")

    # Requests and translation

    def _job_path(self, id: str) -> str:
        kind = next((kind for kind in _KINDS if kind.prefix and id.startswith(kind.prefix)), _KINDS[0])
        return f"/{kind.resource}/{part(id.removeprefix(kind.prefix))}"

    async def _list(self, path: str, token: str) -> tuple[dict[str, Any], str]:
        """Return a page of a list as sent, and the token of the next page."""
        query = [("pageSize", str(LARGEST_PAGE))] + ([("pageToken", token)] if token else [])
        raw = await self._read(path, query, is_page=True)
        if not isinstance(raw, dict):
            raise self._decode.unreadable("expected an object")
        return raw, lenient.line(raw.get("nextPageToken"))

    async def _named(self, kind: Any, path: str, member: str, after: str | None) -> Page[Any]:
        raw, next = await self._list(path, after or "")
        found = [self._decode.translated(kind, item) for item in lenient.items(raw.get(member))]
        return await complete(Page(kind, found, bool(next), raw, next=next or None))

    def translate(self, kind: type[Wire], raw: dict[str, Any]) -> dict[str, Any]:
        if kind is Job:
            return _job(raw)
        if kind is File:
            return _file(raw)
        return {"id": raw.get("name"), "object": "model", "created": raw.get("createTime")} if kind is Model else raw


def _job(raw: dict[str, Any]) -> dict[str, Any]:
    name = lenient.line(raw.get("name"))
    kind = next((kind for kind in _KINDS if f"/{kind.resource}/" in name), _KINDS[0])
    status = status_of(lenient.line(raw.get("state")))
    config = {**raw, **lenient.mapping(raw.get("trainingConfig"))}
    settings = {ours: config[theirs] for ours, theirs in _SETTINGS.items() if config.get(theirs) not in (None, "")}
    fault = lenient.mapping(raw.get("status"))
    wandb = lenient.mapping(raw.get("wandbConfig"))
    run = {"project": wandb.get("project"), "entity": wandb.get("entity"), "run_id": wandb.get("runId")}
    found = {
        "object": "fine_tuning.job",
        "id": f"{kind.prefix}{_last(name)}" if name else None,
        "status": raw.get("state"),
        "model": config.get("baseModel") or config.get("warmStartFrom"),
        "fine_tuned_model": (config.get("outputModel") or None) if status is Status.SUCCEEDED else None,
        "suffix": raw.get("displayName") or None,
        "created_at": raw.get("createTime"),
        "finished_at": raw.get("completedTime") or (raw.get("updateTime") if status.is_final else None),
        "training_file": _last(raw.get("dataset")),
        "validation_file": _last(raw.get("evaluationDataset")) or None,
        "method": {"type": kind.method, kind.method: {"hyperparameters": settings}},
        "integrations": [{"type": "wandb", "wandb": run}] if wandb.get("project") else [],
        "error": fault if status is Status.FAILED and lenient.line(fault.get("code")) not in ("", "OK") else None,
    }
    cost = lenient.mapping(raw.get("estimatedCost"))
    if status.is_final and cost:  # Fireworks calls it an estimate, and sends no bill
        amount = (lenient.number(cost.get("units")) or 0) + (lenient.number(cost.get("nanos")) or 0) / NANO
        found[COST] = {"amount": amount, "currency": cost.get("currencyCode")}
    return found


def _file(raw: dict[str, Any]) -> dict[str, Any]:
    name = _last(raw.get("name"))
    return {
        "id": name,
        "object": "file",
        "created_at": raw.get("createTime"),
        "filename": raw.get("displayName") or name,
        "purpose": "fine-tune",
        "status": {"READY": "processed"}.get(lenient.line(raw.get("state")), "uploaded"),
    }


def _last(name: object) -> str:
    return lenient.line(name).rpartition("/")[2]
