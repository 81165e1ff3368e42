"""`fttui jobs list`: which jobs, in which order, how many, and how many more there are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from fttui.cli import invocation as session
from fttui.cli import offline as kept
from fttui.cli import tables
from fttui.cli.invocation import DONE, Invocation
from fttui.cli.output import LATE, TABLE, Column, say
from fttui.config import paths
from fttui.models.status import Status, status_of
from fttui.store import query
from fttui.store.archive.first_rows import first_rows
from fttui.text import clean_line

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.models.job import Job
    from fttui.models.row import JobRow
    from fttui.store.archive.archive import Archive

COUNTED_PAGES = 10
"""Pages that are read merely to say how many more jobs there are."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for."""

    filter: query.Query
    sort: query.Sort
    limit: int | None
    """None for every job."""


def wish(statuses: tuple[str, ...], filter_: str | None, sort: str | None, limit: int | None) -> Wish:
    """Read the flags.

    Raises:
        click.UsageError: in words.
    """
    for word in (word.strip() for text in statuses for word in text.split(",")):
        if word and word.lower() not in query.STATUS_WORDS and status_of(word) is Status.UNKNOWN:
            # Not refused: providers have words of their own, and such a job is found by its word.
            say(f"fttui: note: {clean_line(word)!r} is no state that fttui knows: {', '.join(query.STATUS_WORDS)}")
    words = ",".join(f'"{word}"' for text in statuses for word in text.replace('"', "").split(",") if word.strip())
    try:
        asked = query.parse(" ".join(filter(None, (f"status:{words}" if words else "", filter_ or ""))))
        # The first order of a field is the useful one: the newest, the highest, A before Z.
        order = query.NEWEST
        if sort:
            field = sort.lstrip("-").lower()
            falling = field in (*query.NUMBER_FIELDS, "created")
            order = query.sort_of(field, reverse=falling != sort.startswith("-"))
    except query.QueryError as error:
        raise click.UsageError(str(error)) from None
    return Wish(asked, order, limit)


async def online(invocation: Invocation, connection: "Connection", wish: Wish) -> int:
    """List from the service."""
    output, now = invocation.output, session.CLOCK.now()
    # Steps and losses are no part of a job: they come from events, which the archive has read.
    progress: dict[str, JobRow] = {}
    if not wish.filter.is_empty or wish.sort != query.NEWEST:
        rows, _ = first_rows(paths.archive_file(), connection.choice.key, 100_000)
        progress = {row.id: row for row in rows}

    found: dict[str, Job] = {}
    matching: list[JobRow] = []
    whole, newest_first, last, pages = False, True, float("inf"), 0
    enough_pages = COUNTED_PAGES if output.form == TABLE else 0
    async for page in connection.client.each_job_page():
        pages += 1
        for job in page.items:
            found[job.id] = job
            known = progress.get(job.id)
            row = job.row(step=known.step, total=known.total_steps, loss=known.loss) if known else job.row()
            matching += [row] if wish.filter.matches(row, now) else []
            newest_first &= (job.created_at or 0.0) <= last
            last = job.created_at or 0.0
        enough = wish.limit is not None and len(matching) >= wish.limit and newest_first and wish.sort == query.NEWEST
        if enough and page.cursor is not None and pages >= max(enough_pages, 1):
            break
    else:
        whole = True
    chosen = query.select(matching, None, wish.sort)
    _print(invocation, [found[row.id] for row in chosen], wish, whole=whole, now=now)
    await kept.keep(connection, found.values())
    return DONE


def _print(
    invocation: Invocation,
    jobs: "list[Job]",
    wish: Wish,
    *,
    whole: bool,
    now: float,
    held: "dict[str, JobRow] | None" = None,
) -> None:
    """Print jobs in their order, as far as they were wished for.

    Args:
        whole: there are no others.
        held: their rows in the archive, when they are from there.
    """
    output, columns, where = invocation.output, tables.job_columns(now), ""
    if held is not None:
        where = " in the archive"
        columns.append(Column("", lambda job: "gone" if held[job.id].gone else "", yields=LATE))
    shown = jobs if wish.limit is None else jobs[: wish.limit]
    more = len(jobs) - len(shown)
    output.many(shown, columns, raw=_raw, has_more=bool(more) or not whole)
    output.flush()
    if not jobs:
        say(f"no jobs{where}" + ("" if wish.filter.is_empty else " that match"))
    elif more or not whole:
        count = f"{more}" if whole else f"at least {more}" if more else "some"
        say(f"{count} more: --limit N or --all shows them")


def offline(invocation: Invocation, wish: Wish) -> int:
    """List from the archive."""

    async def work(archive: "Archive") -> int:
        import json

        from fttui.models.job import Job

        now = session.CLOCK.now()
        rows = query.select(archive.jobs.rows(), wish.filter, wish.sort, now=now)
        found = [Job.read(json.loads(archive.jobs.body(row.id) or "null")) for row in rows]
        held = dict(zip((job.id for job in found), rows, strict=True))
        _print(invocation, found, wish, whole=True, now=now, held=held)
        return DONE

    return kept.read(invocation, work)


def _raw(job: "Job") -> Any:
    return job.raw
