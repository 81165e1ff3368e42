"""Progress of a run from its events: step, loss, time left. For `jobs watch` and `jobs create --wait`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fttui.learning.pace import about
from fttui.learning.phase_words import phase_parts
from fttui.learning.run import Run
from fttui.learning.summary import summarize
from fttui.learning.words import progress_parts

if TYPE_CHECKING:
    from fttui.models.event import Event
    from fttui.models.job import Job
    from fttui.models.summary import Summary

TENTHS = 10
"""Greatest number of progress reports of a job."""


def newest_step(events: "Sequence[Event]") -> "Event | None":
    """Return the newest event that has a step."""
    return next((event for event in reversed(events) if event.step is not None), None)


def tenths_done(events: "Sequence[Event]") -> int:
    """Return how many tenths of the steps are done."""
    newest = newest_step([event for event in events if event.total_steps])
    return newest.step * TENTHS // newest.total_steps if newest and newest.step and newest.total_steps else 0


def loss_words(event: "Event", events: "Sequence[Event]" = ()) -> str:
    """Return the training loss of an event, or its reward, and the newest validation loss of some events.

    `training loss 1.5, validation loss 1.6`; empty without either. Losses over the whole validation file come first.
    """
    metrics = event.metrics
    name = next((name for name in ("train_loss", "train_mean_reward") if name in metrics), None)
    words = [] if name is None else [f"{name.replace('train_', 'training ').replace('_', ' ')} {metrics[name]:.4g}"]
    for validation in ("full_valid_loss", "valid_loss"):
        if (found := next((each for each in reversed(events) if validation in each.metrics), None)) is not None:
            at = "" if found.step == event.step else f" at step {found.step}"
            words.append(f"validation loss {found.metrics[validation]:.4g}{at}")
            break
    return ", ".join(words)


class RunProgress:
    """Step, loss and time left of one job."""

    def __init__(self) -> None:
        self._run = Run()

    def add(self, events: "Sequence[Event]") -> None:
        """Add new events, oldest first."""
        for event in events:
            if event.step is not None:
                self._run.add(event.step, event.metrics, event.created_at)
                self._run.total_steps = event.total_steps or self._run.total_steps

    @property
    def tenths(self) -> int:
        """Tenths of the steps that are done."""
        total = self._run.total_steps
        return self._run.last_step * TENTHS // total if total else 0

    @property
    def summary(self) -> "Summary":
        """Numbers of the run so far."""
        return summarize(self._run)

    def parts(self, job: "Job", now: float) -> list[str]:
        """Return the progress of a running job in parts, the most important first; empty when nothing is known."""
        if job.phase is not None:
            return phase_parts(job.phase, job.model, now)
        parts = progress_parts(self._run, summarize(self._run), now)
        total = self._run.total_steps
        if parts and total:
            parts[0] += f" ({100 * self._run.last_step // total} %)"
        has_estimate = bool(parts) and parts[-1].startswith("about ")
        if parts and not has_estimate and job.estimated_finish is not None and job.estimated_finish > now:
            parts.append(about(job.estimated_finish - now))
        return parts
