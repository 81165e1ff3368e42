"""Sentences about the phase of a run before its first step. Standard library only."""

from fttui.learning.pace import about
from fttui.models.run_state import Phase
from fttui.text import size_words

_OF_MODEL = ("downloading", "loading")
"""Phases whose subject is the model."""


def phase_parts(phase: Phase, model: str, now: float | None) -> list[str]:
    """Return a phase in parts, the most important first: `downloading M: 412 MB of 1.2 GB (34 %)`, `about 2 min left`.

    Args:
        model: base model of the job.
        now: Unix seconds. None leaves out the time left.
    """
    name = f"{phase.name} {model}" if phase.name in _OF_MODEL and model else phase.name
    has_left = now is not None and phase.finish is not None and phase.finish > now
    left = about(phase.finish - now) if has_left and phase.finish is not None and now is not None else ""
    return [part for part in (f"{name}{_counts(phase)}", left) if part]


def phase_words(phase: Phase, model: str, now: float | None) -> str:
    """Return a phase as a text: see `phase_parts`."""
    return ", ".join(phase_parts(phase, model, now))


def _counts(phase: Phase) -> str:
    if phase.done is None:
        return ""
    if phase.unit == "bytes":
        done, total = size_words(int(phase.done)), size_words(int(phase.total)) if phase.total else ""
        unit = ""
    else:
        done, total = f"{phase.done:,.10g}", f"{phase.total:,.10g}" if phase.total else ""
        unit = f" {phase.unit}" if phase.unit else ""
    percent = "" if phase.percent is None else f" ({phase.percent} %)"
    return f": {done} of {total}{unit}{percent}" if total else f": {done}{unit}"
