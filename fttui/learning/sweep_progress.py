"""State of the jobs of a sweep. Standard library only, and light: the first frame imports it."""

from collections.abc import Iterable

from fttui.lean_typing import NamedTuple
from fttui.learning.figures import figure
from fttui.models.status import Status
from fttui.models.summary import Summary


class Progress(NamedTuple):
    """State of the jobs of a sweep."""

    total: int
    done: int
    succeeded: int
    running: int
    best: float | None = None
    """Lowest validation loss; without any, the lowest training loss."""
    best_name: str = ""

    @classmethod
    def of(cls, jobs: Iterable[tuple[Status, str, Summary]]) -> "Progress":
        """Return the state of jobs, each with its status, name and numbers."""
        jobs = list(jobs)
        states = [status for status, _, _ in jobs]
        losses = [(summary.best, name, summary.is_validation) for _, name, summary in jobs if summary.best is not None]
        with_validation = [loss for loss in losses if loss[2]]
        best = min(with_validation or losses, default=(None, "", False))
        return cls(
            len(jobs),
            sum(status.is_final for status in states),
            states.count(Status.SUCCEEDED),
            states.count(Status.RUNNING),
            best[0],
            best[1],
        )


def progress_parts(progress: Progress) -> list[str]:
    """Return the state of a sweep in parts: `4 of 6 done`, `2 running`, `best 1.641: support-v4-e3-lr1`."""
    total, done = progress.total, progress.done
    parts = [f"{done} of {total} done" if done < total else "all done"]
    if unsuccessful := done - progress.succeeded:
        parts.append(f"{unsuccessful} not succeeded")
    if progress.running:
        parts.append(f"{progress.running} running")
    if waiting := total - done - progress.running:
        parts.append(f"{waiting} waiting")
    if progress.best is not None:
        parts.append(f"best {figure(progress.best)}: {progress.best_name}")
    return parts
