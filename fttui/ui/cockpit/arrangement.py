"""Places and sizes of the panes in the body of the screen. Pure, standard library only: the first frame uses it too.

A pane gets what it needs, the chart takes the rest, and the active pane may take more.
"""

from fttui.lean_typing import NamedTuple

TABS = ("curve", "detail", "log", "checkpoints", "files")
"""All panes but the list, in the order of their titles where they share a place."""
NORMAL, WIDE, HUGE = 80, 120, 180
"""Least columns of the layouts with several panes."""
LOW = 16
"""Least rows of a terminal with several panes."""
FRAME = 3
"""Rows around the body: status row, prompt row and footer."""

TITLE, HEAD = 1, 2
"""Rows of a title, and of the list's title with its column titles."""
SMALL_LIST = HEAD + 3
"""Rows of a list that gives way to the active pane: three jobs around the cursor."""
LEAST_LIST, LEAST_PANE, LEAST_DETAIL, LEAST_CHART = 4, 4, 6, 12
CHART_BELOW = 6
"""Least rows of the chart below the list where one pane fills the screen."""
MOST_CHECKPOINTS = 10
LIST_SHARE, DETAIL_SHARE = 60, 55
"""Most percent of the body that the list and the detail take unasked."""
LEFT = {"wide": (60, 69), "huge": (100, 116)}
"""Least and most cells of the left column."""
LEAST_COLUMN = 30
STEP = 5
"""Percent of the body that one key adds to the list or takes from it."""


class Needs(NamedTuple):
    """Sizes that the contents of panes need, without titles."""

    jobs: int = 0
    """Rows of the list."""
    list_cells: int = 999
    """Width of all columns of the list."""
    detail: int = 999
    """Lines of the detail."""
    detail_cells: int = 0
    """Width at which no short value of the detail wraps."""
    checkpoints: int = 0


class Place(NamedTuple):
    """Region of the body, in cells, with the panes that share it as tabs."""

    panes: tuple[str, ...]
    x: int
    y: int
    width: int
    height: int


class Wish(NamedTuple):
    """Choices of the user that decide the places of the panes."""

    active: str = "jobs"
    front: str = "curve"
    """The tab in front."""
    steps: int = 0
    """Steps by which the list is larger than usual."""
    is_zoomed: bool = False


def layout_name(width: int, height: int) -> str:
    """Return the name of the layout for a terminal of this size."""
    if width < NORMAL or height < LOW:
        return "narrow"
    return "normal" if width < WIDE else "wide" if width < HUGE else "huge"


def places(name: str, width: int, rows: int, wish: Wish, needs: Needs, tabs: tuple[str, ...] = TABS) -> list[Place]:
    """Return the places of the panes in a body of `width` cells and `rows` rows, the list first where it is shown.

    Args:
        name: the layout, see `layout_name`.
        tabs: all panes but the list.
    """
    if wish.is_zoomed or (name == "narrow" and wish.active != "jobs"):
        return [Place(("jobs",) if wish.active == "jobs" else tabs, 0, 0, width, rows)]
    if name == "narrow":
        return _narrow(width, rows, wish, needs)
    if name == "normal":
        return _normal(width, rows, tabs, wish, needs)
    return _columns(name, width, rows, tabs, wish, needs)


def _list_rows(rows: int, wish: Wish, needs: Needs) -> int:
    least = min(LEAST_LIST, rows)
    usual = max(least, min(HEAD + needs.jobs, rows * LIST_SHARE // 100))
    return usual + wish.steps * max(1, rows * STEP // 100)


def _narrow(width: int, rows: int, wish: Wish, needs: Needs) -> list[Place]:
    height = max(LEAST_LIST, _list_rows(rows, wish, needs), rows - _most_chart(width))
    if rows - height < CHART_BELOW:
        return [Place(("jobs",), 0, 0, width, rows)]
    return [Place(("jobs",), 0, 0, width, height), Place(("curve",), 0, height, width, rows - height)]


def _normal(width: int, rows: int, tabs: tuple[str, ...], wish: Wish, needs: Needs) -> list[Place]:
    height = max(LEAST_LIST, min(_list_rows(rows, wish, needs), rows - LEAST_PANE))
    if wish.active != "jobs":
        height = min(height, SMALL_LIST)
    if wish.front == "curve":
        height = max(height, rows - _most_chart(width))
    return [Place(("jobs",), 0, 0, width, height), Place(tabs, 0, height, width, rows - height)]


def _columns(name: str, width: int, rows: int, tabs: tuple[str, ...], wish: Wish, needs: Needs) -> list[Place]:
    least, most = LEFT[name]
    left = max(least, min(most, needs.list_cells, width - 1 - needs.detail_cells))
    left = max(LEAST_COLUMN, min(width - LEAST_COLUMN, left + wish.steps * width * STEP // 100))
    has_checkpoints = name == "huge" and "checkpoints" in tabs
    # Where the column is too low, the chart becomes a tab.
    below = max(LEAST_PANE, min(MOST_CHECKPOINTS, HEAD + needs.checkpoints)) if has_checkpoints else 0
    has_chart = rows - below - SMALL_LIST >= LEAST_CHART
    alone = ("jobs", "detail", *(("curve",) if has_chart else ()), *(("checkpoints",) if has_checkpoints else ()))

    found = [Place(("jobs",), 0, 0, left, rows)]
    if has_chart:
        height = min(_list_rows(rows, wish._replace(steps=0), needs), rows - below - LEAST_CHART)
        height = SMALL_LIST if wish.active == "curve" else max(SMALL_LIST, height)
        chart = min(rows - below - height, _most_chart(left))
        if has_checkpoints:
            below = rows - height - chart
        else:
            height = rows - chart
        found = [Place(("jobs",), 0, 0, left, height), Place(("curve",), 0, height, left, chart)]
    elif below:
        found = [Place(("jobs",), 0, 0, left, rows - below)]
    if below:
        found.append(Place(("checkpoints",), 0, rows - below, left, below))

    lower = tuple(tab for tab in tabs if tab not in alone)
    detail = min(TITLE + needs.detail, rows * DETAIL_SHARE // 100)
    if wish.active == "detail":
        detail = min(TITLE + needs.detail, rows - LEAST_DETAIL)
    elif wish.active in lower:
        detail = LEAST_DETAIL
    detail = max(LEAST_DETAIL, min(detail, rows - LEAST_DETAIL))
    x = left + 1  # a line between the columns
    found.append(Place(("detail",), x, 0, width - x, detail))
    found.append(Place(lower, x, detail, width - x, rows - detail))
    return found


def _most_chart(width: int) -> int:
    """Return the most rows of a chart with its title: half its width."""
    return width // 2 + TITLE
