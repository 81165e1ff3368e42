"""`fttui models`: base models and tuned models of the service."""

from typing import TYPE_CHECKING

import click

from fttui.cli import completion, questions, tables
from fttui.cli.confirm import check_can_ask, confirm
from fttui.cli.each_id import delete_each
from fttui.cli.exit_codes import FAILED
from fttui.cli.export_model import export
from fttui.cli.flags import json_options, offline, yes
from fttui.cli.groups import ServiceGroup
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import say
from fttui.cli.try_model import try_

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.core.reader import Reader


@click.group("models", cls=ServiceGroup, short_help="List models, ask them, delete tuned models.")
def models() -> None:
    """List the models of the service, ask them, and delete tuned models.

    \b
    fttui models list
    """


models.add_command(try_)
models.add_command(export)


@models.command("list", short_help="List models.")
@offline
@json_options
@pass_invocation
def list_(invocation: Invocation) -> int:
    """List models in the order of the service.

    Piped output is one tab-separated line per model: id, creation time, owner, shutdown date. --offline lists
    the models that the service had when it was last asked.

    \b
    fttui models list
    """

    async def work(reader: "Reader") -> None:
        found = await reader.models()
        columns = tables.model_columns(invocation.clock.now())
        invocation.output.print_list(found, columns, raw=lambda model: model.sent)
        if not found:
            say("No models in the archive." if invocation.offline else "No models.")

    return invocation.run_with_reader(work)


@models.command("delete", short_help="Delete tuned models.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.models)
@yes
@json_options
@pass_invocation
def delete(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Delete tuned models permanently.

    On a terminal the command asks for confirmation; without a terminal it needs --yes.

    \b
    fttui models delete ft:gpt-4.1-nano-2025-04-14:acme:support:8J6LXhXG
    """
    invocation.check_possible("delete_model")
    check_can_ask(yes=yes)
    if not yes and len(ids) > 1:
        say(", ".join(ids))
    if not yes and not confirm(questions.delete_models(invocation, ids), yes=yes, number=len(ids), things="models"):
        say("Nothing was deleted.")
        return FAILED

    async def work(connection: "Connection") -> int:
        return await delete_each(invocation.output, ids, connection.client.delete_model, "model")

    return invocation.run_with_client(work, verb="delete_model")
