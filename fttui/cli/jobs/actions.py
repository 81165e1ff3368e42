"""`fttui jobs cancel`, `pause`, `resume` and `delete`."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion, questions, tables
from fttui.cli.confirm import check_can_ask, confirm
from fttui.cli.each_id import delete_each, for_each_id
from fttui.cli.exit_codes import FAILED
from fttui.cli.flags import json_options, yes
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.ids import choose_profile, find_all, resolve_all, titles
from fttui.cli.output import TABLE, say

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.core.availability import Verb
    from fttui.core.connect import Connection
    from fttui.models.job import Job

    Action = Callable[[Client], Callable[[str], Awaitable[Job]]]


@click.command("cancel", cls=ServiceCommand, short_help="Cancel jobs.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.jobs)
@yes
@json_options
@pass_invocation
def cancel(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Cancel jobs. Training progress since the last checkpoint is lost.

    On a terminal the command asks for confirmation; without a terminal it needs --yes.

    \b
    fttui jobs cancel ftjob-abc
    fttui jobs list --status queued --jsonl | jq -r .id | xargs fttui jobs cancel --yes
    """
    ids = _confirmed(invocation, ids, "cancel", yes=yes)
    return _act(invocation, ids, "cancel", lambda client: client.cancel_job) if ids else _nothing("cancelled")


@click.command("pause", cls=ServiceCommand, short_help="Pause jobs.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.jobs)
@json_options
@pass_invocation
def pause(invocation: Invocation, ids: tuple[str, ...]) -> int:
    """Pause jobs. `fttui jobs resume` continues them. Some providers and methods do not support pausing.

    \b
    fttui jobs pause ftjob-abc
    """
    return _act(invocation, resolve_all(invocation, ids), "pause", lambda client: client.pause_job)


@click.command("resume", cls=ServiceCommand, short_help="Resume paused jobs.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.jobs)
@json_options
@pass_invocation
def resume(invocation: Invocation, ids: tuple[str, ...]) -> int:
    """Resume paused jobs.

    \b
    fttui jobs resume ftjob-abc
    """
    return _act(invocation, resolve_all(invocation, ids), "resume", lambda client: client.resume_job)


@click.command("delete", cls=ServiceCommand, short_help="Delete ended jobs.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.jobs)
@yes
@json_options
@pass_invocation
def delete(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Delete ended jobs at the provider. A job that has not ended is refused: cancel it first.

    The embedded service deletes a job with its models and checkpoints, the files that no other job uses, and its copy
    in the archive. Elsewhere the archived copy stays until `fttui archive delete`. OpenAI does not delete jobs.

    On a terminal the command asks for confirmation; without a terminal it needs --yes.

    \b
    fttui jobs delete ftjob-abc
    fttui jobs list --status failed --jsonl | jq -r .id | xargs fttui jobs delete --yes
    """
    ids = _confirmed(invocation, ids, "delete_job", yes=yes)
    if not ids:
        return _nothing("deleted")

    async def work(connection: "Connection") -> int:
        from fttui.config.paths import archive_file
        from fttui.store.archive.archive import Archive
        from fttui.store.record import record_deletion

        archive = Archive(archive_file(), connection.choice.key)
        keep_copy = not connection.provider.keeps_no_copy

        async def delete(id: str) -> Any:
            raw = await connection.client.delete_job(id)
            await record_deletion(archive, id, invocation.clock.now(), keep_copy=keep_copy)
            return raw

        try:
            return await delete_each(invocation.output, ids, delete, "fine_tuning.job.deleted")
        finally:
            await archive.close()

    return invocation.run_with_client(work, verb="delete_job")


def _confirmed(invocation: Invocation, names: tuple[str, ...], verb: "Verb", *, yes: bool) -> tuple[str, ...]:
    """Find jobs by their names and ask whether to cancel or delete them. Return their ids; none if the answer is no."""
    names = choose_profile(invocation, names)
    invocation.check_possible(verb)
    check_can_ask(yes=yes)
    jobs = find_all(invocation, names)
    if not yes:
        if len(jobs) > 1:
            say(titles(jobs))
        question = questions.cancel_jobs(jobs) if verb == "cancel" else questions.delete_jobs(invocation, jobs)
        if not confirm(question, yes=yes, number=len(jobs), verb="cancel" if verb == "cancel" else "delete"):
            return ()
    return tuple(job.id for job in jobs)


def _nothing(done: str) -> int:
    say(f"Nothing was {done}.")
    return FAILED


def _act(invocation: Invocation, ids: tuple[str, ...], verb: "Verb", action: "Action") -> int:
    """Send a request for each job and print the changed jobs: a single job as an object, several jobs as a list."""

    async def work(connection: "Connection") -> int:
        changed, code = await for_each_id(ids, action(connection.client))
        output = invocation.output
        if len(ids) == 1 and output.form != TABLE:
            for job in changed:
                output.print_line("", job.sent)
        else:
            output.print_list(changed, tables.changed_job_columns(), raw=lambda job: job.sent)
        return code

    return invocation.run_with_client(work, verb=verb)
