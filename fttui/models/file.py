"""Files and models at a provider."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator

from fttui.models import lenient
from fttui.models.trainer_settings import TrainerSetting, settings_of
from fttui.models.wire import Wire


class File(Wire):
    """A file. `filename` is only shown, never used as a path."""

    bytes: lenient.Whole = None
    created_at: lenient.Moment = None
    expires_at: lenient.Moment = None
    filename: lenient.Line = ""
    purpose: lenient.Line = ""
    status: lenient.Line = ""
    status_details: lenient.Paragraph = ""


def _settings(value: object) -> dict[str, TrainerSetting] | None:
    return settings_of(value) if isinstance(value, Mapping) else None


class Model(Wire):
    """A base model or a fine-tuned model. The embedded service says more than others."""

    created_at: lenient.Moment = None
    owned_by: lenient.Line = ""
    shutdown_date: lenient.Line = ""
    deprecation: dict[str, Any] = {}
    """Azure's times of the end of fine-tuning and of inference, in Unix seconds. As sent."""
    source: lenient.Line = ""
    """Origin of a base model: `in the box`, `cached`, `settings` or `hub`. Only the embedded service sends it."""
    size: lenient.Whole = None
    """Bytes of the weights."""
    trainer: lenient.Line = ""
    """Trainer of the embedded service."""
    settings: Annotated[dict[str, TrainerSetting] | None, BeforeValidator(_settings)] = None
    """Settings of the trainer. None when they are not known, as in a list."""

    @classmethod
    def members(cls, raw: dict[str, Any]) -> dict[str, Any]:
        # OpenAI sends `created` for models, Azure `created_at`.
        created = raw.get("created") or raw.get("created_at")
        own = lenient.mapping(raw.get("fttui"))
        members = super().members(raw) | {"created_at": created}
        members["deprecation"] = lenient.mapping(raw.get("deprecation"))
        return members | {name: own.get(name) for name in ("source", "size", "trainer", "settings")}

    @property
    def shuts_down_at(self) -> float | None:
        """Time of the model's shutdown in Unix seconds, None when the provider names none."""
        return lenient.moment(self.shutdown_date) or lenient.moment(self.deprecation.get("inference"))


class ModelAnswer(NamedTuple):
    """Answer to the question for one model."""

    model: Model | None
    """None when the model does not exist, or may exist but could not be fetched."""
    is_certain: bool = True
    """False when it could not be fetched: the next question may have another answer."""
