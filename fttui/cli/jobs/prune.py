"""`fttui jobs prune`."""

from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion
from fttui.cli.exit_codes import DONE, FAILED
from fttui.cli.flags import json_options
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.ids import choose_profile, resolve_all
from fttui.cli.output import Column, say
from fttui.config.errors import ConfigError
from fttui.models.row import short_id
from fttui.text import size_words

if TYPE_CHECKING:
    from fttui.core.connect import Connection

Job = dict[str, Any]
"""A job as the service answers: see `server/jobs/prune.py`."""


@click.command("prune", cls=ServiceCommand, short_help="Free disk space of ended jobs.")
@click.argument("ids", nargs=-1, metavar="[ID...]", shell_complete=completion.jobs)
@click.option("--yes", is_flag=True, help="Free the space. Without it, nothing is removed.")
@json_options
@pass_invocation
def prune(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Say how much disk space of ended jobs the embedded service can free; with --yes, free it.

    Checkpoints of some trainers have the state of the optimizer, which only resuming needs. It is removed, except from
    the best and the last checkpoint of each job. Every model can still be used. Without an ID: all ended jobs.

    Piped output is one tab-separated line per job: id, bytes, number of checkpoints.

    \b
    fttui jobs prune
    fttui jobs prune support-v4 --yes
    """
    ids = choose_profile(invocation, ids)
    _check_is_local(invocation)
    chosen = resolve_all(invocation, ids) if ids else None

    async def work(connection: "Connection") -> int:
        import asyncio

        from fttui.config.paths import service_dir
        from fttui.server import control

        try:
            found = await asyncio.to_thread(control.prune, service_dir(), chosen, dry_run=not yes)
        except control.ServiceError as error:
            say(f"fttui: {error}")
            return FAILED
        return _report(invocation, found, has_freed=yes)

    return invocation.run_with_client(work, verb="delete_job" if yes else None)


def _check_is_local(invocation: Invocation) -> None:
    """Refuse other services than the embedded one.

    Raises:
        ConfigError: a different service is chosen.
    """
    from fttui.config.choose import choose

    choice = choose(profile=invocation.profile, base_url=invocation.base_url)
    if not choice.is_local:
        raise ConfigError(f"{choice.name} keeps its checkpoints itself: only jobs of the embedded service are pruned")


def _report(invocation: Invocation, found: list[Job], *, has_freed: bool) -> int:
    refused = [job for job in found if job["refusal"]]
    shown = [job for job in found if job["bytes"]]
    output = invocation.output
    columns: list[Column[Job]] = [
        Column("ID", lambda job: job["id"]),
        Column("SIZE", lambda job: size_words(job["bytes"]), lambda job: str(job["bytes"]), right=True),
        Column("CHECKPOINTS", lambda job: str(len(job["checkpoints"])), right=True),
    ]
    output.print_list(shown, columns, raw=_without_refusal)
    output.flush()
    for job in refused:
        say(f"fttui: {short_id(job['id'])} is left alone: {job['refusal']}")
    total = size_words(sum(job["bytes"] for job in shown))
    jobs = "1 job" if len(shown) == 1 else f"{len(shown)} jobs"
    if not shown:
        say("Nothing to free.")
    elif has_freed:
        say(f"Freed {total} of {jobs}. All models can be used; the best and the last checkpoints are whole.")
    else:
        say(f"{total} of {jobs} can be freed; nothing was removed. To free it: add --yes")
    return FAILED if refused else DONE


def _without_refusal(job: Job) -> Job:
    return {name: value for name, value in job.items() if name != "refusal"}
