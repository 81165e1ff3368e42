"""CPU of the cockpit's list and log, beside Textual's DataTable and RichLog.

Runs without a terminal: writing the visible lines, equal for both, is not measured.
"""

import asyncio
import gc
import random
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from textual.app import App, ComposeResult
from textual.widget import Widget
from textual.widgets import DataTable, RichLog

from fttui.models.row import EventRow, JobRow
from fttui.ui.cockpit.list_view import ListView
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.panes.log import LogView
from fttui.ui.render.glyphs import UNICODE
from fttui.ui.render.log_lines import LogStyle
from fttui.ui.render.rows import cell
from fttui.ui.render.theme import line_variables
from tests.benchmarks.concerns.concern import Concern, Effort, Figures, Row

NOW = 1_800_000_000.0
SIZES = SMALL, LARGE = 10_000, 100_000
"""Jobs of the lists."""
LINES = 100_000
COLUMNS = ("status", "id", "model", "step", "loss", "age", "suffix")
BATCH = 1000
"""Lines per append."""
STATES = ("succeeded", "succeeded", "failed", "running", "cancelled", "queued")

Spent = dict[str, list[float]]
"""CPU seconds by operation."""

ROWS = (
    Row("P10", "loading 10,000 jobs / DataTable, CPU", 0.02, "fttui load 10,000", "table load 10,000"),
    Row("P10", "loading 100,000 jobs / DataTable, CPU", 0.006, "fttui load 100,000", "table load 100,000"),
    Row(
        "P11",
        "refresh of 1 % of 10,000 jobs / DataTable, CPU",
        0.08,
        "fttui refresh 10,000",
        "table refresh 10,000",
        "half is the wait for the frame, which takes as long without a change",
    ),
    Row("P11", "filter of 10,000 jobs / DataTable, CPU", 0.05, "fttui filter 10,000", "table filter 10,000"),
    Row(
        "P11",
        "sort of 10,000 jobs / DataTable, CPU",
        0.2,
        "fttui sort 10,000",
        "table sort 10,000",
        "a quarter is the sort, a third puts the rows into the list, two fifths draw a frame of 38 lines",
    ),
    Row("P12", "100,000 new log lines / RichLog, CPU", 0.005, "log append", "rich log append"),
    Row("P12", "longest time for which 1,000 new log lines block keys, in ms", 16.0, "log longest block"),
)


def jobs(number: int) -> list[JobRow]:
    """Return rows in all states, newest first."""
    chance = random.Random(1)
    return [
        JobRow(
            id=f"ftjob-{index:08}",
            status_text=STATES[index % len(STATES)],
            model="gpt-4.1-nano-2025-04-14",
            suffix=f"support-{index}",
            created_at=NOW - index * 60,
            step=index % 270,
            total_steps=270,
            loss=chance.random(),
        )
        for index in range(number)
    ]


def changed(rows: Sequence[JobRow], turn: int) -> list[JobRow]:
    """Return one row in a hundred with a changed loss."""
    chosen = random.Random(turn).sample(range(len(rows)), max(1, len(rows) // 100))
    return [rows[index]._replace(loss=turn + index / 1e6) for index in chosen]


class Stage(App[None]):
    """Application with one widget."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.animation_level = "none"
        self._widget = widget

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return line_variables(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self._widget


async def timed(pilot: Any, spent: Spent, name: str, work: Callable[[], object]) -> None:
    """Return the CPU time of `work`, including its frame."""
    gc.collect()
    start = time.process_time()
    work()
    await pilot.pause()
    spent.setdefault(name, []).append(time.process_time() - start)


async def measure_list(rows: list[JobRow], spent: Spent) -> None:
    pane, state = JobsPane(UNICODE, lambda: NOW), ListView()
    known = {row.id: row for row in rows}

    def show(**view: Any) -> None:
        state.change(**view)
        derived = state.derive(known.values(), NOW, newest_first=True)  # as those of the store are
        pane.list.show_rows(derived, frozenset(), [])

    async with Stage(pane).run_test(size=(120, 40)) as pilot:
        await timed(pilot, spent, "load", show)
        pane.list.move_to(len(rows) // 2)
        await pilot.pause()
        at, top = pane.list.cursor, pane.list.scroll_offset.y
        for turn in range(3):
            found = {row.id: row for row in changed(rows, turn)}
            await timed(pilot, spent, "refresh", partial(pane.list.update_rows, found))
        assert (pane.list.cursor, pane.list.scroll_offset.y) == (at, top)
        await timed(pilot, spent, "filter", lambda: show(status=1))
        show(status=0)
        await pilot.pause()
        await timed(pilot, spent, "sort", lambda: show(sort="loss"))


async def measure_table(rows: list[JobRow], spent: Spent) -> None:
    table: DataTable[str] = DataTable(cursor_type="row")

    def cells(row: JobRow) -> list[str]:
        return [cell(row, name, NOW, UNICODE) for name in COLUMNS]

    def load(shown: Sequence[JobRow]) -> None:
        table.clear()
        for row in shown:
            table.add_row(*cells(row), key=row.id)

    def update(found: Sequence[JobRow]) -> None:
        for row in found:
            table.update_cell(row.id, "loss", cell(row, "loss", NOW, UNICODE))

    async with Stage(table).run_test(size=(120, 40)) as pilot:
        for name in COLUMNS:
            table.add_column(name, key=name)
        await timed(pilot, spent, "load", lambda: load(rows))
        table.move_cursor(row=len(rows) // 2)
        await pilot.pause()
        for turn in range(3):
            await timed(pilot, spent, "refresh", partial(update, changed(rows, turn)))
        running = [row for row in rows if row.status_text == "running"]
        await timed(pilot, spent, "filter", lambda: load(running))
        load(rows)
        await pilot.pause()
        await timed(pilot, spent, "sort", lambda: table.sort("loss"))


def events(number: int) -> list[EventRow]:
    words = "Step {}/270: training loss=0.7312, mean token accuracy=0.84"
    return [
        EventRow(seq, f"ftevent-{seq}", NOW + seq, "info", "message", words.format(seq), "") for seq in range(number)
    ]


async def measure_log(lines: int, spent: Spent) -> None:
    log, found = LogView(lambda: NOW, LogStyle()), events(lines)
    async with Stage(log).run_test(size=(120, 40)) as pilot:

        def append() -> None:
            for start in range(0, lines, BATCH):
                began = time.perf_counter()
                log.add_events(found[start : start + BATCH])
                spent.setdefault("longest block", []).append(time.perf_counter() - began)

        await timed(pilot, spent, "append", append)
        for _ in range(5):
            await timed(pilot, spent, "page up", lambda: log.scroll_lines(-30))
    spent["longest block"] = [max(spent["longest block"]) * 1000]


async def measure_rich_log(lines: int, spent: Spent) -> None:
    log, texts = RichLog(), [event.message for event in events(lines)]
    async with Stage(log).run_test(size=(120, 40)) as pilot:

        def append() -> None:
            for text in texts:
                log.write(text)

        await timed(pilot, spent, "append", append)
        for _ in range(5):
            await timed(pilot, spent, "page up", log.action_page_up)


def measure(numbers: Collection[str], effort: Effort) -> Figures:
    figures = Figures()
    for jobs in SIZES:
        if f"P{10 if jobs == LARGE else 11}" in numbers or (jobs == SMALL and "P10" in numbers):
            asyncio.run(measure_lists(effort.size(jobs, 1000), f"{jobs:,}", effort, figures))
    if "P12" in numbers:
        asyncio.run(measure_logs(effort.size(LINES, 5000), effort, figures))
    return figures


async def measure_lists(number: int, size: str, effort: Effort, figures: Figures) -> None:
    rows = sorted(jobs(number), key=attrgetter("created_at"), reverse=True)
    for _run in range(1 if size == f"{LARGE:,}" else effort.few):
        ours, theirs = Spent(), Spent()
        await measure_list(rows, ours)
        await measure_table(rows, theirs)
        for who, spent in (("fttui", ours), ("table", theirs)):
            for name, values in spent.items():
                figures.setdefault(f"{who} {name} {size}", []).extend(values)


async def measure_logs(lines: int, effort: Effort, figures: Figures) -> None:
    # RichLog takes 170 us a line: a tenth of them, and its time by the line.
    part = max(1, lines // 10)
    for _run in range(effort.few):
        ours, theirs = Spent(), Spent()
        await measure_log(lines, ours)
        await measure_rich_log(part, theirs)
        theirs["append"] = [seconds * lines / part for seconds in theirs["append"]]
        for who, spent in (("log", ours), ("rich log", theirs)):
            for name, values in spent.items():
                figures.setdefault(f"{who} {name}", []).extend(values)


CONCERN = Concern("list and log", ROWS, measure)
