"""Limits for living trainers: silence, size of the output, unreadable lines."""

from typing import NamedTuple

from fttui.clock import Clock
from fttui.server.settings import HANG_AFTER, LARGEST_LOG, Trainer
from fttui.server.storage.job_dir import JobDirectory
from fttui.server.storage.records import JobRecord

MOST_UNREADABLE_LINES = 10
"""Unreadable lines in progress.jsonl above which the job fails."""


class Violation(NamedTuple):
    """Limit that a trainer broke."""

    reason: str
    """Rest of a sentence that starts with "The trainer"."""
    at_once: bool = False
    """Kill the trainer without SIGTERM."""


class TrainerLimits:
    """Checks trainers against their limits, and measures for how long they are silent."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_report: dict[str, float] = {}

    def reset(self, id: str) -> None:
        """Forget a job: its trainer starts, or has ended."""
        self._last_report.pop(id, None)

    def note_report(self, id: str) -> None:
        """Record that the trainer of a job reported something."""
        self._last_report[id] = self._clock.monotonic()

    def silence(self, id: str) -> float:
        """Return the seconds since the last report of a job's trainer, or since the first call."""
        now = self._clock.monotonic()
        return now - self._last_report.setdefault(id, now)

    def violation(self, job: JobRecord, directory: JobDirectory, trainer: Trainer | None) -> Violation | None:
        """Return the limit that the trainer of a running job broke, or None.

        Args:
            trainer: None when the trainer is no longer configured; the default limits apply.
        """
        hang_after = trainer.hang_after if trainer else HANG_AFTER
        if too_many_unreadable_lines(job):
            return Violation(f"wrote {job.garbage} unreadable lines to progress.jsonl and was stopped")
        if directory.is_too_large(trainer.largest_log if trainer else LARGEST_LOG):
            return Violation("wrote too much output and was stopped", at_once=True)
        if self.silence(job.id) > hang_after:
            return Violation(f"reported nothing for {hang_after:.0f} seconds and was stopped")
        return None


def too_many_unreadable_lines(job: JobRecord) -> bool:
    return job.garbage > MOST_UNREADABLE_LINES
