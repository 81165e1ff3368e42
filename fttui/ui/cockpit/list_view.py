"""What a person does to the list: narrow it, sort it, mark jobs in it, and take that back. Pure."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.store import query
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.log_lines import LogStyle

STATUS_KEYS: dict[int, tuple[str, frozenset[Status]]] = {
    1: ("running", frozenset({Status.RUNNING, Status.STOPPING})),
    2: ("waiting", frozenset({Status.VALIDATING, Status.QUEUED})),
    3: ("succeeded", frozenset({Status.SUCCEEDED})),
    4: ("failed", frozenset({Status.FAILED})),
    5: ("cancelled", frozenset({Status.CANCELLED})),
    6: ("paused", frozenset({Status.PAUSED})),
}
"""The number keys, what they are called, and the states they show."""

SORTS = (
    *("age", "status", "model", "step", "loss", "tokens", "suffix", "id"),
    *("method", "created", "cost", "tuned", "profile"),
)
"""The columns to sort by, in the order in which one key walks through those that are shown; `age` has the youngest
first."""

UNDO = 50
"""View changes that can be taken back."""


class View(NamedTuple):
    """One way of looking at the list."""

    status: int = 0
    filter: str = ""
    sort: str = "age"
    reverse: bool = False
    marks: frozenset[str] = frozenset()
    zoom: bool = False
    """One pane has the whole screen."""
    look: LogStyle = LogStyle()
    """How the log is looked at, but for what is searched in it."""


class ListView:
    """The view as it is, and as it was before."""

    def __init__(self) -> None:
        self.view = View()
        self.fault = ""
        """Why the filter narrows nothing at the moment; empty when it is understood."""
        self._query = query.parse("")
        self._before: list[View] = []
        self._range_from: str | None = None

    def change(self, *, remember: bool = True, **members: Any) -> None:
        """Another view; `remember` lets it be taken back."""
        if remember:
            self._before = [*self._before[-UNDO:], self.view]
        self._adopt(self.view._replace(**members))

    def undo(self) -> bool:
        """The view before the last change; False when there is none."""
        if not self._before:
            return False
        self._adopt(self._before.pop())
        return True

    def restart(self) -> None:
        """Show all jobs without marks, as for another service. Order, zoom and log style stay."""
        self._before.clear()
        self._range_from = None
        self._adopt(self.view._replace(status=0, filter="", marks=frozenset()))

    def toggle_status(self, key: int) -> None:
        """Only the jobs of one state; the same key again gives back the others, and 0 shows all."""
        if key:
            self.change(status=0 if key == self.view.status else key)
        else:
            self.change(status=0, filter="")

    def next_sort(self, shown: Collection[str]) -> None:
        """Sort by the next of the columns that are shown."""
        at = SORTS.index(self.view.sort)
        following = (*SORTS[at + 1 :], *SORTS[: at + 1])
        self.change(sort=next((name for name in following if name in shown), "age"), reverse=False)

    def toggle_mark(self, id: str) -> None:
        self.change(marks=self.view.marks ^ {id}, remember=False)

    def toggle_all(self, ids: Iterable[str]) -> None:
        """Mark all that are shown; none when they are marked already."""
        shown = frozenset(ids)
        self.change(marks=self.view.marks - shown if shown <= self.view.marks else self.view.marks | shown)

    @property
    def is_ranging(self) -> bool:
        return self._range_from is not None

    def toggle_range(self, id: str) -> None:
        """Start a range of marks at `id`, or end the one that runs."""
        self._range_from = None if self.is_ranging else id
        if self._range_from is not None:
            self.change(marks=self.view.marks | {id})

    def end_range(self) -> None:
        self._range_from = None

    def extend_range(self, shown: list[str], id: str) -> None:
        """Mark everything between the start of the range and `id`."""
        if self._range_from not in shown or id not in shown:
            return
        first, last = sorted((shown.index(self._range_from), shown.index(id)))
        self.change(marks=self.view.marks | frozenset(shown[first : last + 1]), remember=False)

    def forget(self, existing: Iterable[str]) -> None:
        """Marks of jobs that are no more go."""
        if self.view.marks:
            self._adopt(self.view._replace(marks=self.view.marks & frozenset(existing)))

    @property
    def is_narrow(self) -> bool:
        """Not every job is shown."""
        return bool(self.view.status or self.view.filter)

    def derive(
        self,
        rows: Iterable[JobRow],
        now: float,
        cost: Callable[[JobRow], tuple[float | None, str]] = lambda _: (None, ""),
    ) -> list[JobRow]:
        """The rows that are shown, in order.

        Args:
            now: Unix seconds.
            cost: what a job has cost, as a number, None where that is unknown, and in words.
        """
        statuses = STATUS_KEYS[self.view.status][1] if self.view.status else None
        sort, reverse = self.view.sort, self.view.reverse
        if sort != "cost":
            order = query.sort_of("fine_tuned_model" if sort == "tuned" else sort, reverse=reverse)
            return query.select(rows, self._query, order, now=now, statuses=statuses)
        found = query.select(rows, self._query, now=now, statuses=statuses)
        costs = {row.id: cost(row)[0] for row in found}
        sign = -1 if reverse else 1
        return sorted(found, key=lambda row: (costs[row.id] is None, sign * (costs[row.id] or 0.0)))

    @property
    def is_stable(self) -> bool:
        """A changed row stays in its place: nothing narrows, and the order is by age."""
        return not self.is_narrow and self.view.sort == "age"

    def order(self, glyphs: Glyphs) -> str:
        """What the list is ordered by, and which way: `newest first`, `loss ↑`."""
        sort, reverse = self.view.sort, self.view.reverse
        if sort == "age":
            return "oldest first" if reverse else "newest first"
        return f"{sort} {glyphs.down if reverse else glyphs.up}"

    @property
    def words(self) -> str:
        """What narrows the list, and the marks, in words."""
        parts = []
        if self.view.status:
            parts.append(f"status: {STATUS_KEYS[self.view.status][0]}")
        if self.view.filter and not self.fault:
            parts.append(f"/{self.view.filter}")
        if self.view.marks:
            parts.append(f"{len(self.view.marks)} marked")
        if self.is_ranging:
            parts.append("range: v ends it")
        return "  ".join(parts)

    def _adopt(self, view: View) -> None:
        if view.filter != self._query.text or self.fault:
            self.fault = ""
            try:
                self._query = query.parse(view.filter)
            except query.QueryError as error:
                # Narrow nothing rather than show an empty list for half a word.
                self._query, self.fault = query.parse(""), str(error)
        self.view = view
