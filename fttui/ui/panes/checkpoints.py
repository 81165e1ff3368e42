"""Checkpoints pane: the checkpoints of the selected job as a table."""

from __future__ import annotations

from collections.abc import Callable

from fttui.learning.checkpoints import Checkpoints, Saved
from fttui.ui.render.checkpoint_lines import CheckpointLines
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line
from fttui.ui.widgets.line_list import LineList

NONE = "No checkpoints yet."


class CheckpointsView(LineList):
    """Table of checkpoints. The cursor stays on its checkpoint when new ones come."""

    def __init__(self, glyphs: Glyphs, now: Callable[[], float]) -> None:
        super().__init__(id="checkpoints")
        self._now = now
        self.table = CheckpointLines(glyphs)
        """The checkpoints and their lines."""
        self._rows: dict[str, Saved] = {}
        self._note = NONE
        self._active = False
        self._job: str | None = None

    def show_checkpoints(self, job: str | None, judged: Checkpoints, gone: frozenset[str], note: str = NONE) -> None:
        """Show the checkpoints of a job.

        Args:
            gone: models that no longer exist.
            note: shown when there are none.
        """
        known = self.table.judged
        same = (judged.rows, judged.best, gone, note) == (known.rows, known.best, self.table.gone, self._note)
        is_new, self._job = job != self._job, job
        if same and not (is_new and judged.rows):
            self.table.judged = judged  # the noise changes with each step, and no line shows it
            return
        self._note = note
        self.table.judged, self.table.gone = judged, gone
        self._order()
        if is_new:
            self.move_to(0)

    def next_sort(self) -> str:
        """Sort by the next column, and return its name."""
        self.table.next_sort()
        self._order()
        return self.table.sort

    def set_active(self, active: bool) -> None:
        """Set whether this is the active pane. Only the active pane shows a cursor."""
        if active != self._active:
            self._active = active
            self.redraw(self._cursor)

    @property
    def row(self) -> Saved | None:
        """Checkpoint under the cursor."""
        return self._rows.get(self.cursor or "")

    @property
    def is_gone(self) -> bool:
        """The model of the checkpoint under the cursor no longer exists."""
        return self.row is not None and self.row.model in self.table.gone

    def heading(self) -> Line | None:
        return self.table.heading(self._cells) if self._keys else None

    def line_count(self) -> int:
        return len(self._keys) or 1

    def is_cursor(self, index: int) -> bool:
        return self._active and bool(self._keys) and super().is_cursor(index)

    def line_at(self, index: int) -> Line:
        if not self._keys:
            return [(f" {self._note}", "dim")]
        return self.table.line(self._rows[self._keys[index]], self._cells, self._now(), cursor=self.is_cursor(index))

    def on_resize(self) -> None:
        self.lines_changed()

    @property
    def _cells(self) -> int:
        return max(20, self.outer_size.width - 1)

    def _order(self) -> None:
        ordered = self.table.ordered
        self._rows = {row.id or str(row.step): row for row in ordered}
        self.show_keys(list(self._rows))
