"""`fttui models export`: write a tuned model for other programs, or download its weights from a provider."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click

from fttui.cli import completion
from fttui.cli.flags import json_options
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation, say_retry
from fttui.cli.output import TABLE, say, say_progress
from fttui.cli.progress import file_progress
from fttui.config.errors import ConfigError
from fttui.text import size_words

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.core.job_names import JobSearch
    from fttui.models.run_state import Phase


@click.command("export", cls=ServiceCommand, short_help="Write a tuned model for other programs.")
@click.argument("model", metavar="ID", shell_complete=completion.models)
@click.option("-o", "--output", "directory", required=True, metavar="DIR", help="Directory, new or empty.")
@click.option("--merged", is_flag=True, help="Merge the adapter into its base model.")
@json_options
@pass_invocation
def export(invocation: Invocation, model: str, directory: str, merged: bool) -> int:
    """Write a tuned model to a directory.

    ID is the id of a model, or a job, which stands for its newest model. The embedded service writes the files of the
    model: their paths go to stdout, and commands that serve it with vLLM, Ollama and llama.cpp to stderr, where they
    can read it.

    From a provider that gives weights (Together) they are downloaded as one archive file; a checkpoint is named by its
    id, JOB:STEP. The size is asked for first and compared with the free space. If the download ends early, the same
    command continues it.

    \b
    fttui models export support-v4 -o support-v4
    fttui models export support-v4 -o merged --merged
    """
    path = os.path.abspath(os.path.expanduser(directory))
    said = ""

    async def work(connection: Connection) -> None:
        nonlocal said
        if connection.choice.is_local:
            await _export(invocation, connection, model, path, merged)
        elif connection.provider.gives_weights:
            said = "Interrupted. What was downloaded is kept: the same command continues."
            await _download(invocation, connection, model, path, merged)
        else:
            raise ConfigError(f"{connection.provider.title} does not give the weights of tuned models: they stay there")

    return invocation.run_with_client(work, interrupted=lambda: said)


def _search(invocation: Invocation, connection: Connection) -> JobSearch:
    from fttui.config.paths import archive_file
    from fttui.core.job_names import JobSearch

    return JobSearch(archive_file(), connection.choice.key, invocation.clock.now())


async def _export(invocation: Invocation, connection: Connection, model: str, path: str, merged: bool) -> None:
    from fttui.core.serving import serving_commands
    from fttui.core.try_target import TargetSearch
    from fttui.learning.phase_words import phase_words

    search = _search(invocation, connection)
    target = await TargetSearch(connection.client, search).find(model, with_job=False)
    id = target.candidate.model

    def progress(phase: Phase) -> None:
        say_progress(phase_words(phase, id, None))

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


async def _download(invocation: Invocation, connection: Connection, model: str, path: str, merged: bool) -> None:
    from fttui.core.weights import WeightsDownload, job_of, wanted

    client = connection.client
    name, step = wanted(model)
    search = _search(invocation, connection)
    weights = await client.find_weights(await job_of(client, search, name), step, merged=merged)
    download = WeightsDownload(client, weights, path, invocation.clock, say_retry)
    if download.is_complete:
        say(f"{download.path} is complete already.")
    else:
        say(f"{os.path.basename(download.path)}: {size_words(weights.size)}")
        await download.run(file_progress(download.path, "Downloading"))
        say_progress("")
    raw = {"directory": path, "files": [os.path.basename(download.path)], "bytes": weights.size, "base": weights.base}
    invocation.output.print_line(download.path, raw)
    invocation.output.flush()
    say(f"To unpack it: tar -xf {shlex.quote(download.path)} -C {shlex.quote(path)}")
