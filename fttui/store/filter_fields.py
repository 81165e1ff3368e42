"""Fields of the filter language, with the help that the prompt, `fttui help filter` and docs/keys.md show.

Standard library only.
"""

from fttui.lean_typing import Literal, NamedTuple


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
    FilterField("name", "text", "suffix, else the end of the id", "name:lr-1"),
    FilterField("model", "text", "base model", "model~4o"),
    FilterField("loss", "number", "newest loss", "loss<1.7"),
    FilterField("best", "number", "lowest loss", "best<1.5"),
    FilterField("alarm", "text", "kind of an alarm, any or none", "alarm:overfitting"),
    FilterField("age", "time", "time since the job was created", "age<2d"),
    FilterField("created", "time", "day, month or year", "created>=2026-05"),
    FilterField("step", "number", "training steps done", "step>100"),
    FilterField("at", "number", "step of the best loss", "at>100"),
    FilterField("train", "number", "smoothed training loss", "train<1.5"),
    FilterField("gap", "number", "validation minus training loss", "gap>0.5"),
    FilterField("gain", "number", "gain over the base model", "gain<0.1"),
    FilterField("epochs", "number", "number of epochs, or auto", "epochs>3"),
    FilterField("lr", "number", "rate, multiplier or auto", "lr<=0.1"),
    FilterField("batch", "number", "batch size, or auto", "batch:8"),
    FilterField("tokens", "number", "trained tokens", "tokens>1.5m"),
    FilterField("cost", "number", "cost of the training", "cost>2"),
    FilterField("method", "text", "supervised, dpo or reinforcement", "method:dpo"),
    FilterField("suffix", "text", "suffix alone", "suffix:lr-1"),
    FilterField("id", "text", "id of the job", "id~x7Qa"),
    FilterField("fine_tuned_model", "text", "tuned model", "fine_tuned_model~router"),
    FilterField("profile", "text", "profile, when several are shown", "profile:work"),
)
# fmt: on

STATES = ("running", "stalled", "queued", "waiting", "paused", "succeeded", "failed", "cancelled", "live", "final")
"""Values of the status. `waiting`, `live` and `final` stand for several statuses."""

BY_NAME = {field.name: field for field in FILTER_FIELDS}
FIELDS = tuple(BY_NAME)
TEXT_FIELDS = tuple(field.name for field in FILTER_FIELDS if field.kind == "text")
FROM_LOG = frozenset(("step", "loss", "best", "at", "train", "gap", "gain", "alarm"))
"""Fields whose values come from the log of a job."""
OLD_NAMES = {"tuned": "fine_tuned_model"}
"""Names of fields in older versions, and their present ones."""
NUMBER_FIELDS = tuple(field.name for field in FILTER_FIELDS if field.kind == "number")


def field_table() -> str:
    """Return the fields as a Markdown table, for docs/keys.md."""
    rows = [f"| `{field.name}` | {field.help} | `{field.example}` |" for field in FILTER_FIELDS]
    return "\n".join(["| field | meaning | example |", "| --- | --- | --- |", *rows])
