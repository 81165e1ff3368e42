"""A pane: a view under a rule with its title, or with the titles of all panes that share its place."""

from collections.abc import Sequence
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import LEAD, Line, Span, line_width, title_rule
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import TextRow


class TitledPane(Vertical):
    """View of one pane with its title row."""

    class Chosen(Message):
        """A pane or its title was clicked."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, name: str, glyphs: Glyphs, *views: Widget) -> None:
        super().__init__(id=f"{name}-pane")
        self._pane = name
        self._glyphs = glyphs
        self.title_row = TextRow(id=f"{name}-title")
        self._views = views
        self._shown: tuple[object, ...] = ()
        """Arguments of the last title."""
        self._named: list[tuple[str, int]] = []
        """Names in the title, each with the column after its last cell."""

    def compose(self) -> ComposeResult:
        yield self.title_row
        yield from self._views

    def show_title(self, names: Sequence[str], active: str, ends: Sequence[str], after: Line = ()) -> None:
        """Update the title.

        Args:
            names: panes at this place.
            active: the active pane, which is marked.
            ends: facts at the right end, the longest first; the first that fits is shown.
            after: text behind the names.
        """
        shown = (tuple(names), active, tuple(ends), tuple(after))
        if shown == self._shown:
            return
        self._shown = shown
        title: list[Span] = []
        self._named = []
        for name in names:
            if title:
                title.append((f" {self._glyphs.rule} ", "rule"))
            title.append(_title(name, active, is_front=len(names) > 1 and name == self._pane))
            self._named.append((name, LEAD + line_width(title)))
        if after:
            title += [(f" {self._glyphs.rule} ", "rule"), *after]
        self.title_row.fill(partial(title_rule, title=title, ends=ends or ("",), glyphs=self._glyphs))

    def on_click(self, event: events.Click) -> None:
        """Make the pane active whose title was clicked, or this pane."""
        if isinstance(event.widget, LineList):
            return  # it reports the line
        if event.widget is not self.title_row:
            self.post_message(self.Chosen(self._pane))
        elif names := [name for name, end in self._named if event.x < end or len(self._named) == 1]:
            self.post_message(self.Chosen(names[0]))


def _title(name: str, active: str, *, is_front: bool) -> tuple[str, str]:
    if name == active:
        return (f">{name.capitalize()}", "title")
    return (name.capitalize(), "bold" if is_front else "dim")
