"""`fttui files`: the group and its commands."""

import click

from fttui.cli.groups import ServiceGroup

COMMANDS = {
    "list": "fttui.cli.files.commands:list_",
    "upload": "fttui.cli.files.commands:upload",
    "get": "fttui.cli.files.commands:get",
    "download": "fttui.cli.files.download:download",
    "delete": "fttui.cli.files.commands:delete",
    "check": "fttui.cli.files.check:check",
}


@click.group("files", cls=ServiceGroup, table=COMMANDS, short_help="List, upload, download, delete and check files.")
def files() -> None:
    """List, upload, download and delete files at the provider, and check training data on this disk.

    \b
    fttui files upload train.jsonl
    fttui files download file-abc -o results.csv
    """
