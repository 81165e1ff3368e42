"""Facts about a run, joined from what its sources tell. Standard library only."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from fttui.lean_typing import Any

Told = dict[str, Any]
"""Facts that one source tells: see `Found.facts`."""


def joined(told: Sequence[Told], times: Sequence[float], saved: Iterable[float], last_step: int | None) -> Told:
    """Return the facts about a run. Of several sources the first that knows one counts.

    Args:
        told: the facts of each source.
        times: times of points, ascending, in Unix seconds.
        saved: times of checkpoints.
        last_step: the last step with values.
    """
    found: Told = {}
    for facts in told:
        found = {**{name: value for name, value in facts.items() if value not in (None, "", {})}, **found}
    started = [facts["created_at"] for facts in told if facts.get("created_at")] or times[:1]
    start = [min(started)] if started else []
    if start:
        found["created_at"] = start[0]
    found["trained_steps"] = last_step
    found["longest_wait"] = _longest_wait([*times, *saved, *start])
    found["told_at"] = times[-1] if times else None
    return found


def _longest_wait(times: Iterable[float]) -> float | None:
    return max((after - before for before, after in pairwise(sorted(set(times)))), default=None)
