"""Files and models as the provider lists them."""

from typing import Any

from fttui.models import lenient
from fttui.models.wire import Wire


class File(Wire):
    """A file at the provider. `filename` is text to show, never a path to use."""

    bytes: lenient.Whole = None
    created_at: lenient.Moment = None
    expires_at: lenient.Moment = None
    filename: lenient.Line = ""
    purpose: lenient.Line = ""
    status: lenient.Line = ""
    status_details: lenient.Paragraph = ""


class Model(Wire):
    """A model that can be tuned, or that a job has made."""

    created_at: lenient.Moment = None
    owned_by: lenient.Line = ""
    shutdown_date: lenient.Line = ""

    @classmethod
    def members(cls, raw: dict[str, Any]) -> dict[str, Any]:
        # OpenAI says `created` here, Azure `created_at`.
        return super().members(raw) | {"created_at": raw.get("created") or raw.get("created_at")}
