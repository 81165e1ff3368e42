"""`fttui archive`: the group and its commands."""

import click

from fttui.cli.groups import ServiceGroup

COMMANDS = {
    "sync": "fttui.cli.archive.sync:sync",
    "list": "fttui.cli.archive.commands:list_",
    "export": "fttui.cli.archive.commands:export",
    "delete": "fttui.cli.archive.commands:delete",
    "size": "fttui.cli.archive.commands:size",
}


@click.group("archive", cls=ServiceGroup, table=COMMANDS, short_help="Sync, list, export and delete archived jobs.")
def archive() -> None:
    """The archive keeps jobs, events, checkpoints, metrics and result files on this disk, by profile.

    The cockpit archives the jobs it shows; `fttui archive sync` fetches the rest. Jobs stay in the archive when the
    provider deletes them.

    \b
    fttui archive sync
    fttui archive export --all -o backup
    """
