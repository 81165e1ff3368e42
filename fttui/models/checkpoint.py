"""Checkpoints of a job: models saved during training."""

from typing import Any

from fttui.models import lenient
from fttui.models.event import metrics_of
from fttui.models.wire import Wire


class Checkpoint(Wire):
    """A checkpoint, with the metrics of its step."""

    created_at: lenient.Moment = None
    fine_tuned_model_checkpoint: lenient.Line = ""
    fine_tuning_job_id: lenient.Line = ""
    step_number: lenient.Whole = None
    metrics: dict[str, float] = {}
    size: lenient.Whole = None
    """Bytes on this machine. Only runs that other programs started have it."""

    @classmethod
    def members(cls, raw: dict[str, Any]) -> dict[str, Any]:
        members = super().members(raw)
        sent = lenient.mapping(raw.get("metrics"))
        members["metrics"] = metrics_of(sent)
        if members.get("step_number") is None:
            members["step_number"] = sent.get("step")
        members["size"] = lenient.mapping(raw.get("fttui")).get("size")
        return members
