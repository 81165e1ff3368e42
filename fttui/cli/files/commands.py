"""`fttui files list`, `upload`, `get` and `delete`: the files at the provider."""

from typing import TYPE_CHECKING

import click

from fttui.cli import completion, questions, tables
from fttui.cli.confirm import check_can_ask, confirm
from fttui.cli.each_id import delete_each
from fttui.cli.exit_codes import FAILED
from fttui.cli.flags import json_options, offline, yes
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import say, say_progress
from fttui.cli.progress import file_progress

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.core.reader import Reader


@click.command("list", cls=ServiceCommand, short_help="List files, newest first.")
@click.option("--purpose", metavar="P", help="Only files with this purpose, such as fine-tune.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N files.")
@offline
@json_options
@pass_invocation
def list_(invocation: Invocation, purpose: str | None, limit: int | None) -> int:
    """List files, newest first.

    Piped output is one tab-separated line per file: id, bytes, creation time, purpose, status, name. --offline
    lists all files that were ever read, including files deleted since.

    \b
    fttui files list --purpose fine-tune
    fttui files list --json | jq ".data[].id"
    """

    async def work(reader: "Reader") -> None:
        found, has_more = await reader.files(purpose=purpose, limit=limit)
        columns = tables.file_columns(invocation.clock.now())
        invocation.output.print_list(found, columns, raw=lambda file: file.sent, has_more=has_more)
        if not found:
            say("No files in the archive." if invocation.offline else "No files.")
        elif has_more and reader.failure is None:
            say("There are more files. To list them: a higher --limit")

    return invocation.run_with_reader(work)


@click.command("upload", cls=ServiceCommand, short_help="Upload a file.")
@click.argument("path", type=click.Path(exists=True, dir_okay=False))
@click.option("--purpose", default="fine-tune", show_default=True, metavar="P", help="The purpose of the file.")
@json_options
@pass_invocation
def upload(invocation: Invocation, path: str, purpose: str) -> int:
    """Upload a file and print its id.

    \b
    id=$(fttui files upload train.jsonl)
    """

    async def work(connection: "Connection") -> None:
        try:
            file = await connection.client.upload_file(path, purpose=purpose, progress=file_progress(path, "uploading"))
        finally:
            say_progress("")
        invocation.output.print_line(file.id, file.sent)

    return invocation.run_with_client(work, verb="upload", interrupted=lambda: "Upload interrupted.")


@click.command("get", cls=ServiceCommand, short_help="Show the metadata of a file.")
@click.argument("id", shell_complete=completion.files)
@json_options
@pass_invocation
def get(invocation: Invocation, id: str) -> int:
    """Show the metadata of a file. For its content: `fttui files download`.

    \b
    fttui files get file-abc
    """

    async def work(connection: "Connection") -> None:
        file = await connection.client.get_file(id)
        invocation.output.print_object(file.sent, tables.file_fields(file))

    return invocation.run_with_client(work)


@click.command("delete", cls=ServiceCommand, short_help="Delete files at the provider.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.files)
@yes
@json_options
@pass_invocation
def delete(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Delete files at the provider.

    On a terminal the command asks for confirmation; without a terminal it needs --yes.

    \b
    fttui files delete file-abc file-def
    fttui files delete file-abc --yes
    """
    invocation.check_possible("delete_file")
    check_can_ask(yes=yes)
    if not yes and len(ids) > 1:
        say(", ".join(ids))
    if not yes and not confirm(questions.delete_files(invocation, ids), yes=yes, number=len(ids), things="files"):
        say("Nothing was deleted.")
        return FAILED

    async def work(connection: "Connection") -> int:
        return await delete_each(invocation.output, ids, connection.client.delete_file, "file")

    return invocation.run_with_client(work, verb="delete_file")
