"""Progress of a run from its events: step, loss, time left. For `jobs watch` and `jobs create --wait`."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fttui.clock import duration
from fttui.models.row import EventRow

if TYPE_CHECKING:
    from fttui.models.event import Event
    from fttui.models.job import Job

TENTHS = 10
"""Greatest number of progress reports of a job."""
_PACED = 50
"""Number of newest steps that the time left is computed from."""


def newest_step(events: "Sequence[Event]") -> "Event | None":
    """Return the newest event that has a step."""
    return next((event for event in reversed(events) if event.step is not None), None)


def tenths_done(events: "Sequence[Event]") -> int:
    """Return how many tenths of the steps are done."""
    newest = newest_step([event for event in events if event.total_steps])
    return newest.step * TENTHS // newest.total_steps if newest and newest.step and newest.total_steps else 0


def loss_words(event: "Event") -> str:
    """Return the training loss of an event, or its reward, as `training loss 1.5`; empty without either."""
    metrics = event.metrics
    name = next((name for name in ("train_loss", "train_mean_reward") if name in metrics), None)
    return "" if name is None else f"{name.replace('train_', 'training ').replace('_', ' ')} {metrics[name]:.4g}"


class RunProgress:
    """Step, loss and time left of one job."""

    def __init__(self) -> None:
        self._steps: list[Event] = []
        """Newest events with a step, oldest first."""

    def add(self, events: "Sequence[Event]") -> None:
        """Add new events, oldest first."""
        self._steps = [*self._steps, *(event for event in events if event.step is not None)][-_PACED:]

    @property
    def tenths(self) -> int:
        """Tenths of the steps that are done."""
        return tenths_done(self._steps)

    def parts(self, job: "Job", now: float) -> list[str]:
        """Return the progress of a running job in parts, the most important first; empty before its first step."""
        newest = newest_step(self._steps)
        if newest is None or newest.step is None:
            return []
        total = newest.total_steps
        of = f" of {total:,} ({100 * newest.step // total} %)" if total else ""
        return [
            part for part in (f"step {newest.step:,}{of}", loss_words(newest), self._left(job, newest, now)) if part
        ]

    def _left(self, job: "Job", newest: "Event", now: float) -> str:
        from fttui.models.progress import left_words, time_left

        row = job.row(step=newest.step, total=newest.total_steps)
        if words := left_words(time_left(row, [_row(event) for event in self._steps], now)):
            return words
        if job.estimated_finish is not None and job.status.is_live and job.estimated_finish > now:
            return f"about {duration(job.estimated_finish - now)} left"
        return ""


def _row(event: "Event") -> EventRow:
    data = json.dumps({"step": event.step})
    return EventRow(0, event.id, event.created_at, event.level, "metrics", event.message, data)
