"""Print the report of a data check for a terminal."""

from collections.abc import Iterator

from fttui.data.findings import Group
from fttui.data.length_stats import LengthStats
from fttui.data.plan import Plan
from fttui.data.repair import is_repaired
from fttui.data.report import Report, location, sentence

BAR_CELLS = 30
"""Width of the longest bar of the histogram."""


def lines(report: Report) -> Iterator[str]:
    """Yield the lines of the whole report."""
    yield f"{report.path}: {report.headline()}"
    for group in report.groups:
        yield ""
        yield from _group(group)
    if report.lengths is not None and report.lengths.examples:
        yield ""
        yield from _lengths(report.lengths, report.trained_share)
    if report.plan is not None and report.ok:
        yield ""
        yield from _plan(report.plan)
    for note in report.notes:
        yield f"note: {note}"
    if report.stopped:
        yield "The check ended early. All figures are about the lines read."


def _group(group: Group) -> Iterator[str]:
    times = "" if group.total == 1 else f" ({group.total:,} times)"
    yield f"{group.level}: {group.problem}{times}"
    does_it = any(is_repaired(group.code, finding.detail) for finding in group.first)
    yield f"  fix: {group.remedy}{'; --fix -o PATH does it' if does_it else ''}"
    for finding in group.first:
        detail = f"({finding.detail})" if finding.detail else ""
        yield "  " + " ".join(filter(None, (location(group, finding), finding.member, detail)))
    if (rest := group.total - len(group.first)) > 0:
        yield f"  and {rest:,} more; --json and --jsonl print all"


def _lengths(lengths: LengthStats, share: float | None) -> Iterator[str]:
    yield (
        f"tokens per example: {lengths.about}{lengths.least:,} to {lengths.most:,}, median {lengths.median:,}, "
        f"90% up to {lengths.p90:,}"
    )
    most = max(count for _, _, count in lengths.bins)
    names = [f"{low:,}-{high - 1:,}" for low, high, _ in lengths.bins]
    width = max(map(len, names))
    for name, (_, _, count) in zip(names, lengths.bins, strict=True):
        bar = "#" * max(1, round(BAR_CELLS * count / most)) if count else ""
        yield f"  {name:>{width}}  {bar} {count:,}".rstrip()
    if lengths.limit is not None:
        over = f"{lengths.over:,} longer examples will be cut" if lengths.over else "no example is longer"
        yield f"  the model's limit is {lengths.limit:,} tokens: {over}"
    yield "  longest: " + ", ".join(f"line {line} ({tokens:,})" for tokens, line in lengths.longest)
    if share is not None:
        yield f"  trained on: {share:.0%} of the tokens (the answers)"


def _plan(plan: Plan) -> Iterator[str]:
    yield f"run: {plan.summary()}"
    if plan.tokens is not None:
        yield f"  trained tokens: {'about ' if plan.is_estimate else ''}{plan.tokens:,}"
    if plan.cost is not None and not plan.is_free:
        yield f"  price from {plan.cost_note}; validation is free"
    auto = [name for name, is_auto in (("epochs", plan.epochs_auto), ("batch size", plan.batch_auto)) if is_auto]
    if auto:
        yield f"  {' and '.join(auto)}: the usual choice for `auto`; the provider decides"


def brief(report: Report) -> Iterator[str]:
    """Yield the headline and the first finding of each rule."""
    yield f"{report.path}: {report.headline()}"
    for group in report.groups:
        more = f", and {group.total - 1:,} more" if group.total > 1 else ""
        yield f"{group.level}: {sentence(group, group.first[0])}{more}; {group.remedy}"
