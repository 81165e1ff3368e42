"""Headline: the state of the selected job in one line. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fttui.clock import duration
from fttui.learning.engine_words import is_stuck, life_words
from fttui.learning.phase_words import phase_parts
from fttui.learning.words import progress_parts
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.text import fit, width
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, line_width
from fttui.ui.render.status_line import clock_time

if TYPE_CHECKING:
    from fttui.models.job import Job
    from fttui.ui.render.detail_lines import JobFacts


def headline(
    job: Job, row: JobRow, facts: JobFacts, now: float, glyphs: Glyphs, cells: int = 80, *, ahead: int = 0
) -> Line:
    """Build the headline of at most `cells` cells.

    The alarm or the progress of a live job, model or failure reason of an ended job, else empty.

    Args:
        ahead: number of jobs that run before a queued job.
    """
    dot = f" {glyphs.dot} "
    whole: Line
    match row.status:
        case Status.FAILED:
            reason = (job.error.message or job.error.code) if job.error is not None else ""
            return [(f" failed: {reason or 'no reason given'}", "fail")]
        case _ if row.status.is_live and facts.report.alarms:
            said = facts.report.alarms[0].finding.short
            named = f" ! {row.name}: {said}"
            return [(named if width(named) <= cells else f" ! {said}", "warn")]
        case _ if job.problems:
            more = f" · {len(job.problems) - 1} more in the detail" if len(job.problems) > 1 else ""
            return [(f" ! {fit(job.problems[0], cells - width(more) - 4, ellipsis=glyphs.cut)}{more}", "warn")]
        case Status.SUCCEEDED if job.fine_tuned_model:
            took = "" if None in (row.created_at, row.finished_at) else _took(row)
            return [(f" {job.fine_tuned_model}", "done"), (f"{dot}{took}" if took else "", "dim")]
        case Status.QUEUED if job.engine is not None and job.engine.state:
            waits = life_words(job.engine, row.step)
            since = job.engine.since
            ends = (
                ", ".join(filter(None, (job.engine.name, job.engine.id and f"job {job.engine.id}"))),
                duration(now - since) if since else "",
            )
            whole = [
                (f" {waits}", "warn" if is_stuck(job.engine.reason) else ""),
                *((dot + end, "dim") for end in ends),
            ]
            return next((whole[:count] for count in (3, 2) if line_width(whole[:count]) <= cells), whole[:1])
        case Status.RUNNING if job.engine is not None and job.engine.state in ("unknown", "away"):
            since = job.engine.since
            return [(f" {life_words(job.engine)}{f' since {clock_time(since)}' if since else ''}", "warn")]
        case Status.QUEUED if ahead > 0:
            return [(f" queued behind {ahead} job{'s' if ahead > 1 else ''}", "dim")]
        case _ if row.status.is_live and job.phase is not None:
            words = phase_parts(job.phase, job.model, now if facts.is_reachable else None)
            whole = [(f" {words[0]}", "run"), *((dot + part, "dim") for part in words[1:])]
            return whole if line_width(whole) <= cells else whole[:1]
        case _ if row.status.is_live and facts.run.series:
            for is_short in (False, True):
                at = now if facts.is_reachable and row.status is Status.RUNNING else None
                parts = progress_parts(facts.run, row.summary, at, is_short=is_short)
                line: Line = [(f" {parts[0]}", "run"), *((dot + part, "dim") for part in parts[1:])] if parts else []
                if line_width(line) <= cells:
                    break
            return line
    return []


def _took(row: JobRow) -> str:
    return f"took {duration((row.finished_at or 0) - (row.created_at or 0))}"
