"""`fttui archive sync`: fetch everything that a provider has into the archive."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from fttui.cli.exit_codes import DONE, FAILED
from fttui.cli.flags import json_options
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation, say_notices
from fttui.cli.output import say, say_progress
from fttui.config import paths
from fttui.text import clean_line, size_words

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.store.archive.archive import Archive
    from fttui.store.archive.size import Share
    from fttui.store.polling.archive_sync import ArchiveSync, Progress


@click.command("sync", cls=ServiceCommand, short_help="Fetch everything from the provider.")
@click.option("--full", is_flag=True, help="Read the whole job list, to find deleted and changed old jobs.")
@json_options
@pass_invocation
def sync(invocation: Invocation, full: bool) -> int:
    """Fetch all jobs with their events, checkpoints and result files, and the metadata of files and models.

    The weights of models are not included.

    You can interrupt sync at any time; the next run continues. It does not fetch complete jobs again. It reads the job
    list from the newest page to the first page without changes; with --full it reads all pages. It deletes nothing,
    neither in the archive nor at the provider.

    \b
    fttui archive sync --profile work
    """

    async def work(connection: "Connection") -> int:
        from fttui.store.archive.archive import Archive
        from fttui.store.polling.archive_sync import ArchiveSync, NotWritable

        archive = Archive(paths.archive_file(), connection.choice.key)
        said = say_notices(archive) if archive.path else 0
        try:
            archive.damage.is_quiet = True
            damaged = await _name_damage(archive) if archive.path else {}
            run = ArchiveSync(
                archive, connection.client, invocation.clock, _show_progress(), full=full, damaged=damaged
            )
            await run.run()
            _name_lost(archive, damaged)
            share = _share(archive)
            await archive.settle()
            if archive.was_broken:  # it was set aside on the way, with what had been read
                run = ArchiveSync(archive, connection.client, invocation.clock, _show_progress(), full=True)
                await run.run()
                share = _share(archive)
        except NotWritable as error:
            say(f"fttui: {error}")
            said = len(archive.notices)  # the message has them
            return FAILED
        except Exception:
            say_progress("")
            say("The jobs read so far are archived. To continue: fttui archive sync")
            raise
        finally:
            say_progress("")
            await archive.close()
            say_notices(archive, said)
        return _report(invocation, connection, share, run)

    return invocation.run_with_client(
        work, interrupted=lambda: "Interrupted. The jobs read so far are archived. To continue: fttui archive sync"
    )


async def _name_damage(archive: "Archive") -> dict[str, list[str]]:
    """Check the archive, say what changed on the disk, and let it be fetched again. Return that by id."""
    from fttui.store.archive.files import UPLOADED_AGAIN
    from fttui.store.archive.verification import add_checksums, damaged_summaries, distrust_damaged
    from fttui.store.lost_creates import damage_message

    damaged = await distrust_damaged(archive)
    if damaged:
        parts = [f"{clean_line(id)} ({', '.join(what)})" for id, what in damaged.items()]
        say(f"fttui: damaged in the archive, and fetched again: {', '.join(parts)}")
    if summaries := damaged_summaries(archive):
        say(
            f"fttui: damaged in the archive, and computed again: the summary of {', '.join(map(clean_line, summaries))}"
        )
    if uploads := await archive.files.drop_damaged_uploads():
        say(
            f"fttui: damaged in the archive, and forgotten: the upload of {', '.join(map(clean_line, uploads))}. "
            f"{UPLOADED_AGAIN}"
        )
    for body in archive.creates.damaged().values():
        say(f"fttui: {damage_message(body)}")
    await add_checksums(archive)
    return damaged


def _name_lost(archive: "Archive", damaged: dict[str, list[str]]) -> None:
    """Say what could not be fetched again: the provider no longer has it."""
    from fttui.store.archive.verification import damaged_history

    left = {id: what for id in damaged if (what := damaged_history(archive, id))}
    if left:
        parts = [f"{clean_line(id)} ({', '.join(what)})" for id, what in left.items()]
        say(f"fttui: still damaged, because the provider no longer has it: {', '.join(parts)}")


def _show_progress() -> "Callable[[Progress], None]":
    """Return a callback that shows progress on stderr: one changing line on a terminal, otherwise one line per part."""
    last = ""

    def show(progress: "Progress") -> None:
        nonlocal last
        if progress.doing == "waiting":
            say(f"Rate limit reached. Continuing in {progress.done} s.")
            return
        what = "events, checkpoints and result files" if progress.doing == "history" else progress.doing
        if sys.stderr.isatty():
            of = "" if progress.of is None else f" of {progress.of} jobs"
            say_progress(f"Reading {what}: {progress.done}{of}")
        elif progress.doing != last:
            say(f"Reading {what}" + ("" if progress.of is None else f" of {progress.of} jobs"))
        last = progress.doing

    return show


def _share(archive: "Archive") -> "Share | None":
    from fttui.store.archive.size import shares

    return next((share for share in shares(archive) if share.profile == archive.database.profile), None)


def _report(invocation: Invocation, connection: "Connection", share: "Share | None", run: "ArchiveSync") -> int:
    tally = run.tally
    raw = {
        **(share._asdict() if share else {}),
        "read": tally.fetched,
        "unchanged": tally.unchanged,
        "not_offered": sorted(run.not_offered),
        "lost_files": tally.missing_files,
        "failed": tally.failed,
    }
    fields = [
        (
            "jobs",
            f"{share.jobs if share else 0}" + (f" ({share.gone} gone at the provider)" if share and share.gone else ""),
        ),
        ("read now", str(tally.fetched)),
        ("unchanged", str(tally.unchanged)),
        *_counts(share),
    ]
    invocation.output.print_object(raw, fields)
    if run.not_offered:
        say(f"Not supported by this service, not read: {', '.join(sorted(run.not_offered))}")
    if tally.missing_files:
        say(f"Result files that the provider no longer has: {', '.join(tally.missing_files)}")
    exports = connection.choice.is_local or connection.provider.gives_weights
    how = ". To write those of a job: fttui models export ID -o DIR" if exports else ""
    say(f"The weights of models are not included{how}.")
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
