"""Going along with a job: its log as it grows, and its end. A lost connection is waited for, not died of."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from fttui.cli import invocation, tables
from fttui.cli.invocation import DONE, FAILED
from fttui.cli.output import say

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.api.errors import ApiError
    from fttui.models.event import Event
    from fttui.models.job import Job

PATIENCE = 64.0
"""The longest wait between two tries, in seconds."""


async def log(client: "Client", id: str) -> "list[Event]":
    """All events of a job, oldest first. Order is ours: servers differ, and several events share a second."""
    found = [event async for page in client.each_event_page(id) for event in page.items]
    return oldest_first(found)


def oldest_first(events: "list[Event]") -> "list[Event]":
    """Events as a log reads. Within one second the server's order counts, whichever way it runs."""
    times = [event.created_at for event in events if event.created_at is not None]
    newest_first = times[0] >= times[-1] if times else True
    ordered = events[::-1] if newest_first else list(events)
    return sorted(ordered, key=lambda event: event.created_at or 0.0)


async def following(client: "Client", id: str, seen: set[str], pause: float) -> "AsyncIterator[Event]":
    """New events as they come, until the job has ended and its last events are out. A lost connection is waited for."""
    from fttui.api.errors import Limited, ServerFault, Unreachable

    failures = 0
    while True:
        try:
            job = await client.get_job(id)
            fresh: list[Event] = []
            async for page in client.each_event_page(id):
                new = [event for event in page.items if event.id not in seen]
                fresh += new
                if len(new) < len(page.items) and not rises(page.items):
                    break
            failures = 0
        except (Unreachable, ServerFault, Limited) as error:
            failures += 1
            await endure(error, failures, pause)
            continue
        for event in oldest_first(fresh):
            seen.add(event.id)
            yield event
        if job.status.is_final and not fresh:
            return
        if not job.status.is_final:
            await invocation.CLOCK.sleep(pause)


async def finished(client: "Client", id: str, pause: float, tell: "Callable[[Job], None]") -> "Job":
    """The job once it has ended; `tell` hears of every change of its state. A lost connection is waited for."""
    from fttui.api.errors import Limited, ServerFault, Unreachable

    told, failures = "", 0
    while True:
        try:
            job = await client.get_job(id)
            failures = 0
        except (Unreachable, ServerFault, Limited) as error:
            failures += 1
            await endure(error, failures, pause)
            continue
        if job.status_text != told:
            told = job.status_text
            tell(job)
        if job.status.is_final:
            return job
        await invocation.CLOCK.sleep(pause)


def ending(job: "Job") -> int:
    """The exit code for a job that was waited for, with a word about one that did not succeed."""
    if job.status == "succeeded":
        return DONE
    why = f": {job.error.message or job.error.code}" if job.error else ""
    say(f"fttui: {job.id} {tables.status_word(job)}{why}\nIts log: fttui jobs events {job.id}")
    return FAILED


def rises(events: "Sequence[Event]") -> bool:
    """Whether a page runs from old to new, so that what is new comes on a later one."""
    return bool(events) and (events[0].created_at or 0.0) < (events[-1].created_at or 0.0)


async def endure(error: "ApiError", failures: int, pause: float) -> None:
    """Wait after a failed look, longer each time; a person hears of the first."""
    if failures == 1:
        say(f"fttui: {error.message}; trying again")
    await invocation.CLOCK.sleep(max(error.retry_after or 0.0, min(pause * 2**failures, PATIENCE)))
