"""Alarms of the jobs in the cockpit: those of the curve, and those that the clock raises. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from fttui.models.row import JobRow

if TYPE_CHECKING:
    from fttui.learning.alarms import Alarm
    from fttui.store.port import StorePort

CHECK_EVERY = 30.0
"""Seconds between two checks of a job for the alarms that the clock raises."""
MOST_CHECKED = 50
"""Most live jobs that are checked by the clock, the newest first."""


class AlarmWatch:
    """Which alarms are raised, and which of them are new."""

    def __init__(self, off: frozenset[str] = frozenset()) -> None:
        """
        Args:
            off: kinds that the user has turned off.
        """
        self._off = off
        self.by_clock: dict[str, str] = {}
        """Kinds that the checks by the clock found, with commas between, by job. Without those of the curve.

        Replaced on each change.
        """
        self._told: dict[str, frozenset[str]] = {}
        self._checked_at = float("-inf")
        self._queue: list[str] = []
        """Jobs to check next."""

    def restart(self) -> None:
        """Forget everything, as for another service."""
        self.by_clock, self._told, self._queue, self._checked_at = {}, {}, [], float("-inf")

    def kinds(self, row: JobRow) -> frozenset[str]:
        """Return the kinds of a job's alarms."""
        found = filter(None, f"{row.alarms},{self.by_clock.get(row.id, '')}".split(","))
        return frozenset(found) - self._off

    def overlay(self, rows: Mapping[str, JobRow]) -> Mapping[str, JobRow]:
        """Return rows with the kinds that the clock raises."""
        changed = {
            id: rows[id]._replace(alarms=",".join(filter(None, (rows[id].alarms, kinds))))
            for id, kinds in self.by_clock.items()
            if id in rows
        }
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

    def check(self, store: StorePort, rows: Mapping[str, JobRow], now: float) -> frozenset[str]:
        """Check one live job, each of the newest once in `CHECK_EVERY` seconds. Return it if its kinds have changed.

        Args:
            now: Unix seconds.
        """
        if not self._queue:
            if 0 <= now - self._checked_at < CHECK_EVERY:
                return frozenset()
            self._checked_at = now
            live = (id for id, row in rows.items() if row.status.is_live and not row.gone)
            self._queue = [*islice(live, MOST_CHECKED), *(self.by_clock.keys() - rows.keys())]
        if not self._queue:
            return frozenset()
        id = self._queue.pop(0)
        row = rows.get(id)
        kinds: list[str] = []
        if row is not None and row.status.is_live:
            of_curve = row.alarms.split(",")
            found = store.alarms(id).without(self._off).alarms
            kinds = [alarm.kind.value for alarm in found if alarm.kind.value not in of_curve]
        if ",".join(kinds) == self.by_clock.get(id, ""):
            return frozenset()
        self.by_clock = {key: value for key, value in self.by_clock.items() if key != id}
        if kinds:
            self.by_clock[id] = ",".join(kinds)
        return frozenset({id})


def alarm_note(row: JobRow, alarm: Alarm) -> str:
    """Describe an alarm in a notification: `ten-epochs is overfitting (best checkpoint: step 360)`."""
    best = alarm.finding.numbers.get("checkpoint_step")
    if alarm.kind == "overfitting":
        return f"{row.name} is overfitting" + (f" (best checkpoint: step {best:.0f})" if best is not None else "")
    return f"{row.name}: {alarm.finding.short}"
