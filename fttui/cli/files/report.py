"""How the check of a file reads in a terminal."""

import os
from collections.abc import Callable, Iterator

from fttui.cli.output import say_progress
from fttui.data.length_stats import LengthStats
from fttui.data.plan import Plan
from fttui.data.report import Group, Report

BAR = 30
"""Cells of the longest bar."""


def lines(report: Report) -> Iterator[str]:
    """The whole report, for a person."""
    yield f"{report.path}: {report.headline()}"
    for group in report.groups:
        yield ""
        yield from _group(group)
    if report.spread is not None and report.spread.examples:
        yield ""
        yield from _tokens(report.spread, report.trained_share)
    if report.plan is not None and report.ok:
        yield ""
        yield from _plan(report.plan)
    for note in report.notes:
        yield f"note: {note}"
    if report.stopped:
        yield "The check was broken off: this is about the part that was read."


def _group(group: Group) -> Iterator[str]:
    times = "" if group.total == 1 else f" ({group.total:,} times)"
    yield f"{group.level}: {group.what}{times}"
    yield f"  mend: {group.mend}"
    for finding in group.first:
        where = group.path + (f":{finding.line}" if finding.line else "")
        yield "  " + " ".join(filter(None, (where, finding.member, f"({finding.detail})" if finding.detail else "")))
    if (rest := group.total - len(group.first)) > 0:
        yield f"  and {rest:,} more: --json or --jsonl prints all"


def _tokens(spread: LengthStats, share: float | None) -> Iterator[str]:
    yield (
        f"tokens in an example: {spread.mark}{spread.least:,} to {spread.most:,}, half below {spread.median:,}, "
        f"nine in ten below {spread.p90:,}"
    )
    most = max(count for _, _, count in spread.bins)
    names = [f"{low:,}-{high - 1:,}" for low, high, _ in spread.bins]
    width = max(map(len, names))
    for name, (_, _, count) in zip(names, spread.bins, strict=True):
        bar = "#" * max(1, round(BAR * count / most)) if count else ""
        yield f"  {name:>{width}}  {bar} {count:,}".rstrip()
    if spread.limit is not None:
        cut = f"{spread.over:,} longer, which are cut" if spread.over else "none is longer"
        yield f"  the model takes {spread.limit:,}: {cut}"
    yield "  longest: " + ", ".join(f"line {line} ({tokens:,})" for tokens, line in spread.longest)
    if share is not None:
        yield f"  learned from: {share:.0%} of the tokens, those of the answers"


def _plan(plan: Plan) -> Iterator[str]:
    yield f"a run: {plan.summary()}"
    if plan.tokens is not None:
        yield f"  trained tokens: {'about ' if plan.is_estimate else ''}{plan.tokens:,}"
    if plan.cost is not None and not plan.local:
        yield f"  price from {plan.cost_note}; validation is free"
    auto = [name for name, is_auto in (("epochs", plan.epochs_auto), ("batch size", plan.batch_auto)) if is_auto]
    if auto:
        yield f"  {' and '.join(auto)}: as `auto` is known to come out; the provider decides"


def brief(report: Report) -> Iterator[str]:
    """A few lines before something is sent: the summary, and the first finding of each kind."""
    yield f"{report.path}: {report.headline()}"
    for group in report.groups:
        finding = group.first[0]
        where = group.path + (f":{finding.line}" if finding.line else "")
        member = f" {finding.member}:" if finding.member else ""
        detail = f" ({finding.detail})" if finding.detail else ""
        more = f", and {group.total - 1:,} more" if group.total > 1 else ""
        yield f"{group.level}: {where}:{member} {group.what}{detail}{more}; {group.mend}"


def progress_of(path: str, verb: str = "checking") -> Callable[[int, int], None]:
    """A line on stderr that says how far the check is."""
    name = os.path.basename(path)

    def told(done: int, size: int) -> None:
        if size > 1 << 22:
            say_progress(f"{verb} {name}: {100 * done // size} % of {size / 1e6:,.0f} MB")

    return told


__all__ = ["brief", "lines", "progress_of"]
