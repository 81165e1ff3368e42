"""`fttui jobs metrics`: the metrics of a job by step."""

from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion
from fttui.cli.flags import json_options, offline
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.ids import resolve
from fttui.cli.output import TABLE, Column, Output, say

if TYPE_CHECKING:
    from fttui.core.reader import Reader
    from fttui.models.metric import Point


@click.command("metrics", cls=ServiceCommand, short_help="Show the metrics of a job by step.")
@click.argument("id", shell_complete=completion.jobs)
@click.option("--csv", "csv_", is_flag=True, help="Print comma-separated values with a header line.")
@offline
@json_options
@pass_invocation
def metrics(invocation: Invocation, id: str, csv_: bool) -> int:
    """Show the metrics of a job, one line per step: the numbers that its curve has.

    They come from events, result files and checkpoints, of the service and of the archive, joined by step.

    Piped output is tab-separated lines without a header. The columns differ between jobs; --csv prints their names.

    \b
    fttui jobs metrics ftjob-abc
    fttui jobs metrics ftjob-abc --csv > metrics.csv
    """
    if csv_ and invocation.form != TABLE:
        raise click.UsageError("--csv, --json and --jsonl cannot be used together")
    id = resolve(invocation, id)

    async def work(reader: "Reader") -> None:
        job, points, _ = await reader.metrics(id)
        _print(invocation.output, points, csv=csv_, has_more=reader.failure is not None)
        if not points and reader.failure is None:
            say(f"{job.id} has no metrics" + (" in the archive" if invocation.offline else _yet(job.status.is_final)))

    return invocation.run_with_reader(work)


def _yet(is_final: bool) -> str:
    return "" if is_final else " yet"


def _print(output: Output, points: "list[Point]", *, csv: bool, has_more: bool) -> None:
    if csv:
        from fttui.models.metric import points_csv

        output.print_text(points_csv(points))
        return

    def column(name: str) -> "Column[Point]":
        def plain(point: "Point") -> str:
            return repr(point.values[name]) if name in point.values else ""

        def short(point: "Point") -> str:
            return f"{point.values[name]:.5g}" if name in point.values else ""

        return Column(name.upper().replace("_", " "), short, plain, right=True)

    def raw(point: "Point") -> Any:
        return {"step": point.step, **point.values}

    names = dict.fromkeys(name for point in points for name in point.values)
    columns = [Column["Point"]("STEP", lambda point: str(point.step), right=True), *map(column, names)]
    output.print_list(points, columns, raw=raw, has_more=has_more)
