"""`fttui models export`: write a tuned model of the embedded service for other programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from fttui.cli import completion
from fttui.cli.flags import json_options
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import TABLE, say, say_progress
from fttui.config.errors import ConfigError

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.models.run_state import Phase


@click.command("export", short_help="Write a tuned model for other programs.")
@click.argument("model", metavar="ID", shell_complete=completion.models)
@click.option("-o", "--output", "directory", required=True, metavar="DIR", help="Directory, new or empty.")
@click.option("--merged", is_flag=True, help="Merge the adapter into its base model.")
@json_options
@pass_invocation
def export(invocation: Invocation, model: str, directory: str, merged: bool) -> int:
    """Write a tuned model of the embedded service to a directory.

    ID is the id of a model, or a job, which stands for its newest model. The paths of the files go to stdout, and
    commands that serve the model with vLLM, Ollama and llama.cpp to stderr, where they can read it.

    \b
    fttui models export support-v4 -o support-v4
    fttui models export support-v4 -o merged --merged
    """

    async def work(connection: Connection) -> None:
        from fttui.config.paths import archive_file
        from fttui.core.job_names import JobSearch
        from fttui.core.serving import serving_commands
        from fttui.core.try_target import TargetSearch
        from fttui.learning.phase_words import phase_words

        if not connection.choice.is_local:
            raise ConfigError("only the embedded service exports models: models of a provider stay with it")
        search = JobSearch(archive_file(), connection.choice.key, invocation.clock.now())
        target = await TargetSearch(connection.client, search).find(model, with_job=False)
        id = target.candidate.model

        def progress(phase: Phase) -> None:
            say_progress(phase_words(phase, id, None))

        path = os.path.abspath(os.path.expanduser(directory))
        found = await connection.client.export_model(id, path, merged=merged, progress=progress)
        say_progress("")
        output = invocation.output
        if output.form == TABLE:
            for name in found.files:
                output.print_line(os.path.join(found.directory, name))
        else:
            output.print_line("", found._asdict())
        output.flush()
        commands = serving_commands(found, target.job.suffix if target.job and target.job.suffix else "tuned")
        for command in commands:
            say(f"{command.program}: {command.line}")
        if not commands:
            say("The model is in the format of its trainer. Other programs do not read it.")

    return invocation.run_with_client(work)
