"""Model Studio of Alibaba Cloud (DashScope): objects in envelopes, numbered pages, log lines as events."""

import os
from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from fttui.api import multipart
from fttui.api.errors import ApiError, BadRequest, Forbidden, NotFound
from fttui.api.http import Http
from fttui.api.providers import training_log
from fttui.api.providers.base import Provider
from fttui.api.providers.decoding import complete
from fttui.api.providers.dialect import Dialect, Report
from fttui.models import lenient
from fttui.models.auto_hyperparameters import AUTO
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File
from fttui.models.job import TOKEN_KEY, Job
from fttui.models.page import Page
from fttui.models.spec import JobSpec
from fttui.models.status import Status, status_of
from fttui.models.wire import Wire

LARGEST_PAGE = 100
LINES = 1000
"""Lines of a log in one request."""
MOST_LINES = 50_000
"""Lines of a log that are read; the rest would take too many requests."""
LOGS_KEPT = 8
"""Logs whose whole requests are kept, since a line that was written never changes."""
LARGEST_FILE = 300 * 1000 * 1000
"""Greatest size of a file, in bytes."""
NAME = "fttui-"
"""Start of the name of a job that carries the create token."""
TRAINING_TYPES = {"supervised": ("sft", "efficient_sft", "cpt"), "dpo": ("dpo_full", "dpo_lora")}
_COMMON = (
    *("n_epochs", "batch_size", "learning_rate", "training_type", "max_length", "split"),
    *("max_split_val_dataset_sample", "lr_scheduler_type", "warmup_ratio", "weight_decay", "eval_steps"),
    *("logging_steps", "freeze_vit", "lora_rank", "lora_alpha", "lora_dropout", "data_augmentation"),
    *("augmentation_types", "augmentation_ratio", "save_strategy", "save_steps", "save_total_limit"),
)
_BEIJING = "The API may be open in Beijing only: base_url = https://dashscope.aliyuncs.com/api/v1, with a key of there."


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return Model Studio. Its files and models are at its endpoint with OpenAI's API, on the same host."""
    parts = urlsplit(base_url)
    compatible = f"{parts.scheme}://{parts.netloc}/compatible-mode/v1"
    return Provider(
        name="dashscope",
        base_url=base_url,
        dialect=ModelStudio,
        label="Model Studio",
        jobs="/fine-tunes",
        files=f"{compatible}/files",
        models=f"{compatible}/models",
        missing=frozenset({"pause", "resume", "results", "delete_model", "try_model"}),
        keeps_metadata=False,
        hyperparameters=MappingProxyType({"supervised": _COMMON, "dpo": _COMMON}),
        has_auto=False,
        lacks=frozenset({"seed", "wandb_project", "grader"}),
        costs=MappingProxyType({"cancel": 2}),
    )


class ModelStudio(Dialect):
    """API of Model Studio. The create token travels in the name of a job."""

    def __init__(self, http: Http) -> None:
        super().__init__(http)
        self._logs: OrderedDict[str, _Log] = OrderedDict()

    async def jobs(
        self, *, after: str | None = None, limit: int = 100, metadata: Mapping[str, str] | None = None
    ) -> Page[Job]:
        """Return one page. The cursor has the size of the pages, by which their numbers count."""
        number, size = _page_of(after) if after else (1, min(limit, LARGEST_PAGE))
        try:
            raw = await self._read(
                self.provider.jobs, [("page_no", str(number)), ("page_size", str(size))], is_page=True
            )
        except (BadRequest, NotFound, Forbidden) as error:
            raise self._with_region(error) from None
        output = self._output(raw)
        jobs, total = output.get("jobs"), lenient.whole(output.get("total"))
        if not isinstance(jobs, list):
            raise self._decode.unreadable("expected a list of jobs")
        has_more = len(jobs) >= size if total is None else number * size < total
        found = [self._decode.translated(Job, item) for item in jobs]
        return Page(Job, found, has_more and bool(jobs), raw, next=f"{number + 1}x{size}")

    async def job(self, id: str) -> Job:
        return self._decode.object(Job, self._output(await self._read(self._job_path(id))))

    async def create(self, spec: JobSpec) -> Job:
        body = {**self.body(spec), **self.provider.create}
        try:
            raw = await self._http.write("POST", self.provider.jobs, body)
        except (BadRequest, NotFound, Forbidden) as error:
            raise self._with_region(error) from None
        return self._decode.object(Job, lenient.mapping(raw).get("output"), is_write=True)

    async def cancel(self, id: str) -> Job:
        """Cancel a job. The response has no job, so that it is read again."""
        await self._http.write("POST", f"{self._job_path(id)}/cancel")
        return await self.job(id)

    async def events(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        """Return the whole log, newest line first. Full requests of earlier calls are not repeated."""
        log = await self._log(id)
        rest: list[str] = []
        total = len(log.lines) + 1
        while len(log.lines) + len(rest) < min(total, MOST_LINES):
            query = [("offset", str(len(log.lines))), ("line", str(LINES))]
            output = self._output(await self._read(f"{self._job_path(id)}/logs", query, is_page=True))
            lines = [line for line in lenient.items(output.get("logs")) if isinstance(line, str)]
            total = lenient.whole(output.get("total")) or 0
            if len(lines) < LINES or lines == log.lines[-LINES:]:  # the end, or a server that ignores the offset
                rest = lines if len(lines) < LINES else []
                break
            log.lines += lines
        events = training_log.events([*log.lines, *rest], logging_steps=log.logging_steps)
        found = [self._decode.with_sent(event, line) for event, line in events]
        return await complete(Page(Event, found[::-1], False, None))

    async def _log(self, id: str) -> "_Log":
        if id not in self._logs:
            job = await self.job(id)
            self._logs[id] = _Log(lenient.whole(job.setting("logging_steps")) or training_log.LOGGING_STEPS)
            if len(self._logs) > LOGS_KEPT:
                self._logs.popitem(last=False)
        self._logs.move_to_end(id)
        return self._logs[id]

    async def checkpoints(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Checkpoint]:
        """Return all checkpoints."""
        raw = await self._read(f"{self._job_path(id)}/checkpoints", is_page=True)
        output = lenient.mapping(raw).get("output")
        sent = output if isinstance(output, list) else lenient.items(lenient.mapping(output).get("checkpoints"))
        found = [self._decode.with_sent(_checkpoint(id, item), item) for item in sent if isinstance(item, dict)]
        return Page(Checkpoint, found, False, raw)

    async def upload(self, path: str, *, purpose: str, progress: Report | None = None) -> File:
        if os.path.isfile(path) and os.path.getsize(path) > LARGEST_FILE:
            raise BadRequest(f"{os.path.basename(path)} is larger than 300 MB, the limit of Model Studio")
        fields = [("purpose", purpose)]
        raw = await multipart.send_whole(self._http, self.provider.files, path, fields, progress)
        return self._decode.object(File, raw, is_write=True)

    # Before a job is created

    def refuse(self, spec: JobSpec) -> str:
        reason = super().refuse(spec)
        half = "" if reason else _refusal(spec)
        return f"{self.provider.title} {half}" if half else reason

    def carries(self, spec: JobSpec) -> bool:
        return True

    def body(self, spec: JobSpec) -> dict[str, Any]:
        given = {name: value for name, value in spec.hyperparameters.items() if value != AUTO}
        kind = given.pop("training_type", None)
        if "learning_rate" in given:
            given["learning_rate"] = str(given["learning_rate"])  # as the vendor's clients send it
        body: dict[str, Any] = {"model": spec.model, "training_datasets": [_dataset(spec.training_file)]}
        if kind:
            body["training_type"] = kind
        if spec.validation_file:
            body["validation_datasets"] = [_dataset(spec.validation_file)]
        if given:
            body["hyper_parameters"] = given
        if spec.suffix:
            body["finetuned_output_suffix"] = spec.suffix
        if token := spec.metadata.get(TOKEN_KEY):
            body["job_name"] = f"{NAME}{token}"
        return body

    # Translation

    def translate(self, kind: type[Wire], raw: dict[str, Any]) -> dict[str, Any]:
        return _job(raw) if kind is Job else raw

    def _output(self, raw: Any) -> dict[str, Any]:
        """Return the content of an envelope."""
        output = lenient.mapping(raw).get("output")
        if not isinstance(output, dict):
            raise self._decode.unreadable("expected an object with the member output")
        return output

    def _with_region(self, error: ApiError) -> ApiError:
        if not error.hint and "dashscope-intl" in self.provider.base_url:
            error.hint = _BEIJING
        return error


class _Log:
    """Lines of a log that need not be read again."""

    def __init__(self, logging_steps: int) -> None:
        self.logging_steps = logging_steps
        self.lines: list[str] = []


def _page_of(cursor: str) -> tuple[int, int]:
    number, _, size = cursor.partition("x")
    if not (number.isdecimal() and size.isdecimal()):
        raise BadRequest("the list cannot continue: its cursor is of another provider", code="unknown_cursor")
    return int(number), int(size)


def _refusal(spec: JobSpec) -> str:
    method = spec.method or "supervised"
    given = (name for name, value in spec.hyperparameters.items() if value != AUTO)
    if unknown := next((name for name in given if name not in _COMMON), ""):
        return f"has no {unknown}"
    kind = spec.hyperparameters.get("training_type")
    kinds = TRAINING_TYPES[method]
    if kind is None and method == "dpo":
        return f"needs the hyperparameter training_type for dpo: {' or '.join(kinds)}"
    if kind is not None and kind not in kinds:
        return f"has no training_type {kind} for {method}: it is {', '.join(kinds)}"
    if address := next((file for file in (spec.training_file, spec.validation_file or "") if "://" in file), ""):
        return f"takes files by id here, not {address}"
    return ""


def _dataset(file: str) -> dict[str, Any]:
    return {"data_source_type": "file_id", "file_id": file}


def _job(raw: dict[str, Any]) -> dict[str, Any]:
    status = status_of(lenient.line(raw.get("status")))
    kind = lenient.line(raw.get("training_type"))
    method = next(
        (name for name, kinds in TRAINING_TYPES.items() if kind in kinds and kind != "cpt"), kind or "supervised"
    )
    settings = {**lenient.mapping(raw.get("hyper_parameters")), **({"training_type": kind} if kind else {})}
    name = lenient.line(raw.get("job_name"))
    fault = {"code": raw.get("code"), "message": raw.get("message")}
    return {
        "object": "fine_tuning.job",
        "id": raw.get("job_id"),
        "status": raw.get("status"),
        "model": raw.get("model"),
        "fine_tuned_model": raw.get("finetuned_output") or None,
        "suffix": raw.get("finetuned_output_suffix") or (None if name.startswith(NAME) else name or None),
        "created_at": training_log.beijing(raw.get("create_time")),
        "finished_at": training_log.beijing(raw.get("end_time")) if status.is_final else None,
        "training_file": _file_id(raw, "training"),
        "validation_file": _file_id(raw, "validation") or None,
        "trained_tokens": raw.get("usage"),
        "method": {"type": method, method: {"hyperparameters": settings}},
        "metadata": {TOKEN_KEY: name.removeprefix(NAME)} if name.startswith(NAME) else {},
        "error": fault if status is Status.FAILED else None,
    }


def _file_id(raw: Mapping[str, Any], kind: str) -> str:
    """Return the first file of a job: new jobs have data sets, old ones have ids."""
    for item in map(lenient.mapping, lenient.items(raw.get(f"{kind}_datasets"))):
        place = lenient.mapping(item.get("mount_storage"))
        if found := lenient.line(item.get("file_id")) or lenient.line(place.get("file_path")):
            return found
    return next(filter(None, map(lenient.line, lenient.items(raw.get(f"{kind}_file_ids")))), "")


def _checkpoint(job: str, raw: dict[str, Any]) -> dict[str, Any]:
    name = lenient.line(raw.get("checkpoint"))
    number = name.rpartition("-")[2]
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": raw.get("checkpoint_id") or f"{job}:{name}",
        "created_at": training_log.beijing(raw.get("create_time")),
        "fine_tuning_job_id": job,
        "fine_tuned_model_checkpoint": raw.get("model_name") or raw.get("full_name"),
        "step_number": raw.get("step") if raw.get("step") is not None else number if number.isdecimal() else None,
        "metrics": raw.get("metrics"),
    }
