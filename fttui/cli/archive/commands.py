"""`fttui archive list`, `export`, `delete` and `size`: the jobs in the archive."""

import asyncio
import os
from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion, questions, tables
from fttui.cli.confirm import check_can_ask, confirm
from fttui.cli.each_id import print_deleted
from fttui.cli.exit_codes import DONE, FAILED, message_of
from fttui.cli.flags import json_options, yes
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation, say_notices
from fttui.cli.jobs.facts import JobFacts
from fttui.cli.jobs.ids import find_all, resolve_all, titles
from fttui.cli.output import CUT_LAST, Column, Output, say
from fttui.config import paths
from fttui.config.errors import ConfigError
from fttui.text import size_words

if TYPE_CHECKING:
    from fttui.models.row import JobRow
    from fttui.store.archive.archive import Archive
    from fttui.store.archive.size import Share


@click.command("list", cls=ServiceCommand, short_help="List archived jobs.")
@click.option("--gone", is_flag=True, help="Only jobs that the provider no longer has.")
@json_options
@pass_invocation
def list_(invocation: Invocation, gone: bool) -> int:
    """List archived jobs, newest first. Jobs that the provider no longer has are marked `gone`.

    Piped output has the columns of `fttui jobs list`.

    \b
    fttui archive list
    """
    import json

    async def work(archive: "Archive") -> int:
        rows = [row for row in archive.jobs.rows() if row.gone or not gone]

        def raw(row: "JobRow") -> Any:
            return json.loads(archive.jobs.body(row.id) or "null")

        facts = JobFacts(invocation.options)
        shown = tables.JobTable(rows, invocation.output.cells, invocation.clock.now(), facts)
        invocation.output.print_list(rows, shown.columns, raw=raw, piped=shown.piped(facts))
        if note := shown.note(invocation.output):
            invocation.output.flush()
            say(note)
        if not rows:
            say("No archived job is gone at the provider." if gone else "No jobs in the archive.")
        return DONE

    return invocation.run_with_archive(work)


@click.command("export", cls=ServiceCommand, short_help="Export jobs to files.")
@click.argument("ids", nargs=-1, metavar="ID...", shell_complete=completion.jobs)
@click.option("--all", "all_", is_flag=True, help="All archived jobs.")
@click.option("--output", "-o", "path", required=True, metavar="PATH", help="The directory to write to.")
@click.option("--force", is_flag=True, help="Replace existing files.")
@pass_invocation
def export(invocation: Invocation, ids: tuple[str, ...], all_: bool, path: str, force: bool) -> int:
    """Export each job to the directory PATH/ID and print the paths of these directories.

    Each directory contains job.json, events.jsonl, checkpoints.json and files.json as the provider sent them,
    metrics.csv, and the result files, named by their ids. The command sends no request. To export the current state,
    run `fttui archive sync` first.

    \b
    fttui archive export ftjob-abc -o .
    fttui archive export --all -o backup --force
    """
    if all_ == bool(ids):
        raise click.UsageError("give ids or --all")
    ids = resolve_all(invocation, ids, offline=True)

    async def work(archive: "Archive") -> int:
        from fttui.store.archive.export import export_job, file_name

        wanted = [row.id for row in archive.jobs.rows()] if all_ else list(ids)
        known = [id for id in wanted if archive.jobs.body(id) is not None]
        existing = [file_name(id) for id in known if os.path.lexists(os.path.join(path, file_name(id)))]
        if existing and not force:
            more = f" (and {len(existing) - 1} more)" if len(existing) > 1 else ""
            raise ConfigError(
                f"{os.path.join(path, existing[0])} already exists{more}: use --force to replace its files"
            )
        code = DONE
        for id in wanted:
            if id in known:
                invocation.output.print_line(export_job(archive, id, path, force=force))
            else:
                code = _report_unknown(id)
        if not wanted:
            say("No jobs in the archive. To fetch them: fttui archive sync")
        return code

    return invocation.run_with_archive(work)


@click.command("delete", cls=ServiceCommand, short_help="Delete jobs from the archive.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.jobs)
@yes
@json_options
@pass_invocation
def delete(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Delete jobs with their events, metrics and files from the archive. Nothing changes at the provider.

    A job that the provider still has is archived again when fttui next lists it.

    On a terminal the command asks for confirmation; without a terminal it needs --yes.

    \b
    fttui archive delete ftjob-abc
    """
    jobs = find_all(invocation, ids, offline=True)
    ids = tuple(job.id for job in jobs)
    check_can_ask(yes=yes)
    if not yes and len(jobs) > 1:
        say(titles(jobs))
    if not yes and not confirm(questions.delete_copies(invocation, jobs), yes=yes, number=len(jobs)):
        say("Nothing was deleted.")
        return FAILED

    async def work(archive: "Archive") -> int:
        from fttui.store.record import delete_copy

        deleted, code = list[tuple[str, Any]](), DONE
        for id in ids:
            if await delete_copy(archive, id, invocation.clock.now()):
                deleted.append((id, {"id": id, "object": "fine_tuning.job", "deleted": True}))
            else:
                code = _report_unknown(id)
        if deleted:
            await archive.compact()
        print_deleted(invocation.output, deleted, single=len(ids) == 1)
        return code

    return invocation.run_with_archive(work)


def _report_unknown(id: str) -> int:
    """Print that the archive has no job with this id, and return the exit code."""
    from fttui.core.reader import NotArchived

    say(f"fttui: {message_of(NotArchived(id))}")
    return FAILED


@click.command("size", cls=ServiceCommand, short_help="Show the size of the archive.")
@json_options
@pass_invocation
def size(invocation: Invocation) -> int:
    """Show the size of the archive for each profile. fttui never deletes archived jobs automatically.

    Piped output is one tab-separated line per profile: profile, jobs, gone jobs, events, checkpoints,
    result files, bytes.

    \b
    fttui archive size
    """
    return asyncio.run(_size(invocation.output))


async def _size(output: Output) -> int:
    from fttui.config.choose import LOCAL
    from fttui.store.archive.archive import Archive
    from fttui.store.archive.size import on_disk, shares

    path = paths.archive_file()
    found: list[Share] = []
    if os.path.exists(path):
        archive = Archive(path, LOCAL)
        said = say_notices(archive)
        found = [share for share in shares(archive) if share.jobs or share.bytes]
        await archive.close()
        say_notices(archive, said)
    columns = [
        Column["Share"]("PROFILE", lambda share: share.profile, cut=CUT_LAST),
        Column["Share"]("JOBS", lambda share: str(share.jobs), right=True),
        Column["Share"]("GONE", lambda share: str(share.gone), right=True),
        Column["Share"]("EVENTS", lambda share: str(share.events), right=True),
        Column["Share"]("CHECKPOINTS", lambda share: str(share.checkpoints), right=True),
        Column["Share"]("RESULT FILES", lambda share: str(share.contents), right=True),
        Column["Share"]("SIZE", lambda share: size_words(share.bytes), lambda share: str(share.bytes), right=True),
    ]
    output.print_list(found, columns, raw=lambda share: share._asdict())
    for name, bytes in on_disk(path).items():
        say(f"{name}: {size_words(bytes)}")
    if not found:
        say("The archive is empty.")
    return DONE
