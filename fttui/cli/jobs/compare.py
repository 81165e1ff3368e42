"""`fttui jobs compare`: what differs between jobs, and which one learned best."""

from typing import TYPE_CHECKING

import click

from fttui.atomic import why_not_writable, writing
from fttui.cli import completion
from fttui.cli.flags import json_options, offline
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.ids import by_profile, find_all
from fttui.cli.output import CUT_LATE, CUT_NEVER, TABLE, Column, say
from fttui.config import load
from fttui.config.errors import ConfigError

if TYPE_CHECKING:
    from fttui.cli.jobs.ids import ProfileNames
    from fttui.core.comparing import ComparedJob, JobComparison, TableColumn
    from fttui.core.connect import Connection
    from fttui.store.archive.archive import Archive


@click.command("compare", cls=ServiceCommand, short_help="Compare two to nine jobs: what differs, which is best.")
@click.argument("ids", nargs=-1, required=True, metavar="ID ID...", shell_complete=completion.jobs)
@click.option("--csv", "csv_", is_flag=True, help="Print comma-separated values with a header line.")
@click.option("--svg", metavar="PATH", help="Also draw the curves into an SVG file.")
@click.option("--force", is_flag=True, help="Replace an existing SVG file.")
@offline
@json_options
@pass_invocation
def compare(invocation: Invocation, ids: tuple[str, ...], csv_: bool, svg: str | None, force: bool) -> int:
    """Compare two to nine jobs, the best first: what differs between them, and how each run ended.

    Jobs are ordered by their best validation loss; those without one come last and are left out. With fewer than two
    validation losses, training losses are compared. Losses that differ by less than twice their noise are equal. The
    messages say what is the same for all jobs, the result, and which jobs went bad.

    What the archive lacks is read from the services, and kept. Jobs of other profiles are PROFILE/ID.

    Piped output is one tab-separated line per job; the columns depend on what differs, and --csv prints their names.

    \b
    fttui jobs compare lr-1 lr-3
    fttui jobs compare lr-1 work/lr-3 --svg curves.svg
    fttui jobs compare lr-1 lr-3 --csv > runs.csv
    """
    if csv_ and invocation.form != TABLE:
        raise click.UsageError("--csv, --json and --jsonl cannot be used together")
    _check_number(len(set(ids)))
    if svg is not None and (reason := why_not_writable(svg, overwrite=force)):
        raise ConfigError(reason + (": use --force to replace it" if reason.endswith("exists") else ""))
    groups = by_profile(invocation, ids)
    found: list[tuple[ProfileNames, list[str]]] = [
        (group, [row.id for row in find_all(group.invocation, group.names)]) for group in groups
    ]
    _check_number(sum(len(rows) for _, rows in found))
    jobs: list[ComparedJob] = []
    code = 0
    for group, rows in found:
        code = _read(group.invocation, rows) or _gather(group, rows, jobs, is_named=len(groups) > 1) or code
    return _report(invocation, jobs, svg, csv=csv_, force=force) or code


def _check_number(number: int) -> None:
    from fttui.learning.comparison import LEAST_RUNS, MOST_RUNS

    if not LEAST_RUNS <= number <= MOST_RUNS:
        jobs = "1 job" if number == 1 else f"{number} jobs"
        raise click.UsageError(f"compare takes two to nine different jobs; {jobs} given")


def _read(invocation: Invocation, ids: list[str]) -> int:
    """Read what the archive lacks from the service."""
    if invocation.offline:
        return 0

    async def online(connection: "Connection") -> None:
        from fttui.config.paths import archive_file
        from fttui.core.run_reading import read_run
        from fttui.core.service_reader import ServiceReader
        from fttui.store.archive.archive import Archive

        reader = ServiceReader(connection, invocation.clock)
        archive = Archive(archive_file(), connection.choice.key)
        try:
            for id in ids:
                await read_run(reader, archive, id)
        finally:
            await archive.close()
            notices = await reader.record()
        for notice in notices:
            say(f"fttui: {notice}")
        if reader.failure is not None:
            raise reader.failure

    return invocation.run_with_client(online)


def _gather(group: "ProfileNames", ids: list[str], jobs: "list[ComparedJob]", *, is_named: bool) -> int:
    """Add the jobs of a profile, as the archive has them."""
    from fttui.config.choose import choose
    from fttui.core.archived_jobs import ArchivedJobs
    from fttui.core.comparing import compared_job
    from fttui.core.pricing import Cost, Pricing

    invocation = group.invocation
    off = load.load().alarms.off
    try:
        choice = choose(profile=invocation.profile, base_url=invocation.base_url)
    except ConfigError:
        choice = None  # the archive keeps the jobs of removed profiles, whose prices nobody knows
    pricing = None if choice is None else Pricing(choice)
    name = (group.named or (choice.name if choice else "")) if is_named else ""

    async def gather(archive: "Archive") -> None:
        source = ArchivedJobs(archive, invocation.clock, are_read=not invocation.offline)
        for id in ids:
            row = source.row(id)
            cost = Cost() if pricing is None else pricing.row_cost(row)
            found = compared_job(source, row, cost, off=off, profile=name)
            if name:  # ids of two services may be equal
                found = found._replace(entry=found.entry._replace(id=f"{name}/{id}"))
            jobs.append(found)

    return invocation.run_with_archive(gather)


def _report(invocation: Invocation, jobs: "list[ComparedJob]", svg: str | None, *, csv: bool, force: bool) -> int:
    from fttui.core.comparing import compare_jobs, comparison_csv, comparison_svg
    from fttui.learning.comparison import as_json

    compared = compare_jobs(jobs)
    output = invocation.output
    if csv:
        output.print_text(comparison_csv(compared))
    elif invocation.form != TABLE:
        output.print_object(as_json(compared.found), ())
    else:
        columns = columns_of(compared, is_terminal=output.is_terminal)
        output.print_list(range(len(compared.jobs)), columns, raw=lambda index: index)
    output.flush()
    for line in filter(None, (compared.same_line(), compared.result)):
        say(line)
    if svg is not None:
        with writing(svg, overwrite=force) as file:
            file.write(comparison_svg(compared).encode())
        say(f"Wrote {svg}")
    return 0


def columns_of(compared: "JobComparison", *, is_terminal: bool) -> list[Column[int]]:
    """Return the columns of the table; a narrow one loses the last."""

    def mark(index: int) -> str:
        return f"{'✶' if compared.is_best(index) else ' '} {index + 1} {compared.jobs[index].entry.name}"

    def column(place: int, each: "TableColumn") -> Column[int]:
        plain = (lambda index: _exact(each.values[index])) if not is_terminal else None
        leave = len(compared.columns) - place if place else 0
        return Column(
            each.title, lambda index: each.cells[index], plain, right=each.is_right, cut=CUT_NEVER, leave=leave
        )

    first: list[Column[int]] = [Column("  RUN", mark, lambda index: compared.jobs[index].entry.name, cut=CUT_LATE)]
    if not is_terminal:
        first.insert(0, Column("ID", lambda index: compared.jobs[index].entry.id))
    return [*first, *(column(place, each) for place, each in enumerate(compared.columns))]


def _exact(value: object) -> str:
    return "" if value is None else str(value)
