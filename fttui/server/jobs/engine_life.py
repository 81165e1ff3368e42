"""Life of trainers that engines run: stored with their jobs, an event for each change.

A job is `queued` until its engine runs it, and again when its engine takes it off its machine.
"""

from typing import Any

from fttui.clock import Clock
from fttui.learning.engine_words import engine_title, is_stuck, waiting_words
from fttui.server.launchers.base import Life, State
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.event_table import STARTED
from fttui.server.storage.records import JobRecord
from fttui.server.storage.reports import Message

_BACK = {State.UNKNOWN: "{title} answers again", State.AWAY: "The directory of the engine is there again"}
"""Messages after the states in which it could not be told whether a trainer lives."""


class EngineLives:
    """Lives of one service's jobs that engines have."""

    def __init__(self, database: ServiceDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def note_submission(self, job: JobRecord, life: Life) -> None:
        """Store that the engine has the trainer of a queued job."""
        words = f"Submitted to {_name(job)}" + (f": {_title(job)} job {life.id}" if life.id else "")
        self._database.jobs.set_life(job, self._stored(life, {}), [Message(words)], self._now())

    def note_wait(self, job: JobRecord, reason: str) -> bool:
        """Tell once why the engine does not get a queued job now. Return whether that is new."""
        message = Message(f"Waiting for {_name(job)}: {reason}", "warn")
        last, _ = self._database.events.page(job, after=None, limit=1)
        if last and last[0].message == message.message:
            return False
        self._database.jobs.tell(job, [message], self._now())
        return True

    def note(self, job: JobRecord, life: Life) -> JobRecord:
        """Store the life of a queued or running job's trainer, and return the updated job."""
        before = job.life or {}
        if life.state is State.UNKNOWN and not life.reason:
            return job  # the engine has not been asked yet
        stored = self._stored(life, before)
        messages = self._messages(job, life, before, stored)
        to = _status(job, life)
        if to != job.status:
            self._database.jobs.move(job, to, messages, self._now(), life=stored, estimated_finish=None)
        elif messages or {**stored, "since": 0} != {**before, "since": 0}:
            self._database.jobs.set_life(job, stored, messages, self._now())
        else:
            return job
        return self._database.jobs.get(job.id) or job

    def _stored(self, life: Life, before: dict[str, Any]) -> dict[str, Any]:
        """Return the life as it is stored. What is unknown now stays as it was."""
        stored: dict[str, Any] = {
            "state": str(life.state),
            "host": life.host,
            "reason": life.reason,
            "attempt": _attempt(life, before),
            "id": life.id,
            "limit": life.limit,
        }
        if not life.state.is_known:
            stored |= {name: before.get(name) for name in ("host", "attempt", "limit")}
            stored["id"] = life.id or before.get("id") or ""
            stored["before"] = before.get("before") or before.get("state")
        if life.state is State.WAITING:
            stored["told"] = bool(life.reason) or (before.get("state") == "waiting" and before.get("told", False))
        if life.state is State.RUNNING:
            # Rounded, because what is left is counted down by the reader.
            left = life.seconds_left
            stored["ends_at"] = None if left is None else round((self._clock.now() + left) / 60) * 60
            if abs((before.get("ends_at") or 0) - (stored["ends_at"] or 0)) <= 60:
                stored["ends_at"] = before.get("ends_at")
        same = stored["state"] == before.get("state")
        stored["since"] = before.get("since", self._now()) if same else self._now()
        return stored

    def _messages(self, job: JobRecord, life: Life, before: dict[str, Any], stored: dict[str, Any]) -> list[Message]:
        title, was = _title(job), before.get("state")
        found = []
        if was in _BACK and life.state != was:
            found.append(Message(_BACK[was].format(title=title)))
            was = before.get("before")
        match life.state:
            case State.UNKNOWN if was != State.UNKNOWN:
                found.append(Message(f"{title} does not answer; the job stays as it is ({life.reason})", "warn"))
            case State.AWAY if was != State.AWAY:
                found.append(Message(f"{life.reason}; the job stays as it is", "warn"))
            case State.WAITING:
                if job.status == "running":
                    taken = f"{title} took the job off {before.get('host') or 'its node'} after step {job.step}"
                    found.append(Message(f"{taken}, by preemption or a requeue; it waits to go on", "warn"))
                if stored["told"] and not (was == State.WAITING and before.get("told")):
                    words = waiting_words(title, life.reason)
                    level = "warn" if is_stuck(life.reason) else "info"
                    found.append(Message(words[0].upper() + words[1:], level))
            case State.RUNNING | State.GONE if life.attempt or life.state is State.RUNNING:
                attempt, known = stored["attempt"], before.get("attempt") or 0
                again = f", attempt {attempt}" if attempt > 1 else ""
                if job.status == "queued":
                    found += [Message(STARTED), Message(f"Running on {life.host or title}{again}")]
                elif was == State.RUNNING and life.state is State.RUNNING and 0 < known < attempt:
                    found.append(Message(f"{title} started the job again on {life.host}{again}", "warn"))
        return found

    def _now(self) -> int:
        return int(self._clock.now())


def _status(job: JobRecord, life: Life) -> str:
    """Return the status of a queued or running job whose trainer has this life."""
    match life.state:
        case State.WAITING:
            return "queued"
        case State.RUNNING:
            return "running"
        case State.GONE if life.attempt:
            return "running"  # until its end is handled
    return job.status


def _attempt(life: Life, before: dict[str, Any]) -> int:
    """Return how often the engine has started a trainer. A start may be seen before its script tells it."""
    known, host = before.get("attempt") or 0, before.get("host") or ""
    was = before.get("before") if before.get("state") in _BACK else before.get("state")
    if life.state is State.RUNNING and known and life.attempt <= known:
        has_moved = bool(host and life.host) and life.host != host
        return known + (was == State.WAITING or has_moved)
    return max(known, life.attempt)


def job_at_engine(job: JobRecord, life: Life) -> str:
    """Return a name of the job at its engine, for a sentence: `Slurm job 4711`."""
    return f"{_title(job)} job {life.id}" if life.id else f"The {_title(job)} job"


_ENDS = {
    "TIMEOUT": "reached its time limit",
    "NODE_FAIL": "lost its node",
    "PREEMPTED": "was preempted",
    "OUT_OF_MEMORY": "used more memory than it asked for",
    "BOOT_FAIL": "ended because its node did not start",
    "DEADLINE": "reached its deadline",
    "JOB_SUPERVISOR_ACTOR_START_TIMEOUT": "waited longer than Ray lets jobs wait",
    "JOB_SUPERVISOR_ACTOR_DIED": "lost its node",
    "LOST": "is not known to the cluster any more",
}


def waited_too_long(life: Life) -> bool:
    """Return whether an engine gave up a job that only waited. It is submitted again as often as needed."""
    return life.reason == "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"


def interruption_words(job: JobRecord, life: Life) -> str:
    """Return the message for a job whose trainer was interrupted, and that is submitted again."""
    ended = _ENDS.get(life.reason, "was interrupted")
    when = f"after step {job.step}" if life.attempt else "before it started"
    return f"{job_at_engine(job, life)} {ended} {when}; submitting it again, from its last saved state"


def _title(job: JobRecord) -> str:
    return engine_title(str((job.engine or {}).get("kind", "")))


def _name(job: JobRecord) -> str:
    return str((job.engine or {}).get("name", ""))
