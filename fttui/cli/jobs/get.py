"""`fttui jobs get`."""

from typing import TYPE_CHECKING

import click

from fttui.cli import completion, tables
from fttui.cli.flags import json_options, offline
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.ids import resolve
from fttui.cli.output import TABLE, say

if TYPE_CHECKING:
    from fttui.core.reader import Reader


@click.command("get", cls=ServiceCommand, short_help="Show a job.")
@click.argument("id", shell_complete=completion.jobs)
@offline
@json_options
@pass_invocation
def get(invocation: Invocation, id: str) -> int:
    """Show a job. --json prints it as the provider sent it.

    \b
    fttui jobs get ftjob-abc
    fttui jobs get ftjob-abc --json | jq -r .fine_tuned_model
    """
    id = resolve(invocation, id)

    async def work(reader: "Reader") -> None:
        job, row = await reader.job(id)
        fields = tables.job_fields(job, row)
        if invocation.form == TABLE and reader.connection is not None:
            from fttui.core.pricing import Pricing

            fields += Pricing(reader.connection.choice).fields(job, warn=lambda why: say(f"fttui: {why}"))
        invocation.output.print_object(job.sent, fields)
        for problem in job.problems:
            say(f"fttui: note: {problem}")
        if row.gone:
            say("The provider no longer has this job.")

    return invocation.run_with_reader(work)
