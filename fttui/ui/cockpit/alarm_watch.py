"""Alarms of the jobs in the cockpit: those of the curve, and those that the clock raises. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from fttui.models.row import JobRow

if TYPE_CHECKING:
    from fttui.learning.alarms import Alarm

CHECK_EVERY = 30.0
"""Seconds between two checks of all jobs for the alarms that the clock raises."""


class AlarmWatch:
    """Which alarms are raised, and which of them are new."""

    def __init__(self, off: frozenset[str] = frozenset()) -> None:
        """
        Args:
            off: kinds that the user has turned off.
        """
        self._off = off
        self.by_clock: dict[str, str] = {}
        """Kinds that the check by the clock found, with commas between, by job. Replaced on each change."""
        self._told: dict[str, frozenset[str]] = {}
        self._checked_at = float("-inf")

    def restart(self) -> None:
        """Forget everything, as for another service."""
        self.by_clock, self._told, self._checked_at = {}, {}, float("-inf")

    def kinds(self, row: JobRow) -> frozenset[str]:
        """Return the kinds of a job's alarms."""
        found = filter(None, f"{row.alarms},{self.by_clock.get(row.id, '')}".split(","))
        return frozenset(found) - self._off

    def overlay(self, rows: Mapping[str, JobRow]) -> Mapping[str, JobRow]:
        """Return rows with the kinds that the clock raises."""
        changed = {id: rows[id].with_alarms(kinds) for id, kinds in self.by_clock.items() if id in rows}
        return {**rows, **changed} if changed else rows

    def raised(self, rows: Iterable[JobRow], watched: Collection[str]) -> list[JobRow]:
        """Return the watched live jobs with an alarm that was not there before. What is told once is not told again."""
        found = []
        for row in rows:
            if not row.alarms and row.id not in self.by_clock:
                continue
            kinds = self.kinds(row)
            told = self._told.get(row.id, frozenset())
            if kinds - told and row.id in watched and row.status.is_live:
                found.append(row)
            if kinds - told:
                self._told[row.id] = told | kinds
        return found

    def is_due(self, now: float) -> bool:
        """Tell whether all jobs are to be checked by the clock again, at a time in Unix seconds. If so, count it."""
        if 0 <= now - self._checked_at < CHECK_EVERY:
            return False
        self._checked_at = now
        return True

    def take(self, found: Mapping[str, str]) -> frozenset[str]:
        """Take the kinds that the clock raises, by job. Return the jobs whose kinds have changed."""
        before = self.by_clock
        if found == before:
            return frozenset()
        self.by_clock = dict(found)
        return frozenset(id for id in before.keys() | found.keys() if before.get(id) != found.get(id))


def alarm_note(row: JobRow, alarm: Alarm) -> str:
    """Describe an alarm in a notification: `ten-epochs is overfitting (best checkpoint: step 360)`."""
    best = alarm.finding.numbers.get("checkpoint_step")
    if alarm.kind == "overfitting":
        return f"{row.name} is overfitting" + (f" (best checkpoint: step {best:.0f})" if best is not None else "")
    return f"{row.name}: {alarm.finding.short}"
