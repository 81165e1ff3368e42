"""Drawing of the curve of the selected job, once the cursor has rested on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fttui.models.status import Status
from fttui.text import fit
from fttui.ui.cockpit.layout import PaneLayout
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.panes.curve import CurveView
from fttui.ui.render.curve_style import SMOOTHINGS
from fttui.ui.render.glyphs import Glyphs

if TYPE_CHECKING:
    from textual.screen import Screen

    from fttui.learning.metric_groups import MetricGroup
    from fttui.learning.run import Run
    from fttui.models.job import Job
    from fttui.models.row import JobRow
    from fttui.store.port import StorePort
    from fttui.ui.render.sweep_rows import SweepRow

REST = 0.15
"""Seconds for which the cursor rests on a job before its curve is drawn: a curve costs more bytes than a line."""
MOST_OF_NAME = 24
"""Cells of a name in the title."""
MOST_RUNS = 9
"""Most runs of a sweep on one chart."""
ONLY_TRAINING = "No validation file: the curve shows training loss only."
ONLY_TRAINING_OF_RUN = "No validation loss: the curve shows training loss only."
"""The same for a run whose files are not known."""

_Subject = tuple[str | None, str]
"""Id of a job, and the key of its sweep while the cursor is on the sweep's row, else empty."""


class CurveDrawing:
    """Puts the run of the selected job into the curve pane."""

    def __init__(
        self,
        screen: Screen[None],
        model: CockpitModel,
        panes: PaneLayout,
        view: CurveView,
        glyphs: Glyphs,
        sleep: Callable[[float], Awaitable[None]],
        draw_titles: Callable[[], None],
    ) -> None:
        """
        Args:
            screen: draws after a rest.
            draw_titles: draws the titles of the panes.
        """
        self._screen = screen
        self._model = model
        self._panes = panes
        self._view = view
        self._glyphs = glyphs
        self._sleep = sleep
        self._draw_titles = draw_titles
        self._shown: _Subject = (None, "")
        """What is shown: a job, or the jobs of a sweep."""
        self._name = self._metric = ""
        self._is_unconnected = False
        """The curve was drawn before there was a store."""
        self._resting: asyncio.Task[None] | None = None
        """Waits until the cursor has rested. A worker would send three messages for each key."""

    def follow(self) -> None:
        """Show the curve of another job: at once when none is shown, else after a rest."""
        subject = self._subject
        is_new = self._shown[0] is None or self._is_unconnected
        if subject[0] is None or is_new or self._model.store is None:
            self._shown = subject
            self.draw()
        elif subject != self._shown:
            if self._resting is not None:
                self._resting.cancel()
            self._resting = asyncio.create_task(self._rest())

    async def _rest(self) -> None:
        await self._sleep(REST)
        self._screen.call_later(self._draw_after_rest)

    def _draw_after_rest(self) -> None:
        if self._resting is not None and not self._resting.done():
            return  # the cursor has moved again
        self._shown = self._subject
        self.draw()
        self._draw_titles()

    @property
    def _subject(self) -> _Subject:
        """The selected job, and the key of the sweep whose row is under the cursor."""
        sweep = self._model.sweep
        return self._model.selected, "" if sweep is None else sweep.key

    def draw(self) -> None:
        """Draw the shown job as it is now. A hidden curve is not drawn."""
        model = self._model
        if self._shown[0] is not None and self._shown[0] not in model.rows():
            self._shown = self._subject
        self._is_unconnected = model.store is None
        id, key = self._shown
        row = model.rows().get(id) if id is not None else None
        job = model.store.job(row.id) if model.store is not None and row is not None else None
        self._name = fit(row.name, MOST_OF_NAME, ellipsis=self._glyphs.cut) if row is not None else ""
        if row is None:
            self._metric = ""
            self._view.show_text("No job selected.")
        elif model.store is None or job is None:
            self._metric = ""
            self._view.show_text("Connecting…" if model.store is None else "No metrics yet.")
        elif self._panes.is_visible("curve"):
            sweep = model.sweeps.get(key)
            if sweep is None or not self._draw_sweep(model.store, sweep):
                self._draw_run(model.store, row, job)

    def _draw_run(self, store: StorePort, row: JobRow, job: Job) -> None:
        from fttui.learning.metric_groups import LOSS, groups_of

        run, style = store.run(row.id), self._model.view.current.curve
        group = next((each for each in groups_of(run) if each.name == style.metric), LOSS)
        self._metric = group.label
        if not _has_points(run, group):
            self._view.show_text(no_points(store, row))
            return
        from fttui.ui.render.chart.view import View, curves_of

        axis = style.axis if has_axis(run, style.axis) else "step"
        has_valid = any(run.get(name).values for name in (group.valid, group.whole))
        curves = curves_of(
            row.name, run, group, smooth=SMOOTHINGS[style.smoothing], unit=axis, is_live=row.status.is_live
        )
        self._view.show(
            [curves],
            View(0, 0, is_log=style.is_log, is_whole=style.is_whole, unit=axis),
            subject=(row.id, group.name),
            note=_only_training(job) if group.is_loss and not has_valid else "",
        )

    def _draw_sweep(self, store: StorePort, sweep: SweepRow) -> bool:
        """Draw the runs of a sweep on one chart, the best on top. Return False with fewer than two runs to draw."""
        from fttui.learning.metric_groups import LOSS, groups_of

        style = self._model.view.current.curve
        found = [(row, store.run(row.id)) for row in sorted(sweep.rows, key=_by_best)]
        groups = [group for _, run in found for group in groups_of(run)]
        group = next((each for each in groups if each.name == style.metric), LOSS)
        drawn = [(row, run) for row, run in found if _has_points(run, group)]
        shown = drawn[:MOST_RUNS]
        if len(shown) < 2:
            return False
        from fttui.ui.render.chart.view import View, curves_of

        has_valid = all(run.get(group.valid).values or run.get(group.whole).values for _, run in shown)
        self._name = "sweep " + fit(sweep.name, MOST_OF_NAME, ellipsis=self._glyphs.cut)
        self._metric = f"validation {group.label}" if has_valid else group.label
        if len(drawn) > len(shown):
            self._metric += f" of the best {len(shown)} of {len(drawn)} runs"
        axis = style.axis if all(has_axis(run, style.axis) for _, run in shown) else "step"
        smooth = SMOOTHINGS[style.smoothing]
        curves = [
            curves_of(row.name, run, group, smooth=smooth, unit=axis, is_live=row.status.is_live) for row, run in shown
        ]
        self._view.show(
            curves,
            View(0, 0, is_log=style.is_log, is_whole=style.is_whole, unit=axis),
            subject=(sweep.key, group.name),
        )
        return True

    @property
    def facts(self) -> list[str]:
        """Facts for the title, the longest first: job, metric, and settings that are not the usual ones."""
        dot = f" {self._glyphs.dot} "
        parts = [part for part in (self._name, self._metric, *self._model.view.current.curve.words) if part]
        return [dot.join(parts[:number]) for number in range(len(parts), 0, -1)]


def _by_best(row: JobRow) -> tuple[bool, float]:
    """Sort key: the lowest loss first, jobs without a loss last."""
    best = row.summary.best
    return best is None, best or 0.0


def _has_points(run: Run, group: MetricGroup) -> bool:
    return any(run.get(name).values for name in (group.train, group.valid, group.whole))


def has_axis(run: Run, axis: str) -> bool:
    """Tell whether the steps of a run can be shown as epochs or as times."""
    return bool(run.total_steps and run.n_epochs) if axis == "epoch" else axis == "step" or bool(run.times.steps)


def no_points(store: StorePort, row: JobRow) -> str:
    """Return the sentence for a job without metrics."""
    if row.status in (Status.QUEUED, Status.VALIDATING):
        return "The curve starts with the first step."
    if row.phase and (job := store.job(row.id)) is not None and job.phase is not None:
        from fttui.learning.phase_words import phase_words

        words = phase_words(job.phase, job.model, None)
        return f"{words[:1].upper()}{words[1:]}."
    if row.gone or (row.status.is_final and store.has_read_events(row.id) and not store.events(row.id, limit=1)):
        return "The provider no longer has this job's metrics."
    return "This job has no metrics." if row.status.is_final and store.has_read_events(row.id) else "No metrics yet."


def _only_training(job: Job) -> str:
    """Return the note for a job without a validation loss; empty while one may come."""
    if job.validation_file:
        return ""
    return ONLY_TRAINING if job.lacks_validation_file else ONLY_TRAINING_OF_RUN
