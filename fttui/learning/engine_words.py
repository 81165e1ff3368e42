"""Words for the life of a trainer that an engine runs. Standard library only."""

from fttui.clock import duration
from fttui.learning.pace import rounded
from fttui.models.run_state import EngineLife

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
    "launch failed requeued held": "held after a failed start; scontrol release starts it",
    "PartitionTimeLimit": "asks for more time than the partition allows: it will never start",
    "PartitionNodeLimit": "asks for more nodes than the partition has: it will never start",
    "DependencyNeverSatisfied": "it will never start",
    "BadConstraints": "no node is like that: it will never start",
}
_STUCK = ("will never start", "scontrol release starts it")
"""Ends of the meanings of reasons that do not pass by themselves."""


def engine_title(kind: str) -> str:
    """Return the name of a kind of engine."""
    return ENGINE_TITLES.get(kind, kind)


def reason_words(reason: str) -> str:
    """Return the reason why a job waits, with its meaning: `Priority (other jobs are first)`."""
    meaning = _meaning(reason)
    return f"{reason} ({meaning})" if meaning else reason


def is_stuck(reason: str) -> bool:
    """Return whether a job that waits for this reason does not start by itself."""
    return _meaning(reason).endswith(_STUCK)


def waiting_words(title: str, reason: str) -> str:
    """Return why a job waits: `waiting in Slurm: Priority (other jobs are first)`."""
    return f"waiting in {title}: {reason_words(reason)}" if reason else f"waiting in {title}"


def life_words(engine: EngineLife, step: int | None = None) -> str:
    """Return the life of a job besides its status: `on n2, attempt 2`. Empty when there is nothing to say.

    Args:
        step: last step that the job reported.
    """
    title = engine_title(engine.kind)
    match engine.state:
        case "waiting":
            words = waiting_words(title, engine.reason)
            return f"{words}; goes on after step {step}" if step else words
        case "running":
            again = f"attempt {engine.attempt}" if engine.attempt > 1 else ""
            return ", ".join(filter(None, (f"on {engine.host}" if engine.host else "", again)))
        case "unknown":
            return f"{title} does not answer"
        case "away":
            return "the directory of its engine does not exist"
    return ""


def engine_words(engine: EngineLife, now: float | None = None) -> str:
    """Return engine, id and time of a job: `lab (Slurm) · job 4711 · 3 h 10 min of 8 h left, …`.

    Args:
        now: Unix seconds. None leaves out the time left.
    """
    parts = [f"{engine.name} ({engine_title(engine.kind)})", f"job {engine.id}" if engine.id else ""]
    if now is not None and engine.state == "running" and engine.ends_at is not None and engine.ends_at > now:
        limit = f" of {duration(engine.limit)}" if engine.limit else ""
        parts.append(f"{rounded(engine.ends_at - now)}{limit} left, then it saves and is submitted again")
    return " · ".join(filter(None, parts))


def _meaning(reason: str) -> str:
    return _REASONS.get(reason) or _REASONS.get(reason.partition(",")[0], "")
