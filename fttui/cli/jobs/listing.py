"""`fttui jobs list`: filter, order and limit of the job list."""

from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion, tables
from fttui.cli.flags import json_options, offline
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import TABLE, say

if TYPE_CHECKING:
    from fttui.core.job_list import JobList, ListOptions
    from fttui.core.reader import Reader
    from fttui.store.query import Query, Sort


@click.command("list", cls=ServiceCommand, short_help="List jobs, newest first.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    metavar="S",
    shell_complete=completion.states,
    help="Only jobs in this state; may be repeated.",
)
@click.option("--filter", "filter_", metavar="EXPR", help="Only matching jobs: the expressions of / in the cockpit.")
@click.option("--sort", metavar="FIELD", help="Sort by FIELD, ascending; -FIELD reverses.  [default: newest first]")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N jobs.  [default: 20]")
@click.option("--all", "all_", is_flag=True, help="All jobs.")
@offline
@json_options
@pass_invocation
def list_(
    invocation: Invocation,
    statuses: tuple[str, ...],
    filter_: str | None,
    sort: str | None,
    limit: int | None,
    all_: bool,
) -> int:
    """List jobs, newest first. Without --limit or --all: the newest 20.

    S is running, queued, waiting, paused, succeeded, failed, cancelled, live, final, or a status of the provider.
    Filters apply before the limit.

    Step and loss are those that the archive knows; no request is sent for them. A terminal narrower than 110 columns
    shows the end of the ids, which every command takes.

    Piped output is one tab-separated line per job: id, status, creation time, model, suffix, tuned model, `gone` for
    jobs that the provider no longer has, step, number of steps, loss.

    With --all, jobs are printed while they are read. A table and --sort need the whole list in memory.

    \b
    fttui jobs list --status running --status queued
    fttui jobs list --filter 'model~mini age<2d' --sort best --all
    fttui jobs list --jsonl --all | jq -r .id
    """
    if limit is not None and all_:
        raise click.UsageError("--limit and --all cannot be used together")
    filter, order = parse(statuses, filter_, sort)

    async def work(reader: "Reader") -> None:
        from fttui.core.job_list import ListOptions

        options = ListOptions(filter, order, None if all_ else limit or 20)
        if all_ and (invocation.form != TABLE or not invocation.output.is_terminal):
            await _print_parts(invocation, reader, options)
            return
        found = await reader.jobs(options)
        _print(invocation, found, options, failed=reader.failure is not None)

    return invocation.run_with_reader(work)


def parse(statuses: tuple[str, ...], filter: str | None, sort: str | None) -> "tuple[Query, Sort]":
    """Parse the flags into a query and an order.

    Raises:
        click.UsageError: a flag is wrong.
    """
    from fttui.models.status import Status, status_of
    from fttui.store import filter_fields, query
    from fttui.store.filter_terms import STATUS_WORDS, QueryError
    from fttui.text import clean_line

    for word in (word.strip() for text in statuses for word in text.split(",")):
        if word and word.lower() not in STATUS_WORDS and status_of(word) is Status.UNKNOWN:
            # Not an error: providers have statuses of their own, and such a job can be found by its status.
            say(f"fttui: note: unknown status {clean_line(word)!r}. Known: {', '.join(filter_fields.STATES)}")
    words = ",".join(f'"{word}"' for text in statuses for word in text.replace('"', "").split(",") if word.strip())
    try:
        parsed = query.parse(" ".join(part for part in (f"status:{words}" if words else "", filter or "") if part))
        order = query.parse_sort(sort) if sort else query.NEWEST
    except QueryError as error:
        raise click.UsageError(str(error)) from None
    return parsed, order


async def _print_parts(invocation: Invocation, reader: "Reader", options: "ListOptions") -> None:
    """Print all jobs while they are read. The list need not fit into the memory."""
    output = invocation.output
    raws: dict[int, Any] = {}
    printed = output.begin_list(tables.JobTable.piped(), raw=lambda row: raws[id(row)])
    async for part in reader.job_parts(options):
        raws = _raws(part)
        printed.add(part.rows)
        output.flush()
    printed.end(has_more=reader.failure is not None)
    output.flush()
    if not printed.count and reader.failure is None:
        _say_none(invocation, options)


def _say_none(invocation: Invocation, options: "ListOptions") -> None:
    archive = " in the archive" if invocation.offline else ""
    say(f"No fine-tuning jobs{archive}." if options.filter.is_empty else f"No jobs{archive} match.")


def _raws(found: "JobList") -> dict[int, Any]:
    """Return the raw job of each row, by the row's identity: objects without an id are not equal."""
    return {id(row): job.raw for row, job in zip(found.rows, found.jobs, strict=True)}


def _print(invocation: Invocation, found: "JobList", options: "ListOptions", *, failed: bool) -> None:
    output = invocation.output
    shown = tables.JobTable(found.rows, output.cells, invocation.clock.now())
    raws = _raws(found)
    output.print_list(
        found.rows, shown.columns, raw=lambda row: raws[id(row)], has_more=found.has_more, piped=shown.piped()
    )
    output.flush()
    if failed:
        return
    if not found.jobs:
        _say_none(invocation, options)
        return
    notes = []
    if found.has_more:
        count = f"{found.more} more" if found.complete else "There are more jobs"
        notes.append(f"{count}. To list them: --limit N or --all")
    if note := shown.note(output):
        notes.append(note)
    if notes:
        say(". ".join(notes))
