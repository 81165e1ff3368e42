"""`fttui jobs alarms`: findings about jobs, for people and scripts."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from fttui.cli import completion, tables
from fttui.cli.exit_codes import DONE, FAILED
from fttui.cli.flags import json_options, offline
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.ids import resolve_all
from fttui.cli.output import CUT_NEVER, TABLE, Column, say
from fttui.config import load
from fttui.learning.kinds import named_kinds
from fttui.text import fit

if TYPE_CHECKING:
    from fttui.core.reader import Reader
    from fttui.learning.alarms import Alarm
    from fttui.models.row import JobRow
    from fttui.store.archive.archive import Archive

NEWEST = 100
"""Number of newest jobs that are read from the service."""


class Found(NamedTuple):
    """An alarm and its job."""

    row: "JobRow"
    alarm: "Alarm"


@dataclass
class Read:
    """Result of reading from the service."""

    logs: list[str] = field(default_factory=list)
    """Jobs whose events were read because they may have changed."""
    has_more: bool = False
    """The service has jobs that were not listed."""


@click.command("alarms", cls=ServiceCommand, short_help="Show findings about jobs, such as overfitting.")
@click.argument("ids", nargs=-1, metavar="[ID...]", shell_complete=completion.jobs)
@click.option("--fail-on", metavar="KIND,...", help="Exit 1 if an alarm of these kinds was found.")
@offline
@json_options
@pass_invocation
def alarms(invocation: Invocation, ids: tuple[str, ...], fail_on: str | None) -> int:
    """Show the alarms of jobs: of those given, else of all known jobs, also of ended ones.

    Kinds: non_finite, diverging, overfitting, stalled, plateau, queued_long, file_expiring, model_retiring.
    docs/alarms.md says when each is raised. `[alarms]` in config.toml turns kinds off. The exit code is 0 with or
    without alarms, unless --fail-on names a kind that was found.

    Piped output is one tab-separated line per alarm: id, kind, sentence, time of the beginning.

    \b
    fttui jobs alarms
    fttui jobs alarms support-v4 --fail-on overfitting,diverging
    """
    try:
        failing = frozenset[str](named_kinds(fail_on) if fail_on is not None else ())
    except ValueError as error:
        raise click.UsageError(f"--fail-on: {error}") from None
    ids = resolve_all(invocation, ids)
    read = Read()
    if not invocation.offline and (code := invocation.run_with_reader(lambda reader: _read(reader, ids, read))):
        return code
    return invocation.run_with_archive(lambda archive: _report(invocation, archive, ids, failing, read))


async def _read(reader: "Reader", ids: tuple[str, ...], read: Read) -> None:
    """Read the newest jobs, or those given, with the events of jobs that may have changed. Note this in `read`."""
    from fttui.core.job_list import ListOptions
    from fttui.store import query

    if ids:
        rows = [(await reader.job(id)).row for id in ids]
    else:
        listed = await reader.jobs(ListOptions(query.parse(""), query.NEWEST, NEWEST, shows_numbers=True))
        read.has_more = listed.has_more
        rows = [row for row in listed.rows if row.status.is_live and not row.fault]
    for row in rows:
        await reader.events(row.id)
        read.logs.append(row.id)


async def _report(
    invocation: Invocation, archive: "Archive", ids: tuple[str, ...], failing: frozenset[str], read: Read
) -> int:
    from fttui.store.clock_alarms import ClockAlarms
    from fttui.store.job_alarms import JobAlarms
    from fttui.store.job_details import JobDetails
    from fttui.store.runs import Runs

    details = JobDetails(archive)
    checks = JobAlarms(archive, invocation.clock, details, Runs(archive, details))
    off = load.load().alarms.off
    rows = [row for row in archive.jobs.rows() if not ids or row.id in ids]
    read_at = dict.fromkeys(read.logs, invocation.clock.now())
    with_alarms = [row.id for row in ClockAlarms(archive).added_to(rows, invocation.clock.now()) if row.alarms]
    may_have = {*with_alarms, *read.logs, *ids, *archive.jobs.unsummarized()}  # a job that was read may be stalled
    found: list[Found] = []
    unknown, logs = 0, archive.events.states()
    for row in rows:
        has_no_log = row.step is None or row.id not in logs  # runs in directories have steps without their logs
        unknown += row.judged_loss is None and not row.status.is_live and has_no_log
        if row.id not in may_have:
            continue
        report = checks.report(row, log_read_at=read_at.get(row.id)).without(off)
        found += [Found(row, alarm) for alarm in report.alarms]
    columns: list[Column[Found]] = [
        Column("NAME", lambda item: fit(item.row.name, 24), lambda item: item.row.id, cut=CUT_NEVER),
        Column("KIND", lambda item: item.alarm.kind.value, cut=CUT_NEVER),
        Column("ALARM", lambda item: item.alarm.message, cut=CUT_NEVER),
    ]
    if not invocation.output.is_terminal:
        columns.append(Column("SINCE", lambda item: tables.when(item.alarm.since)))
    invocation.output.print_list(found, columns, raw=_raw)
    if not found and invocation.form == TABLE:
        say("No alarms.")
    if unknown:
        what = "1 job has" if unknown == 1 else f"{unknown} jobs have"
        say(f"{what} no known metrics. To read them: fttui archive sync")
    if read.has_more and not archive.jobs.list_state().complete:
        say(f"Only the newest {NEWEST} jobs were read; there are more. To read them: fttui archive sync")
    return FAILED if failing & {item.alarm.kind.value for item in found} else DONE


def _raw(item: Found) -> Any:
    return {
        "job_id": item.row.id,
        "kind": item.alarm.kind.value,
        "message": item.alarm.message,
        "since": item.alarm.since,
        "numbers": dict(item.alarm.finding.numbers),
    }
