"""List of keyed lines. The cursor stays on its key when lines are added, removed or sorted."""

from collections.abc import Collection
from contextlib import suppress

from textual import events
from textual.geometry import Offset
from textual.message import Message

from fttui.ui.widgets.line_view import LineView


class LineList(LineView, can_focus=False):
    """Ordered keys, one line each. Subclasses implement `line_at`."""

    class Moved(Message):
        """Click on a line of `list`, where the cursor is now. `twice`: a double click."""

        def __init__(self, list: "LineList", *, twice: bool) -> None:
            super().__init__()
            self.list = list
            self.twice = twice

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: list[str] = []
        self._index: dict[str, int] | None = None
        self._cursor = 0

    @property
    def cursor(self) -> str | None:
        """Key under the cursor, None in an empty list."""
        return self._keys[self._cursor] if self._keys else None

    @property
    def caret(self) -> Offset:
        """Screen position of the line under the cursor."""
        return self.region.offset + Offset(0, self._cursor - self.scroll_offset.y + self.head_rows)

    @property
    def keys(self) -> list[str]:
        return self._keys

    def line_count(self) -> int:
        return len(self._keys)

    def is_cursor(self, index: int) -> bool:
        return index == self._cursor

    def show_keys(self, keys: list[str]) -> None:
        """Replace the keys.

        The cursor stays on its key, and the key on its screen row. When the key is gone, the cursor keeps its index.
        """
        kept = self.cursor
        screen_row = self._cursor - self.scroll_offset.y
        self._keys = keys
        self._index = None
        at = self._cursor
        if kept is not None and keys[at : at + 1] != [kept]:
            with suppress(ValueError):
                at = keys.index(kept)  # once, which is faster than the index of all keys
        self._cursor = max(0, min(at, len(keys) - 1))
        top = self.scroll_offset.y
        self.lines_changed()
        # At the top of the list do not scroll, so that new lines above become visible.
        if top > 0 or self._cursor >= self.page_height:
            self.scroll_to_line(self._cursor - max(0, min(screen_row, self.page_height - 1)))

    @property
    def _places(self) -> dict[str, int]:
        """Index of each key, made on first use: with 100,000 keys it takes a while."""
        if self._index is None:
            self._index = {key: index for index, key in enumerate(self._keys)}
        return self._index

    def in_order(self, keys: Collection[str]) -> list[str]:
        """Return those of `keys` that are in the list, in list order."""
        return sorted(self._places.keys() & keys, key=self._places.__getitem__)

    def redraw_keys(self, keys: "set[str] | frozenset[str]") -> None:
        """Repaint the visible lines of `keys`."""
        self.redraw(*(index for key in keys if (index := self._places.get(key)) is not None))

    def move_to(self, index: int) -> None:
        """Move the cursor to line `index`, clamped to the list, and scroll it into view."""
        index = max(0, min(index, len(self._keys) - 1))
        if index == self._cursor or not self._keys:
            return
        previous, self._cursor = self._cursor, index
        top = self.scroll_offset.y
        if index < top:
            self.scroll_to_line(index)
        elif index >= top + self.page_height:
            self.scroll_to_line(index - self.page_height + 1)
        self.repaint(previous, index)

    def move_to_key(self, key: str) -> bool:
        """Move the cursor to `key`. Return False when the list does not have it."""
        if (index := self._places.get(key)) is None:
            return False
        self.move_to(index)
        return True

    def move_by(self, lines: int) -> None:
        self.move_to(self._cursor + lines)

    def on_resize(self) -> None:
        """Keep the cursor in view, in the middle of a list that has become too small for its place."""
        top, page = self.scroll_offset.y, self.page_height
        if not top <= self._cursor < top + page:
            self.scroll_to_line(self._cursor - page // 2)
        elif top > max(0, self.line_count() - page):
            self.scroll_to_line(self.line_count() - page)

    def on_click(self, event: events.Click) -> None:
        index = event.y + self.scroll_offset.y - self.head_rows
        if event.y >= self.head_rows and index < len(self._keys):
            self.move_to(index)
            self.post_message(self.Moved(self, twice=event.chain == 2))
