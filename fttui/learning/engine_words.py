"""Words for the life of a job's trainer at an engine. Standard library only."""

from collections.abc import Mapping
from typing import Any

ENGINE_TITLES = {"slurm": "Slurm", "ray": "Ray"}
"""Names of the kinds of engines."""

_REASONS = {
    "Priority": "other jobs are first",
    "Resources": "no free node",
    "QOSMaxJobsPerUserLimit": "your limit of running jobs",
    "AssocMaxJobsLimit": "your limit of running jobs",
    "BeginTime": "Slurm waits before it starts the job again",
    "NodeDown": "its node is down",
    "ReqNodeNotAvail": "a node that it needs is not available",
    "Dependency": "another job has to end first",
    "JobHeldUser": "held; scontrol release starts it",
    "JobHeldAdmin": "held by an administrator",
    "PartitionTimeLimit": "asks for more time than the partition allows: it will never start",
    "PartitionNodeLimit": "asks for more nodes than the partition has: it will never start",
    "DependencyNeverSatisfied": "it will never start",
    "BadConstraints": "no node is like that: it will never start",
}
_NEVER = "will never start"


def engine_title(kind: str) -> str:
    """Return the name of a kind of engine."""
    return ENGINE_TITLES.get(kind, kind)


def reason_words(reason: str) -> str:
    """Return the reason why a job waits, with its meaning: `Priority (other jobs are first)`."""
    meaning = _REASONS.get(reason) or _REASONS.get(reason.partition(",")[0])
    return f"{reason} ({meaning})" if meaning else reason


def never_starts(reason: str) -> bool:
    """Return whether a job that waits for this reason will never start."""
    return _REASONS.get(reason, "").endswith(_NEVER)


def waiting_words(title: str, reason: str) -> str:
    """Return why a job waits: `waiting in Slurm: Priority (other jobs are first)`."""
    return f"waiting in {title}: {reason_words(reason)}" if reason else f"waiting in {title}"


def life_words(title: str, life: Mapping[str, Any], step: int | None) -> str:
    """Return the life of a job in a few words, without its status; empty when there is nothing to say.

    Args:
        step: last step that the job reported.
    """
    host, reason = str(life.get("host") or ""), str(life.get("reason") or "")
    attempt = life.get("attempt")
    again = f", attempt {attempt}" if isinstance(attempt, int) and attempt > 1 else ""
    match life.get("state"):
        case "waiting":
            words = waiting_words(title, reason)
            return f"{words}; it goes on after step {step}" if step else words
        case "running":
            return f"on {host}{again}" if host else again.lstrip(", ")
        case "unknown":
            return f"{title} does not answer"
    return ""
