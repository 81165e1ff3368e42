"""Together: lists without pages, prices and limits of its own, metrics beside the events."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fttui.api import multipart
from fttui.api.error_mapping import UNKNOWN_ROUTE
from fttui.api.errors import ApiError, BadRequest, NotFound
from fttui.api.providers import together_body
from fttui.api.providers.base import Provider
from fttui.api.providers.decoding import complete
from fttui.api.providers.dialect import Dialect, Report
from fttui.models import lenient
from fttui.models.assessment import Assessment
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.export import Weights
from fttui.models.file import File, Model
from fttui.models.job import COST, Job
from fttui.models.page import Page
from fttui.models.raw_json import digest
from fttui.models.spec import JobSpec
from fttui.models.status import Status, status_of
from fttui.models.wire import Wire

NANO = 1e9
"""Parts of a dollar in `total_price`."""
_LEVELS = {"warning": "warn", "iwarning": "warn", "error": "error", "ierror": "error"}
_FILE_STATES = {"COMPLETED": "processed", "FAILED": "error", "INVALID_FORMAT": "error"}
_METRICS = {"train/loss": "train_loss", "eval/loss": "valid_loss"}
_NOT_METRICS = ("train/global_step", "train/timestamp")


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return Together. It keeps no metadata, and finds no job by a token."""
    return Provider(
        name="together",
        base_url=base_url,
        dialect=Together,
        label="Together",
        jobs="/fine-tunes",
        missing=frozenset({"pause", "resume", "results", "delete_model"}),
        keeps_metadata=False,
        hyperparameters=together_body.HYPERPARAMETERS,
        has_auto=False,
        gives_weights=True,
        costs={"events": 2},
        secrets=frozenset({"wandb_key", "wandb_api_key", "hf_api_token"}),
    )


class Together(Dialect):
    """API of Together. A job's error is in its events, its metrics are a list of their own."""

    # Jobs

    async def jobs(
        self, *, after: str | None = None, limit: int = 100, metadata: Mapping[str, str] | None = None
    ) -> Page[Job]:
        """Return all jobs: the list has no pages and no order."""
        page = await self._page(Job, self.provider.jobs, [])
        newest_first = sorted(page.items, key=lambda job: -(job.created_at or 0.0))
        return Page(Job, [job.raw for job in newest_first], False, page.raw)

    async def events(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        """Return all events and metrics, newest first."""
        path = self._job_path(id)
        page = await self._page(Event, f"{path}/events", [])
        total = max((event.total_steps or 0 for event in page.items), default=0)
        rows = _metric_events(await self._metrics(path), total or None)
        # Metrics come before the messages of the same second, so that the end of a job is its newest event.
        found = [*((0, self._decode.with_sent(*row)) for row in rows), *((1, event) for event in page.objects)]
        found.sort(key=lambda item: (_time(item[1]), item[0]))
        return await complete(Page(Event, [event for _, event in reversed(found)], False, page.raw))

    async def _metrics(self, path: str) -> list[Any]:
        try:
            raw = await self._read(f"{path}/metrics", is_page=True)
        except NotFound:  # a job that has not trained yet
            return []
        return lenient.items(lenient.mapping(raw).get("metrics"))

    async def checkpoints(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Checkpoint]:
        """Return all checkpoints."""
        page = await self._page(Checkpoint, f"{self._job_path(id)}/checkpoints", [])
        found = [self._decode.with_sent(_checkpoint(id, raw), raw) for raw in page.objects if isinstance(raw, dict)]
        return Page(Checkpoint, found, False, page.raw)

    # Files and models

    async def files(
        self, *, purpose: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Page[File]:
        """Return all files."""
        page = await self._page(File, self.provider.files, [])
        found = [file.raw for file in page.items if purpose in (None, file.purpose)]
        return Page(File, found, False, page.raw)

    async def upload(self, path: str, *, purpose: str, progress: Report | None = None) -> File:
        kind = next((end for end in ("csv", "parquet") if path.lower().endswith(f".{end}")), "jsonl")
        fields = [("purpose", purpose), ("file_name", os.path.basename(path)), ("file_type", kind)]
        raw = await multipart.send_whole(self._http, "/files/upload", path, fields, progress)
        return self._decode.object(File, raw, is_write=True)

    async def models(self) -> Page[Model]:
        """Return the models that can be tuned, or that answer requests."""
        page = await self._page(Model, self.provider.models, [])
        return Page(Model, page.objects, False, page.raw)

    async def weights(self, job: Job, step: int | None, *, merged: bool) -> Weights:
        if step is None and job.status is not Status.SUCCEEDED:
            raise BadRequest(
                f"{job.id} is {job.status_text}: it has no weights of its end",
                hint=f"For a checkpoint: {job.id}:STEP. The steps: fttui jobs checkpoints {job.id}",
                code="no_weights",
            )
        kind = lenient.line(lenient.mapping(job.sent.get("training_type")).get("type"))
        wanted = "model_output_path" if kind.lower() == "full" else "merged" if merged else "adapter"
        query = {"ft_id": job.id, "checkpoint": wanted} | ({} if step is None else {"checkpoint_step": step})
        route = f"/finetune/download?{urlencode(query)}"
        sent = await self._http.measure(route)
        if not sent.size:
            raise self._decode.unreadable("the weights have no size")
        # With a step Together chooses between adapter and merged model itself.
        words = ("model" if wanted == "model_output_path" else wanted) if step is None else f"step-{step}"
        name = f"{job.id}-{words}.tar.{'gz' if 'x-tar' in sent.content_type else 'zst'}"
        return Weights(route, name, sent.size, job.model, sent.version)

    # Before a job is created

    def refuse(self, spec: JobSpec) -> str:
        reason = super().refuse(spec)
        half = "" if reason else together_body.refusal(spec)
        return f"{self.provider.title} {half}" if half else reason

    async def exceeds(self, specs: Sequence[JobSpec]) -> Assessment:
        model = specs[0].model
        query = [("model_name", model)]
        try:
            limits = await self._read("/fine-tunes/models/limits", query)
        except NotFound as error:
            if error.code == UNKNOWN_ROUTE:
                return Assessment()
            return Assessment(f"{self.provider.title} does not tune {model}: {error.message}", member="model")
        halves = (together_body.over_limits(spec, lenient.mapping(limits)) for spec in specs)
        half = next(filter(None, halves), "")
        return Assessment(f"{self.provider.title} {half}" if half else "")

    async def estimate(self, spec: JobSpec) -> Assessment:
        # A request that changes nothing, although it is a POST.
        raw = await self._http.write("POST", "/fine-tunes/estimate-price", together_body.estimate_body(spec))
        answer = lenient.mapping(raw)
        reason = lenient.line(answer.get("unavailable_reason"))
        if reason in ("train_file_invalid", "eval_file_invalid"):
            return Assessment(f"{self.provider.title} refuses the data: {await self._file_fault(spec, reason)}")
        cost = lenient.number(answer.get("estimated_total_price"))
        if answer.get("estimation_available") is False or cost is None:
            return Assessment()
        if answer.get("allowed_to_proceed") is False:
            limit = lenient.number(answer.get("user_limit"))
            more = "" if limit is None else f", and the limit of the account is {limit:,.2f} USD"
            return Assessment(f"{self.provider.title} expects a cost of {cost:,.2f} USD{more}")
        tokens = lenient.whole(answer.get("estimated_train_token_count"))
        return Assessment(cost=cost, currency="USD", tokens=tokens)

    async def _file_fault(self, spec: JobSpec, reason: str) -> str:
        id = spec.training_file if reason.startswith("train") else spec.validation_file or ""
        try:
            return (await self.file(id)).status_details or reason
        except ApiError:
            return reason

    # Translation

    def body(self, spec: JobSpec) -> dict[str, Any]:
        return together_body.body_of(spec)

    def translate(self, kind: type[Wire], raw: dict[str, Any]) -> dict[str, Any]:
        if kind is Job:
            return _job(raw)
        if kind is Event:
            return _event(raw)
        return _file(raw) if kind is File else raw


def _job(raw: dict[str, Any]) -> dict[str, Any]:
    status = status_of(lenient.line(raw.get("status")))
    method = lenient.mapping(raw.get("training_method"))
    kind = {"sft": "supervised", "": "supervised"}.get(word := lenient.line(method.get("method")), word)
    job = {
        "object": "fine_tuning.job",
        "id": raw.get("id"),
        "status": raw.get("status"),
        "model": raw.get("model"),
        "fine_tuned_model": (raw.get("model_output_name") or None) if status is Status.SUCCEEDED else None,
        "suffix": raw.get("suffix") or None,
        "created_at": raw.get("created_at"),
        "finished_at": raw.get("updated_at") if status.is_final else None,
        "training_file": raw.get("training_file"),
        "validation_file": raw.get("validation_file") or None,
        "seed": raw.get("random_seed"),
        "trained_tokens": raw.get("token_count"),
        "method": {"type": kind, kind: {"hyperparameters": _hyperparameters(raw, method)}},
        "integrations": _wandb(raw),
        "error": _error(raw) if status is Status.FAILED else None,
    }
    price = lenient.number(raw.get("total_price"))
    if status.is_final and price is not None:
        job[COST] = {"amount": price / NANO, "currency": "USD"}
    return job


def _hyperparameters(raw: Mapping[str, Any], method: Mapping[str, Any]) -> dict[str, Any]:
    kind = lenient.mapping(raw.get("training_type"))
    scheduler = lenient.mapping(raw.get("lr_scheduler"))
    found = {name: raw.get(name) for name in ("n_epochs", "batch_size", "learning_rate", *together_body.PLAIN)}
    found |= {"beta": method.get("dpo_beta")}
    found |= {name: method.get(name) for name in (*together_body.PREFERENCE, "train_on_inputs")}
    found["training_type"] = lenient.line(kind.get("type")).lower()
    found |= {name: kind.get(name) for name in together_body.LORA}
    found["lr_scheduler_type"] = scheduler.get("lr_scheduler_type")
    arguments = lenient.mapping(scheduler.get("lr_scheduler_args"))
    found |= {name: arguments.get(name) for name in together_body.SCHEDULER}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _wandb(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not raw.get("wandb_project_name"):
        return []
    names = {"project": "wandb_project_name", "entity": "wandb_entity", "name": "wandb_name"}
    return [{"type": "wandb", "wandb": {name: raw[sent] for name, sent in names.items() if raw.get(sent)}}]


def _error(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the last error among the events inside a job. Lists have none, then the log has it."""
    events = [_event(item) for item in lenient.items(raw.get("events")) if isinstance(item, dict)]
    return next(({"message": item["message"]} for item in reversed(events) if item["level"] == "error"), None)


def _event(raw: dict[str, Any]) -> dict[str, Any]:
    level = lenient.line(raw.get("level")).lower().removeprefix("legacy_")
    data = {name: raw[name] for name in ("step", "total_steps") if lenient.whole(raw.get(name)) is not None}
    return {
        "object": "fine_tuning.job.event",
        "id": lenient.line(raw.get("hash")) or f"event-{digest(raw) & (1 << 64) - 1:016x}",
        "created_at": raw.get("created_at"),
        "level": _LEVELS.get(level, "info"),
        "type": "message",
        "message": raw.get("message"),
        "data": data,
    }


def _metric_events(rows: Iterable[Any], total: int | None) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the metrics as events, with each row as sent. A row without a time gets that of the row before it."""
    found: list[tuple[dict[str, Any], dict[str, Any]]] = []
    last: Any = None
    for raw in sorted(map(lenient.mapping, rows), key=lambda row: lenient.number(row.get("train/global_step")) or 0):
        step = lenient.whole(raw.get("train/global_step"))
        if step is None:
            continue
        last = raw.get("train/timestamp", last)
        # NaN is no JSON and is decoded as null.
        values = {
            _metric_name(name): "NaN" if value is None else value
            for name, value in raw.items()
            if name not in _NOT_METRICS
        }
        is_evaluation = any(name.startswith("eval/") for name in raw)
        loss = "valid_loss" if is_evaluation else "train_loss"
        event = {
            "object": "fine_tuning.job.event",
            "id": f"{'e' if is_evaluation else 'm'}{step}",
            "created_at": last,
            "level": "info",
            "type": "metrics",
            "message": f"Step {step}" + (f"/{total}" if total else "") + f": {loss}={values.get(loss)}",
            "data": {"step": step, **({"total_steps": total} if total else {}), **values},
        }
        found.append((event, raw))
    return found


def _metric_name(name: str) -> str:
    if name in _METRICS:
        return _METRICS[name]
    kind, _, rest = name.partition("/")
    return f"valid_{rest}" if kind == "eval" and rest else rest or name


def _checkpoint(job: str, raw: dict[str, Any]) -> dict[str, Any]:
    step = raw.get("step")
    kind = lenient.line(raw.get("checkpoint"))
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": ":".join(filter(None, (job, str(step), kind))),
        "created_at": raw.get("created_at"),
        "fine_tuning_job_id": job,
        # What `from_checkpoint` of a new job takes.
        "fine_tuned_model_checkpoint": f"{job}:{step}",
        "step_number": step,
        "metrics": {},
    }


def _file(raw: dict[str, Any]) -> dict[str, Any]:
    state = lenient.line(raw.get("processing_status"))
    report = lenient.mapping(raw.get("validation_report"))
    processed = "processed" if raw.get("Processed") else "uploaded"
    return {
        **{name: raw.get(name) for name in ("id", "bytes", "created_at", "filename", "purpose")},
        "object": "file",
        "status": _FILE_STATES.get(state, "uploaded") if state else processed,
        "status_details": report.get("error"),
    }


def _time(event: Any) -> float:
    return lenient.moment(lenient.mapping(event).get("created_at")) or 0.0
