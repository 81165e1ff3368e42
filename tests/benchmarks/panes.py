"""Benchmark: CPU time of the cockpit's list and log, and of Textual's DataTable and RichLog.

    python -m tests.benchmarks.panes [--jobs 10000] [--lines 100000] [--runs 3]

Runs without a terminal: writing the visible lines, equal for both, is not measured. The results are medians.
"""

import argparse
import asyncio
import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence
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

NOW = 1_800_000_000.0
COLUMNS = ("status", "id", "model", "step", "loss", "age", "suffix")
BATCH = 1000
"""Lines per append."""
STATES = ("succeeded", "succeeded", "failed", "running", "cancelled", "queued")

Spent = dict[str, list[float]]
"""CPU seconds by operation."""


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
        pane.list.show_rows(state.derive(known.values(), NOW), frozenset(), [])

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
    spent["longest block"] = [max(spent["longest block"])]


async def measure_rich_log(lines: int, spent: Spent) -> None:
    log, texts = RichLog(), [event.message for event in events(lines)]
    async with Stage(log).run_test(size=(120, 40)) as pilot:

        def append() -> None:
            for text in texts:
                log.write(text)

        await timed(pilot, spent, "append", append)
        for _ in range(5):
            await timed(pilot, spent, "page up", log.action_page_up)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    rows = sorted(jobs(given.jobs), key=attrgetter("created_at"), reverse=True)
    ours, theirs = Spent(), Spent()
    for _ in range(given.runs):
        await measure_list(rows, ours)
        await measure_table(rows, theirs)
    # RichLog takes 170 us a line: a tenth of them, and its time by the line.
    part = max(1, given.lines // 10)
    for _ in range(given.runs):
        await measure_log(given.lines, ours)
        await measure_rich_log(part, theirs)
    theirs["append"] = [seconds * given.lines / part for seconds in theirs["append"]]
    middle = statistics.median
    print(f"{given.jobs:,} jobs, {given.lines:,} lines; processor ms, and bounds for 10,000 jobs and 100,000 lines")
    for name, bound in (("load", 0.02), ("refresh", 0.08), ("filter", 0.05), ("sort", 0.2), ("append", 0.005)):
        ratio = middle(ours[name]) / middle(theirs[name])
        verdict = "MISSED" if ratio > bound else ""
        print(
            f"  {name:8} fttui {middle(ours[name]) * 1e3:9.2f}  Textual {middle(theirs[name]) * 1e3:9.2f}"
            f"  ratio {ratio:7.4f}  bound {bound}  {verdict}"
        )
    print(f"  page up  fttui {middle(ours['page up']) * 1e3:9.2f}  Textual {middle(theirs['page up']) * 1e3:9.2f}")
    print(
        f"  the longest that {BATCH} lines held up everything else: {ours['longest block'][0] * 1e3:.1f} ms, bound 16"
    )


if __name__ == "__main__":
    asyncio.run(main())
