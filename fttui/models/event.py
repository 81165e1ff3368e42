"""An event of a job: one line of its log, or one point of its metrics."""

from typing import Any

from fttui.models import lenient
from fttui.models.wire import Wire, made_up_id

LEVELS = ("info", "warn", "error")
_LEVEL_WORDS = {
    "warning": "warn",
    "fatal": "error",
    "legacy_info": "info",
    "legacy_warning": "warn",
    "legacy_error": "error",
}


class Event(Wire):
    """One event. `level` is `info`, `warn` or `error` where the server's word means one of them."""

    created_at: lenient.Moment = None
    level: lenient.Line = "info"
    type: lenient.Line = ""
    message: lenient.Paragraph = ""
    data: dict[str, Any] = {}

    @classmethod
    def members(cls, raw: dict[str, Any]) -> dict[str, Any]:
        members = super().members(raw)
        if not lenient.line(raw.get("id")):
            members["id"] = made_up_id(raw)
        level = lenient.line(raw.get("level")).lower() or "info"
        members["level"] = _LEVEL_WORDS.get(level, level)
        members["data"] = lenient.mapping(raw.get("data"))
        return members

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers at the top level of `data` by cleaned name; nested values are no points of a curve."""
        return metrics_of(self.data)

    @property
    def step(self) -> int | None:
        return lenient.whole(self.data.get("step"))

    @property
    def total_steps(self) -> int | None:
        return lenient.whole(self.data.get("total_steps"))


def metrics_of(data: dict[str, Any]) -> dict[str, float]:
    """The finite numbers in `data` by cleaned name, without the two that count steps."""
    found: dict[str, float] = {}
    for name, value in data.items():
        if name in ("step", "total_steps") or isinstance(value, str):
            continue
        if (reading := lenient.number(value)) is not None:
            found[lenient.line(name)] = reading
    return found
