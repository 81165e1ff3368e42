"""Files and models at a provider."""

from typing import Any

from fttui.models import lenient
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


class Model(Wire):
    """A base model or a fine-tuned model."""

    created_at: lenient.Moment = None
    owned_by: lenient.Line = ""
    shutdown_date: lenient.Line = ""
    deprecation: dict[str, Any] = {}
    """Azure's times of the end of fine-tuning and of inference, in Unix seconds. As sent."""

    @classmethod
    def members(cls, raw: dict[str, Any]) -> dict[str, Any]:
        # OpenAI sends `created` for models, Azure `created_at`.
        created = raw.get("created") or raw.get("created_at")
        return super().members(raw) | {"created_at": created, "deprecation": lenient.mapping(raw.get("deprecation"))}

    @property
    def shuts_down_at(self) -> float | None:
        """Time of the model's shutdown in Unix seconds, None when the provider names none."""
        return lenient.moment(self.shutdown_date) or lenient.moment(self.deprecation.get("inference"))
