"""Vertex AI of Google: Gemini tuning, with long names, labels, and a bucket for files."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fttui.api import faults, multipart
from fttui.api.http import Http
from fttui.api.providers.base import Provider
from fttui.api.providers.decoding import complete
from fttui.api.providers.dialect import Dialect, Query, Report, Stream
from fttui.api.providers.vertex_bucket import Bucket
from fttui.models import labels, lenient
from fttui.models.auto_hyperparameters import AUTO
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import TOKEN_KEY, Job
from fttui.models.page import Page
from fttui.models.spec import JobSpec
from fttui.models.status import Status, status_of
from fttui.models.wire import Wire

LARGEST_PAGE = 100
STORAGE = "https://storage.googleapis.com"
MOST_LABELS = 64
MAX_SUFFIX = 128
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_SPECS = {"supervised": "supervisedTuningSpec", "dpo": "preferenceOptimizationSpec"}
_SIZES = {1: "ONE", 2: "TWO", 4: "FOUR", 8: "EIGHT", 16: "SIXTEEN", 32: "THIRTY_TWO"}
_NAMES = {"n_epochs": "epochCount", "learning_rate_multiplier": "learningRateMultiplier", "beta": "beta"}
_COMMON = ("n_epochs", "learning_rate_multiplier", "adapter_size")


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return a project in a location of Vertex AI. Files need a bucket: see `Provider.with_bucket`."""
    return Provider(
        name="vertex",
        base_url=base_url,
        dialect=Vertex,
        label="Vertex",
        jobs="/tuningJobs",
        key_variable="",
        hosts=frozenset({"storage.googleapis.com"}),
        storage_url=STORAGE,
        missing=frozenset(
            {
                *("pause", "resume", "delete_job", "events", "results", "try_model"),
                *("upload", "delete_file", "file", "content"),
            }
        ),
        hyperparameters=MappingProxyType({"supervised": _COMMON, "dpo": (*_COMMON, "beta")}),
        has_auto=False,
        lacks=frozenset({"seed", "wandb_project", "grader"}),
        fault=faults.of_google,
    )


class Vertex(Dialect):
    """API of Vertex AI. Labels are the metadata of a job, and carry the create token."""

    def __init__(self, http: Http) -> None:
        super().__init__(http)
        self._bucket = Bucket(http.provider)

    # Jobs

    async def jobs(
        self, *, after: str | None = None, limit: int = 100, metadata: Mapping[str, str] | None = None
    ) -> Page[Job]:
        """Return one page. The list may have no order."""
        wanted = " AND ".join(f"labels.{_label(key)}={value}" for key, value in (metadata or {}).items())
        query = [("pageSize", str(min(limit, LARGEST_PAGE)))] + ([("filter", wanted)] if wanted else [])
        return await self._pages(Job, self.provider.jobs, "tuningJobs", query, after)

    async def cancel(self, id: str) -> Job:
        """Cancel a job. The response is empty, so that the job is read again."""
        await self._http.write("POST", f"{self._job_path(id)}:cancel", {})
        return await self.job(id)

    async def events(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        """Return an empty page: `Provider.missing` says that there are no events."""
        return Page(Event, [], False, None)

    async def checkpoints(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Checkpoint]:
        """Return the checkpoints, which are members of the job."""
        tuned = lenient.mapping(lenient.mapping((await self.job(id)).sent).get("tunedModel"))
        sent = [item for item in lenient.items(tuned.get("checkpoints")) if isinstance(item, dict)]
        return Page(Checkpoint, [self._decode.with_sent(_checkpoint(id, item), item) for item in sent], False, tuned)

    # Files in the bucket

    async def files(
        self, *, purpose: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Page[File]:
        """Return one page of the files in the bucket."""
        return await self._pages(File, self._bucket.files, "items", [], after)

    async def file(self, id: str) -> File:
        return self._decode.object(File, await self._read(self._bucket.file(id)))

    async def upload(self, path: str, *, purpose: str, progress: Report | None = None) -> File:
        raw = await multipart.send_plain(self._http, self._bucket.new_file(path), path, progress)
        return self._decode.object(File, raw, is_write=True)

    async def delete_file(self, id: str) -> dict[str, Any]:
        return await self._delete(self._bucket.file(id))

    async def content(self, id: str) -> bytes:
        return await self._http.content(f"{self._bucket.file(id)}?alt=media")

    def stream(self, id: str) -> Stream:
        return self._http.stream(f"{self._bucket.file(id)}?alt=media")

    # Models

    async def models(self) -> Page[Model]:
        return await self._pages(Model, self.provider.models, "models", [], None)

    # Translation

    def refuse(self, spec: JobSpec) -> str:
        reason = super().refuse(spec)
        half = "" if reason else _refusal(spec)
        return f"{self.provider.title} {half}" if half else reason

    def carries(self, spec: JobSpec) -> bool:
        return len(spec.metadata) < MOST_LABELS

    def body(self, spec: JobSpec) -> dict[str, Any]:
        given = {name: value for name, value in spec.hyperparameters.items() if value != AUTO}
        settings = {_NAMES[name]: value for name, value in given.items() if name in _NAMES}
        if "adapter_size" in given:
            settings["adapterSize"] = f"ADAPTER_SIZE_{_SIZES[given['adapter_size']]}"
        inner: dict[str, Any] = {"trainingDatasetUri": spec.training_file}
        if spec.validation_file:
            inner["validationDatasetUri"] = spec.validation_file
        if settings:
            inner["hyperParameters"] = settings
        body: dict[str, Any] = {"baseModel": spec.model, _SPECS[spec.method or "supervised"]: inner}
        if spec.suffix:
            body["tunedModelDisplayName"] = spec.suffix
        if spec.metadata:
            body["labels"] = {_label(key): value for key, value in spec.metadata.items()}
        return body

    def translate(self, kind: type[Wire], raw: dict[str, Any]) -> dict[str, Any]:
        if kind is Job:
            return _job(raw)
        if kind is File:
            return _file(raw)
        return _model(raw) if kind is Model else raw

    async def _pages(self, kind: Any, path: str, member: str, query: Query, after: str | None) -> Page[Any]:
        """Return a page of a list that is an object with one member, or empty."""
        token = [("pageToken", after)] if after else []
        raw = await self._read(path, [*query, *token], is_page=True)
        if not isinstance(raw, dict):
            raise self._decode.unreadable("expected an object")
        next = lenient.line(raw.get("nextPageToken"))
        found = [self._decode.translated(kind, item) for item in lenient.items(raw.get(member))]
        return await complete(Page(kind, found, bool(next), raw, next=next or None))


def _label(key: str) -> str:
    """Return a key of metadata as a label: labels have no full stops."""
    return key.replace(labels.PREFIX, "fttui_", 1) if key.startswith(labels.PREFIX) else key


def _refusal(spec: JobSpec) -> str:
    given = {name: value for name, value in spec.hyperparameters.items() if value != AUTO}
    if unknown := next((name for name in given if name not in (*_COMMON, "beta")), ""):
        return f"has no {unknown}"
    if "beta" in given and spec.method != "dpo":
        return "has a beta for dpo only"
    if (size := given.get("adapter_size")) is not None and size not in _SIZES:
        return f"has no adapter_size {size}: it is {', '.join(map(str, _SIZES))}"
    if spec.suffix and len(spec.suffix) > MAX_SUFFIX:
        return f"takes a suffix of at most {MAX_SUFFIX} characters, not {len(spec.suffix)}"
    for key, value in spec.metadata.items():
        if not (_LABEL.fullmatch(_label(key)) and _LABEL.fullmatch(value) and key):
            return f"keeps metadata as labels: at most 63 of a-z, 0-9, _ and -, not {key}={value}"
    for file in filter(None, (spec.training_file, spec.validation_file)):
        if "://" in file and not file.startswith("gs://"):
            return f"takes data at gs:// only, not {file}"
    return ""


def _job(raw: dict[str, Any]) -> dict[str, Any]:
    status = status_of(lenient.line(raw.get("state")))
    method = next((name for name, member in _SPECS.items() if isinstance(raw.get(member), dict)), "")
    other = next((name.removesuffix("Spec") for name in raw if name.endswith("Spec")), "supervised")
    spec = lenient.mapping(raw.get(_SPECS.get(method, f"{other}Spec")))
    tuned = lenient.mapping(raw.get("tunedModel"))
    stats = lenient.mapping(raw.get("tuningDataStats"))
    counts = next((lenient.mapping(item) for item in stats.values() if isinstance(item, dict)), {})
    given = lenient.mapping(raw.get("labels"))
    return {
        "object": "fine_tuning.job",
        "id": _last(raw.get("name")),
        "status": raw.get("state"),
        "model": raw.get("baseModel") or lenient.mapping(raw.get("preTunedModel")).get("tunedModelName"),
        "fine_tuned_model": tuned.get("endpoint"),
        "suffix": raw.get("tunedModelDisplayName"),
        "created_at": raw.get("createTime"),
        "finished_at": raw.get("endTime") if status.is_final else None,
        "training_file": spec.get("trainingDatasetUri"),
        "validation_file": spec.get("validationDatasetUri"),
        "trained_tokens": counts.get("totalBillableTokenCount"),
        "total_steps": counts.get("tuningStepCount"),
        "method": {"type": method or other, method or other: {"hyperparameters": _settings(spec)}},
        "metadata": {TOKEN_KEY if key == TOKEN_KEY else _key(key): value for key, value in given.items()},
        "error": _fault(raw) if status is Status.FAILED else None,
    }


def _key(label: str) -> str:
    return f"{labels.PREFIX}{label.removeprefix('fttui_')}" if label.startswith("fttui_") else label


def _fault(raw: Mapping[str, Any]) -> dict[str, Any]:
    fault = lenient.mapping(raw.get("error"))
    return {"code": lenient.line(fault.get("code")), "message": fault.get("message")}


def _settings(spec: Mapping[str, Any]) -> dict[str, Any]:
    sent = lenient.mapping(spec.get("hyperParameters"))
    found = {ours: sent[name] for ours, name in _NAMES.items() if name in sent}
    size = lenient.line(sent.get("adapterSize")).removeprefix("ADAPTER_SIZE_")
    numbers = {word: number for number, word in _SIZES.items()}
    return found | ({"adapter_size": numbers.get(size, size)} if size else {})


def _checkpoint(job: str, raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": f"{job}-{lenient.line(raw.get('checkpointId'))}",
        "fine_tuning_job_id": job,
        "fine_tuned_model_checkpoint": raw.get("endpoint"),
        "step_number": raw.get("step"),
        "metrics": {},
    }


def _file(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"gs://{lenient.line(raw.get('bucket'))}/{lenient.line(raw.get('name'))}",
        "object": "file",
        "bytes": raw.get("size"),
        "created_at": raw.get("timeCreated"),
        "filename": lenient.line(raw.get("name")).rpartition("/")[2],
        "purpose": "fine-tune",
        "status": "processed",
    }


def _model(raw: dict[str, Any]) -> dict[str, Any]:
    return {"id": _last(raw.get("name")), "object": "model", "created": raw.get("createTime"), "owned_by": "project"}


def _last(name: object) -> str:
    return lenient.line(name).rpartition("/")[2]
