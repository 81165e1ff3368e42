"""Report of a check: findings, figures and the plan of the run, as text and as JSON."""

from typing import Any, NamedTuple

from fttui.data.findings import Finding, Group
from fttui.data.length_stats import LengthStats
from fttui.data.plan import Plan
from fttui.data.rules import ADVICE, ERROR, WARNING


class Report(NamedTuple):
    """Results of the check of a training file and its validation file."""

    path: str
    """Path of the training file."""
    bytes: int
    kind: str
    """`chat`, `completions`, `dpo` or `reinforcement`; empty for a file without examples."""
    examples: int
    lines: int
    groups: tuple[Group, ...] = ()
    lengths: LengthStats | None = None
    """Tokens by example; None when tokens were not counted."""
    trained_share: float | None = None
    """Share of the tokens that the model learns, 0 to 1. Supervised only."""
    images: int = 0
    plan: Plan | None = None
    """Epochs, steps and cost; None for a file without examples."""
    stopped: bool = False
    """The check ended early; all figures are about the lines read."""
    notes: tuple[str, ...] = ()
    """Remarks on the figures."""

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
    def findings(self) -> int:
        return sum(group.total for group in self.groups)

    @property
    def ok(self) -> bool:
        """True without errors: a job can use the data."""
        return not self.errors

    def _count(self, level: str) -> int:
        return sum(group.total for group in self.groups if group.level == level)

    def figures(self) -> str:
        """Return the number of examples and tokens: `90 chat examples, about 32,080 tokens`."""
        kind = f"{self.kind} " if self.kind else ""
        parts = [f"{self.examples:,} {kind}example{'' if self.examples == 1 else 's'}"]
        if self.lengths is not None and self.lengths.examples:
            parts.append(f"{self.lengths.about}{self.lengths.total:,} tokens")
        return ", ".join(parts)

    def headline(self) -> str:
        """Return the figures: examples, tokens, plan, number of findings."""
        text = self.figures()
        if self.errors:
            return f"{text}. {count_text(self)}."
        if self.plan is not None:
            text += ", " + self.plan.summary()
        text += "."
        return f"{text} {count_text(self)}." if self.warnings or self.advice else text

    def worst(self) -> str:
        """Return the first finding of the worst level as a sentence; empty without findings."""
        if not self.groups:
            return ""
        group = self.groups[0]
        return sentence(group, group.first[0]) if group.first else group.problem

    def as_json(self) -> dict[str, Any]:
        """Return the report as an object of the JSON output."""
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
                    "what": group.problem,
                    "mend": group.remedy,
                    "count": group.total,
                    "file": group.path,
                }
                for group in self.groups
            ],
            "tokens": None if self.lengths is None else self.lengths.as_json(),
            "trained_share": None if self.trained_share is None else round(self.trained_share, 4),
            "images": self.images,
            "plan": None if self.plan is None else self.plan.as_json(),
            "complete": not self.stopped,
            "notes": list(self.notes),
        }


def count_text(report: Report) -> str:
    """Return the number of findings of each level: `2 errors, 1 warning`."""
    counts = ((report.errors, "error"), (report.warnings, "warning"))
    parts = [f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    if report.advice:
        parts.append(f"{report.advice:,} piece{'' if report.advice == 1 else 's'} of advice")
    return ", ".join(parts) or "No findings"


def location(group: Group, finding: Finding) -> str:
    """Return file and line: `train.jsonl:5`."""
    return group.path + (f":{finding.line}" if finding.line else "")


def sentence(group: Group, finding: Finding) -> str:
    """Return one finding as a sentence: file, line, member, problem."""
    member = f" {finding.member}:" if finding.member else ""
    detail = f" ({finding.detail})" if finding.detail else ""
    return f"{location(group, finding)}:{member} {group.problem}{detail}"
