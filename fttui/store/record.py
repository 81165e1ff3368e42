"""Keeping what a single command reads: the same rows as a poll would write, without reading the whole archive."""

from collections.abc import Iterable, Sequence
from typing import Any

from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.job import Job
from fttui.models.raw_json import digest
from fttui.models.wire import sent_id
from fttui.store.archive.archive import Archive
from fttui.store.archive.jobs import JobEntry
from fttui.store.job_order import Places
from fttui.store.job_table import entry_of


async def keep_jobs(archive: Archive, objects: Iterable[Any], now: float) -> None:
    """Keep jobs as sent, in the provider's order. What is unchanged is not written."""
    entries: dict[str, JobEntry] = {}
    back: list[str] = []
    known: dict[str, int] = {}
    listed: list[tuple[str, float | None]] = []
    complete = archive.jobs.list_state().complete
    for raw in objects:
        id = sent_id(raw) or Job.read(raw).id
        held, mark = archive.jobs.held(id), digest(raw)
        if held is not None:
            known[id] = held.place
        if held is None or held.digest != mark:
            was = None if held is None else held.row
            told = archive.events.state(id).progress
            entries[id] = entry_of(Job.read(raw), raw, mark, was=was, told=told, complete=complete)
        elif held.row.gone:
            back.append(id)
        row = entries[id].row if id in entries else held.row if held is not None else None
        if row is not None:
            listed.append((id, row.created_at))
    places = Places(known, archive.jobs.place_range())
    learned = places.learn(listed)
    await archive.jobs.save([entry._replace(place=places.of(id)) for id, entry in entries.items()], now)
    if moved := {id: place for id, place in learned.items() if id not in entries}:
        await archive.jobs.save_places(moved)
    if back:
        await archive.jobs.set_gone(back, None)


async def keep_log(archive: Archive, id: str, events: Sequence[Event]) -> None:
    """Keep a whole log, oldest first, of a job that is held.

    A log whose older part is still to be read is left to whoever reads it: what is between must not end up on top.
    """
    if archive.events.state(id).cursor is None:
        await archive.events.append(id, events, joined=True, cursor=None)


async def keep_checkpoints(archive: Archive, id: str, checkpoints: Sequence[Checkpoint]) -> None:
    """Keep the checkpoints of a job that is held."""
    await archive.jobs.save_checkpoints(id, checkpoints)
