"""`fttui archive`: the history that is kept on this disk, fetched whole, taken along, and deleted."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion, kept, session, show
from fttui.cli.flags import Verbs, forms, yes
from fttui.cli.output import TABLE, Column, say, say_progress
from fttui.cli.session import DONE, FAILED, Invocation, confirm, pass_invocation
from fttui.config import files
from fttui.config.files import ConfigError

if TYPE_CHECKING:
    from fttui.models.row import JobRow
    from fttui.store.archive import Archive
    from fttui.store.archive_size import Share
    from fttui.store.sync import Progress, Sync
    from fttui.wiring import Connection


@click.group("archive", cls=Verbs, short_help="Keep, export and delete the history on this disk.")
def archive() -> None:
    """The archive keeps jobs, events, checkpoints, metrics and result files on this disk, by profile.

    What the cockpit sees is kept by itself; `sync` fetches the rest. Jobs that the provider forgets stay here.

    \b
    fttui archive sync
    fttui archive export --all -o backup
    """


@archive.command("sync", short_help="Fetch everything that the provider has.")
@forms
@pass_invocation
def sync(invocation: Invocation) -> int:
    """Fetch all jobs with their events, checkpoints and result files, and what is known of files and models.

    It may be broken off at any moment: the next run goes on from there. What is held whole is not asked for again.
    Nothing is deleted, here or there.

    \b
    fttui archive sync --profile work
    """

    async def work(connection: "Connection") -> int:
        from fttui.store.archive import Archive
        from fttui.store.sync import NotKept, Sync

        archive = Archive(files.archive_file(), connection.choice.key)
        run = Sync(archive, connection.client, session.CLOCK, _told())
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


def _told() -> "Any":
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
    from fttui.store.archive import Archive
    from fttui.store.archive_size import shares

    archive = Archive(files.archive_file(), key)
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
        ("size", show.size(share.bytes)),
    ]


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
        rows = [row for row in archive.rows() if row.gone or not gone]

        def raw(row: "JobRow") -> Any:
            return json.loads(archive.body(row.id) or "null")

        invocation.output.many(rows, _columns(session.CLOCK.now()), raw=raw)
        if not rows:
            say("nothing is kept" + (" that the provider does not have" if gone else ""))
        return DONE

    return kept.read(invocation, work)


def _columns(now: float) -> "list[Column[JobRow]]":
    return [
        Column("ID", lambda row: row.id, whole=True),
        Column("STATUS", lambda row: row.status_text or ("unreadable" if row.fault else "unknown")),
        Column("AGE", lambda row: show.ago(row.created_at, now), lambda row: show.when(row.created_at), right=True),
        Column("MODEL", lambda row: row.model),
        Column("SUFFIX", lambda row: row.suffix),
        Column("TUNED MODEL", lambda row: row.fine_tuned_model),
        Column("", lambda row: "gone" if row.gone else ""),
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

    async def work(archive: "Archive") -> int:
        from fttui.store.export import export_job, file_name

        wanted = [row.id for row in archive.rows()] if all_ else list(dict.fromkeys(ids))
        known = [id for id in wanted if archive.body(id) is not None]
        there = [file_name(id) for id in known if os.path.lexists(os.path.join(path, file_name(id)))]
        if there and not force:
            more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
            raise ConfigError(f"{os.path.join(path, there[0])} is there already{more}: --force replaces its files")
        code = DONE
        for id in wanted:
            if id in known:
                invocation.output.line(export_job(archive, id, path, force=force))
            else:
                code = kept.unknown(id)
        if not wanted:
            say("nothing is kept: fttui archive sync fetches what the provider has")
        return code

    return kept.read(invocation, work)


@archive.command("delete", short_help="Delete jobs from this disk.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completion.jobs)
@yes
@forms
@pass_invocation
def delete(invocation: Invocation, ids: tuple[str, ...], yes: bool) -> int:
    """Delete jobs, with all that is kept of them, from this disk; at the provider nothing is changed.

    What the provider still has comes back with the next look at it. On a terminal it asks first; elsewhere it
    needs --yes.

    \b
    fttui archive delete ftjob-abc
    """
    if not confirm(f"Delete {', '.join(ids)} from this disk? What the provider has forgotten is lost then.", yes=yes):
        say("nothing was deleted")
        return FAILED

    async def work(archive: "Archive") -> int:
        import json

        from fttui.models.job import Job

        deleted, code = list[str](), DONE
        for id in dict.fromkeys(ids):
            body = archive.body(id)
            held = () if body is None else Job.read(json.loads(body)).result_files
            if await archive.delete_job(id, held):
                deleted.append(id)
            else:
                code = kept.unknown(id)
        if deleted:
            await archive.compact()
        _print_deleted(invocation, deleted, single=len(ids) == 1)
        return code

    return kept.read(invocation, work)


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
    from fttui.config.choice import LOCAL
    from fttui.store.archive import Archive
    from fttui.store.archive_size import on_disk, shares

    path = files.archive_file()
    found: list[Share] = []
    if os.path.exists(path):
        archive = Archive(path, LOCAL)
        for notice in archive.notices:
            say(f"fttui: {notice}")
        found = [share for share in shares(archive) if share.jobs or share.bytes]
        await archive.close()
    columns = [
        Column["Share"]("PROFILE", lambda share: share.profile, whole=True),
        Column["Share"]("JOBS", lambda share: str(share.jobs), right=True),
        Column["Share"]("GONE", lambda share: str(share.gone), right=True),
        Column["Share"]("EVENTS", lambda share: str(share.events), right=True),
        Column["Share"]("CHECKPOINTS", lambda share: str(share.checkpoints), right=True),
        Column["Share"]("RESULT FILES", lambda share: str(share.contents), right=True),
        Column["Share"]("SIZE", lambda share: show.size(share.bytes), lambda share: str(share.bytes), right=True),
    ]
    invocation.output.many(found, columns, raw=lambda share: share._asdict())
    for name, bytes in on_disk(path).items():
        say(f"{name}: {show.size(bytes)}")
    if not found:
        say("nothing is kept yet")
    return DONE
