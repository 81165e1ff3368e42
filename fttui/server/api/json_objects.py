"""JSON objects of the API, made from rows of the database. Pure functions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from fttui.models.trainer_settings import TrainerSetting
from fttui.server.ids import ORGANIZATION
from fttui.server.jobs.trainer_catalog import BASE_MODELS_CREATED, BaseModel
from fttui.server.jobs.trainer_questions import Description
from fttui.server.sampling.question import End
from fttui.server.storage.records import (
    CheckpointRecord,
    EventRecord,
    FileRecord,
    JobRecord,
    ModelRecord,
    PartRecord,
    SamplesRecord,
    UploadRecord,
)


def job(record: JobRecord, *, empty_error: bool = False) -> dict[str, Any]:
    """Return a job. Members without a value are null, never absent.

    Args:
        empty_error: send `{}` instead of null for a job without an error.
    """
    supervised = record.method == "supervised"
    return {
        "object": "fine_tuning.job",
        "id": record.id,
        "model": record.model,
        "created_at": record.created_at,
        "finished_at": record.finished_at,
        "fine_tuned_model": record.fine_tuned_model,
        "organization_id": ORGANIZATION,
        "result_files": list(record.result_files),
        "status": record.status,
        "validation_file": record.validation_file,
        "training_file": record.training_file,
        "hyperparameters": record.hyperparameters if supervised else None,
        "trained_tokens": record.trained_tokens,
        "error": {} if record.error is None and empty_error else record.error,
        "user_provided_suffix": record.suffix,
        "seed": record.seed,
        "estimated_finish": record.estimated_finish,
        "integrations": [],
        "metadata": record.metadata,
        "method": {"type": record.method, record.method: {"hyperparameters": record.hyperparameters}},
        **({"fttui": state} if (state := _state(record)) else {}),
    }


def _state(record: JobRecord) -> dict[str, Any]:
    """Return what fttui shows of a job beyond the API. Empty members are absent."""
    phase = record.phase if record.status == "running" else None
    members = {"phase": phase, "environment": record.environment, "estimate": record.estimate, **_engine(record)}
    return {name: value for name, value in members.items() if value}


def _engine(record: JobRecord) -> dict[str, Any]:
    """Return the engine of a job, and the life of the trainer while the engine has it."""
    if record.engine is None:
        return {}
    life = record.life if record.status in ("queued", "running") else None
    shown = {name: value for name, value in (life or {}).items() if name not in ("told", "before")}
    return {"engine": {name: record.engine[name] for name in ("name", "kind")}, "life": shown}


def event(record: EventRecord) -> dict[str, Any]:
    return {
        "object": "fine_tuning.job.event",
        "id": record.id,
        "created_at": record.created_at,
        "level": record.level,
        "message": record.message,
        "type": record.type,
        "data": record.data,
    }


def checkpoint(record: CheckpointRecord) -> dict[str, Any]:
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": record.id,
        "created_at": record.created_at,
        "fine_tuned_model_checkpoint": record.model,
        "fine_tuning_job_id": record.job,
        "step_number": record.step,
        "metrics": record.metrics,
    }


def samples(record: SamplesRecord) -> dict[str, Any]:
    return {
        "object": "fine_tuning.job.samples",
        "id": record.id,
        "created_at": record.created_at,
        "step_number": record.step,
        "samples": record.samples,
    }


def file(record: FileRecord) -> dict[str, Any]:
    """Return a file. As the published schema requires, `expires_at` is absent for a file that does not expire."""
    expiry = {} if record.expires_at is None else {"expires_at": record.expires_at}
    return {
        "object": "file",
        "id": record.id,
        "bytes": record.bytes,
        "created_at": record.created_at,
        **expiry,
        "filename": record.filename,
        "purpose": record.purpose,
        "status": "processed",
    }


def upload(record: UploadRecord, file_record: FileRecord | None = None) -> dict[str, Any]:
    """Return an upload. A completed upload has its file, unless the file was deleted."""
    return {
        "object": "upload",
        "id": record.id,
        "bytes": record.bytes,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "filename": record.filename,
        "purpose": record.purpose,
        "status": record.status,
        "file": file(file_record) if file_record else None,
    }


def part(record: PartRecord, upload_id: str) -> dict[str, Any]:
    return {"object": "upload.part", "id": record.id, "created_at": record.created_at, "upload_id": upload_id}


def model(record: ModelRecord, trainer: str = "", description: Description | None = None) -> dict[str, Any]:
    """Return a model that a job made.

    Args:
        trainer: name of the trainer of its base model.
        description: adds this trainer and its settings.
    """
    kind = "checkpoint" if ":ckpt-step-" in record.id else "tuned"
    named = {"id": record.id, "object": "model", "created": record.created, "owned_by": ORGANIZATION}
    own: dict[str, Any] = {"kind": kind, "base": record.base}
    if description is not None:
        own |= {"trainer": trainer, **_settings(description)}
    return {**named, "fttui": own}


def base_model(model: BaseModel, description: Description | None = None) -> dict[str, Any]:
    """Return a base model.

    Args:
        description: adds the settings of its trainer.
    """
    own: dict[str, Any] = {
        "kind": "base",
        "source": model.source,
        "trainer": model.trainer.name,
        "methods": [*model.trainer.methods],
    }
    own |= {"size": model.size} if model.size is not None else {}
    own |= {"samples": True} if model.trainer.sampler else {}
    named = {"id": model.id, "object": "model", "created": BASE_MODELS_CREATED, "owned_by": "fttui"}
    return {**named, "fttui": {**own, **_settings(description)}}


def _settings(description: Description | None) -> dict[str, Any]:
    if description is None:
        return {}
    return {"settings": {name: _setting(setting) for name, setting in description.settings.items()}}


def _setting(setting: TrainerSetting) -> dict[str, Any]:
    """Return a setting of a trainer, without the members that it does not have."""
    members = {**setting._asdict(), "choices": list(setting.choices)}
    return {name: value for name, value in members.items() if name != "name" and value not in (None, "", [])}


def page(data: Sequence[dict[str, Any]], has_more: bool, *, ends: bool = False) -> dict[str, Any]:
    """Return a list envelope.

    Args:
        ends: add the ids of the first and the last item.
    """
    body: dict[str, Any] = {"object": "list", "data": list(data)}
    if ends:
        body["first_id"] = data[0]["id"] if data else None
        body["last_id"] = data[-1]["id"] if data else None
    return {**body, "has_more": has_more}


class Completion(NamedTuple):
    """Members that all objects of one chat completion share."""

    id: str
    created: int
    model: str

    def whole(self, text: str, end: End) -> dict[str, Any]:
        """Return a complete chat completion."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": None,
            "finish_reason": end.finish_reason,
        }
        return {**self._members("chat.completion"), "choices": [choice], "usage": _usage(end)}

    def chunk(self, delta: dict[str, Any], finish_reason: str | None = None, *, usage: bool) -> dict[str, Any]:
        """Return a chunk of a stream.

        Args:
            usage: the stream ends with the numbers of tokens, so that all other chunks have null for them.
        """
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        members = {**self._members("chat.completion.chunk"), "choices": [choice]}
        return {**members, "usage": None} if usage else members

    def usage_chunk(self, end: End) -> dict[str, Any]:
        """Return the chunk with the numbers of tokens, the last one of a stream."""
        return {**self._members("chat.completion.chunk"), "choices": [], "usage": _usage(end)}

    def _members(self, object: str) -> dict[str, Any]:
        return {"id": self.id, "object": object, "created": self.created, "model": self.model}


def _usage(end: End) -> dict[str, int]:
    return {
        "prompt_tokens": end.prompt_tokens,
        "completion_tokens": end.completion_tokens,
        "total_tokens": end.prompt_tokens + end.completion_tokens,
    }
