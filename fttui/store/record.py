"""Record what a command has fetched: the same rows as a poll writes, without loading the whole archive."""

from collections.abc import Iterable, Sequence
from typing import Any

from fttui.models.event import Event
from fttui.models.job import Job
from fttui.models.job_row import row_of
from fttui.models.raw_json import decode, digest, encode
from fttui.models.wire import sent_id
from fttui.store.archive.archive import Archive
from fttui.store.archive.jobs import JobEntry
from fttui.store.job_details import JobDetails
from fttui.store.job_order import JobOrder
from fttui.store.job_table import SentJob, entry_of
from fttui.store.runs import Runs


async def record_jobs(archive: Archive, objects: Iterable[Any], now: float) -> None:
    """Record the JSON of jobs, in the provider's order. Unchanged jobs are not written."""
    entries: dict[str, JobEntry] = {}
    listed_again: list[str] = []
    listed: list[tuple[str, float | None]] = []
    complete = archive.jobs.list_state().complete
    sent = [(sent_id(raw) or row_of(raw).id, raw) for raw in objects]
    known = archive.jobs.held([id for id, _ in sent])
    for id, raw in sent:
        held, hash = known.get(id), digest(raw)
        if held is None or held.digest != hash:
            job = SentJob(row_of(raw), encode(raw), hash)
            before = None if held is None else archive.jobs.row(id)
            progress = archive.events.state(id).progress
            entries[id] = entry_of(job, before=before, progress=progress, complete=complete)
            listed.append((id, job.row.created_at))
            continue
        if held.gone:
            listed_again.append(id)
        listed.append((id, held.created_at))
    order = JobOrder({id: held.place for id, held in known.items()}, archive.jobs.place_range())
    places = order.update(listed)
    await archive.jobs.save([entry._replace(place=order.place(id)) for id, entry in entries.items()], now)
    if moved := {id: place for id, place in places.items() if id not in entries}:
        await archive.jobs.save_places(moved)
    if listed_again:
        await archive.jobs.set_gone(listed_again, None)


async def record_deletion(archive: Archive, id: str, now: float, *, keep_copy: bool) -> None:
    """Record that a job was deleted at its provider.

    Args:
        keep_copy: keep the job in the archive, as a job that the provider no longer lists.
    """
    if keep_copy:
        await archive.jobs.set_gone([id], now)
    else:
        await delete_copy(archive, id, now)


async def delete_copy(archive: Archive, id: str, now: float) -> bool:
    """Delete a job from the archive, with the contents of its result files. Return False for an unknown job."""
    body = archive.jobs.body(id)
    result_files = () if body is None else Job.read(decode(body)).result_files
    return await archive.jobs.delete(id, now, result_files)


async def record_events(archive: Archive, id: str, events: Sequence[Event]) -> None:
    """Record all events of a job in the archive, oldest first.

    A log whose older events are not fetched yet stays unchanged: the missing events would end up on top.
    """
    if archive.events.state(id).cursor is None and await archive.events.append(id, events, joined=True, cursor=None):
        summary, alarms = await Runs(archive, JobDetails(archive)).judge(id)
        await archive.jobs.save_summary(id, summary, alarms)
