"""`fttui archive`: the history that is kept on this disk, listed, taken along, and deleted."""

import asyncio
import os
from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion, offline, tables
from fttui.cli import invocation as session
from fttui.cli.flags import Verbs, forms, yes
from fttui.cli.invocation import DONE, FAILED, Invocation, confirm, pass_invocation
from fttui.cli.jobs import ids as typed
from fttui.cli.output import FIRST, LAST, LATE, TABLE, Column, say
from fttui.config import paths
from fttui.config.errors import ConfigError
from fttui.text import size_words

if TYPE_CHECKING:
    from fttui.models.row import JobRow
    from fttui.store.archive.archive import Archive
    from fttui.store.archive.size import Share


@click.group("archive", cls=Verbs, short_help="Keep, export and delete the history on this disk.")
def archive() -> None:
    """The archive keeps jobs, events, checkpoints, metrics and result files on this disk, by profile.

    What the cockpit sees is kept by itself; `sync` fetches the rest. Jobs that the provider forgets stay here.

    \b
    fttui archive sync
    fttui archive export --all -o backup
    """


@archive.command("list", short_help="List what is kept.")
@click.option("--gone", is_flag=True, help="Only jobs that the provider no longer has.")
@forms
@pass_invocation
def list_(invocation: Invocation, gone: bool) -> int:
    """List every job that is kept, newest first, also those that the provider has forgotten (marked `gone`).

    Away from a terminal: id, status, time, model, suffix, tuned model, and `gone` or nothing, with tabs between.

    \b
    fttui archive list
    """
    import json

    async def work(archive: "Archive") -> int:
        rows = [row for row in archive.jobs.rows() if row.gone or not gone]

        def raw(row: "JobRow") -> Any:
            return json.loads(archive.jobs.body(row.id) or "null")

        invocation.output.many(rows, _columns(session.CLOCK.now()), raw=raw)
        if not rows:
            say("nothing is kept" + (" that the provider does not have" if gone else ""))
        return DONE

    return offline.read(invocation, work)


def _columns(now: float) -> "list[Column[JobRow]]":
    return [
        Column("ID", lambda row: row.id, yields=LAST),
        Column("STATUS", lambda row: row.status_text or ("unreadable" if row.fault else "unknown"), yields=LATE),
        Column("AGE", lambda row: tables.ago(row.created_at, now), lambda row: tables.when(row.created_at), right=True),
        Column("MODEL", lambda row: row.model),
        Column("SUFFIX", lambda row: row.suffix),
        Column("TUNED MODEL", lambda row: row.fine_tuned_model, yields=FIRST),
        Column("", lambda row: "gone" if row.gone else "", yields=LATE),
    ]


@archive.command("export", short_help="Write jobs into directories of files.")
@click.argument("ids", nargs=-1, metavar="ID...", shell_complete=completion.jobs)
@click.option("--all", "all_", is_flag=True, help="Every job that is kept.")
@click.option("--output", "-o", "path", required=True, metavar="PATH", help="The directory to write into.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@pass_invocation
def export(invocation: Invocation, ids: tuple[str, ...], all_: bool, path: str, force: bool) -> int:
    """Write each job into a directory of its own below PATH, named by its id, and print these directories.

    There: job.json, events.jsonl, checkpoints.json, files.json (as the provider sent them), metrics.csv, and result
    files by their ids. Nothing is replaced without --force. Nothing is asked of the service: `sync` comes first.

    \b
    fttui archive export ftjob-abc -o .
    fttui archive export --all -o backup --force
    """
    if all_ == bool(ids):
        raise click.UsageError("name the jobs, or give --all")
    ids = typed.whole(invocation, ids)

    async def work(archive: "Archive") -> int:
        from fttui.store.archive.export import export_job, file_name

        wanted = [row.id for row in archive.jobs.rows()] if all_ else list(ids)
        known = [id for id in wanted if archive.jobs.body(id) is not None]
        there = [file_name(id) for id in known if os.path.lexists(os.path.join(path, file_name(id)))]
        if there and not force:
            more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
            raise ConfigError(f"{os.path.join(path, there[0])} is there already{more}: --force replaces its files")
        code = DONE
        for id in wanted:
            if id in known:
                invocation.output.line(export_job(archive, id, path, force=force))
            else:
                code = offline.unknown(id)
        if not wanted:
            say("nothing is kept: fttui archive sync fetches what the provider has")
        return code

    return offline.read(invocation, work)


@archive.command("delete", short_help="Delete jobs from this disk.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.jobs)
@yes
@forms
@pass_invocation
def delete(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Delete jobs, with all that is kept of them, from this disk; at the provider nothing is changed.

    What the provider still has comes back with the next look at it; a cockpit that is open shows it with its next one.
    On a terminal it asks first; elsewhere it needs --yes.

    \b
    fttui archive delete ftjob-abc
    """
    ids = typed.whole(invocation, ids)
    if not confirm(f"Delete {', '.join(ids)} from this disk? What the provider has forgotten is lost then.", yes=yes):
        say("nothing was deleted")
        return FAILED

    async def work(archive: "Archive") -> int:
        import json

        from fttui.models.job import Job

        deleted, code = list[str](), DONE
        for id in ids:
            body = archive.jobs.body(id)
            held = () if body is None else Job.read(json.loads(body)).result_files
            if await archive.jobs.delete(id, session.CLOCK.now(), held):
                deleted.append(id)
            else:
                code = offline.unknown(id)
        if deleted:
            await archive.compact()
        _print_deleted(invocation, deleted, single=len(ids) == 1)
        return code

    return offline.read(invocation, work)


def _print_deleted(invocation: Invocation, ids: list[str], *, single: bool) -> None:
    def raw(id: str) -> Any:
        return {"id": id, "object": "fine_tuning.job", "deleted": True}

    if single and invocation.output.form != TABLE:
        for id in ids:
            invocation.output.line("", raw(id))
    else:
        invocation.output.many(ids, [Column("DELETED", str)], raw=raw)


@archive.command("size", short_help="Say how much is kept.")
@forms
@pass_invocation
def size(invocation: Invocation) -> int:
    """Say how much is kept, for all profiles. Nothing is dropped by itself: `delete` is yours.

    Away from a terminal: profile, jobs, of these gone, events, checkpoints, result files and bytes, with tabs between.

    \b
    fttui archive size
    """
    return asyncio.run(_size(invocation))


async def _size(invocation: Invocation) -> int:
    from fttui.config.choose import LOCAL
    from fttui.store.archive.archive import Archive
    from fttui.store.archive.size import on_disk, shares

    path = paths.archive_file()
    found: list[Share] = []
    if os.path.exists(path):
        archive = Archive(path, LOCAL)
        for notice in archive.notices:
            say(f"fttui: {notice}")
        found = [share for share in shares(archive) if share.jobs or share.bytes]
        await archive.close()
    columns = [
        Column["Share"]("PROFILE", lambda share: share.profile, yields=LAST),
        Column["Share"]("JOBS", lambda share: str(share.jobs), right=True),
        Column["Share"]("GONE", lambda share: str(share.gone), right=True),
        Column["Share"]("EVENTS", lambda share: str(share.events), right=True),
        Column["Share"]("CHECKPOINTS", lambda share: str(share.checkpoints), right=True),
        Column["Share"]("RESULT FILES", lambda share: str(share.contents), right=True),
        Column["Share"]("SIZE", lambda share: size_words(share.bytes), lambda share: str(share.bytes), right=True),
    ]
    invocation.output.many(found, columns, raw=lambda share: share._asdict())
    for name, bytes in on_disk(path).items():
        say(f"{name}: {size_words(bytes)}")
    if not found:
        say("nothing is kept yet")
    return DONE
