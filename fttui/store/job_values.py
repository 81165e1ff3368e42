"""Values of jobs by the names of fields, for filters and orders. Standard library only."""

from collections.abc import Callable
from math import isfinite
from operator import attrgetter

from fttui.lean_typing import Any, NamedTuple
from fttui.learning.kinds import kinds_of
from fttui.models.row import JobRow

SETTINGS = {"epochs": "epochs", "lr": "rate", "batch": "batch"}
"""Fields with hyperparameters, and the members of a row that have them as sent."""


def _of_setting(member: str) -> Callable[[JobRow], float | None]:
    read = attrgetter(member)

    def number(row: JobRow) -> float | None:
        try:
            found = float(read(row))
        except ValueError:
            return None
        return found if isfinite(found) else None

    return number


def _train(row: JobRow) -> float | None:
    """Return the smoothed training loss, else the newest one. None while the newest is not finite."""
    return row.loss if row.summary.train is None and not row.summary.is_train_lost else row.summary.train


_TEXTS: dict[str, Callable[[JobRow], str]] = {
    "id": attrgetter("id"),
    "name": attrgetter("name"),
    "suffix": attrgetter("suffix"),
    "model": attrgetter("model"),
    "status": attrgetter("status_text"),
    "method": attrgetter("method"),
    "fine_tuned_model": attrgetter("fine_tuned_model"),
    "profile": attrgetter("profile"),
}
_NUMBERS: dict[str, Callable[[JobRow], Any]] = {  # a number, or None
    "step": attrgetter("step"),
    "loss": attrgetter("judged_loss"),
    "best": attrgetter("summary.best"),
    "at": attrgetter("summary.best_step"),
    "train": _train,
    "gap": attrgetter("summary.gap"),
    "gain": attrgetter("summary.gain"),
    **{field: _of_setting(member) for field, member in SETTINGS.items()},
    "tokens": attrgetter("trained_tokens"),
    "created": attrgetter("created_at"),
    "age": attrgetter("created_at"),
}


class Known(NamedTuple):
    """Facts about jobs that are not in their rows."""

    cost: Callable[[JobRow], float | None] = lambda _: None
    """Returns the cost of a job, None when unknown."""
    alarms_off: frozenset[str] = frozenset()
    """Kinds of alarms that the user has turned off."""

    def text(self, field: str) -> Callable[[JobRow], str]:
        """Return the function that reads a text field of a row. The alarm is the most important kind."""
        if field == "alarm":
            return lambda row: next(iter(kinds_of(row.alarms, self.alarms_off)), "")
        return _TEXTS[field]

    def number(self, field: str) -> Callable[[JobRow], Any]:
        """Return the function that reads a number field of a row, or its time of creation: a number or None."""
        return self.cost if field == "cost" else _NUMBERS[field]


NOTHING_KNOWN = Known()
