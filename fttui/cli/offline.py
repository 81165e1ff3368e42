"""The archive behind the reading commands: what `--offline` prints, and what the others leave there."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from fttui.cli import invocation as session
from fttui.cli import tables
from fttui.cli.invocation import DONE, FAILED, Invocation
from fttui.cli.output import say
from fttui.config import load
from fttui.config.choose import LOCAL, choose
from fttui.config.errors import ConfigError
from fttui.config.paths import archive_file

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.models.checkpoint import Checkpoint
    from fttui.models.event import Event
    from fttui.models.file import File, Model
    from fttui.models.job import Job
    from fttui.store.archive.archive import Archive


def read(invocation: Invocation, work: "Callable[[Archive], Awaitable[int | None]]") -> int:
    """Open the archive of the chosen service, do `work`, close it; the exit code."""
    return asyncio.run(_read(invocation, work)) or DONE


async def _read(invocation: Invocation, work: "Callable[[Archive], Awaitable[int | None]]") -> int | None:
    from fttui.store.archive.archive import Archive

    archive = Archive(archive_file(), await _key(invocation))
    try:
        for notice in archive.notices:
            say(f"fttui: {notice}")
        return await work(archive)
    finally:
        await archive.close()


async def keep(
    connection: "Connection",
    jobs: "Iterable[Job]" = (),
    *,
    log: "tuple[str, Sequence[Event]] | None" = None,
    checkpoints: "tuple[str, Sequence[Checkpoint]] | None" = None,
    files: "Sequence[File]" = (),
    models: "Sequence[Model] | None" = None,
) -> None:
    """Leave in the archive what was read: jobs, the whole log or all checkpoints of one, files, or all models."""
    from fttui.models.raw_json import encode
    from fttui.store import record as keeping
    from fttui.store.archive.archive import Archive

    archive, now = Archive(archive_file(), connection.choice.key), session.CLOCK.now()
    try:
        if not archive.path:
            return
        await keeping.keep_jobs(archive, [job.raw for job in jobs], now)
        if log is not None:
            await keeping.keep_log(archive, *log)
        if checkpoints is not None:
            await keeping.keep_checkpoints(archive, *checkpoints)
        if files:
            await archive.files.save([(file.id, encode(file.raw)) for file in files], now)
        if models is not None:
            await archive.files.save_models([(model.id, encode(model.raw)) for model in models], now)
    finally:
        for notice in archive.notices if archive.path else ():
            say(f"fttui: {notice}")
        await archive.close()


def key(invocation: Invocation) -> str:
    """See `_key`."""
    return asyncio.run(_key(invocation))


async def _key(invocation: Invocation) -> str:
    """Under which the archive keeps the chosen service; also one whose profile is gone by now.

    Raises:
        ConfigError: there is no such profile, and the archive has nothing of one; or the configuration is wrong.
    """
    load.load()
    try:
        return choose(profile=invocation.profile, base_url=invocation.base_url).key
    except ConfigError:
        if invocation.profile is None or invocation.profile not in await _profiles():
            raise
        return invocation.profile


async def _profiles() -> list[str]:
    from fttui.store.archive.archive import Archive

    if not os.path.exists(archive_file()):
        return []
    archive = Archive(archive_file(), LOCAL)
    try:
        return archive.profiles()
    finally:
        await archive.close()


def unknown(id: str) -> int:
    """Say that the archive has no such job; the exit code."""
    say(f"fttui: {id} is not in the archive\nTo fetch what the provider has: fttui archive sync")
    return FAILED


def job(invocation: Invocation, id: str) -> int:
    """`jobs get --offline`."""

    async def work(archive: "Archive") -> int:
        from fttui.models.job import Job

        body, row = archive.jobs.body(id), archive.jobs.row(id)
        if body is None or row is None:
            return unknown(id)
        found = Job.read(json.loads(body))
        invocation.output.one(found.raw, tables.job_fields(found, session.CLOCK.now()))
        if row.gone:
            say("the provider no longer has this job")
        return DONE

    return read(invocation, work)


def events(invocation: Invocation, id: str, wanted: "Callable[[Event], bool]", limit: int | None) -> int:
    """`jobs events --offline`."""

    async def work(archive: "Archive") -> int:
        from fttui.models.event import Event

        if archive.jobs.body(id) is None:
            return unknown(id)
        found = [event for text in archive.events.raw(id) if wanted(event := Event.read(json.loads(text)))]
        shown = found[-limit:] if limit else found
        invocation.output.many(shown, tables.event_columns(), raw=lambda event: event.raw)
        if archive.events.state(id).cursor is not None or not archive.events.state(id).visited:
            say("older events may be missing here: fttui archive sync fetches them")
        return DONE

    return read(invocation, work)


def checkpoints(invocation: Invocation, id: str) -> int:
    """`jobs checkpoints --offline`."""

    async def work(archive: "Archive") -> int:
        from fttui.models.checkpoint import Checkpoint

        if archive.jobs.body(id) is None:
            return unknown(id)
        found = [Checkpoint.read(json.loads(text)) for text in archive.jobs.checkpoints(id)]
        invocation.output.many(found, tables.checkpoint_columns(), raw=lambda item: item.raw)
        return DONE

    return read(invocation, work)


def metrics(invocation: Invocation, id: str, *, csv: bool) -> int:
    """`jobs metrics --offline`."""

    async def work(archive: "Archive") -> int:
        from fttui.cli.jobs import metrics as numbers
        from fttui.store.archive.export import points_of

        if archive.jobs.body(id) is None:
            return unknown(id)
        points = points_of(archive, id)
        numbers.write(invocation.output, points, csv=csv)
        if not points:
            say(f"{id} has no metrics in the archive")
        return DONE

    return read(invocation, work)


def files(invocation: Invocation, tell: "Callable[[list[File]], None]") -> int:
    """`files list --offline`."""

    async def work(archive: "Archive") -> int:
        from fttui.models.file import File

        tell([File.read(json.loads(text)) for text in archive.files.all()])
        return DONE

    return read(invocation, work)


def models(invocation: Invocation, tell: "Callable[[list[Model]], None]") -> int:
    """`models list --offline`."""

    async def work(archive: "Archive") -> int:
        from fttui.models.file import Model

        tell([Model.read(json.loads(text)) for text in archive.files.models()])
        return DONE

    return read(invocation, work)
