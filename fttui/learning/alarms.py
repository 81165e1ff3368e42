"""Alarms: findings about a job that a user should know now, each with the numbers that it rests on.

`check_job` applies every rule. A rule that cannot be applied is reported with the reason. Standard library only.
"""

from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fttui.learning import clock_rules, curve_rules
from fttui.learning.finding import Finding, JobState, Skipped
from fttui.learning.kinds import KINDS, named_kinds, word_of
from fttui.learning.kinds import Kind as Kind

STOPPABLE = (Kind.NON_FINITE, Kind.DIVERGING, Kind.OVERFITTING, Kind.PLATEAU)
"""Kinds that rest on the curve. They can stop a job: see `--stop-on`."""
BY_CLOCK = (Kind.STALLED, Kind.QUEUED_LONG, Kind.FILE_EXPIRING, Kind.MODEL_RETIRING)
"""Kinds that rest on times."""


def stop_kinds(text: str) -> tuple[Kind, ...]:
    """Return the kinds that stop a job, from a list with commas.

    Raises:
        ValueError: a kind is unknown or cannot stop a job, or there is none.
    """
    return named_kinds(text, STOPPABLE, "cannot stop a job")


_RULES: dict[Kind, Callable[[JobState], Finding | Skipped | None]] = {
    Kind.NON_FINITE: curve_rules.not_finite,
    Kind.DIVERGING: curve_rules.diverging,
    Kind.OVERFITTING: curve_rules.overfitting,
    Kind.STALLED: clock_rules.stalled,
    Kind.PLATEAU: curve_rules.plateau,
    Kind.QUEUED_LONG: clock_rules.queued_long,
    Kind.FILE_EXPIRING: clock_rules.file_expiring,
    Kind.MODEL_RETIRING: clock_rules.model_retiring,
}


class Alarm(NamedTuple):
    """A finding of one kind."""

    kind: Kind
    finding: Finding

    @property
    def message(self) -> str:
        """One or two sentences with the numbers."""
        return self.finding.message

    @property
    def since(self) -> float | None:
        """Unix seconds of the moment when the condition began. None when its time is not known."""
        return self.finding.since

    def word(self, *, is_live: bool) -> str:
        """Return the word for the list, at most 11 characters."""
        return word_of(self.kind, is_live=is_live)


@dataclass
class Report:
    """Result of all rules for one job."""

    alarms: list[Alarm] = field(default_factory=list)
    """Findings, the most important first."""
    checked: list[Kind] = field(default_factory=list)
    """Kinds whose rule was applied."""
    skipped: list[tuple[Kind, str]] = field(default_factory=list)
    """Kinds that could not be checked, with the reason."""

    def kinds(self) -> Sequence[str]:
        return [alarm.kind.value for alarm in self.alarms]

    def without(self, off: Container[str]) -> "Report":
        """Return this report without the kinds that the user has turned off."""
        return Report(
            [alarm for alarm in self.alarms if alarm.kind not in off],
            [kind for kind in self.checked if kind not in off],
            [
                *((kind, reason) for kind, reason in self.skipped if kind not in off),
                *((kind, "turned off in [alarms]") for kind in Kind if kind in off),
            ],
        )


def joined(*reports: Report) -> Report:
    """Join reports about different kinds of one job."""
    rank = {kind: number for number, kind in enumerate(_RULES)}
    return Report(
        sorted((alarm for report in reports for alarm in report.alarms), key=lambda alarm: rank[alarm.kind]),
        sorted((kind for report in reports for kind in report.checked), key=rank.__getitem__),
        sorted((item for report in reports for item in report.skipped), key=lambda item: rank[item[0]]),
    )


def check_job(state: JobState, kinds: Collection[str] = KINDS) -> Report:
    """Apply the rules of these kinds to a job."""
    report = Report()
    for kind, rule in _RULES.items():
        if kind not in kinds:
            continue
        result = rule(state)
        if isinstance(result, Skipped):
            if result.reason:
                report.skipped.append((kind, result.reason))
            continue
        report.checked.append(kind)
        if result is not None:
            report.alarms.append(Alarm(kind, result))
    found = {alarm.kind for alarm in report.alarms}
    if found & {Kind.DIVERGING, Kind.OVERFITTING, Kind.NON_FINITE}:
        # The curve is not flat but worse: one sentence about it is enough.
        report.alarms = [alarm for alarm in report.alarms if alarm.kind is not Kind.PLATEAU]
    return report
