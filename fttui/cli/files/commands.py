"""`fttui files`: the files at the provider."""

import os
import re
import sys
from typing import TYPE_CHECKING

import click

from fttui.atomic import why_not_writable, writing
from fttui.cli import completion, tables
from fttui.cli import invocation as session
from fttui.cli import offline as kept
from fttui.cli.flags import Verbs, forms, offline, yes
from fttui.cli.invocation import FAILED, Invocation, confirm, pass_invocation
from fttui.cli.jobs.create import progress_of
from fttui.cli.output import TABLE, Column, say, say_progress
from fttui.config.errors import ConfigError
from fttui.text import size_words

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.core.connect import Connection
    from fttui.models.file import File


@click.group("files", cls=Verbs, short_help="List, upload, download and delete files.")
def files() -> None:
    """List, upload, download and delete the files at the provider.

    \b
    fttui files upload train.jsonl
    fttui files download file-abc -o results.csv
    """


@files.command("list", short_help="List files, newest first.")
@click.option("--purpose", metavar="P", help="Only files of this purpose, such as fine-tune.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N files.")
@offline
@forms
@pass_invocation
def list_(invocation: Invocation, purpose: str | None, limit: int | None) -> int:
    """List files, newest first. Away from a terminal: id, bytes, time, purpose, status and name with tabs between.

    --offline shows those that were ever seen, as they were then: some may have been deleted since.

    \b
    fttui files list --purpose fine-tune
    fttui files list --json | jq ".data[].id"
    """

    def tell(found: "list[File]", *, more: bool = False) -> None:
        found = sorted(found, key=lambda file: -(file.created_at or 0.0))
        shown = found[:limit]
        more |= len(found) > len(shown)
        columns = tables.file_columns(session.CLOCK.now())
        invocation.output.many(shown, columns, raw=lambda file: file.raw, has_more=more)
        if not shown:
            say("no files" + (" in the archive" if invocation.offline else ""))
        elif more:
            say("more files: --limit N shows them")

    if invocation.offline:
        return kept.files(invocation, lambda found: tell([file for file in found if purpose in (None, file.purpose)]))

    async def work(connection: "Connection") -> None:
        found: list[File] = []
        more = False
        async for page in connection.client.each_file_page(purpose=purpose):
            found += page.items
            if limit is not None and len(found) >= limit:
                more = page.cursor is not None
                break
        tell(found, more=more)
        await kept.keep(connection, files=found)

    return invocation.talk(work)


@files.command("upload", short_help="Upload a file.")
@click.argument("path", type=click.Path(exists=True, dir_okay=False))
@click.option("--purpose", default="fine-tune", show_default=True, metavar="P")
@forms
@pass_invocation
def upload(invocation: Invocation, path: str, purpose: str) -> int:
    """Upload a file and print its id.

    \b
    id=$(fttui files upload train.jsonl)
    """

    async def work(connection: "Connection") -> None:
        try:
            file = await connection.client.upload_file(path, purpose=purpose, progress=progress_of(path))
        finally:
            say_progress("")
        invocation.output.line(file.id, file.raw)

    return invocation.talk(work, changes=True, interrupted=lambda: "The upload was broken off.")


@files.command("get", short_help="Show one file's data.")
@click.argument("id", shell_complete=completion.files)
@forms
@pass_invocation
def get(invocation: Invocation, id: str) -> int:
    """Show what is known of one file. Its content: `fttui files download`.

    \b
    fttui files get file-abc
    """

    async def work(connection: "Connection") -> None:
        file = await connection.client.get_file(id)
        invocation.output.one(file.raw, tables.file_fields(file))

    return invocation.talk(work)


@files.command("download", short_help="Download a file.")
@click.argument("id", shell_complete=completion.files)
@click.option("--output", "-o", "path", metavar="PATH", help="Where to; - is standard output.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--csv", "as_csv", is_flag=True, help="A result file as CSV: services send it as base64 of that.")
@pass_invocation
def download(invocation: Invocation, id: str, path: str | None, force: bool, as_csv: bool) -> int:
    """Download a file as it is, or a result file as CSV. Without -o it goes to standard output, or on a terminal into a
    file named by the id.

    The name that the service has for it is never used as a path. Nothing is replaced without --force.

    \b
    fttui files download file-abc -o data.jsonl
    fttui files download file-abc --csv -o results.csv
    """
    if path is None:
        path = re.sub(r"[^A-Za-z0-9._-]", "_", id).lstrip(".") or "file" if sys.stdout.isatty() else "-"
    if path == "-" and sys.stdout.isatty():
        raise click.UsageError("a file could do anything to a terminal: name a place with -o PATH")
    if path != "-":
        check_place(path, force)

    async def work(connection: "Connection") -> None:
        if as_csv:
            content = _csv(await connection.client.file_content(id), id)
            if path == "-":
                invocation.output.chunk(content)
                return
            with writing(path, overwrite=force) as file:
                file.write(content)
            say(f"{path} written")
            return
        if path == "-":
            await connection.client.download_file(id, invocation.output.chunk)
            return
        await _save(connection.client, id, path, force)
        say(f"{path} written")

    return invocation.talk(work)


def _csv(content: bytes, id: str) -> bytes:
    from fttui.models.metric import csv_text

    try:
        return csv_text(content).encode()
    except ValueError as error:
        raise ConfigError(f"{id} is no result file: {error}") from None


def check_place(path: str, force: bool) -> None:
    """Raises `ConfigError` where a file cannot or must not be written."""
    if why := why_not_writable(path, overwrite=force):
        exists = not force and os.path.lexists(path) and not os.path.isdir(path)
        raise ConfigError(why + (": --force replaces it, -o PATH names another place" if exists else ""))


async def _save(client: "Client", id: str, path: str, force: bool) -> None:
    """Download beside `path` and move it there when it is whole, so that half a file never looks like one."""

    def told(done: int, size: int | None) -> None:
        say_progress(size_words(done) + (f" of {size_words(size)}" if size else ""))

    with writing(path, overwrite=force) as file:
        await client.download_file(id, file.write, progress=told)


@files.command("delete", short_help="Delete files at the provider.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.files)
@yes
@forms
@pass_invocation
def delete(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Delete files at the provider. On a terminal it asks first; elsewhere it needs --yes.

    \b
    fttui files delete file-abc file-def
    fttui files delete file-abc --yes
    """
    if not confirm(f"Delete {', '.join(ids)} at the provider?", yes=yes):
        say("nothing was deleted")
        return FAILED

    async def work(connection: "Connection") -> int:
        return await delete_each(invocation, connection.client, ids, "file")

    return invocation.talk(work, changes=True)


async def delete_each(invocation: Invocation, client: "Client", ids: tuple[str, ...], kind: str) -> int:
    """Delete files or models in turn, and print what was answered, or the ids of what is gone."""
    verb = client.delete_file if kind == "file" else client.delete_model

    async def act(id: str) -> tuple[str, object]:
        return id, await verb(id) or {"id": id, "object": kind, "deleted": True}

    found, code = await session.each(client, ids, act, lambda item: "")
    output = invocation.output
    if len(ids) == 1 and output.form != TABLE:
        for _, raw in found:
            output.line("", raw)
    else:
        columns = [Column[tuple[str, object]]("DELETED", lambda item: item[0])]
        output.many(found, columns, raw=lambda item: item[1])
    return code
