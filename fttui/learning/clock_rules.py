"""Alarms that rest on times: stalled, queued long, file expiring, model retiring. Standard library only."""

import time

from fttui.learning.finding import Finding, JobState, Skipped
from fttui.learning.series import Series
from fttui.models.status import Status

STALL_RATIO = 20.0
"""A running job is stalled after this many of its usual waits between events, and after `STALL_LEAST` seconds."""
STALL_LEAST = 180.0
QUEUE_RATIO = 3.0
"""A job waits long after this many times the longest wait of the newest jobs, and after `QUEUE_LEAST` seconds."""
QUEUE_LEAST = 600.0
QUEUE_JOBS = 3
"""Least number of earlier jobs whose wait is known."""
EXPIRY_NOTICE = 3 * 86400.0
"""Seconds before its deletion at which a training file is reported."""
SHUTDOWN_NOTICE = 30 * 86400.0
"""Seconds before its shutdown at which a base model is reported."""


def stalled(state: JobState) -> Finding | Skipped | None:
    """Find a running job without events for much longer than usual."""
    if state.status is not Status.RUNNING:
        return Skipped()
    if not state.is_reachable:
        return Skipped("the provider cannot be reached")
    if state.log_read_at is None:
        return Skipped("its log was not read")
    most = patience(state.run.times)
    if state.last_event_at is None or most is None:
        return Skipped("too few events")
    silent = min(state.now, state.log_read_at) - state.last_event_at
    if silent <= most:
        return None
    usual = _usual_wait(state.run.times.values)
    message = f"Stalled: no event for {_words(silent)}; this job usually reports every {_words(max(usual, 1))}."
    numbers = {"silent_seconds": silent, "usual_seconds": usual}
    return Finding(message, f"no event for {_words(silent)}", state.last_event_at, numbers)


def patience(times: Series) -> float | None:
    """Return the seconds without an event after which a run with steps at these times is stalled; None if too few."""
    if len(times) < 5:
        return None
    # The longest wait seen so far is normal for this job: a checkpoint or a validation takes its time.
    return max(STALL_LEAST, STALL_RATIO * _usual_wait(times.values), 3 * times.widest_step())


def queued_long(state: JobState) -> Finding | Skipped | None:
    """Find a job that waits much longer than the jobs before it."""
    if state.status is not Status.QUEUED:
        return Skipped()
    if state.created_at is None or len(state.waits) < QUEUE_JOBS:
        return Skipped("the waits of fewer than 3 earlier jobs are known")
    waited, longest = state.now - state.created_at, max(state.waits)
    if waited <= max(QUEUE_LEAST, QUEUE_RATIO * longest):
        return None
    jobs = f"your last {len(state.waits)} jobs"
    message = f"Queued for {_words(waited)}; {jobs} here waited at most {_words(longest)}."
    numbers = {"waited_seconds": waited, "longest_seconds": longest, "jobs": len(state.waits)}
    return Finding(message, f"queued for {_words(waited)}", state.created_at, numbers)


def file_expiring(state: JobState) -> Finding | Skipped | None:
    """Find a training file that the provider deletes soon."""
    if state.file_expires_at is None:
        return Skipped()
    left = state.file_expires_at - state.now
    if not 0 < left <= EXPIRY_NOTICE:
        return None
    when = time.strftime("%-d %b %H:%M", time.localtime(state.file_expires_at))
    message = f"The training file expires in {_words(left)} ({when})."
    return Finding(
        message,
        f"training file expires in {_words(left)}",
        state.file_expires_at - EXPIRY_NOTICE,
        {"expires_at": state.file_expires_at},
    )


def model_retiring(state: JobState) -> Finding | Skipped | None:
    """Find a base model that the provider shuts down soon, or has shut down."""
    if state.model_shuts_down_at is None:
        return Skipped()
    left = state.model_shuts_down_at - state.now
    if left > SHUTDOWN_NOTICE:
        return None
    when = time.strftime("%-d %b %Y", time.localtime(state.model_shuts_down_at))
    message = f"The base model {'shuts' if left > 0 else 'was shut'} down on {when}."
    return Finding(
        message,
        f"base model {'shuts' if left > 0 else 'shut'} down on {when}",
        state.model_shuts_down_at - SHUTDOWN_NOTICE,
        {"shuts_down_at": state.model_shuts_down_at},
    )


def _usual_wait(times: list[float]) -> float:
    """Return the mean wait between the newest 50 steps: times are whole seconds, so a median could be 0."""
    recent = times[-50:]
    return (recent[-1] - recent[0]) / (len(recent) - 1)


def _words(seconds: float) -> str:
    """Return a duration in its largest unit: `8 s`, `42 min`, `3 h`, `2 days`."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"
