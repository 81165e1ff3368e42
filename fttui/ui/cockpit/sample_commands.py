"""The command that shows the samples of a job: at a checkpoint, at the cross-hair of a curve, or at the newest step."""

from collections.abc import Awaitable, Callable

from fttui.commands import Command
from fttui.lean_typing import TYPE_CHECKING, NamedTuple
from fttui.models.row import JobRow
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.render.glyphs import Glyphs

if TYPE_CHECKING:
    from textual.screen import Screen

NONE_YET = "No answers yet. They come before the first step and with each checkpoint."
NONE = "No answers during the training are known for this job."


TryStep = Callable[[JobRow, int], Awaitable[str]]
"""Opens Try for a checkpoint. Returns why that is impossible; empty when it is open."""


class SamplesLook(NamedTuple):
    """Looks and keys of the screen."""

    glyphs: Glyphs
    commands: tuple[Command, ...]
    monotonic: Callable[[], float]


class SampleCommands:
    """Opens the samples of jobs."""

    def __init__(
        self,
        screen: "Screen[None]",
        model: CockpitModel,
        look: SamplesLook,
        try_step: TryStep,
        show_note: Callable[[str], object],
    ) -> None:
        """
        Args:
            screen: used to open screens.
        """
        self._screen = screen
        self._model = model
        self._look = look
        self._try_step = try_step
        self._show_note = show_note

    def _steps(self, row: JobRow) -> list[int]:
        store = self._model.store
        return [] if store is None else store.sample_steps(row.id)

    async def open(self, row: JobRow, step: int | None = None) -> None:
        """Show the samples of a job, at a step or at the newest one; where there are none, say so."""
        steps = self._steps(row)
        if not steps:
            self._show_note(NONE_YET if row.status.is_live else NONE)
        elif step is not None and step not in steps:
            self._show_note(f"No answers of step {step} are stored.")
        else:
            from fttui.ui.cockpit.samples_screen import SamplesContext, SamplesScreen

            context = SamplesContext(self._model, *self._look, self._try_step)
            await self._screen.app.push_screen(SamplesScreen(context, row, step))
