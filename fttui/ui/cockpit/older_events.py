"""Loading of older events from the archive into the log, which begins with the newest ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fttui.ui.render.log_lines import KEEP

if TYPE_CHECKING:
    from fttui.ui.cockpit.model import CockpitModel
    from fttui.ui.panes.log import LogView

PART = 500
"""Events that one question to the archive returns at least. Each further question asks for twice as many."""

MOST_UNASKED = 2_000
"""Events up to which older ones are loaded without a key that asks for them: a movement of the cursor must stay fast,
and ten thousand events take a tenth of a second."""


class OlderEvents:
    """Older events of the selected job."""

    def __init__(self, view: LogView, model: CockpitModel) -> None:
        self._view = view
        self._model = model

    def load(self) -> None:
        """Load older events until one of them is shown; at most `KEEP` beyond those loaded."""
        before, most = self._view.shown_lines, self._view.event_count + KEEP
        self._load_until(lambda: self._view.shown_lines > before, most)

    def fill(self, most: int = KEEP) -> None:
        """Load the events that the search needs, or those that fill the page where the style hides events.

        Args:
            most: number of events in the log up to which older ones are loaded.
        """
        if self._view.log_style.search:
            self._load_until(lambda: False, most)
        elif self._view.log_style.hides_events:
            self._load_until(lambda: self._view.shown_lines >= self._view.page_height, most)

    def load_all(self) -> None:
        """Load all events, at most `KEEP` in all."""
        self._load_until(lambda: False, KEEP)

    def look(self) -> None:
        """Look for older events after the archive has changed: a log is read from its end to its beginning."""
        store, selected, view = self._model.store, self._model.selected, self._view
        if store is None or selected is None or view.first_seq is None or view.has_older:
            return
        view.has_older = bool(store.events(selected, before=view.first_seq, limit=1))
        if view.has_older:
            self.fill(MOST_UNASKED)

    @property
    def left_out(self) -> str:
        """Which events the log does not have, in words for a search without a match; empty for none."""
        store, selected = self._model.store, self._model.selected
        if self._view.has_older:
            return f"the newest {self._view.event_count:,} events; g loads older ones"
        if store is not None and selected is not None and store.lacks_numbers(selected):
            return "the events read so far; older ones are still to be read"
        return ""

    def _load_until(self, is_enough: Callable[[], bool], most: int) -> None:
        """Load older events until there are enough, or `most` events.

        They are asked for in parts that double, because each part builds all lines of the log again.
        """
        store, selected, view = self._model.store, self._model.selected, self._view
        if store is None or selected is None:
            return
        while view.has_older and view.first_seq is not None and view.event_count < most and not is_enough():
            part = min(max(PART, view.event_count), most - view.event_count)
            found = store.events(selected, before=view.first_seq, limit=part)
            view.add_older(found, has_older=len(found) == part)
