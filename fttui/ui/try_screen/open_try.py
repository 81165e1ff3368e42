"""Opening of Try. Answers and settings are kept by profile until fttui ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fttui.clock import Clock
from fttui.commands import Command
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.render.glyphs import Glyphs

if TYPE_CHECKING:
    from textual.app import App

    from fttui.core.try_candidates import Subject
    from fttui.core.try_model import Sampling, TryModel


class TryOpener:
    """Opens the screen."""

    def __init__(
        self,
        app: App[Any],
        glyphs: Glyphs,
        clock: Clock,
        commands: tuple[Command, ...],
        crash: Callable[[Exception], None],
    ) -> None:
        """
        Args:
            crash: ends the program because of an error in it.
        """
        self._app = app
        self._glyphs = glyphs
        self._clock = clock
        self._commands = commands
        self._crash = crash
        self._kept: dict[str, tuple[TryModel, dict[str, Sampling]]] = {}
        """Answers and settings by the key of the profile."""

    async def __call__(self, model: CockpitModel, subject: Subject, closed: Callable[[], None]) -> None:
        # Imported late: the first frame does not need the screen.
        from fttui.core.pricing import Pricing
        from fttui.core.try_model import TryModel
        from fttui.ui.try_screen.screen import TryContext, TryScreen

        service = model.service
        if service.key not in self._kept:

            def api() -> Any:
                return model.store.model_api if model.store is not None else None

            self._kept[service.key] = TryModel(api, Pricing(service), self._clock), {}
        trying, samplings = self._kept[service.key]
        context = TryContext(model, self._glyphs, self._commands, self._clock.monotonic, self._clock.sleep, self._crash)
        await self._app.push_screen(TryScreen(context, subject, trying, samplings), lambda _: closed())
