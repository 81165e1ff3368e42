"""Columns of the job list: their names, widths and the order in which they leave. Standard library only."""

from collections.abc import Callable, Sequence
from operator import attrgetter

from fttui.lean_typing import NamedTuple
from fttui.models.loss_kinds import LossKinds
from fttui.models.row import JobRow, short_model
from fttui.text import width


class Column(NamedTuple):
    """Column of the job list. Widths are in cells."""

    name: str
    title: str
    least: int
    most: int
    right: bool = False


MARK = "!"
"""Name of the column with the mark of an alarm."""
COLUMNS = (
    Column("status", "ST", 7, 7),
    Column(MARK, "!", 1, 1),
    Column("name", "NAME", 8, 18),
    Column("id", "ID", 10, 10),
    Column("model", "MODEL", 12, 24),
    Column("method", "METHOD", 6, 13),
    Column("step", "STEP", 7, 11, right=True),
    Column("loss", "VALID", 6, 6, right=True),
    Column("best", "BEST", 6, 6, right=True),
    Column("at", "AT", 4, 6, right=True),
    Column("gain", "GAIN", 6, 6, right=True),
    Column("train", "TRAIN", 6, 6, right=True),
    Column("gap", "GAP", 6, 6, right=True),
    Column("epochs", "EPOCHS", 6, 6, right=True),
    Column("lr", "LR", 4, 6, right=True),
    Column("batch", "BATCH", 5, 5, right=True),
    Column("tokens", "TOKENS", 6, 6, right=True),
    Column("cost", "COST", 7, 10, right=True),
    Column("age", "AGE", 4, 4, right=True),
    Column("alarm", "ALARM", 11, 11),
    Column("created", "CREATED", 16, 16),
    Column("fine_tuned_model", "FINE-TUNED MODEL", 20, 60),
    Column("profile", "PROFILE", 7, 14),
)
"""Default columns in their order on the screen."""
SUFFIX = Column("suffix", "SUFFIX", 9, 18)
"""Column that is shown only when the user names it: the default columns have the name."""
BY_NAME = {column.name: column for column in (*COLUMNS, SUFFIX)}
_STAY = (
    *("status", "name", "loss", MARK, "age", "profile", "step", "best", "id", "model", "at", "gain"),
    *("train", "gap", "epochs", "lr", "batch", "alarm", "tokens", "cost", "method", "fine_tuned_model", "created"),
)
"""Columns by importance. The last ones leave first when space is short."""
_PINNED = 3
"""Number of default columns that stay when the list is scrolled sideways."""
_PINNED_OF_USER = 2
_WHOLE = ("name", "model")
"""Columns that are as wide as their cells before a less important column is shown."""
_MOST_COSTS = 2_000
"""Most jobs whose costs are compared: for more, the column is shown."""
_MOST_MEASURED = 500
"""Most jobs whose names are measured: the first ones."""

Fitted = tuple[tuple[Column, int], ...]
"""Columns in display order, each with its width."""
CURSOR = 1
"""Cells before the first column: the cursor's mark."""


class ListFacts(NamedTuple):
    """Facts about the listed jobs that the columns depend on."""

    number: int = 0
    models: frozenset[str] = frozenset()
    """The different models."""
    methods: frozenset[str] = frozenset()
    costs: frozenset[str] = frozenset()
    """The different costs in words."""
    losses: LossKinds = LossKinds()
    name_cells: int = 0
    """Width of the longest name."""
    step_cells: int = 0
    at_cells: int = 0
    has_gain: bool = False
    """A job has a gain over its base model."""
    has_ids: bool = False
    """A job has an id besides its name."""

    def joined(self, other: "ListFacts") -> "ListFacts":
        """Return the facts about these jobs and others."""
        return ListFacts(
            max(self.number, other.number),
            self.models | other.models,
            self.methods | other.methods,
            self.costs | other.costs,
            self.losses.joined(other.losses),
            max(self.name_cells, other.name_cells),
            max(self.step_cells, other.step_cells),
            max(self.at_cells, other.at_cells),
            self.has_gain or other.has_gain,
            self.has_ids or other.has_ids,
        )

    def equal(self) -> dict[str, str]:
        """Return the value of each column that is the same for all jobs, with the column's name."""
        values = (("model", self.models), ("method", self.methods), ("cost", self.costs))
        return {name: next(iter(found)) for name, found in values if len(found) == 1}


def facts_of(rows: Sequence[JobRow], cost: Callable[[JobRow], str] | None = None) -> ListFacts:
    """Return the facts about the rows of a list.

    Args:
        cost: returns the cost of a job in words. None while costs are unknown.
    """
    measured = rows[:_MOST_MEASURED]
    best_step = max((row.summary.best_step or 0 for row in measured), default=0)
    return ListFacts(
        number=len(rows),
        models=frozenset(map(attrgetter("model"), rows)),
        methods=frozenset(map(attrgetter("method"), rows)),
        costs=_costs(rows, cost),
        losses=LossKinds.of(rows),
        name_cells=max((width(row.name) for row in measured), default=0),
        step_cells=max(map(_step_cells, measured), default=0),
        at_cells=len(str(best_step)),
        has_gain=any(row.summary.gain is not None for row in measured),
        has_ids=len(measured) < len(rows) or any(row.name != row.id for row in measured),
    )


def _step_cells(row: JobRow) -> int:
    if row.step is None and row.phase:
        return width(row.phase)
    return len(str(row.total_steps)) * 2 + 1 if row.total_steps else len(str(row.step or 0))


def _costs(rows: Sequence[JobRow], cost: Callable[[JobRow], str] | None) -> frozenset[str]:
    if cost is None or not rows:
        return frozenset(("",))
    found: set[str] = set()
    for row in rows[:_MOST_COSTS]:
        found.add(cost(row))
        if len(found) > 1:
            break
    return frozenset(found) if len(rows) <= _MOST_COSTS or len(found) > 1 else frozenset((*found, ""))


def fit_columns(
    cells: int,
    wanted: Sequence[str] = (),
    skip: int = 0,
    facts: ListFacts | None = None,
    *,
    has_profiles: bool = False,
) -> Fitted:
    """Choose the columns that fit into `cells` and their widths. The least important columns are dropped first.

    Args:
        wanted: column names in display order, the most important first, each optionally with a width (`model:30`).
            Empty for the default columns.
        skip: number of columns to leave out after the pinned ones. The columns after them rank by their order.
        facts: facts about the listed jobs. None fits the columns for any jobs.
        has_profiles: the jobs are of several profiles.
    """
    columns: Sequence[Column] = candidates(wanted, facts, has_profiles=has_profiles)
    ranked = columns
    if skip:
        pinned = _PINNED_OF_USER if wanted else _PINNED
        columns = ranked = (*columns[:pinned], *columns[pinned + skip :])
    elif not wanted:
        ranked = sorted(columns, key=lambda column: _STAY.index(column.name))
    widths = _choose(ranked, cells - CURSOR, facts)
    if not wanted and "alarm" in widths and MARK in widths:
        # The word says more than the mark.
        ranked = [column for column in ranked if column.name in widths and column.name != MARK]
        widths = _choose(ranked, cells - CURSOR, facts)
    return tuple((column, widths[column.name]) for column in columns if column.name in widths)


def full_width(wanted: Sequence[str] = (), facts: ListFacts | None = None, *, has_profiles: bool = False) -> int:
    """Return the cells of all columns that a wide list would show; see `fit_columns`."""
    return CURSOR + sum(_content(column, facts) + 1 for column in candidates(wanted, facts, has_profiles=has_profiles))


def candidates(wanted: Sequence[str], facts: ListFacts | None, *, has_profiles: bool) -> list[Column]:
    """Return the columns in display order that a wide list would show."""
    if wanted:
        return [_wanted(name) for name in wanted]
    hidden = set() if facts is None else set(facts.equal())
    if facts is not None and facts.losses.title == "TRAIN":
        hidden |= {"train", "gap"}  # the loss is the training loss
    if facts is not None and not facts.has_gain:
        hidden.add("gain")
    if facts is not None and facts.number and not facts.has_ids:
        hidden.add("id")
    if not has_profiles:
        hidden.add("profile")
    return [column for column in COLUMNS if column.name not in hidden]


def _choose(ranked: Sequence[Column], room: int, facts: ListFacts | None) -> dict[str, int]:
    """Return the widths of the columns that fit, the most important first in `ranked`."""
    wished, widths, growing = 0, dict[str, int](), list[tuple[str, int]]()
    for column in ranked:
        # A cut number of steps tells nothing.
        least = column.least if column.name != "step" or facts is None else _content(column, facts)
        needed = least + (1 if widths else 0)
        if needed + wished > room and widths:
            break
        room -= needed
        widths[column.name] = least
        most = _content(column, facts)
        if column.name in _WHOLE and facts is not None:
            wished += most - least
        growing.append((column.name, most))
    growing.sort(key=lambda item: item[0] not in _WHOLE)
    for name, most in growing:
        more = max(0, min(room, most - widths[name]))
        widths[name] += more
        room -= more
    return widths


def _content(column: Column, facts: ListFacts | None) -> int:
    """Return the width that the cells of a column take, as far as it is known."""
    if facts is None:
        return column.most
    cells = {
        "name": facts.name_cells,
        "step": facts.step_cells,
        "at": facts.at_cells,
        "model": max((len(short_model(model)) for model in facts.models), default=0),
        "method": max(map(len, facts.methods), default=0),
    }.get(column.name, column.most)
    return max(column.least, min(column.most, cells))


def is_column(name: str) -> bool:
    """Return True for the name of a column, optionally with a width of 3 to 80 cells (`model:30`)."""
    column, colon, cells = name.partition(":")
    return column in BY_NAME and (not colon or (cells.isdecimal() and 3 <= int(cells) <= 80))


def present_name(name: str) -> str:
    """Return the present name of a column, optionally with a width, for a name that an older version used."""
    from fttui.store.filter_fields import OLD_NAMES  # late: the first frame does not need it

    column, colon, cells = name.partition(":")
    return OLD_NAMES.get(column, column) + colon + cells


def _wanted(name: str) -> Column:
    column, _, cells = name.partition(":")
    if not cells:
        return BY_NAME[column]
    return BY_NAME[column]._replace(least=int(cells), most=int(cells))
