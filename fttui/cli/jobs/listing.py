"""`fttui jobs list`: filter, order and limit of the job list."""

from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion, tables
from fttui.cli.flags import json_options, offline
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.facts import JobFacts
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
@click.option(
    "--sort",
    metavar="FIELD",
    shell_complete=completion.orders,
    help="Sort by FIELD, ascending; -FIELD reverses.  [default: newest first]",
)
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

    Steps, losses and alarms are those that the archive knows; no request is sent for them. The logs of runs in
    directories are read first. The loss is VALID or TRAIN, or LOSS with a `t` behind training losses. A terminal
    narrower than 110 columns shows the end of the ids, which every command takes.

    Piped output is one tab-separated line per job: id, status, creation time, model, suffix, tuned model, `gone` for
    jobs that the provider no longer has, step, number of steps, loss, name of the loss, best loss and its step,
    training loss, gap, epochs, learning rate, batch size, tokens, cost, kinds of alarms, method, gain.

    With --all, jobs are printed while they are read. A table and --sort need the whole list in memory.

    \b
    fttui jobs list --status running --status queued
    fttui jobs list --filter 'model~mini age<2d' --sort best --all
    fttui jobs list --jsonl --all | jq -r .id
    """
    if limit is not None and all_:
        raise click.UsageError("--limit and --all cannot be used together")
    facts = JobFacts(invocation.options)
    filter, order = parse(statuses, filter_, sort, facts)

    async def work(reader: "Reader") -> None:
        from fttui.core.job_list import ListOptions

        shows_numbers = invocation.form == TABLE
        options = ListOptions(filter, order, None if all_ else limit or 20, facts.known, shows_numbers)
        if all_ and (invocation.form != TABLE or not invocation.output.is_terminal):
            await _print_parts(invocation, reader, options, facts)
            return
        found = await reader.jobs(options)
        _print(invocation, found, options, facts, failed=reader.failure is not None)

    return invocation.run_with_reader(work)


def parse(statuses: tuple[str, ...], filter: str | None, sort: str | None, facts: JobFacts) -> "tuple[Query, Sort]":
    """Parse the flags into a query and an order.

    Raises:
        click.UsageError: a flag is wrong.
    """
    from fttui.models.status import Status, status_of
    from fttui.store import filter_fields, query
    from fttui.store.filter_terms import STATUS_WORDS, QueryError, unknown_status
    from fttui.text import clean_line

    for word in (word.strip() for text in statuses for word in text.split(",")):
        if word and word.lower() not in STATUS_WORDS and status_of(word) is Status.UNKNOWN:
            unknown, known = f"unknown status {clean_line(word)!r}", f"Known: {', '.join(filter_fields.STATES)}"
            if facts.has_fixed_states:
                raise click.UsageError(f"--status: {unknown}. {known}")
            # Such a job can be found by its status.
            say(f"fttui: note: {unknown}: it is searched for, because the provider may have it. {known}")
    words = ",".join(f'"{word}"' for text in statuses for word in text.replace('"', "").split(",") if word.strip())
    try:
        text = " ".join(part for part in (f"status:{words}" if words else "", filter or "") if part)
        parsed = query.parse(text, facts.known)
        if unknown := unknown_status(filter or ""):
            say(f"fttui: note: {clean_line(unknown)}")
        order = query.parse_sort(sort) if sort else query.NEWEST
    except QueryError as error:
        raise click.UsageError(str(error)) from None
    return parsed, order


async def _print_parts(invocation: Invocation, reader: "Reader", options: "ListOptions", facts: JobFacts) -> None:
    """Print all jobs while they are read. The list need not fit into the memory."""
    output = invocation.output
    raws: dict[int, Any] = {}
    unknown, left_out = 0, 0
    printed = output.begin_list(tables.JobTable.piped(facts), raw=lambda row: raws[id(row)])
    async for part in reader.job_parts(options):
        raws = _raws(part)
        printed.add(part.rows)
        output.flush()
        unknown, left_out = unknown + part.unknown, left_out + part.left_out
    printed.end(has_more=reader.failure is not None)
    output.flush()
    _say_unknown(options, unknown, left_out)
    if not printed.count and reader.failure is None:
        _say_none(invocation, options)


def _say_unknown(options: "ListOptions", unknown: int, left_out: int) -> None:
    """Say which jobs are last, or hidden, because their numbers are not known."""
    what = "step" if options.sort.field == "step" else "loss"
    for number, name, effects in (
        (unknown, what, ("it is listed last", "they are listed last")),
        (left_out, "loss", ("the filter leaves it out", "the filter leaves them out")),
    ):
        if number:
            jobs = "1 job has" if number == 1 else f"{number:,} jobs have"
            say(f"{jobs} no known {name}; {effects[number > 1]}.")


def _say_none(invocation: Invocation, options: "ListOptions") -> None:
    archive = " in the archive" if invocation.offline else ""
    say(f"No fine-tuning jobs{archive}." if options.filter.is_empty else f"No jobs{archive} match.")


def _raws(found: "JobList") -> dict[int, Any]:
    """Return the job of each row as sent, by the row's identity: objects without an id are not equal."""
    from fttui.models.wire import sent

    return {id(row): sent(raw) for row, raw in zip(found.rows, found.objects, strict=True)}


def _print(invocation: Invocation, found: "JobList", options: "ListOptions", facts: JobFacts, *, failed: bool) -> None:
    from fttui.models.job import problems_of

    output = invocation.output
    shown = tables.JobTable(found.rows, output.cells, invocation.clock.now(), facts)
    raws = _raws(found)
    output.print_list(
        found.rows, shown.columns, raw=lambda row: raws[id(row)], has_more=found.has_more, piped=shown.piped(facts)
    )
    output.flush()
    _say_unknown(options, found.unknown, found.left_out)
    if failed:
        return
    if not found.rows:
        _say_none(invocation, options)
        return
    notes = []
    if found.has_more:
        count = f"{found.more} more" if found.complete else "There are more jobs"
        notes.append(f"{count}. To list them: --limit N or --all")
    if broken := [row.id for row in found.rows if problems_of(raws[id(row)])]:
        what = f"{len(broken)} runs have" if len(broken) > 1 else f"{broken[0]} has"
        notes.append(f"{what} files that cannot be read completely: fttui jobs get {broken[0]}")
    if note := shown.note(output):
        notes.append(note)
    if notes:
        say(". ".join(notes))
    if options.sort.field == "best" and output.form == TABLE and output.is_terminal:
        say("Losses that differ by less than twice their noise are equal; such jobs are newest first.")
