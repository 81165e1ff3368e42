"""The command that shows the samples of a job: at a checkpoint, at the cross-hair of a curve, or at the newest step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fttui.models.refusals import NO_JOB
from fttui.models.row import JobRow
from fttui.ui.cockpit.model import CockpitModel

if TYPE_CHECKING:
    from textual.screen import Screen

    from fttui.ui.cockpit.samples_screen import SamplesContext

NONE_YET = "No answers yet. They come before the first step and with each checkpoint."
NONE = "No answers during the training are known for this job."


class SampleCommands:
    """Opens the samples of jobs."""

    def __init__(
        self,
        screen: Screen[None],
        model: CockpitModel,
        context: Callable[[], SamplesContext],
        show_note: Callable[[str], object],
    ) -> None:
        """
        Args:
            screen: used to open screens.
            context: called when samples are shown.
        """
        self._screen = screen
        self._model = model
        self._context = context
        self._show_note = show_note

    async def open_newest(self) -> None:
        """Show the samples of the selected job at its newest step."""
        if self._model.row is None:
            self._show_note(f"{NO_JOB.capitalize()}.")
        else:
            await self.open(self._model.row)

    async def open(self, row: JobRow, step: int | None = None) -> None:
        """Show the samples of a job, at a step or at the newest one; where there are none, say so."""
        store = self._model.store
        steps = [] if store is None else [each.step_number for each in store.samples(row.id) if each.samples]
        if not steps:
            self._show_note(NONE_YET if row.status.is_live else NONE)
        elif step is not None and step not in steps:
            self._show_note(f"No answers of step {step} are stored.")
        else:
            from fttui.ui.cockpit.samples_screen import SamplesScreen

            await self._screen.app.push_screen(SamplesScreen(self._context(), row, step))
