"""Commands that open a chart over the whole screen: the curve of a job, and the comparison of several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from fttui.commands import Command
from fttui.models.refusals import NO_JOB
from fttui.models.row import JobRow
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import Part
from fttui.ui.cockpit.pane_controller import ControllerContext
from fttui.ui.cockpit.try_commands import OpenTry
from fttui.ui.render.glyphs import Glyphs

if TYPE_CHECKING:
    from textual.screen import Screen

    from fttui.ui.cockpit.chart_screen import ChartContext

TOO_FEW = "Mark two to nine jobs with space, then C compares them."


class ChartCommands:
    """Opens the big curve and the comparison."""

    def __init__(
        self,
        screen: Screen[None],
        context: ControllerContext,
        glyphs: Glyphs,
        commands: tuple[Command, ...],
        form: str,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        open_job: Callable[[str], None],
        open_try: OpenTry,
    ) -> None:
        """
        Args:
            screen: used to open screens.
            form: value of the setting `chart`.
            open_job: shows the detail of a job.
        """
        self._screen = screen
        self._model, self._presenter, self._layout, self._prompt = context
        self._glyphs = glyphs
        self._commands = commands
        self._form = form
        self._monotonic = monotonic
        self._sleep = sleep
        self._open_job = open_job
        self._open_try = open_try

    @property
    def handlers(self) -> Handlers:
        return {"curve.open": self._open_curve, "jobs.compare": self._compare}

    async def _open_curve(self) -> None:
        from fttui.learning.comparison import LEAST_RUNS  # late, as the screens: after the first frame

        if len(rows := self._model.targets()) >= LEAST_RUNS:
            await self._open_comparison(rows, is_chart_only=True)
        elif self._model.selected is None:
            self._prompt.show_message(f"{NO_JOB.capitalize()}.", "warn")
        else:
            from fttui.ui.cockpit.big_curve import BigCurve

            await self._screen.app.push_screen(BigCurve(self._context()), self._closed)

    async def _compare(self) -> None:
        await self._open_comparison(self._model.chosen())  # in each pane: one job cannot be compared

    async def _open_comparison(self, rows: Sequence[JobRow], *, is_chart_only: bool = False) -> None:
        from fttui.learning.comparison import LEAST_RUNS, MOST_RUNS

        if len(rows) < LEAST_RUNS:
            self._prompt.show_message(TOO_FEW, "warn")
        elif len(rows) > MOST_RUNS:
            chosen = "are marked" if self._model.view.current.marks else "are in this sweep"
            self._prompt.show_message(f"Compare takes up to nine jobs; {len(rows)} {chosen}.", "warn")
        elif self._model.store is None:
            self._prompt.show_message("Not connected yet.", "warn")
        else:
            from fttui.ui.cockpit.compare_screen import CompareScreen

            compare = CompareScreen(self._context(), [row.id for row in rows], is_chart_only=is_chart_only)
            await self._screen.app.push_screen(compare, self._closed)

    def _context(self) -> ChartContext:
        from fttui.core.pricing import Pricing
        from fttui.ui.cockpit.chart_screen import ChartContext

        return ChartContext(
            self._model,
            self._glyphs,
            self._commands,
            self._form,
            self._monotonic,
            self._sleep,
            self._presenter.move_to_job,
            self._open_job,
            Pricing(self._model.service).row_cost,
            self._open_try,
        )

    def _closed(self, _: None) -> None:
        """Draw the panes for settings that the chart has changed."""
        self._presenter.draw(Part.CURVE | Part.TITLES)
