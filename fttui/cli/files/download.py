"""`fttui files download`: a file as it is, or a result file as CSV."""

import os
import re
import stat
import sys
from typing import TYPE_CHECKING

import click

from fttui.atomic import why_not_writable, writing
from fttui.cli import completion
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import say, say_progress
from fttui.config.errors import ConfigError
from fttui.text import size_words

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.core.connect import Connection


@click.command("download", cls=ServiceCommand, short_help="Download a file.")
@click.argument("id", shell_complete=completion.files)
@click.option("--output", "-o", "path", metavar="PATH", help="The file to write; - is standard output.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--csv", "as_csv", is_flag=True, help="Decode a result file: base64 at the provider, CSV here.")
@pass_invocation
def download(invocation: Invocation, id: str, path: str | None, force: bool, as_csv: bool) -> int:
    """Download a file unchanged, or a result file as CSV.

    Without -o the content goes to standard output; on a terminal it goes to a file named by the id. The file name at
    the provider is never used as a path. --force replaces an existing file.

    \b
    fttui files download file-abc -o data.jsonl
    fttui files download file-abc --csv -o results.csv
    """
    if path is None:
        path = re.sub(r"[^A-Za-z0-9._-]", "_", id).lstrip(".") or "file" if sys.stdout.isatty() else "-"
    if is_terminal(path):
        raise click.UsageError("a file may contain control codes and is not written to a terminal: use -o PATH")
    if path != "-":
        check_target(path, force)

    async def work(connection: "Connection") -> None:
        client = connection.client
        if path == "-" and as_csv:
            invocation.output.write_chunk(_csv(await client.file_content(id), id))
        elif path == "-":
            await client.download_file(id, invocation.output.write_chunk)
        elif as_csv:
            save(_csv(await client.file_content(id), id), path, overwrite=force)
        else:
            await _save_as_sent(client, id, path, force)

    return invocation.run_with_client(work)


def is_terminal(path: str) -> bool:
    """Return whether a path names a terminal: `-` if stdout is one, or a device such as /dev/stdout or /dev/tty."""
    if path == "-":
        return sys.stdout.isatty()
    try:
        if not stat.S_ISCHR(os.stat(path).st_mode):
            return False
        handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError):
        return False
    try:
        return os.isatty(handle)
    finally:
        os.close(handle)


def _csv(content: bytes, id: str) -> bytes:
    from fttui.models.metric import result_csv

    try:
        return result_csv(content)
    except ValueError as error:
        raise ConfigError(f"{id} is not a result file: {error}") from None


def check_target(path: str, force: bool) -> None:
    """Check that a file can be written.

    Raises:
        ConfigError: it cannot, or it exists and `force` is false.
    """
    if why := why_not_writable(path, overwrite=force):
        exists = not force and os.path.lexists(path) and not os.path.isdir(path)
        raise ConfigError(why + (": use --force to replace it, or a different -o PATH" if exists else ""))


def save(content: bytes, path: str, *, overwrite: bool) -> None:
    """Write the content of a file and name its path."""
    with writing(path, overwrite=overwrite) as file:
        file.write(content)
    say(f"Wrote {path}")


async def _save_as_sent(client: "Client", id: str, path: str, force: bool) -> None:
    """Download to a temporary file and rename it when it is complete."""

    def show_progress(done: int, size: int | None) -> None:
        say_progress(size_words(done) + (f" of {size_words(size)}" if size else ""))

    with writing(path, overwrite=force) as file:
        await client.download_file(id, file.write, progress=show_progress)
    say(f"Wrote {path}")
