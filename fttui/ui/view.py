"""What a person does to the list: narrow it, sort it, mark jobs in it, and take that back. Pure."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.store import query

STATUS_KEYS: dict[int, tuple[str, frozenset[Status]]] = {
    1: ("running", frozenset({Status.RUNNING, Status.STOPPING})),
    2: ("waiting", frozenset({Status.VALIDATING, Status.QUEUED})),
    3: ("succeeded", frozenset({Status.SUCCEEDED})),
    4: ("failed", frozenset({Status.FAILED})),
    5: ("cancelled", frozenset({Status.CANCELLED})),
    6: ("paused", frozenset({Status.PAUSED})),
}
"""The number keys, what they are called, and the states they show."""

SORTS = ("age", "status", "model", "step", "loss", "tokens", "suffix", "id")
"""The order in which one key walks through the columns to sort by; `age` has the youngest first."""

UNDO = 50
"""View changes that can be taken back."""


class View(NamedTuple):
    """One way of looking at the list."""

    status: int = 0
    filter: str = ""
    sort: str = "age"
    reverse: bool = False
    marks: frozenset[str] = frozenset()


class ListState:
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

    def toggle_status(self, key: int) -> None:
        """Only the jobs of one state; the same key again, or 0, shows all."""
        self.change(status=0 if key == self.view.status else key)

    def next_sort(self) -> None:
        at = SORTS.index(self.view.sort) if self.view.sort in SORTS else -1
        self.change(sort=SORTS[(at + 1) % len(SORTS)], reverse=False)

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

    def derive(self, rows: Iterable[JobRow], now: float) -> list[JobRow]:
        """The rows that are shown, in order. `now` is Unix seconds."""
        statuses = STATUS_KEYS[self.view.status][1] if self.view.status else None
        order = query.sort_of(self.view.sort, reverse=self.view.reverse)
        return query.select(rows, self._query, order, now=now, statuses=statuses)

    @property
    def is_stable(self) -> bool:
        """A changed row stays in its place: nothing narrows, and the order is by age."""
        return not self.is_narrow and self.view.sort == "age"

    @property
    def words(self) -> str:
        """What narrows the list, and the marks, in words."""
        parts = []
        if self.view.status:
            parts.append(f"{self.view.status} {STATUS_KEYS[self.view.status][0]}")
        if self.view.filter:
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
