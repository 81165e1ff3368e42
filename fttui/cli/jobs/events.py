"""`fttui jobs events`: the log of a job."""

from typing import TYPE_CHECKING

import click

from fttui.cli import completion, tables
from fttui.cli.flags import Seconds, json_options, offline
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs import follow
from fttui.cli.jobs.ids import resolve
from fttui.cli.output import JSON, say

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.core.reader import Reader
    from fttui.models.event import Event

LEVELS = ("info", "warn", "error")


@click.command("events", cls=ServiceCommand, short_help="Show the log of a job.")
@click.argument("id", shell_complete=completion.jobs)
@click.option("--follow", "-f", "follow_", is_flag=True, help="Keep printing new events until the job has ended.")
@click.option("--level", type=click.Choice(LEVELS), help="Only events of this level and above.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N events.")
@click.option("--interval", type=Seconds(), metavar="S", help="Seconds between polls with --follow, at least 2.")
@offline
@json_options
@pass_invocation
def events(
    invocation: Invocation, id: str, follow_: bool, level: str | None, limit: int | None, interval: float | None
) -> int:
    """Show the events of a job, oldest first.

    Piped output is one tab-separated line per event: time, level, message.

    \b
    fttui jobs events ftjob-abc --follow
    fttui jobs events ftjob-abc --level warn --jsonl
    """
    if follow_ and invocation.form == JSON:
        raise click.UsageError("--json prints one list and cannot be used with --follow: use --jsonl")
    if follow_ and invocation.offline:
        raise click.UsageError("--follow needs the service and cannot be used with --offline")
    id = resolve(invocation, id)
    columns, output = tables.event_columns(), invocation.output

    async def work(reader: "Reader") -> None:
        log, complete = await reader.events(id)
        if (connection := reader.connection) is not None and "events" in connection.provider.missing:
            say(f"{connection.provider.title} does not offer events.")
        shown = [event for event in log if _reaches(event, level)]
        shown = shown[-limit:] if limit else shown
        if follow_ and reader.connection is not None:
            output.print_lines(shown, columns, raw=lambda event: event.sent)
            output.flush()
            await print_new(reader.connection, {event.id for event in log})
            return
        output.print_list(shown, columns, raw=lambda event: event.sent, has_more=reader.failure is not None)
        if not complete and reader.failure is None:
            say("Older events may be missing. To fetch them: fttui archive sync")

    async def print_new(connection: "Connection", known: set[str]) -> None:
        pause = interval or connection.shared.interval or 2.0
        async for event in follow.new_events(connection.client, id, known, pause, invocation.clock):
            if _reaches(event, level):
                output.print_lines([event], columns, raw=lambda event: event.sent)
                output.flush()

    return invocation.run_with_reader(work)


def _reaches(event: "Event", level: str | None) -> bool:
    """Return whether an event has at least this level. Events of unknown levels always do."""
    return level is None or event.level not in LEVELS or LEVELS.index(event.level) >= LEVELS.index(level)
