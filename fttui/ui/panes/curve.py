"""Curve pane: a chart of one or several runs, drawn at the size of the pane."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.strip import Strip

from fttui.text import width
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line
from fttui.ui.widgets.line_view import LineView

if TYPE_CHECKING:
    # Imported late: the first frame has no curve.
    from fttui.ui.render.chart.view import Curves, Picture, View

ROWS_WITH_NOTE = 7
"""Least rows of a pane that gives one of them to a note."""


class CurveView(LineView):
    """Chart of runs. It is drawn again only when its data, its settings or its size changed.

    The vertical range of a drawing is kept for the next one of the same subject, settings and size, so that a new
    point changes few cells.
    """

    DEFAULT_CSS = "CurveView { overflow-y: hidden; }"

    def __init__(self, glyphs: Glyphs, form: str = "auto", *, id: str = "curve") -> None:
        """
        Args:
            form: value of the setting `chart`.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._form = form
        self._runs: Sequence[Curves] = ()
        self._view: View | None = None
        self._note = ""
        self._text = ""
        self._data: Hashable = None
        """Everything that the lines show, apart from the size."""
        self._subject: Hashable = None
        self._drawn: tuple[Hashable, Size] | None = None
        """Data and size of the lines."""
        self._range: tuple[Hashable, tuple[float, float]] | None = None
        """Vertical range of the last drawing, and the subject, settings and size for which it is kept."""
        self._lines: Sequence[Line] = ()
        self.shows_raw = True
        """Draw single training values. They change with every point, which is slow over a slow link."""
        self.picture: Picture | None = None
        """The last drawing. None without points."""

    def show(self, runs: Sequence[Curves], view: View, *, subject: Hashable = None, note: str = "") -> None:
        """Show runs, of which at least one should have points.

        Args:
            view: settings. The widget fills in form, size and vertical range.
            subject: identity of what is shown, such as the ids of the jobs and the metric. For another one, the
                vertical range is chosen anew.
            note: sentence in the last row. Notes of the drawing come before it.
        """
        self._runs, self._view, self._note, self._text, self._subject = runs, view, note, "", subject
        self._changed((subject, view, note, *map(_state, runs)))

    def show_text(self, text: str) -> None:
        """Show a sentence instead of a chart."""
        self._runs, self._view, self._text = (), None, text
        self._changed(text)

    def _changed(self, data: Hashable) -> None:
        if data == self._data:
            return
        self._data = data
        if self.is_on_screen:
            self._draw()
        else:
            self.refresh()  # drawn when it appears

    def _draw(self) -> None:
        """Draw the lines and repaint those that changed."""
        old, self._lines = self._lines, self._new_lines()
        if len(old) != len(self._lines):
            self._strips.clear()
            self.refresh()
        else:
            self.redraw(*(index for index, line in enumerate(self._lines) if line != old[index]))

    def _new_lines(self) -> Sequence[Line]:
        self._drawn = self._data, self.size
        cells, rows = self.size
        self.picture = None
        if self._view is None:
            return [[(f" {self._text}", "dim")]]
        if not cells or not rows:
            return []
        notes = [self._note] if self._note else []
        picture = self._picture(cells, rows, has_note=bool(notes))
        if picture.notes and not notes and rows >= ROWS_WITH_NOTE:
            picture = self._picture(cells, rows, has_note=True)
        self.picture = picture
        notes = [*picture.notes, *notes]
        return [*picture.lines, *([_note_line(notes, cells)] if len(picture.lines) < rows else [])]

    def _picture(self, cells: int, rows: int, *, has_note: bool) -> Picture:
        from fttui.ui.render.chart.draw import draw
        from fttui.ui.render.chart.view import form_of

        assert self._view is not None
        rows -= has_note and rows >= ROWS_WITH_NOTE
        kept_for = (self._subject, self._view._replace(cursor=None), cells, rows, len(self._runs))
        kept = self._range[1] if self._range is not None and self._range[0] == kept_for else None
        form = form_of(self._form, is_ascii=not self._glyphs.unicode)
        picture = draw(
            self._runs,
            self._view._replace(cells=cells, rows=rows, form=form, y_range=kept, raw=self._view.raw and self.shows_raw),
        )
        self._range = kept_for, picture.y_range
        return picture

    def line_count(self) -> int:
        return len(self._lines)

    def line_at(self, index: int) -> Line:
        return self._lines[index]

    def lines_changed(self) -> None:
        # The chart fits its pane: it has nothing to scroll.
        self._strips.clear()
        self.refresh()

    def row_strips(self, rows: Iterable[int]) -> list[Strip]:
        # Checked here, not on resize: a pane is painted before its resize event.
        if self._drawn != (self._data, self.size):
            self._lines = self._new_lines()
            self._strips.clear()
        return super().row_strips(rows)


def _state(run: Curves) -> Hashable:
    """Return what tells one state of a run's lines from another one. Series grow in place."""
    return (
        *(run.name, run.train_weight, run.valid_weight, run.best, run.total, run.is_live),
        *(tuple(run.checkpoints), tuple(run.epochs)),
        *(
            (len(series), series.last_step, len(series.not_finite), *series.values[:1], *series.values[-1:])
            for series in (run.train, run.valid)
        ),
    )


def _note_line(notes: Sequence[str], cells: int) -> Line:
    """Return as many of the notes as fit, at least the first."""
    text = ""
    for note in notes:
        longer = f"{text}  {note}" if text else f" {note}"
        if text and width(longer) > cells:
            break
        text = longer
    return [(text, "dim")]
