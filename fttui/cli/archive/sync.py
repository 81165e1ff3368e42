"""`fttui archive sync`: everything that a provider has, fetched to this disk."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from fttui.cli import invocation as session
from fttui.cli.archive.commands import archive
from fttui.cli.flags import forms
from fttui.cli.invocation import DONE, FAILED, Invocation, pass_invocation
from fttui.cli.output import say, say_progress
from fttui.config import paths
from fttui.text import size_words

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.store.archive.size import Share
    from fttui.store.polling.archive_sync import Progress, Sync

__all__ = ["archive"]


@archive.command("sync", short_help="Fetch everything that the provider has.")
@click.option("--full", is_flag=True, help="Read the whole list again: shows what went or changed far down in it.")
@forms
@pass_invocation
def sync(invocation: Invocation, full: bool) -> int:
    """Fetch all jobs with their events, checkpoints and result files, and what is known of files and models.

    It may be broken off at any moment: the next run goes on from there. What is held whole is not asked for again, and
    the list is read from its newest page to the first that has no news, unless --full is given. Nothing is deleted,
    here or there.

    \b
    fttui archive sync --profile work
    """

    async def work(connection: "Connection") -> int:
        from fttui.store.archive.archive import Archive
        from fttui.store.polling.archive_sync import NotKept, Sync

        archive = Archive(paths.archive_file(), connection.choice.key)
        run = Sync(archive, connection.client, session.CLOCK, _told(), full=full)
        try:
            await run.run()
        except NotKept as error:
            say(f"fttui: {error}")
            return FAILED
        except Exception:
            say_progress("")
            say("what was read is kept: fttui archive sync goes on from there")
            raise
        finally:
            say_progress("")
            await archive.close()
        return await _report(invocation, connection.choice.key, run)

    return invocation.talk(
        work, interrupted=lambda: "Broken off. What was read is kept: fttui archive sync goes on from there."
    )


def _told() -> "Callable[[Progress], None]":
    """Progress on stderr: a line that changes on a terminal, a line for each part elsewhere."""
    last = ""

    def tell(progress: "Progress") -> None:
        nonlocal last
        if progress.doing == "waiting":
            say(f"the service has had enough for now: going on in {progress.done} s")
            return
        of = "" if progress.of is None else f" of {progress.of}"
        what = {"history": "the history of jobs"}.get(progress.doing, progress.doing)
        if sys.stderr.isatty():
            say_progress(f"reading {what}: {progress.done}{of}")
        elif progress.doing != last:
            say(f"reading {what}{of}")
        last = progress.doing

    return tell


async def _report(invocation: Invocation, key: str, run: "Sync") -> int:
    from fttui.store.archive.archive import Archive
    from fttui.store.archive.size import shares

    archive = Archive(paths.archive_file(), key)
    try:
        share = next((share for share in shares(archive) if share.profile == key), None)
    finally:
        await archive.close()
    tally = run.tally
    raw = {
        **(share._asdict() if share else {}),
        "read": tally.read,
        "unchanged": tally.whole,
        "not_offered": sorted(run.not_offered),
        "lost_files": tally.lost,
        "failed": tally.failed,
    }
    fields = [
        ("jobs", f"{share.jobs if share else 0}" + (f" ({share.gone} only here)" if share and share.gone else "")),
        ("read now", str(tally.read)),
        ("unchanged", str(tally.whole)),
        *_counts(share),
    ]
    invocation.output.one(raw, fields)
    if run.not_offered:
        say(f"not offered by this service, so not read: {', '.join(sorted(run.not_offered))}")
    if tally.lost:
        say(f"result files that the provider no longer has: {', '.join(tally.lost)}")
    for what, why in tally.failed.items():
        say(f"fttui: {what}: {why}")
    return FAILED if tally.failed else DONE


def _counts(share: "Share | None") -> list[tuple[str, str]]:
    if share is None:
        return []
    return [
        ("events", str(share.events)),
        ("checkpoints", str(share.checkpoints)),
        ("result files", str(share.contents)),
        ("size", size_words(share.bytes)),
    ]
