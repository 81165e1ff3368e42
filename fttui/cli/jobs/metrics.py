"""`fttui jobs metrics`: the numbers of a run by step."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fttui.cli.output import Column, Output
from fttui.models.metric import Point, points_of, points_of_checkpoints, points_of_result_file
from fttui.store.archive.export import csv_of

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.models.job import Job


async def of(client: "Client", id: str) -> "tuple[Job, list[Point]]":
    """A job and its points: its events, completed by its result file, which has every step but rounds.

    Where neither tells anything: what its checkpoints hold.
    """
    from fttui.api.errors import ApiError

    job = await client.get_job(id)
    by_step: dict[int, dict[str, float]] = {}
    for file in job.result_files:
        try:
            for point in points_of_result_file(await client.file_content(file)):
                by_step.setdefault(point.step, {}).update(point.values)
        except (ApiError, ValueError):
            continue  # deleted, or of another kind: the events still tell
    found = [event async for page in client.each_event_page(id) for event in page.items]
    for point in points_of(found[::-1]):
        by_step.setdefault(point.step, {}).update(point.values)
    if not by_step:
        with suppress(ApiError):
            saved = [item async for page in client.each_checkpoint_page(id) for item in page.items]
            return job, points_of_checkpoints(saved)
    return job, [Point(step, values) for step, values in sorted(by_step.items())]


def write(output: Output, points: list[Point], *, csv: bool) -> None:
    """Points as a table, as JSON objects with `step` and the metrics, or as CSV."""
    if csv:
        output.text(csv_of(points))
        return

    def column(name: str) -> Column[Point]:
        def plain(point: Point) -> str:
            return repr(point.values[name]) if name in point.values else ""

        def short(point: Point) -> str:
            return f"{point.values[name]:.5g}" if name in point.values else ""

        return Column(name.upper().replace("_", " "), short, plain, right=True)

    def raw(point: Point) -> Any:
        return {"step": point.step, **point.values}

    names = dict.fromkeys(name for point in points for name in point.values)
    columns = [Column[Point]("STEP", lambda point: str(point.step), right=True), *map(column, names)]
    output.many(points, columns, raw=raw)
