"""Search in a pane with text: the detail and the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.render.hints import Hint
from fttui.ui.widgets.prompt import PromptRow
from fttui.ui.widgets.text_input import MOST_HISTORY, Assistance

HINT = Hint("text to find, or whole words:", '"loss"', "· enter keeps it, n N next, previous  f1 more")


class Searchable(Protocol):
    """A view whose text can be searched."""

    @property
    def search(self) -> str:
        """Text that is searched for; empty for none."""

    @property
    def matches(self) -> int:
        """Number of matches."""

    @property
    def match_number(self) -> int:
        """Number of the current match, from 1 on; 0 for none."""

    def search_for(self, text: str) -> None:
        """Highlight a text."""

    def go_to_match(self, step: int) -> bool:
        """Go to the next match (1), the previous one (-1) or the nearest (0). Return False without a match."""

    def search_start(self) -> Callable[[], None]:
        """Return a function that restores the position from which the search looks for the nearest match."""


class Search:
    """Search commands of one view."""

    def __init__(
        self,
        view: Searchable,
        prompt: PromptRow,
        draw_titles: Callable[[], None],
        open_help: Callable[[], object],
        load: Callable[[], None] = lambda: None,
        left_out: Callable[[], str] = lambda: "",
    ) -> None:
        """
        Args:
            draw_titles: draws the titles of the panes, which show the search and its matches.
            load: loads the text that the view does not have yet, before a search.
            left_out: returns the part of the text that was searched, if it is not the whole text.
        """
        self._view = view
        self._prompt = prompt
        self._draw_titles = draw_titles
        self._history: list[str] = []
        self._open_help = open_help
        self._load = load
        self._left_out = left_out

    @property
    def handlers(self) -> Handlers:
        return {
            "filter.text": self.type,
            "search.next": lambda: self.go_to_next(1),
            "search.previous": lambda: self.go_to_next(-1),
        }

    def type(self) -> None:
        """Search while the user types. Escape restores the previous search."""
        self._load()
        previous, restore_start = self._view.search, self._view.search_start()

        def typed(text: str) -> None:
            restore_start()  # each letter searches from the same position
            self._set(text)
            self._find(0)

        def done(text: str, accepted: bool) -> None:
            if accepted and text:
                self._history[:] = [*(old for old in self._history if old != text), text][-MOST_HISTORY:]
            if not accepted:
                self._set(previous)
            elif text and not self._view.matches:
                self._show_no_match(text)

        assistance = Assistance(hint=lambda _: HINT, right=self._right, history=self._history, help=self._open_help)
        self._prompt.read_text("/", previous, typed, done, assistance)

    def _right(self, text: str) -> str:
        return f"{self._view.match_number} of {self._view.matches}" if text else ""

    def clear(self) -> bool:
        """End the search. Return False when there is none."""
        if not self._view.search:
            return False
        self._set("")
        return True

    def go_to_next(self, step: int) -> None:
        """Go to the next match (1) or the previous one (-1), and tell when the search starts over."""
        if not self._view.search:
            self._prompt.show_message("No search yet. Press / in the detail or the log.", "dim")
            return
        self._load()
        previous = self._view.match_number
        if not self._find(step):
            self._show_no_match(self._view.search)
        elif previous and (self._view.match_number - previous) * step <= 0:
            self._prompt.show_message(f"Search continues at the {'top' if step > 0 else 'end'}.", "dim")

    def _show_no_match(self, text: str) -> None:
        left_out = self._left_out()
        self._prompt.show_message(f"No match for {text}{f' in {left_out}' if left_out else ''}.", "warn")

    def _set(self, text: str) -> None:
        if text != self._view.search:
            self._view.search_for(text)
            self._draw_titles()

    def _find(self, step: int) -> bool:
        found = self._view.go_to_match(step)
        self._draw_titles()
        return found
