"""Fields of the filter language, with the help that the prompt, `fttui help filter` and docs/keys.md show.

Standard library only.
"""

from typing import Literal, NamedTuple


class FilterField(NamedTuple):
    """Field of a job that a filter compares."""

    name: str
    kind: Literal["text", "number", "time"]
    help: str
    """Meaning, as a noun phrase."""
    example: str
    """Term with the field."""

    @property
    def operators(self) -> tuple[str, ...]:
        """Operators that the field takes, the most useful first."""
        if self.kind == "text":
            return (":", "~")
        return ("<", ">") if self.name == "age" else ("<", ">", ":")


# fmt: off
FILTER_FIELDS: tuple[FilterField, ...] = (
    FilterField("status", "text", "status of the job, or its first letters", "status:run"),
    FilterField("model", "text", "base model", "model~4o"),
    FilterField("suffix", "text", "suffix, the name of the job", "suffix:lr-1"),
    FilterField("loss", "number", "newest training loss", "loss<1.7"),
    FilterField("age", "time", "time since the job was created", "age<2d"),
    FilterField("created", "time", "day, month or year of the job", "created>=2026-05"),
    FilterField("step", "number", "training steps done", "step>100"),
    FilterField("tokens", "number", "trained tokens", "tokens>1.5m"),
    FilterField("method", "text", "supervised, dpo or reinforcement", "method:dpo"),
    FilterField("id", "text", "id of the job", "id~x7Qa"),
    FilterField("fine_tuned_model", "text", "tuned model", "fine_tuned_model~router"),
    FilterField("profile", "text", "profile, when several are shown", "profile:work"),
)
# fmt: on

STATES = ("running", "queued", "waiting", "paused", "succeeded", "failed", "cancelled", "live", "final")
"""Values of the status. `waiting`, `live` and `final` stand for several statuses."""

BY_NAME = {field.name: field for field in FILTER_FIELDS}
FIELDS = tuple(BY_NAME)
TEXT_FIELDS = tuple(field.name for field in FILTER_FIELDS if field.kind == "text")
NUMBER_FIELDS = tuple(field.name for field in FILTER_FIELDS if field.kind == "number")


def field_table() -> str:
    """Return the fields as a Markdown table, for docs/keys.md."""
    rows = [f"| `{field.name}` | {field.help} | `{field.example}` |" for field in FILTER_FIELDS]
    return "\n".join(["| field | meaning | example |", "| --- | --- | --- |", *rows])
