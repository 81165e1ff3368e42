"""The curve of one job over the whole screen, with a cross-hair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fttui.learning.figures import signed_figure
from fttui.learning.run import Run
from fttui.learning.ticks import number
from fttui.learning.words import loss_words, progress_parts
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.models.summary import EQUAL_WITHIN
from fttui.ui.cockpit.chart_screen import ChartContext, ChartScreen
from fttui.ui.cockpit.curve_drawing import ONLY_TRAINING, no_points
from fttui.ui.cockpit.exporter import Exportable, Exporter
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.render.chart.axes import axis_figure, x_range
from fttui.ui.render.chart.readout import readout
from fttui.ui.render.chart.view import Curves, View
from fttui.ui.render.rows import Line, Span, line_width

if TYPE_CHECKING:
    from fttui.store.port import StorePort


_WHOLE_FILE = "  whole file: best"


class BigCurve(ChartScreen):
    """Curve of the selected job. `j` and `k` go to the next and the previous job of the list."""

    pane = "chart"

    def __init__(self, context: ChartContext) -> None:
        super().__init__(context)
        self._words = ("", "")
        """Text under the chart, and its role."""
        self._exporter = Exporter(self.prompt, Exportable("curve", ("csv", "svg"), self._file_name, self._content))

    @property
    def handlers(self) -> Handlers:
        return {
            **super().handlers,
            "move.down": lambda: self._to_job(1),
            "move.up": lambda: self._to_job(-1),
            "copy.id": self._copy_model,
            "export": lambda: self._exporter.ask(),
            "curve.open": self._back,
            "open": lambda: self._open(),
            "model.try": self._try,
        }

    @property
    def _row(self) -> JobRow | None:
        return self.model.row

    def runs(self) -> Sequence[Run]:
        store, row = self.model.store, self._row
        return [] if store is None or row is None else [store.run(row.id)]

    def load(self) -> None:
        row, store = self._row, self.model.store
        self._words = ("", "")
        if row is None or store is None:
            self.state.sync([])
            return
        (run,) = self.runs()
        curves = self.state.curves_of(row.name, run, is_live=row.status.is_live)
        self.state.sync([curves] if curves.train.steps or curves.valid.steps else [])
        self._words = self._words_about(store, row, run)

    def draw(self) -> None:
        row, store = self._row, self.model.store
        title: list[Span] = [("Curve", "title")]
        if row is None or store is None:
            self.chart.show_text("No job selected." if row is None else "Connecting…")
        else:
            title += [(f" {row.name}", ""), (f" {self.settings.group.label}", "dim")]
        right: list[str] = []
        if self.state.curves and row is not None:
            view = self.state.view()
            self.chart.show(self.state.curves, view, subject=(row.id, self.settings.group.name))
            self.readout_row.show(self._readout(view))
            right = [*self.state.words, *self._range_words(self.state.curves[0])]
        else:
            if row is not None and store is not None:
                self.chart.show_text(no_points(store, row))
            self.readout_row.show()
        self.show_title(title, right)
        self.show_words([self._words])

    def _readout(self, view: View) -> Line:
        """Return the values at the cross-hair, without the smoothed ones and the best where there is no room."""
        line = readout(self.state.curves, view)
        (curves,) = self.state.curves
        at = curves.last if view.cursor is None else view.cursor
        if self.settings.group.is_loss and (gain := curves.gain_at(at)) is not None:
            noise = EQUAL_WITHIN * self._row.summary.noise if self._row is not None else 0.0
            line.append((f"  gain {signed_figure(gain)}", "best" if gain > noise else "dim"))
        if view.cursor is None and curves.whole.steps and curves.best is not None:
            # The line has the values of single steps, which may be better than any over the whole file.
            line.append((f"{_WHOLE_FILE} {number(curves.best[1])}", "best"))
        for optional in (" (", _WHOLE_FILE):
            if line_width(line) > self.size.width:
                line = [(text, role) for text, role in line if not text.startswith(optional)]
        return line

    def _range_words(self, curves: Curves) -> list[str]:
        low, high = x_range([curves], self.state.cross.zoom)
        if self.settings.axis == "time":
            return [self.state.axis_words]
        return [f"{self.settings.axis}s {axis_figure(low)} to {axis_figure(high)}"]

    def _words_about(self, store: StorePort, row: JobRow, run: Run) -> tuple[str, str]:
        """Return the alarm, else a note, else the progress, and the role."""
        if alarms := store.alarms(row.id).without(self.model.alarms_off).alarms:
            return f"! {alarms[0].message}", "warn"
        (curves,) = self.state.curves or (None,)
        job = store.job(row.id)
        if curves is not None and not curves.valid.steps and job is not None and not job.validation_file:
            return ONLY_TRAINING, "dim"
        if row.status is Status.RUNNING:
            dot = f" {self.context.glyphs.dot} "
            return dot.join(progress_parts(run, row.summary, self.model.now())), "dim"
        return loss_words(row.summary), "dim"

    # Keys

    def _to_job(self, step: int) -> None:
        listed = self.model.listed
        if self.model.selected not in listed:
            return
        before, place = self.model.selected, listed.index(self.model.selected) + step
        while self.model.selected == before and 0 <= place < len(listed):
            self.context.show_job(listed[place])  # a job of a folded sweep has no line
            place += step
        if self.model.selected == before:
            self.show_note("This is the last job of the list." if step > 0 else "This is the first job of the list.")
            return
        self.state.cross.zoom = self.state.cross.start = None
        self.reload()

    def _open(self) -> None:
        if (row := self._row) is not None:
            self.close()
            self.context.open_job(row.id)

    def _copy_model(self) -> None:
        store, row = self.model.store, self._row
        if store is None or row is None or self.state.cross.at is None or not self.state.curves:
            self.show_note("Move the cross-hair to a checkpoint with n, then y copies its model.")
        elif (step := self._checkpoint_step()) is None:
            self.show_note("No checkpoint at the cross-hair. n goes to the next one.")
        else:
            found = {item.step_number: item.fine_tuned_model_checkpoint for item in store.checkpoints(row.id)}
            self.clipboard.copy(found.get(step, ""), f"the model of step {step}")

    async def _try(self) -> None:
        """Show the answers of the checkpoint at the cross-hair; without a cross-hair, try the job's model."""
        row, at = self._row, self.state.cross.at
        if row is None:
            return
        step = self._checkpoint_step() if at else 0 if at == 0 else None
        if at is None:
            await self.trying.open_jobs([row])
        elif step is None:
            self.show_note("No checkpoint at the cross-hair. n goes to the next one.")
        else:
            await self.trying.open_step(row, step)

    def _checkpoint_step(self) -> int | None:
        """Return the step of the checkpoint at the cross-hair, or None."""
        at = self.state.cross.at
        if at is None or not self.state.curves:
            return None
        (_, column), marks = self.scale(), self.state.curves[0].checkpoints
        places = [index for index, step in enumerate(marks) if abs(step - at) <= column]
        steps = sorted(self.runs()[0].checkpoints)
        return steps[min(places, key=lambda index: abs(marks[index] - at))] if places else None

    def _file_name(self) -> str:
        return f"{self._row.name}-curve" if self._row is not None else ""

    def _content(self, format: str) -> str:
        from fttui.core.curve_svg import drawing_of_run, svg
        from fttui.models.metric import points_csv

        store, row = self.model.store, self._row
        if store is None or row is None:
            return ""
        if format == "svg":
            run, style = store.run(row.id), self.settings.style
            return svg(drawing_of_run(row.name, run, self.settings.group, is_log=style.is_log))
        return points_csv(store.points(row.id))
