"""`fttui jobs`: look at jobs, and drive them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion, tables
from fttui.cli import invocation as session
from fttui.cli import offline as kept
from fttui.cli.flags import Seconds, Verbs, forms, offline, yes
from fttui.cli.invocation import FAILED, Invocation, confirm, pass_invocation
from fttui.cli.jobs import follow
from fttui.cli.jobs import ids as typed
from fttui.cli.output import JSON, TABLE, say

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.core.connect import Connection
    from fttui.models.event import Event

LEVELS = ("info", "warn", "error")


@click.group("jobs", cls=Verbs, short_help="List, create, watch and cancel jobs.")
def jobs() -> None:
    """List, create, watch and cancel fine-tuning jobs.

    Where a job's ID is asked for, its end will do if no other job that is known here has it: `..x7Qa91Lk`, or without
    the dots four characters or more. What is cancelled is asked about, and printed, by the whole id.

    \b
    fttui jobs list --status running
    fttui jobs create --model gpt-4.1-nano-2025-04-14 --training-file train.jsonl --wait
    fttui jobs events ftjob-abc --follow
    """


@jobs.command("list", short_help="List jobs, newest first.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    metavar="S",
    shell_complete=completion.states,
    help="Only jobs in this state; may be repeated.",
)
@click.option("--filter", "filter_", metavar="EXPR", help="Only jobs that match, as / in the cockpit.")
@click.option("--sort", metavar="FIELD", help="Order by a field; -FIELD the other way round. Default: newest first.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N jobs.  [default: 20]")
@click.option("--all", "all_", is_flag=True, help="Every job.")
@offline
@forms
@pass_invocation
def list_(
    invocation: Invocation,
    statuses: tuple[str, ...],
    filter_: str | None,
    sort: str | None,
    limit: int | None,
    all_: bool,
) -> int:
    """List jobs, newest first: the newest 20, unless --limit or --all says otherwise.

    A state is one of running, queued, waiting, paused, succeeded, failed, cancelled, live, final, or the service's
    own word. Filters apply before the limit. Away from a terminal a job is a line of id, status, time of creation,
    model, suffix and tuned model with tabs between them; with --offline also `gone` where only the archive has it.

    \b
    fttui jobs list --status running --status queued
    fttui jobs list --filter 'model~mini age<2d' --sort -loss --all
    fttui jobs list --jsonl --all | jq -r .id
    """
    from fttui.cli.jobs import listing

    if limit is not None and all_:
        raise click.UsageError("--limit and --all exclude each other")
    wish = listing.wish(statuses, filter_, sort, None if all_ else limit or 20)
    if invocation.offline:
        return listing.offline(invocation, wish)

    async def work(connection: "Connection") -> int:
        return await listing.online(invocation, connection, wish)

    return invocation.talk(work)


@jobs.command("get", short_help="Show one job.")
@click.argument("id", shell_complete=completion.jobs)
@offline
@forms
@pass_invocation
def get(invocation: Invocation, id: str) -> int:
    """Show one job. --json prints it as the service sent it.

    \b
    fttui jobs get ftjob-abc
    fttui jobs get ftjob-abc --json | jq -r .fine_tuned_model
    """

    id = typed.one(invocation, id)
    if invocation.offline:
        return kept.job(invocation, id)

    async def work(connection: "Connection") -> None:
        job = await connection.client.get_job(id)
        fields = tables.job_fields(job, session.CLOCK.now())
        if invocation.form == TABLE:
            from fttui.cli.jobs import preflight

            fields += preflight.cost_fields(connection, job)
        invocation.output.one(job.raw, fields)
        await kept.keep(connection, [job])

    return invocation.talk(work)


@jobs.command("cancel", short_help="Cancel jobs.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.jobs)
@yes
@forms
@pass_invocation
def cancel(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Cancel jobs. What was trained so far is lost, except the checkpoints.

    On a terminal it asks first; elsewhere it needs --yes.

    \b
    fttui jobs cancel ftjob-abc
    fttui jobs list --status queued --jsonl | jq -r .id | xargs fttui jobs cancel --yes
    """
    ids = typed.whole(invocation, ids)
    if not confirm(f"Cancel {', '.join(ids)}?", yes=yes):
        say("nothing was cancelled")
        return FAILED
    return _act(invocation, ids, lambda client: client.cancel_job)


@jobs.command("pause", short_help="Pause jobs.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.jobs)
@forms
@pass_invocation
def pause(invocation: Invocation, ids: tuple[str, ...]) -> int:
    """Pause jobs; `resume` goes on where they stopped. Not every service and method can.

    \b
    fttui jobs pause ftjob-abc
    """
    return _act(invocation, typed.whole(invocation, ids), lambda client: client.pause_job)


@jobs.command("resume", short_help="Resume paused jobs.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.jobs)
@forms
@pass_invocation
def resume(invocation: Invocation, ids: tuple[str, ...]) -> int:
    """Resume paused jobs.

    \b
    fttui jobs resume ftjob-abc
    """
    return _act(invocation, typed.whole(invocation, ids), lambda client: client.resume_job)


def _act(invocation: Invocation, ids: tuple[str, ...], verb: "Callable[[Client], Callable[[str], Any]]") -> int:
    """Send a verb to jobs. One id prints that job, several print a list of those that took it."""

    async def work(connection: "Connection") -> int:
        found, code = await session.each(connection.client, ids, verb(connection.client), lambda job: "")
        output = invocation.output
        if len(ids) == 1 and output.form != TABLE:
            for job in found:
                output.line("", job.raw)
        else:
            output.many(found, tables.job_columns(session.CLOCK.now())[:2], raw=lambda job: job.raw)
        return code

    return invocation.talk(work, changes=True)


@jobs.command("events", short_help="Show a job's log.")
@click.argument("id", shell_complete=completion.jobs)
@click.option("--follow", "-f", "follow_", is_flag=True, help="Go on printing until the job has ended.")
@click.option("--level", type=click.Choice(LEVELS), help="Only events of this level and worse.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@click.option("--interval", type=Seconds(), metavar="S", help="Seconds between looks with --follow, at least 2.")
@offline
@forms
@pass_invocation
def events(
    invocation: Invocation, id: str, follow_: bool, level: str | None, limit: int | None, interval: float | None
) -> int:
    """Show the events of a job, oldest first. Away from a terminal: time, level and message with tabs between.

    \b
    fttui jobs events ftjob-abc --follow
    fttui jobs events ftjob-abc --level warn --jsonl
    """
    if follow_ and invocation.form == JSON:
        raise click.UsageError("--follow has no end to close a list at: use --jsonl")
    if follow_ and invocation.offline:
        raise click.UsageError("--follow asks the service, and --offline says not to")
    id = typed.one(invocation, id)
    least = LEVELS.index(level) if level else 0

    def wanted(event: "Event") -> bool:
        return event.level not in LEVELS or LEVELS.index(event.level) >= least

    if invocation.offline:
        return kept.events(invocation, id, wanted, limit)

    async def work(connection: "Connection") -> None:
        output, columns = invocation.output, tables.event_columns()
        found = await follow.log(connection.client, id)
        shown = [event for event in found if wanted(event)]
        shown = shown[-limit:] if limit else shown
        if not follow_:
            output.many(shown, columns, raw=lambda event: event.raw)
            await kept.keep(connection, log=(id, found))
            return
        output.each(shown, columns, raw=lambda event: event.raw)
        output.flush()
        pause = interval or connection.settings.interval or 2.0
        async for event in follow.following(connection.client, id, {event.id for event in found}, pause):
            if wanted(event):
                output.each([event], columns, raw=lambda event: event.raw)
                output.flush()

    return invocation.talk(work)


@jobs.command("checkpoints", short_help="List a job's checkpoints.")
@click.argument("id", shell_complete=completion.jobs)
@offline
@forms
@pass_invocation
def checkpoints(invocation: Invocation, id: str) -> int:
    """List the checkpoints of a job, first step first.

    \b
    fttui jobs checkpoints ftjob-abc --jsonl | jq -r .fine_tuned_model_checkpoint
    """

    id = typed.one(invocation, id)
    if invocation.offline:
        return kept.checkpoints(invocation, id)

    async def work(connection: "Connection") -> None:
        found = [item async for page in connection.client.each_checkpoint_page(id) for item in page.items]
        found.sort(key=lambda item: (item.step_number or 0, item.created_at or 0.0))
        invocation.output.many(found, tables.checkpoint_columns(), raw=lambda item: item.raw)
        await kept.keep(connection, checkpoints=(id, found))

    return invocation.talk(work)


@jobs.command("metrics", short_help="Show a job's numbers by step.")
@click.argument("id", shell_complete=completion.jobs)
@click.option("--csv", "csv_", is_flag=True, help="Comma-separated values with a heading.")
@offline
@forms
@pass_invocation
def metrics(invocation: Invocation, id: str, csv_: bool) -> int:
    """Show the metrics of a job, a line a step: from its events, and from its result file once it has one.

    Away from a terminal: tabs between and no heading, as everywhere; --csv has one, for the columns are each run's own.

    \b
    fttui jobs metrics ftjob-abc
    fttui jobs metrics ftjob-abc --csv > curve.csv
    """
    if csv_ and invocation.form != TABLE:
        raise click.UsageError("--csv, --json and --jsonl are forms: give one of them")

    id = typed.one(invocation, id)
    if invocation.offline:
        return kept.metrics(invocation, id, csv=csv_)

    async def work(connection: "Connection") -> None:
        from fttui.cli.jobs import metrics as numbers

        job, points = await numbers.of(connection.client, id)
        numbers.write(invocation.output, points, csv=csv_)
        if not points:
            say(f"{job.id} has no metrics" + ("" if job.status.is_final else " yet"))

    return invocation.talk(work)
