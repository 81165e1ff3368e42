"""LocalAI on own hardware: a bare list of jobs whose states move only while their progress is read."""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fttui.api import multipart
from fttui.api.error_mapping import UNKNOWN_ROUTE
from fttui.api.errors import ApiError, Conflict, NotFound
from fttui.api.http import Http
from fttui.api.providers.base import Provider
from fttui.api.providers.dialect import Dialect, Report, part
from fttui.api.providers.progress_stream import ProgressStreams
from fttui.models import lenient
from fttui.models.auto_hyperparameters import AUTO
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.lenient_json import loads
from fttui.models.page import Page
from fttui.models.raw_json import digest
from fttui.models.spec import JobSpec
from fttui.models.status import Status, status_of
from fttui.models.wire import SENT, Wire

FIRST_MESSAGE = 3.0
"""Seconds to wait for the first message about a live job before its state is shown."""
HUB = "hf://"
"""Start of the name of a data set of the hub, which tells it from a path on this machine."""
_MEMBERS = {"n_epochs": "num_epochs"}
"""Names of hyperparameters in the request, where they differ."""
_PLAIN = (
    *("n_epochs", "batch_size", "learning_rate", "training_type", "training_method", "backend", "adapter_rank"),
    *("adapter_alpha", "adapter_dropout", "target_modules", "gradient_accumulation_steps", "warmup_steps", "max_steps"),
    *("save_steps", "weight_decay", "gradient_checkpointing", "optimizer", "mixed_precision", "dataset_split"),
    *("resume_from_checkpoint", "reward_functions"),
)
_EXTRA = ("beta", "max_seq_length", "packing", "loss_type", "num_generations")
"""Hyperparameters that travel as texts in `extra_options`."""
_METHODS = {"sft": "supervised"}
_MEASURED = {"loss": "train_loss", "learning_rate": "learning_rate", "grad_norm": "grad_norm", "current_epoch": "epoch"}


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return a LocalAI server. Its list of data sets and its models are not part of this API."""
    return Provider(
        name="localai",
        base_url=base_url,
        dialect=LocalAI,
        key_variable="",
        jobs="/jobs",
        missing=frozenset(
            {"pause", "resume", "results", "file", "content", "delete_file", "delete_model", "try_model"}
        ),
        keeps_metadata=False,
        hyperparameters=MappingProxyType({"supervised": (*_PLAIN, *_EXTRA), "dpo": (*_PLAIN, *_EXTRA)}),
        has_auto=False,
        lacks=frozenset({"validation_file", "suffix", "wandb_project", "grader"}),
    )


class LocalAI(Dialect):
    """API of LocalAI. Streams of live jobs are held open from the first time that a job is read."""

    def __init__(self, http: Http) -> None:
        super().__init__(http)
        self._streams = ProgressStreams(
            lambda id: self._http.events(f"{self._job_path(id)}/progress"), lambda text: self._progress(text)
        )

    async def close(self) -> None:
        await self._streams.close()

    async def jobs(
        self, *, after: str | None = None, limit: int = 100, metadata: Mapping[str, str] | None = None
    ) -> Page[Job]:
        """Return all jobs, after the streams of the live ones have told their states."""
        page = await self._page(Job, self.provider.jobs, [])
        live = [job.id for job in page.items if job.status.is_live and not job.fault]
        return await self._page(Job, self.provider.jobs, []) if await self._follow(live) else page

    async def job(self, id: str) -> Job:
        job = await super().job(id)
        return await super().job(id) if job.status.is_live and await self._follow([id]) else job

    async def create(self, spec: JobSpec) -> Job:
        """Create a job. The response has only its id, so that it is read once more."""
        body = {**self.body(spec), **self.provider.create}
        made = lenient.mapping(await self._http.write("POST", self.provider.jobs, body))
        job = self._decode.object(Job, {"status": "queued", **made, "model": spec.model, "config": body}, is_write=True)
        try:
            return await super().job(job.id)
        except ApiError:
            return job

    async def cancel(self, id: str) -> Job:
        """Stop a job and save it. A finished job would become a stopped one, so its state is read first."""
        before = await super().job(id)
        if before.status.is_final:
            raise Conflict(f"the job is already {before.status_text}", status=409)
        await self._http.write("POST", f"{self._job_path(id)}/stop?save_checkpoint=true")
        return await super().job(id)

    async def events(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        """Return what the stream of a job has told so far, newest first. The server keeps no log."""
        if (await super().job(id)).status.is_live:
            await self._follow([id])
        return Page(Event, self._streams.events(id)[::-1], False, None)

    async def _follow(self, ids: list[str]) -> bool:
        return bool(ids) and await self._streams.follow(ids, FIRST_MESSAGE)

    async def checkpoints(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Checkpoint]:
        """Return all checkpoints."""
        raw = await self._read(f"{self._job_path(id)}/checkpoints", is_page=True)
        sent = lenient.items(lenient.mapping(raw).get("checkpoints"))
        found = [self._decode.with_sent(_checkpoint(id, item), item) for item in sent if isinstance(item, dict)]
        return Page(Checkpoint, found, False, raw)

    # Files and models

    async def files(
        self, *, purpose: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Page[File]:
        raise self._without("a list of data sets: they are named by their path on the server, or by an id of the hub")

    async def file(self, id: str) -> File:
        raise self._without("facts about a data set")

    async def upload(self, path: str, *, purpose: str, progress: Report | None = None) -> File:
        raw = await multipart.send_whole(self._http, "/datasets", path, [], progress)
        place = lenient.line(lenient.mapping(raw).get("path"))
        if not place:
            raise self._decode.unreadable("the upload has no path", ambiguous=True)
        made = {"id": place, "object": "file", "filename": os.path.basename(path), "purpose": purpose}
        return File.read({**made, SENT: raw})

    async def models(self) -> Page[Model]:
        raise self._without("a list of models that can be tuned")

    def _without(self, what: str) -> NotFound:
        return NotFound(f"LocalAI has no route for {what}", status=404, code=UNKNOWN_ROUTE)

    # Translation

    def refuse(self, spec: JobSpec) -> str:
        if reason := super().refuse(spec):
            return reason
        given = (name for name, value in spec.hyperparameters.items() if value != AUTO)
        unknown = next((name for name in given if name not in (*_PLAIN, *_EXTRA)), "")
        return f"{self.provider.title} has no {unknown}" if unknown else ""

    def body(self, spec: JobSpec) -> dict[str, Any]:
        given = {name: value for name, value in spec.hyperparameters.items() if value != AUTO}
        plain = {_MEMBERS.get(name, name): value for name, value in given.items() if name in _PLAIN}
        extra = {name: _text(value) for name, value in given.items() if name in _EXTRA}
        method = "dpo" if spec.method == "dpo" else "sft"
        body = {
            "model": spec.model,
            "dataset_source": spec.training_file.removeprefix(HUB),
            "backend": "trl",
            "training_method": method,
        }
        return (
            body
            | plain
            | ({} if spec.seed is None else {"seed": spec.seed})
            | ({"extra_options": extra} if extra else {})
        )

    def translate(self, kind: type[Wire], raw: dict[str, Any]) -> dict[str, Any]:
        return _job(raw) if kind is Job else raw

    def _progress(self, text: str) -> list[dict[str, Any]]:
        try:
            raw = lenient.mapping(loads(text.encode()))
        except (ValueError, RecursionError):
            return []
        return [self._decode.with_sent(event, raw) for event in _progress_events(raw, self._http.clock.now())]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _job(raw: dict[str, Any]) -> dict[str, Any]:
    config = lenient.mapping(raw.get("config"))
    sent = lenient.line(raw.get("training_method")) or lenient.line(config.get("training_method"))
    method = _METHODS.get(sent, sent) or "supervised"
    names = {member: name for name, member in _MEMBERS.items()}
    ours = ("model", "dataset_source", "extra_options", "seed", "training_method")
    settings = {names.get(name, name): value for name, value in config.items() if name not in ours}
    settings |= lenient.mapping(raw.get("extra_options")) or lenient.mapping(config.get("extra_options"))
    failed = status_of(lenient.line(raw.get("status"))) is Status.FAILED
    return {
        "object": "fine_tuning.job",
        "id": raw.get("id"),
        "status": raw.get("status"),
        "model": raw.get("model"),
        "fine_tuned_model": raw.get("export_model_name") or None,
        "created_at": raw.get("created_at"),
        "training_file": config.get("dataset_source"),
        "seed": config.get("seed") or None,
        "method": {"type": method, method: {"hyperparameters": settings}},
        "error": {"message": raw.get("message")} if failed else None,
    }


def _progress_events(raw: Mapping[str, Any], now: float) -> list[dict[str, Any]]:
    """Return the metrics and the message of one report of progress. Zeros stand for values that were not measured."""
    step, total = lenient.whole(raw.get("current_step")) or 0, lenient.whole(raw.get("total_steps")) or 0
    place = {"step": step, **({"total_steps": total} if total else {})}
    common = {"object": "fine_tuning.job.event", "created_at": now, "level": "info"}
    found: list[dict[str, Any]] = []
    values = {ours: raw[name] for name, ours in _MEASURED.items() if lenient.number(raw.get(name))}
    extra = lenient.mapping(raw.get("extra_metrics"))
    values |= {name: value for name, value in extra.items() if lenient.number(value) is not None}
    if step and values.get("train_loss") is not None:
        text = f"Step {step}" + (f"/{total}" if total else "") + f": train_loss={values['train_loss']}"
        found.append({**common, "id": f"step-{step}", "type": "metrics", "message": text, "data": {**place, **values}})
    if step and lenient.number(raw.get("eval_loss")):
        data = {**place, "valid_loss": raw["eval_loss"]}
        text = f"Step {step}: valid_loss={raw['eval_loss']}"
        found.append({**common, "id": f"eval-{step}", "type": "metrics", "message": text, "data": data})
    status, message = lenient.line(raw.get("status")), lenient.paragraph(raw.get("message"))
    saved = lenient.line(raw.get("checkpoint_path"))
    level = "error" if status in ("error", "failed") else "info"
    for text in (message or status, saved and f"checkpoint {saved}"):
        if text:
            # The same message at another step is news; the state alone is not.
            mark = digest([status, text, step if message else 0]) & (1 << 64) - 1
            data = place if step else {}
            found.append(
                {
                    **common,
                    "id": f"message-{mark:016x}",
                    "level": level,
                    "type": "message",
                    "message": text,
                    "data": data,
                }
            )
    return found


def _checkpoint(job: str, raw: dict[str, Any]) -> dict[str, Any]:
    loss = lenient.number(raw.get("loss"))
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": raw.get("path") or f"{job}:{part(str(raw.get('step')))}",
        "created_at": raw.get("created_at"),
        "fine_tuning_job_id": job,
        "fine_tuned_model_checkpoint": raw.get("path"),
        "step_number": raw.get("step"),
        "metrics": {"train_loss": loss} if loss else {},
    }
