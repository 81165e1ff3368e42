"""Lines of the job list: the columns that fit, and the text of a row in them."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from fttui.models.loss_kinds import LossKinds, loss_kind
from fttui.models.row import JobRow
from fttui.store.filter_fields import FROM_LOG
from fttui.ui.render.columns import MARK, Fitted, ListFacts, candidates, facts_of, fit_columns, full_width
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, RowView, cell, row_line
from fttui.ui.render.sweep_rows import SweepRow, jobs_of, sweep_line, with_branch


class JobColumns:
    """Columns of the list: those that the user wants, and those of them that fit."""

    def __init__(self, cells: Callable[[], int]) -> None:
        """
        Args:
            cells: returns the width of a line.
        """
        self.cells = cells
        self.facts = ListFacts()
        """Facts about the listed jobs that the columns depend on."""
        self.wanted: tuple[str, ...] = ()
        """Columns named by the user. Empty chooses columns by the width."""
        self.has_profiles = False
        """The jobs are of several profiles."""
        self._skipped = 0
        """Number of columns scrolled out of view at the left."""
        self._fitted: Fitted = ()
        self._key: tuple[object, ...] = ()
        self._full_width: tuple[tuple[object, ...], int] = ((), 0)

    @property
    def fitted(self) -> Fitted:
        """Columns that fit the list.

        Fitted when they are drawn, because the first frame comes before any resize event.
        """
        cells, old = self.cells(), self._key
        self._key = (cells, self.wanted, self._skipped, self.facts, self.has_profiles)
        if old != self._key:
            self._fitted = fit_columns(cells, self.wanted, self._skipped, self.facts, has_profiles=self.has_profiles)
        return self._fitted

    @property
    def full_width(self) -> int:
        """Cells of all columns and the scroll bar."""
        key = (self.wanted, self.facts, self.has_profiles)
        if key != self._full_width[0]:
            self._full_width = key, full_width(self.wanted, self.facts, has_profiles=self.has_profiles) + 1
        return self._full_width[1]

    @property
    def need_logs(self) -> bool:
        """A column shows numbers from the logs of the jobs."""
        return any(column.name in FROM_LOG or column.name == MARK for column, _ in self.fitted)

    def choose(self, wanted: tuple[str, ...]) -> None:
        """Take these columns in this order, or the default columns when `wanted` is empty."""
        self.wanted, self._skipped = wanted, 0

    def move(self, step: int) -> bool:
        """Scroll sideways by columns, to the left when `step` is negative. Return False at the end."""
        total = len(candidates(self.wanted, self.facts, has_profiles=self.has_profiles))
        if step > 0 and len(self.fitted) + self._skipped >= total:
            return False
        before, self._skipped = self._skipped, max(0, self._skipped + step)
        return self._skipped != before


class JobLines:
    """Lines of rows, and what they were drawn from: only lines that would change are drawn again."""

    def __init__(self, columns: JobColumns, glyphs: Glyphs, now: Callable[[], float]) -> None:
        self._columns = columns
        self._glyphs = glyphs
        self._now = now
        self.marks: frozenset[str] = frozenset()
        self.sweeps: Mapping[str, SweepRow] = {}
        """Sweeps by the ids of their rows."""
        self.compare_key = ""
        """Key that compares the jobs of a sweep; empty without one."""
        self.alarms_off: frozenset[str] = frozenset()
        self.cost: Callable[[JobRow], str] | None = None
        """Returns the cost of a job in words, once prices are known."""
        self.is_unread: Callable[[str], bool] = lambda _: False
        """Tells whether the log of a job is still to be read."""
        self._unread: set[str] = set()
        """Jobs drawn as unread."""
        self._ages: dict[str, str] = {}
        """Ages as first drawn, by key. Only these cells change when nothing but time passes.

        The lines of a job with and without the cursor are kept, and the second may have been drawn later.
        """

    def facts(self, rows: list[JobRow]) -> ListFacts:
        """Return the facts about all rows of the list that the columns depend on."""
        return facts_of(jobs_of(rows, self.sweeps), self.cost)

    def facts_after(self, before: ListFacts, changed: Sequence[tuple[JobRow, JobRow]], rows: list[JobRow]) -> ListFacts:
        """Return the facts about all rows after some have changed.

        Sets and widths only grow. The kinds of losses are found again if one has changed: a job that validates for the
        first time may be the last one without.

        Args:
            changed: rows as they were and as they are.
            rows: all rows of the list.
        """
        found = before.joined(facts_of([row for _, row in changed], self.cost))
        if all(loss_kind(old) == loss_kind(row) for old, row in changed):
            return found._replace(losses=before.losses)
        return found._replace(losses=LossKinds.of(jobs_of(rows, self.sweeps)))

    def line(self, row: JobRow, *, is_cursor: bool) -> Line:
        """Return the line of a row."""
        self._ages.setdefault(row.id, self._age(row))
        if row.id in self.sweeps:
            cells, key = self._columns.cells(), self.compare_key
            return sweep_line(self.sweeps[row.id], cells, self._glyphs, is_cursor=is_cursor, compare_key=key)
        row, columns = with_branch(row, self.sweeps), self._columns.fitted
        is_unread = row.summary.last is None and self.is_unread(row.id)
        if is_unread:
            self._unread.add(row.id)
        has_cost = self.cost is not None and any(column.name == "cost" for column, _ in columns)
        view = RowView(
            is_cursor=is_cursor,
            is_marked=row.id in self.marks,
            cost=self.cost(row) if has_cost and self.cost is not None else "",
            is_unread=is_unread,
            marks_training=self._columns.facts.losses.is_mixed,
            alarms_off=self.alarms_off,
        )
        return row_line(row, columns, self._now(), self._glyphs, view)

    def outdated(self, rows: Iterable[JobRow]) -> set[str]:
        """Return the ids of those `rows` whose age changed, and of the lines whose log is read now, and forget them."""
        old = {row.id for row in rows if self._ages.get(row.id) != self._age(row)}
        old |= {id for id in self._unread if not self.is_unread(id)}
        self._unread -= old
        for id in old:
            self._ages.pop(id, None)
        return old

    def clear(self) -> None:
        """Forget what was drawn."""
        self._ages.clear()
        self._unread.clear()

    def _age(self, row: JobRow) -> str:
        return cell(row, "age", self._now(), self._glyphs)
