"""`fttui jobs checkpoints`."""

from typing import TYPE_CHECKING

import click

from fttui.cli import completion, tables
from fttui.cli.flags import json_options, offline
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.ids import resolve

if TYPE_CHECKING:
    from fttui.core.reader import Reader


@click.command("checkpoints", cls=ServiceCommand, short_help="List the checkpoints of a job.")
@click.argument("id", shell_complete=completion.jobs)
@offline
@json_options
@pass_invocation
def checkpoints(invocation: Invocation, id: str) -> int:
    """List the checkpoints of a job by step.

    Piped output is one tab-separated line per checkpoint: id, step, creation time, model, metrics.

    \b
    fttui jobs checkpoints ftjob-abc --jsonl | jq -r .fine_tuned_model_checkpoint
    """
    id = resolve(invocation, id)

    async def work(reader: "Reader") -> None:
        found = await reader.checkpoints(id)
        has_more = reader.failure is not None
        invocation.output.print_list(found, tables.checkpoint_columns(), raw=lambda item: item.raw, has_more=has_more)

    return invocation.run_with_reader(work)
