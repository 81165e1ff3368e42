"""Commands that every pane has: movement, scrolling sideways, one level in and one level out."""

from fttui.lean_typing import NamedTuple
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.layout_controller import LayoutController
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.cockpit.presenter import Presenter
from fttui.ui.widgets.line_view import LineView
from fttui.ui.widgets.prompt import PromptRow

SIDE_STEP = 8
"""Cells that one key scrolls sideways."""
TO_THE_END = 10**9
"""Lines that lead to the first or the last line of every pane."""


class ControllerContext(NamedTuple):
    """Objects that all controllers share."""

    model: CockpitModel
    presenter: Presenter
    layout: LayoutController
    prompt: PromptRow


class PaneController:
    """Base of the controllers of panes. A subclass adds its commands to `handlers`."""

    def __init__(self, view: LineView, context: ControllerContext) -> None:
        self.view = view
        self._model, self._presenter, self._layout, self._prompt = context

    @property
    def handlers(self) -> Handlers:
        """Handlers by command id while the pane is active."""
        return {
            "move.down": lambda: self.move(1),
            "move.up": lambda: self.move(-1),
            "move.first": lambda: self.move(-TO_THE_END),
            "move.last": lambda: self.move(TO_THE_END),
            "move.half_down": lambda: self._page(0.5),
            "move.half_up": lambda: self._page(-0.5),
            "move.page_down": lambda: self._page(1.0),
            "move.page_up": lambda: self._page(-1.0),
            "move.left": lambda: self._sideways(-1),
            "move.right": lambda: self._sideways(1),
            "open": self.open,
            "back": self.back,
        }

    def move(self, lines: int) -> None:
        """Move the cursor, or scroll, by a number of lines."""
        raise NotImplementedError

    def open(self) -> None:
        """Go one level in."""
        raise NotImplementedError

    def leave(self) -> None:
        """Go one level out, once no pane is zoomed."""
        raise NotImplementedError

    def export(self, argument: str = "") -> None:
        """Write the content of the pane to a file; `argument` is that of `:export`."""
        raise NotImplementedError

    def entered(self) -> None:
        """React to the pane coming to the front."""

    def back(self) -> None:
        if not self._layout.unzoom():
            self.leave()

    def scroll_sideways(self, step: int) -> bool:
        """Scroll one step to the right, or to the left when negative. Return False at the end."""
        return self.view.move_sideways(step * SIDE_STEP)

    def _page(self, pages: float) -> None:
        self.move(round(pages * max(1, self.view.page_height - 1)))

    def _sideways(self, step: int) -> None:
        if not self.scroll_sideways(step):
            self._prompt.show_message(f"Nothing more to the {'right' if step > 0 else 'left'}.", "dim")
