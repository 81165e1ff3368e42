"""Waiting for the end of a job, with its progress on stderr.

A terminal shows one line that is drawn again; every new state has a line of its own, which stays. Without a terminal,
each state and each tenth of the run is a line.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fttui.cli import tables
from fttui.cli.jobs import follow
from fttui.cli.jobs.run_progress import RunProgress
from fttui.cli.output import has_progress_line, say, say_progress
from fttui.clock import Clock, duration
from fttui.learning.engine_words import life_words
from fttui.learning.estimates import estimate_words

_PART = 1000
"""Number of events that are recorded together."""

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.models.event import Event
    from fttui.models.job import Job
    from fttui.models.summary import Summary

Record = Callable[["Job", "list[Event]"], Awaitable[None]]
"""Records a job and its new events."""


class Wait:
    """Waits for the end of one job. A lost connection is retried."""

    def __init__(
        self, client: "Client", id: str, pause: float, clock: Clock, record: Record, *, is_alone: bool = True
    ) -> None:
        """
        Args:
            pause: seconds between two polls.
            record: records the job and its new events.
            is_alone: show the progress of this job. Otherwise only its states and warnings are printed.
        """
        self._is_alone = is_alone
        self._record = record
        self._client = client
        self._id = id
        self._pause = pause
        self._clock = clock
        self._progress = RunProgress()
        self._status = self._phase = self._life = ""
        self._tenths = 0
        self._has_estimate = False
        self._known: set[str] = set()
        self._has_events = True
        self._unrecorded: list[Event] = []

    async def end(self) -> "Job":
        """Wait for the end of the job and return the job."""
        from fttui.api.errors import RateLimited, ServerError, Unreachable

        failures = 0
        while True:
            try:
                job, requests = await self.poll()
                failures = 0
            except (Unreachable, ServerError, RateLimited) as error:
                failures += 1
                await follow.wait_after(error, failures, self._pause, self._clock)
                continue
            if job.status.is_final:
                return job
            await self._clock.sleep(max(self._pause, requests * follow.SECONDS_PER_REQUEST))

    async def poll(self) -> "tuple[Job, int]":
        """Read the job and its new events once, and show them. Return the job and the number of requests."""
        job = await self._client.get_job(self._id)
        requests = 1 + await self._read_events(job)
        self._show(job)
        if job.status.is_final or len(self._unrecorded) >= _PART:
            events, self._unrecorded = self._unrecorded, []
            await self._record(job, events)
        return job, requests

    @property
    def summary(self) -> "Summary":
        """Numbers of the run so far."""
        return self._progress.summary

    async def _read_events(self, job: "Job") -> int:
        """Read new events of a job that has run. Returns the number of requests."""
        from fttui.api.errors import ApiError, RateLimited, ServerError, Unreachable

        has_run = job.status in ("running", "stalled", "stopping", "unknown") or bool(self._known)
        if not has_run or not self._has_events:
            return 0
        try:
            events, requests = await follow.unread_events(self._client, self._id, self._known)
        except (Unreachable, ServerError, RateLimited):
            raise
        except ApiError:  # a provider without a log, or a key that may not read it: the state is enough
            self._has_events = False
            return 1
        self._unrecorded += events
        self._progress.add(events)
        for event in events:
            self._warn(event)
        return requests

    def _warn(self, event: "Event") -> None:
        if event.level in ("warn", "error"):
            say(f"{self._id} {'warning' if event.level == 'warn' else 'error'}: {event.message}")

    def _show(self, job: "Job") -> None:
        """Print a new state, and the progress of a running job."""
        is_new = job.status_text != self._status
        self._status = job.status_text
        if is_new and job.status.is_live:
            self._say_state(job)
        self._say_life(job)
        if self._is_alone:
            self._say_estimate(job)
            self._show_progress(job)
        if is_new and job.status.is_final:
            self._say_state(job)

    def _show_progress(self, job: "Job") -> None:
        parts = self._progress.parts(job, self._clock.now())
        is_new_phase = job.phase is not None and job.phase.name != self._phase
        self._phase = job.phase.name if job.phase is not None else ""
        if has_progress_line():
            say_progress(*(parts if job.status.is_live else ()))
        elif is_new_phase:
            say(f"{self._id} {' · '.join(parts)}")
        elif parts and job.phase is None and self._progress.tenths > self._tenths:
            self._tenths = self._progress.tenths
            say(f"{self._id} {' · '.join(parts)}")

    def _say_life(self, job: "Job") -> None:
        """Print why a job waits at its engine, and where it runs, whenever that changes."""
        words = life_words(job.engine) if job.engine is not None and job.status.is_live else ""
        if words and words != self._life:
            say(f"{self._id} {words}")
        self._life = words

    def _say_estimate(self, job: "Job") -> None:
        """Print what the trainer expects of the job, once."""
        if not self._has_estimate and (words := estimate_words(job.estimate)):
            self._has_estimate = True
            say(f"{self._id} expects {words}")

    def _say_state(self, job: "Job") -> None:
        took = ""
        if job.status.is_final and job.created_at is not None and job.finished_at is not None:
            took = f" after {duration(job.finished_at - job.created_at)}"
        say(f"{self._id} {tables.status_word(job)}{took}")
