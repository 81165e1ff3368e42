"""Sentences about a run that the cockpit and the commands share. Standard library only."""

from fttui.learning.alarms import Alarm, Report
from fttui.learning.figures import LOST, figure, short_figure, signed_figure
from fttui.learning.kinds import Kind
from fttui.learning.pace import about, time_left
from fttui.learning.run import Run
from fttui.learning.summary import summarize
from fttui.models.summary import EQUAL_WITHIN, Summary

KIND_WORDS = {
    Kind.NON_FINITE: "numbers",
    Kind.DIVERGING: "divergence",
    Kind.OVERFITTING: "overfitting",
    Kind.STALLED: "stall",
    Kind.PLATEAU: "plateau",
    Kind.QUEUED_LONG: "wait in the queue",
    Kind.FILE_EXPIRING: "expiry of the file",
    Kind.MODEL_RETIRING: "shutdown of the model",
}
"""Nouns for the kinds of alarms."""


def loss_words(summary: Summary, *, is_short: bool = False) -> str:
    """Return last and best loss: `validation 1.89, best 1.74 at step 360`. Empty without a loss."""
    if summary.last is None and not summary.is_lost:
        return ""
    kind = ("valid" if is_short else "validation") if summary.is_validation else "training loss"
    last = LOST if summary.last is None else short_figure(summary.last)
    if summary.is_last_best or summary.best is None or not summary.is_validation:
        return f"{kind} {last}"
    at = f"at {summary.best_step}" if is_short else f"at step {summary.best_step}"
    return f"{kind} {last}, best {short_figure(summary.best)} {at}"


def gain_words(summary: Summary) -> str:
    """Return the gain, judged against noise: `+3.951, base model 5.610`. Empty without a gain."""
    gain, base = summary.gain, summary.base
    if gain is None or base is None:
        return ""
    if summary.has_lost:
        return f"{signed_figure(gain)}, worse than the base model ({figure(base)})"
    noise = "" if summary.has_gained else f", equal within noise (±{figure(EQUAL_WITHIN * summary.noise)})"
    return f"{signed_figure(gain)}, base model {figure(base)}{noise}"


def progress_parts(run: Run, summary: Summary, now: float | None, *, is_short: bool = False) -> list[str]:
    """Return the progress of a running job in parts, the most important first. Empty before the first step.

    Args:
        now: Unix seconds. None leaves out the time left, which is unknown while the provider cannot be reached.
        is_short: use few words, for narrow terminals.
    """
    step = run.last_step
    if not step:
        return []
    if is_short:
        where = f"{step}/{run.total_steps}" if run.total_steps else f"step {step}"
    else:
        where = f"step {step:,} of {run.total_steps:,}" if run.total_steps else f"step {step:,}"
    left = about(time_left(run, now)) if now is not None else ""
    if is_short:
        left = left.removesuffix(" left")
    return [part for part in (where, loss_words(summary, is_short=is_short), left) if part]


def stop_words(alarm: Alarm, run: Run) -> str:
    """Return the numbers of an alarm that stops a job: `validation 1.89, best 1.74 at step 360`."""
    if alarm.kind is Kind.OVERFITTING and (words := loss_words(summarize(run))):
        return words
    head, separator, numbers = alarm.message.removesuffix(".").partition(": ")
    words = numbers if separator else head
    return words[:1].lower() + words[1:]


def check_words(report: Report) -> tuple[str, str]:
    """Return what was checked, and what was not and why: `overfitting (no validation file)`."""
    reasons: dict[str, list[str]] = {}
    for kind, reason in report.skipped:
        reasons.setdefault(reason, []).append(KIND_WORDS[kind])
    checked = ", ".join(KIND_WORDS[kind] for kind in report.checked)
    return checked, ", ".join(f"{' and '.join(kinds)} ({reason})" for reason, kinds in reasons.items())
