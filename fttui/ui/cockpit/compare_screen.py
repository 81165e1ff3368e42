"""Comparison of two to nine jobs: their curves on one chart, a table of what differs, and the result."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widget import Widget

from fttui.core.comparing import (
    JobComparison,
    compare_jobs,
    compared_job,
    comparison_csv,
    comparison_json,
    comparison_svg,
)
from fttui.learning.comparison import LEAST_RUNS
from fttui.learning.run import Run
from fttui.text import wrap
from fttui.ui.cockpit.chart_screen import MOST_WORDS, ChartContext, ChartScreen
from fttui.ui.cockpit.exporter import Exportable, Exporter
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.render.chart.readout import position_words
from fttui.ui.render.chart.view import View
from fttui.ui.render.comparison_rows import ComparisonTable, values_line
from fttui.ui.render.rows import Line, rule_line
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import TextRow

LEAST_CHART = 8
"""Rows that the chart has at least beside the table."""
FIXED = 6
"""Rows around chart and table: title, rule, headings, two rows of words, footer."""


class ComparedJobs:
    """The jobs of a comparison, from the store."""

    def __init__(self, context: ChartContext, ids: Sequence[str]) -> None:
        self._context = context
        self._model = context.model
        self._ids = ids

    def compare(self) -> JobComparison | None:
        """Compare the jobs as the store knows them now. None when fewer than two are left."""
        store, rows = self._model.store, self._model.rows()
        known = [rows[id] for id in self._ids if id in rows]
        if store is None or len(known) < LEAST_RUNS:
            return None
        is_named = len({row.profile for row in known}) > 1
        jobs = [
            compared_job(
                store,
                row,
                self._context.cost(row),
                off=self._model.alarms_off,
                profile=row.profile if is_named else "",
            )
            for row in known
        ]
        return compare_jobs(jobs)

    @property
    def unread(self) -> list[str]:
        """Jobs whose events have not been read yet."""
        store, rows = self._model.store, self._model.rows()
        if store is None or not self._model.snapshot.health.is_good or "events" in store.restrictions.missing:
            return []
        return [id for id in self._ids if id in rows and not store.has_read_events(id)]

    def read_next(self) -> None:
        """Let the store read the events of the next job that lacks them. It reads the selected job first."""
        if (store := self._model.store) is not None and (unread := self.unread):
            store.look_at(unread[0])


class RunList(LineList):
    """Rows of the table."""

    def __init__(self) -> None:
        super().__init__(id="runs")
        self._lines: Sequence[Line] = ()

    def show_rows(self, keys: Sequence[str], lines: Sequence[Line]) -> None:
        """Replace the rows."""
        self._lines = lines
        self.show_keys(list(keys))

    def line_at(self, index: int) -> Line:
        line = self._lines[index]
        if not self.is_cursor(index):
            return line
        (text, role), *rest = line
        return [(">" + text[1:], role), *rest]


class CompareScreen(ChartScreen):
    """Comparison of the marked jobs. The order follows the losses, also while the jobs train."""

    pane = "compare"

    def __init__(self, context: ChartContext, ids: Sequence[str], *, is_chart_only: bool = False) -> None:
        """
        Args:
            is_chart_only: show the chart without the table.
        """
        self._jobs = ComparedJobs(context, ids)
        self.compared: JobComparison | None = None
        self.entries = RunList()
        self._head = TextRow(id="runs-head")
        self._is_chart_only = is_chart_only
        self._is_lit = False
        """The run under the cursor is drawn over the others, which are dim."""
        self._hidden: set[str] = set()
        """Ids of runs that are not drawn."""
        super().__init__(context)
        self._exporter = Exporter(
            self.prompt, Exportable("comparison", ("csv", "json", "svg"), lambda: "comparison", self._content)
        )

    def body(self) -> Sequence[Widget]:
        return (self.chart, self.readout_row, self._head, self.entries)

    @property
    def handlers(self) -> Handlers:
        return {
            **super().handlers,
            "move.down": lambda: self._choose(1),
            "move.up": lambda: self._choose(-1),
            "mark.toggle": self._hide,
            "open": self._open,
            "zoom": self._zoom,
            "export": lambda: self._exporter.ask(),
            "model.try": self._try,
            "jobs.compare": self._back,
            "curve.open": self._zoom,
        }

    # Data

    def runs(self) -> Sequence[Run]:
        return [job.run for job in self.compared.jobs] if self.compared is not None else []

    def close(self) -> None:
        if (store := self.model.store) is not None:
            store.look_at(self.model.selected)
        super().close()

    # Drawing

    def load(self) -> None:
        self.compared = self._jobs.compare()
        jobs = self.compared.jobs if self.compared is not None else ()
        self.state.sync([self.state.curves_of(job.entry.name, job.run, is_live=job.row.status.is_live) for job in jobs])
        self._jobs.read_next()

    def draw(self) -> None:
        compared = self.compared
        if compared is None:
            self.chart.show_text("The jobs are gone.")
            return
        self._draw_words(compared)
        self._arrange(len(compared.jobs))
        view = self._view(compared)
        if self.state.positions:
            ids = tuple(job.row.id for job in compared.jobs)
            self.chart.show(self.state.curves, view, subject=(ids, self.settings.group.name))
        else:
            self.chart.show_text("No metrics yet.")
        self._draw_title(compared)
        self._draw_table(compared, view)

    def _view(self, compared: JobComparison) -> View:
        hidden = frozenset(index for index, job in enumerate(compared.jobs) if job.row.id in self._hidden)
        front = None
        if self._is_lit and self.entries.cursor is not None:
            places = [index for index, job in enumerate(compared.jobs) if job.row.id == self.entries.cursor]
            front = places[0] if places else None
        return self.state.view()._replace(hidden=hidden, front=front)

    def _draw_title(self, compared: JobComparison) -> None:
        kinds = {"validation " if each.valid.steps else "training " for each in self.state.curves if each.main[0].steps}
        label = (kinds.pop() if len(kinds) == 1 else "") + self.settings.group.label
        title = [("Compare", "title"), (f" {len(compared.jobs)} runs", ""), (f" {label}", "dim")]
        self.show_title(title, [*self.state.words, self.state.axis_words])

    def _draw_table(self, compared: JobComparison, view: View) -> None:
        glyphs = self.context.glyphs
        table = ComparisonTable(compared, self.size.width, glyphs)
        self._head.show(table.head)
        lines = [table.row(index, is_hidden=index in view.hidden) for index in range(len(compared.jobs))]
        self.entries.show_rows([job.row.id for job in compared.jobs], lines)
        self.entries.lines_changed()
        if view.cursor is not None:
            where = position_words(view.cursor, view.unit)
            self.readout_row.show(values_line(self.state.curves, view, where, self.size.width, glyphs))
        else:
            self.readout_row.fill(
                lambda cells: rule_line(
                    cells, [("What differs and how it ended", "title")], f"sorted by {compared.order}", glyphs
                )
            )

    def _draw_words(self, compared: JobComparison) -> None:
        found = compared.found
        unread = len(self._jobs.unread)
        reading = f"Reading the logs of {unread} jobs…" if unread > 1 else "Reading the log of 1 job…" if unread else ""
        cells = max(20, self.size.width - 2)
        same = "" if self._is_chart_only else compared.same_line(cells)
        sentences = compared.sentences
        # A sentence is left out as a whole, not cut: those behind the notes first, then what is the same, then notes.
        needed = 1 + len(found.notes)
        texts = [(same, " ".join(sentences[:number])) for number in range(len(sentences), needed - 1, -1)]
        texts += [("", " ".join(sentences[:number])) for number in range(needed, 0, -1)]
        same, words = next((each for each in texts if rows_of(each, cells) <= MOST_WORDS), texts[-1])
        role = "warn" if found.is_warning else ""
        self.show_words([(same, "dim"), (reading, "dim") if reading else (words, role)])

    def _arrange(self, runs: int) -> None:
        """Give the chart what the table leaves. Without room for both, only one is shown."""
        fits = self.size.height - FIXED - runs - (MOST_WORDS - 2) >= LEAST_CHART
        self.entries.styles.height = runs
        self.chart.display = fits or self._is_chart_only
        for widget in (self._head, self.entries):
            widget.display = not self._is_chart_only
        self.readout_row.display = not self._is_chart_only or self.state.cross.at is not None
        self.entries.styles.height = runs if self.chart.display else "1fr"

    # Keys

    def _choose(self, step: int) -> None:
        """Bring the next run to the front."""
        if self._is_lit or step < 0:
            self.entries.move_by(step)
        self._is_lit = True
        self.draw()

    def on_line_list_moved(self, message: LineList.Moved) -> None:
        """Bring a clicked run to the front; open its job after a double click."""
        self._is_lit = True
        if message.twice:
            self._open()
        else:
            self.draw()

    def gone_back(self) -> bool:
        if super().gone_back():
            return True
        was_lit, self._is_lit = self._is_lit, False
        return was_lit

    def _hide(self) -> None:
        id = self.entries.cursor
        if id is None:
            return
        if id not in self._hidden and len(self._hidden) + 1 == len(self.entries.keys):
            self.show_note("At least one run is shown.")
            return
        self._hidden ^= {id}
        self.draw()

    def _open(self) -> None:
        if (id := self.entries.cursor) is not None:
            self.close()
            self.context.open_job(id)

    async def _try(self) -> None:
        rows = [job.row for job in self.compared.jobs] if self.compared is not None else []
        if len(rows) > LEAST_RUNS:
            rows = [row for row in rows if row.id == self.entries.cursor]
        await self.trying.open_jobs(rows)

    def _zoom(self) -> None:
        self._is_chart_only = not self._is_chart_only
        self.draw()

    def _content(self, format: str) -> str:
        if self.compared is None:
            return ""
        match format:
            case "json":
                return comparison_json(self.compared)
            case "svg":
                return comparison_svg(self.compared, self.settings.group)
        return comparison_csv(self.compared)


def rows_of(texts: Sequence[str], cells: int) -> int:
    """Return the number of rows that texts take."""
    return sum(len(wrap(text, cells)) for text in texts if text)
