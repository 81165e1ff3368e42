"""What a check found, counted and worked out, and how it reads."""

from collections.abc import Callable
from typing import Any, NamedTuple

from fttui.data.length_stats import LengthStats
from fttui.data.plan import Plan
from fttui.data.rules import ADVICE, BY_CODE, ERROR, WARNING
from fttui.text import clean_line, fit

SHOWN = 10
"""Findings of a kind that are kept; the rest is counted."""


class Finding(NamedTuple):
    """One place where something is found."""

    line: int | None
    """The line in the file, from 1; None when it is about the whole file."""
    member: str
    """Which member of the line's object, such as `messages[2].role`; empty for all of it."""
    detail: str
    """What stands there, or a number; may be empty. Clean."""


class Group(NamedTuple):
    """All findings of a kind."""

    code: str
    level: str
    what: str
    mend: str
    total: int
    path: str
    first: tuple[Finding, ...]


def finding_json(path: str, code: str, finding: Finding) -> dict[str, Any]:
    """One finding as an object for programs."""
    rule = BY_CODE[code]
    return {
        "object": "fttui.finding",
        "level": rule.level,
        "code": code,
        "file": path,
        **finding._asdict(),
        "what": rule.what,
        "mend": rule.mend,
    }


class Report(NamedTuple):
    """What is known of a file of training data."""

    path: str
    bytes: int
    kind: str
    """`chat`, `completions`, `dpo` or `reinforcement`; empty when no line told."""
    examples: int
    lines: int
    groups: tuple[Group, ...] = ()
    spread: LengthStats | None = None
    """Tokens by example; None when they were not counted."""
    trained_share: float | None = None
    """Which part of the tokens is learned from, 0 to 1: the answers. Supervised only."""
    images: int = 0
    plan: Plan | None = None
    """Epochs, steps and cost; None for a file that cannot be trained on."""
    stopped: bool = False
    """The check was broken off: everything here is about the part that was read."""
    notes: tuple[str, ...] = ()
    """What a reader should know about the figures."""

    @property
    def errors(self) -> int:
        return self._count(ERROR)

    @property
    def warnings(self) -> int:
        return self._count(WARNING)

    @property
    def advice(self) -> int:
        return self._count(ADVICE)

    @property
    def ok(self) -> bool:
        """Whether a job may be started with it."""
        return not self.errors

    def _count(self, level: str) -> int:
        return sum(group.total for group in self.groups if group.level == level)

    def summary(self) -> str:
        """One short paragraph: what it is, how much is wrong and what first, or what a run comes to."""
        return f"{self.headline()} {self.worst()}." if self.errors else self.headline()

    def headline(self) -> str:
        """The same in figures alone, where the findings themselves follow."""
        what = f"{self.kind} " if self.kind else ""
        parts = [f"{self.examples:,} {what}example{'' if self.examples == 1 else 's'}"]
        if self.spread is not None and self.spread.examples:
            parts.append(f"{self.spread.mark}{self.spread.total:,} tokens")
        text = ", ".join(parts)
        if self.errors:
            return f"{text}. {counted(self)}."
        if self.plan is not None:
            text += ", " + self.plan.summary()
        text += "."
        return f"{text} {counted(self)}." if self.warnings or self.advice else text

    def worst(self) -> str:
        """The first finding of the worst kind, as a sentence; empty when there is none."""
        if not self.groups:
            return ""
        group = self.groups[0]
        return sentence(group, group.first[0]) if group.first else group.what

    def as_json(self) -> dict[str, Any]:
        """The report as an object for programs."""
        return {
            "object": "fttui.check",
            "path": self.path,
            "bytes": self.bytes,
            "kind": self.kind or None,
            "lines": self.lines,
            "examples": self.examples,
            "errors": self.errors,
            "warnings": self.warnings,
            "advice": self.advice,
            "groups": [
                {
                    "code": group.code,
                    "level": group.level,
                    "what": group.what,
                    "mend": group.mend,
                    "count": group.total,
                    "file": group.path,
                }
                for group in self.groups
            ],
            "tokens": None if self.spread is None else self.spread.as_json(),
            "trained_share": None if self.trained_share is None else round(self.trained_share, 4),
            "images": self.images,
            "plan": None if self.plan is None else self.plan.as_json(),
            "complete": not self.stopped,
            "notes": list(self.notes),
        }


def counted(report: Report) -> str:
    """How many findings of each level: `2 errors, 1 warning`."""
    counts = ((report.errors, "error"), (report.warnings, "warning"))
    parts = [f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    parts += [f"{report.advice:,} of advice"] if report.advice else []
    return ", ".join(parts) or "Nothing is wrong"


def sentence(group: Group, finding: Finding) -> str:
    """One finding in a sentence: file, line, member, what is wrong."""
    where = group.path + (f":{finding.line}" if finding.line else "")
    member = f" {finding.member}:" if finding.member else ""
    detail = f" ({finding.detail})" if finding.detail else ""
    return f"{where}:{member} {group.what}{detail}"


Each = Callable[[str, str, Finding], None]
"""Called with file, code and finding for every finding there is, not only for the first ten."""


class FindingLog:
    """Counts findings as they come, and keeps the first ten of each kind."""

    def __init__(self, path: str, each: Each | None = None) -> None:
        self._path = path
        self._each = each
        self._found: dict[str, list[Finding]] = {}
        self._counts: dict[str, int] = {}
        self.total = 0
        """Findings noted one by one so far."""

    def add(self, code: str, line: int | None = None, member: str = "", detail: str = "") -> None:
        """Note a finding. Member and detail may hold what stands in the file: they are cleaned and cut here."""
        self.total += 1
        self._counts[code] = count = self._counts.get(code, 0) + 1
        if count > SHOWN and self._each is None:
            return
        finding = Finding(line, fit(clean_line(member), 80), fit(clean_line(detail), 100))
        if count <= SHOWN:
            self._found.setdefault(code, []).append(finding)
        if self._each is not None:
            self._each(self._path, code, finding)

    def many(self, code: str, lines: list[int], count: int, detail: str) -> None:
        """Note findings that were counted elsewhere; `lines` are the first of them."""
        for line in lines:
            self.add(code, line, "", detail)
        self._counts[code] = count

    @property
    def is_empty(self) -> bool:
        return not self._counts

    def groups(self) -> tuple[Group, ...]:
        """Worst first, then by how often."""
        order = {ERROR: 0, WARNING: 1, ADVICE: 2}
        made = []
        for code, count in self._counts.items():
            rule, found = BY_CODE[code], tuple(self._found[code])
            made.append(Group(code, rule.level, rule.what, rule.mend, count, self._path, found))
        return tuple(sorted(made, key=lambda group: (order[group.level], -group.total)))
