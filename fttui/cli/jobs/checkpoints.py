"""`fttui jobs checkpoints`."""

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from fttui.cli import completion, tables
from fttui.cli.flags import json_options, offline
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.ids import resolve
from fttui.cli.jobs.samples import print_samples
from fttui.cli.output import TABLE, Output, say

if TYPE_CHECKING:
    from fttui.core.reader import Reader
    from fttui.models.checkpoint import Checkpoint


@click.command("checkpoints", cls=ServiceCommand, short_help="List the checkpoints of a job.")
@click.argument("id", shell_complete=completion.jobs)
@click.option("--samples", is_flag=True, help="Print what the model answered during the training.")
@offline
@json_options
@pass_invocation
def checkpoints(invocation: Invocation, id: str, samples: bool) -> int:
    """List the checkpoints of a job, and say which is best: the newest first on a terminal, else by step.

    The best has the lowest loss on the validation data. Losses that differ by less than twice their noise are equal.
    The embedded service keeps the newest three and the best; it drops the others while a job trains.

    Piped output is one tab-separated line per checkpoint: id, step, creation time, model, metrics.

    With --samples, the answers of the model to a few prompts of the validation data are printed instead: before the
    first step (step 0) and at each checkpoint, by prompt. Only the embedded service has them. Piped output is one
    tab-separated line per answer: step, number of the prompt, finish reason, answer.

    \b
    fttui jobs checkpoints ftjob-abc --jsonl | jq -r .fine_tuned_model_checkpoint
    fttui jobs checkpoints ftjob-abc --samples
    """
    id = resolve(invocation, id)

    async def work(reader: "Reader") -> None:
        if samples:
            print_samples(invocation.output, await reader.samples(id), has_more=reader.failure is not None)
            return
        found = await reader.checkpoints(id)
        output = invocation.output
        if output.form == TABLE and output.is_terminal:
            await _print_judged(output, found, reader, id)
            return
        has_more = reader.failure is not None
        output.print_list(found, tables.checkpoint_columns(), raw=lambda item: item.sent, has_more=has_more)

    return invocation.run_with_reader(work)


async def _print_judged(output: Output, found: "list[Checkpoint]", reader: "Reader", id: str) -> None:
    """Print a table with the losses of the run, and say which checkpoint is best."""
    from fttui.api.errors import ApiError
    from fttui.learning.checkpoints import judged_checkpoints
    from fttui.learning.run import Run

    run = Run()
    if found:
        with suppress(ApiError):  # the checkpoints have losses of their own
            run = (await reader.metrics(id, found)).run
    judged = judged_checkpoints(found, run)
    rows = judged.rows[::-1]
    output.print_list(rows, tables.judged_checkpoint_columns(judged), raw=lambda row: row)
    output.flush()
    if sentences := judged.sentences():
        say(" ".join(sentences))
    elif not found and reader.failure is None:
        say("No checkpoints.")
