"""`fttui models`: what can be tuned, and what was."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from fttui.cli import completion, tables
from fttui.cli import invocation as session
from fttui.cli import offline as kept
from fttui.cli.files.commands import delete_each
from fttui.cli.flags import Verbs, forms, offline, yes
from fttui.cli.invocation import FAILED, Invocation, confirm, pass_invocation
from fttui.cli.output import say

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.models.file import Model


@click.group("models", cls=Verbs, short_help="List models, delete tuned ones.")
def models() -> None:
    """List the models of the service, and delete tuned ones."""


@models.command("list", short_help="List models.")
@offline
@forms
@pass_invocation
def list_(invocation: Invocation) -> int:
    """List models in the service's order. Away from a terminal: id, time, owner, last day, with tabs between.

    --offline shows those of the last look.

    \b
    fttui models list
    """

    def tell(found: "Sequence[Model]") -> None:
        columns = tables.model_columns(session.CLOCK.now())
        invocation.output.many(found, columns, raw=lambda model: model.raw)
        if not found:
            say("no models" + (" in the archive" if invocation.offline else ""))

    if invocation.offline:
        return kept.models(invocation, tell)

    async def work(connection: "Connection") -> None:
        page = await connection.client.list_models()
        tell(page.items)
        await kept.keep(connection, models=page.items)

    return invocation.talk(work)


@models.command("delete", short_help="Delete tuned models.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.models)
@yes
@forms
@pass_invocation
def delete(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Delete tuned models for good. On a terminal it asks first; elsewhere it needs --yes.

    \b
    fttui models delete ft:gpt-4.1-nano-2025-04-14:acme:support:8J6LXhXG
    """
    if not confirm(f"Delete {', '.join(ids)} for good?", yes=yes):
        say("nothing was deleted")
        return FAILED

    async def work(connection: "Connection") -> int:
        return await delete_each(invocation, connection.client, ids, "model")

    return invocation.talk(work, changes=True)
