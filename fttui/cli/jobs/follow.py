"""Following a job: new events as they arrive. A lost connection is retried."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from fttui.cli import tables
from fttui.cli.exit_codes import DONE, FAILED
from fttui.cli.output import say
from fttui.clock import Clock

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.api.errors import ApiError
    from fttui.models.event import Event
    from fttui.models.job import Job

SECONDS_PER_REQUEST = 1.0
"""Pause after a poll, for each request that it sent. This limits a command to 60 requests per minute."""
MAX_WAIT = 64.0
"""Longest wait between two tries, in seconds."""


async def new_events(client: "Client", id: str, known: set[str], pause: float, clock: Clock) -> "AsyncIterator[Event]":
    """Yield new events until the job has ended and its last events were read.

    Args:
        known: ids of the events to skip; ids of yielded events are added.
    """
    from fttui.api.errors import RateLimited, ServerError, Unreachable

    failures = 0
    while True:
        try:
            job = await client.get_job(id)
            fresh, _ = await unread_events(client, id, known)
            failures = 0
        except (Unreachable, ServerError, RateLimited) as error:
            failures += 1
            await wait_after(error, failures, pause, clock)
            continue
        for event in fresh:
            yield event
        if job.status.is_final and not fresh:
            return
        if not job.status.is_final:
            await clock.sleep(pause)


async def unread_events(
    client: "Client", id: str, known: set[str], *, newest_page: bool = False
) -> "tuple[list[Event], int]":
    """Return the events of a job that are not known, oldest first, and the number of requests.

    Args:
        known: ids of the events to skip; ids of returned events are added.
        newest_page: read one page, if the newest events are on it.
    """
    from fttui.core.reader import oldest_first

    fresh: list[Event] = []
    requests = 0
    async for page in client.each_event_page(id):
        requests += 1
        new = [event for event in page.items if event.id not in known]
        fresh += new
        if (newest_page or len(new) < len(page.items)) and not ascends(page.items):
            break
    known.update(event.id for event in fresh)
    return oldest_first(fresh), requests


def report_end(job: "Job") -> int:
    """Return the exit code for a job that has ended; print why it did not succeed."""
    if job.status == "succeeded":
        return DONE
    why = f": {job.error.message or job.error.code}" if job.error else ""
    say(f"fttui: {job.id} {tables.status_word(job)}{why}\nIts log: fttui jobs events {job.id}")
    return FAILED


def ascends(events: "Sequence[Event]") -> bool:
    """Return whether a page runs from old to new, so that new events are on later pages."""
    return bool(events) and (events[0].created_at or 0.0) < (events[-1].created_at or 0.0)


async def wait_after(error: "ApiError", failures: int, pause: float, clock: Clock) -> None:
    """Wait after a failed poll, longer after each further failure. Print the first failure only."""
    if failures == 1:
        say(f"fttui: {error.message}; trying again")
    await clock.sleep(max(error.retry_after or 0.0, min(pause * 2**failures, MAX_WAIT)))
