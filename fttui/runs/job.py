"""A run as a job in the shape of OpenAI's API, with the state that its files show."""

import os
import time
from collections.abc import Mapping

from fttui.lean_typing import Any
from fttui.runs.directory import FoundRun, Signature

LEAST_PATIENCE = 600.0
"""Seconds without a change of its files for which a run counts as running."""
PATIENCE = 3.0
"""The same as a multiple of the longest wait between two changes so far: a checkpoint may take hours."""
STALLED_FOR = 86400.0
"""Seconds after its last change from which on a run without an end counts as stopped, not as stalled."""
LATEST_CHANGE = 3600.0
"""Seconds after the last logged time within which files of a training may still change. A later change is a copy."""
CLOCKS_DIFFER = 60.0
"""Seconds by which the clock of a file server may be behind that of this machine."""
ENDED = ("succeeded", "failed", "cancelled")
"""States that a library logs at the end of a run."""

Raw = dict[str, Any]


def job_of(run: FoundRun, facts: Mapping[str, Any], changed: float, now: float) -> Raw:
    """Return a run as a job.

    Args:
        facts: see `RunLog.facts`. `seen_at` is the earliest known time of a run without a logged one.
        changed: time of the last change of its files, in Unix seconds.
    """
    status = status_of(facts, changed, now)
    is_final = status in (*ENDED, "stopped")
    method = str(facts.get("method") or "")
    settings = dict(facts.get("hyperparameters") or {})
    seed = settings.pop("seed", None)
    if facts.get("epochs") is not None:
        settings.setdefault("n_epochs", facts["epochs"])
    error = facts.get("error") if status == "failed" else None
    host = facts.get("host")
    return {
        "object": "fine_tuning.job",
        "id": run.id,
        "status": status,
        "model": facts.get("model"),
        "suffix": facts.get("name") or run.id,
        "created_at": started_at(facts) or changed,
        "finished_at": (facts.get("ended_at") or changed) if is_final else None,
        "method": {"type": method, **({method: {"hyperparameters": settings}} if method else {})},
        **({} if method else {"hyperparameters": settings}),
        "seed": seed,
        "trained_tokens": facts.get("trained_tokens"),
        "trained_steps": facts.get("trained_steps"),
        "total_steps": facts.get("total_steps"),
        "error": {"message": error} if error else None,
        "fttui": {"environment": {"host": host}} if host else {},
    }


def changed_at(mark: Signature) -> float:
    """Return when a run changed last: a checkpoint that is being written may not have its state yet."""
    return max(mark[0], *mark[1::2]) / 1e9


def first_change(mark: Signature) -> float:
    """Return the earliest time in a signature: that of the files, or of their directory, which has their names.

    A run began at this time or before it. Times of creation are not available on every file system.
    """
    return min((each for each in (mark[0], *mark[1::2]) if each), default=0) / 1e9


def started_at(facts: Mapping[str, Any]) -> float | None:
    """Return when a run began, as it was logged, else the earliest time at which its files were seen."""
    return facts.get("created_at") or facts.get("seen_at")


def sent_of(run: FoundRun, facts: Mapping[str, Any]) -> Raw:
    """Return what was read of a run, as `--json` prints it."""
    sources = [{"format": each.format, "path": each.path, "key": each.key} for each in run.sources]
    return {"id": run.id, "directory": run.directory, "sources": sources, "facts": dict(facts)}


def status_of(facts: Mapping[str, Any], changed: float, now: float) -> str:
    """Return the state of a run: as it was logged, else by its process, else by the age of its last change."""
    if facts.get("status") in ENDED:
        return str(facts["status"])
    if _process_lives(facts.get("pid"), facts.get("host"), changed):
        return "running"
    usual = PATIENCE * float(facts.get("longest_wait") or 0.0)
    told = float(facts.get("told_at") or changed)
    is_copy = changed - told > max(LATEST_CHANGE, usual)  # its files are new, but its log is old
    silent = now - (told if is_copy else changed)
    if silent <= max(LEAST_PATIENCE, usual):
        return "running"
    return "stalled" if silent <= STALLED_FOR else "stopped"


def _process_lives(pid: object, host: object, changed: float) -> bool:
    """Tell whether the process of a run, which wrote its last change, is alive on this machine."""
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 1:
        return False
    import socket  # late: few runs name their process

    if host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # of another user
    began = _began(pid)
    return began is None or began <= changed + CLOCKS_DIFFER


def _began(pid: int) -> float | None:
    """Return when a process began, in Unix seconds; None on a system other than Linux."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        return booted + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
