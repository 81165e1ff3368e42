"""Base widgets that draw line by line: `TextRow` for bars, `LineView` for the list, the log and the detail.

Textual's line API paints only visible lines, so the cost does not grow with their number. A line is a sequence of
(text, role) pairs. A role becomes a style here. Lines must hold clean text: they are never parsed as markup.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.filter import ANSIToTruecolor
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from fttui.text import width
from fttui.ui.render.rows import Line, line_width
from fttui.ui.render.theme import role_styles


def strip_of(widget: Widget, line: Line, cells: int, *, cursor: bool = False, skip: int = 0) -> Strip:
    """Render a line in the widget's style as `cells` cells, starting at cell `skip`. A cut line ends with `…`."""
    styles = _styles(widget.app)
    base = widget.visual_style.rich_style  # cached by Textual, unlike `rich_style`
    if cursor:
        base += styles["cursor"]
    segments = []
    used = 0
    for text, role in line:
        segments.append(Segment(text, base + styles[role] if role else base))
        used += width(text)
    if used <= cells and not skip:  # the usual case: a single strip, which takes longer to make than its segments
        if used < cells:
            segments.append(Segment(" " * (cells - used), base))
        return Strip(segments, cells)
    strip = Strip(segments, used)
    if used - skip > cells > 0:
        kept = [*strip.crop(skip, skip + cells - 1)]
        strip = Strip([*kept, Segment("…", kept[-1].style if kept else base)])
    elif skip:
        strip = strip.crop(skip)
    return strip.adjust_cell_length(cells, base)


_latest: tuple[Mapping[str, str], dict[str, Style]] = ({}, {})


def _styles(app: App[object]) -> dict[str, Style]:
    """Return the styles of the roles in the current theme.

    Cached by identity: Textual makes a new dictionary of variables for each theme.
    """
    global _latest
    variables = app.theme_variables
    if _latest[0] is not variables:
        _latest = (variables, role_styles(variables, ansi=app.native_ansi_color))
    return _latest[1]


def finished(widget: Widget, strips: Iterable[Strip], crop: Region) -> list[Strip]:
    """Fit lines of a widget without border and padding into a crop region, and apply the filters of the terminal.

    Textual's own way looks up every style of border, padding, outline and tint for every line.
    """
    base = widget.visual_style.rich_style
    lines = [strip.adjust_cell_length(crop.right, base) for strip in strips]
    if crop.x:
        lines = [strip.crop(crop.x) for strip in lines]
    # Roles have 24-bit colours, unless Textual keeps the terminal's own.
    if filters := [each for each in widget.get_line_filters() if not isinstance(each, ANSIToTruecolor)]:
        _, background = widget.background_colors
        for each in filters:
            lines = [strip.apply_filter(each, background) for strip in lines]
    return lines


def _regions(rows: Sequence[int], cells: int) -> list[Region]:
    """Return ascending rows of a view as regions, one for neighbouring rows: Textual handles each region by itself."""
    regions: list[Region] = []
    for row in rows:
        if regions and regions[-1].bottom == row:
            regions[-1] = Region(0, regions[-1].y, cells, regions[-1].height + 1)
        else:
            regions.append(Region(0, row, cells, 1))
    return regions


class TextRow(Widget):
    """Row of text that repaints only when the text changes. A style sheet may give it several rows."""

    DEFAULT_CSS = "TextRow { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()
        self._build: Callable[[int], Line] | None = None
        self._cells = 0

    def fill(self, build: Callable[[int], Line]) -> None:
        """Show the line that `build` returns for the row's width, now and after each change of the width."""
        self._build = build
        lines, self._cells = (build(self.size.width),), self.size.width
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def show(self, *lines: Line) -> None:
        """Replace the text. The same text causes no repaint."""
        self._build = None
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    @property
    def text(self) -> str:
        """The text shown, rows joined by newlines."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def render_line(self, y: int) -> Strip:
        # Checked here, not on resize: the first frame is painted before the resize event.
        if self._build is not None and self._cells != self.size.width:
            self._cells = self.size.width
            self._lines = (self._build(self._cells),)
        return strip_of(self, self._lines[y] if y < len(self._lines) else (), self.size.width)

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.styles.gutter:
            return super().render_lines(crop)
        return finished(self, map(self.render_line, crop.line_range), crop)


class LineView(ScrollView, can_focus=False):
    """Scrollable lines. Subclasses implement `line_count` and `line_at`."""

    DEFAULT_CSS = """
    LineView {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: dict[tuple[int, bool], Strip] = {}
        self._skip = 0
        self._is_hidden = True
        self._is_outdated = False
        """Changed between its appearance and the event that tells it."""

    def on_hide(self) -> None:
        self._is_hidden = True

    def on_show(self) -> None:
        self._is_hidden = False
        if self._is_outdated:
            self._is_outdated = False
            self.refresh()

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint the widget, or `regions` of it, unless it is hidden: it is painted when it appears.

        Textual finds the places of all widgets again for each change of a hidden one.
        """
        if self._is_hidden and not layout and not recompose:
            self._is_outdated = True
            return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def move_sideways(self, cells: int) -> bool:
        """Scroll horizontally, to the left when `cells` is negative. Return False when nothing more is there."""
        top = self.scroll_offset.y
        visible = range(top, min(self.line_count(), top + self.page_height))
        widest = max((line_width(self.line_at(index)) for index in visible), default=0)
        most = max(self._skip if cells < 0 else 0, widest - self.scrollable_content_region.width)
        skip = max(0, min(most, self._skip + cells))
        if skip == self._skip:
            return False
        self._skip = skip
        self.lines_changed()
        return True

    def line_count(self) -> int:
        """Return the number of lines."""
        raise NotImplementedError

    def line_at(self, index: int) -> Line:
        """Return one line. Called for visible lines only."""
        raise NotImplementedError

    def heading(self) -> Line | None:
        """Return a line that stays above the others; None for none."""
        return None

    @property
    def head_rows(self) -> int:
        """Rows above the lines: 1 with a heading."""
        return 0 if self.heading() is None else 1

    def scroll_length(self) -> int:
        """Return the number of lines of the scroll range. Those after the last line are blank."""
        return self.line_count()

    def is_cursor(self, index: int) -> bool:
        """Return True when the line is drawn as the line under the cursor."""
        return False

    def lines_changed(self) -> None:
        """Drop the cached strips, update the scroll range and repaint."""
        self._strips.clear()
        self.fit_scroll_range()
        self.refresh()

    def fit_scroll_range(self) -> None:
        """Update the scroll range. The widgets get new places only if the scroll bar appears or disappears."""
        length = self.scroll_length() + self.head_rows
        if self.virtual_size.height == length:
            return
        has_bar = self.show_vertical_scrollbar
        keeps_bar = has_bar == (length > self.container_size.height)
        if self.styles.auto_dimensions or not (self._is_hidden or keeps_bar):
            self.virtual_size = Size(0, length)
            return
        self.set_reactive(Widget.virtual_size, Size(0, length))
        if has_bar:
            self.vertical_scrollbar.window_virtual_size = length
        self.scroll_y = self.validate_scroll_y(self.scroll_y)

    def redraw(self, *lines: int) -> None:
        """Repaint those of `lines` that are visible, because they have changed."""
        for index in lines:
            self._strips.pop((index, False), None)
            self._strips.pop((index, True), None)
        self.repaint(*lines)

    def repaint(self, *lines: int) -> None:
        """Repaint those of `lines` that are visible: they are the same, but the cursor has moved."""
        head, (cells, height) = self.head_rows, self.scrollable_content_region.size
        top = self.scroll_offset.y - head
        if regions := _regions(sorted(index - top for index in lines if head <= index - top < height), cells):
            self.refresh(*regions)

    def scroll_to_line(self, top: int) -> None:
        """Scroll so that `top` is the first visible line, within the scroll range."""
        if self.scroll_y == self.scroll_target_y == max(0, top):
            return
        self.scroll_to(y=max(0, top), animate=False, immediate=True, force=True)

    def scroll_lines(self, lines: int) -> None:
        """Scroll by `lines`, up when negative."""
        self.scroll_to_line(min(int(self.max_scroll_y), self.scroll_offset.y + lines))

    @property
    def page_height(self) -> int:
        """Number of visible lines below the heading, at least 1."""
        return max(1, self.size.height - self.head_rows)

    @property
    def text_lines(self) -> Sequence[str]:
        """The visible lines as text."""
        top = self.scroll_offset.y
        bottom = min(self.line_count(), top + max(0, self.size.height - self.head_rows))
        return ["".join(text for text, _ in self.line_at(index)) for index in range(top, bottom)]

    def row_strips(self, rows: Iterable[int]) -> list[Strip]:
        """Render rows of the view. Strips of lines are cached."""
        cells, top = self.scrollable_content_region.width, self.scroll_offset.y
        heading, count = self.heading(), self.line_count()
        found = []
        for y in rows:
            index = y + top - (heading is not None)
            if heading is not None and y == 0:
                strip = strip_of(self, heading, cells, skip=self._skip)
            elif index >= count:
                strip = Strip.blank(cells, self.visual_style.rich_style)
            else:
                strip = self._strip_of_line(index, cells)
            found.append(strip)
        return found

    def _strip_of_line(self, index: int, cells: int) -> Strip:
        cursor = self.is_cursor(index)
        key = (index, cursor)
        strip = self._strips.get(key)
        if strip is None or strip.cell_length != cells:
            if len(self._strips) > 1000:
                self._strips.clear()
            strip = self._strips[key] = strip_of(self, self.line_at(index), cells, cursor=cursor, skip=self._skip)
        return strip

    def render_line(self, y: int) -> Strip:
        return self.row_strips((y,))[0]

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.styles.gutter:
            return super().render_lines(crop)
        return finished(self, self.row_strips(crop.line_range), crop)

    def notify_style_update(self) -> None:
        # The theme changed, and cached strips hold styles.
        self._strips.clear()
        super().notify_style_update()
