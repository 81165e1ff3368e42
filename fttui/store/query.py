"""Filter language and order of the job list. Standard library only.

Example: `mini status:failed,cancelled model~4o loss<0.8 age<2d !suffix:router`. A space means and, a comma means or,
`!` negates. A plain word matches a part of suffix, model or status, and start or end of an id from four characters.
`field:value` matches the whole value, `field~part` a part. Numbers, ages and dates compare with `<`, `<=`, `>`, `>=`.
Case is ignored.
"""

from collections.abc import Callable, Container, Iterable
from operator import attrgetter, itemgetter

from fttui.lean_typing import Any, NamedTuple
from fttui.learning.kinds import KINDS
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.models.summary import EQUAL_WITHIN, VALIDATION
from fttui.store.filter_fields import FROM_LOG, NUMBER_FIELDS
from fttui.store.filter_terms import Predicate, QueryError, field_of, term_of, words
from fttui.store.job_values import NOTHING_KNOWN, Known

_STATUS_ORDER = {status: index for index, status in enumerate(Status)}


class Query(NamedTuple):
    """A parsed filter."""

    text: str
    predicates: tuple[Predicate, ...]
    fields: tuple[str, ...] = ()
    """Field of each term, empty for a plain word."""

    @property
    def needs_logs(self) -> bool:
        """A term needs numbers from the logs of jobs."""
        return not FROM_LOG.isdisjoint(self.fields)

    @property
    def is_empty(self) -> bool:
        """The filter has no terms, so every row matches."""
        return not self.predicates

    def matches(self, row: JobRow, now: float) -> bool:
        """Tell whether a row matches every term."""
        return all(predicate(row, now) for predicate in self.predicates)

    def matches_apart_from_log(self, row: JobRow, now: float) -> bool:
        """Tell whether a row matches every term that needs no numbers from the log of the job."""
        terms = zip(self.fields, self.predicates, strict=True)
        return all(predicate(row, now) for field, predicate in terms if field not in FROM_LOG)


class Sort(NamedTuple):
    """Order of a list. Rows without a value come last in both directions.

    Rows with equal values keep their order, which is the provider's, newest first. Only `created`, oldest first,
    reverses them too. By `loss` and `best`, jobs with a validation loss come before those with a training loss only:
    the two are not comparable. By `best`, losses within noise of the lowest are equal, then those within noise of the
    lowest of the others, and so on.
    """

    field: str = "created"
    reverse: bool = True

    @property
    def needs_logs(self) -> bool:
        """The order needs numbers from the logs of jobs."""
        return self.field in FROM_LOG


NEWEST = Sort()


def parse(text: str, known: Known = NOTHING_KNOWN) -> Query:
    """Parse a filter.

    Raises:
        QueryError: the text is invalid.
    """
    terms = []
    for word in words(text):
        try:
            terms.append(term_of(word, known))
        except QueryError as error:
            error.term = word
            raise
    return Query(text.strip(), tuple(test for _, test in terms), tuple(field for field, _ in terms))


def sort_of(field: str, *, reverse: bool = False) -> Sort:
    """Return the order by a field.

    Raises:
        QueryError: the field is unknown.
    """
    return Sort(field_of(field), reverse)


def parse_sort(text: str) -> Sort:
    """Return the order of `loss`, `-loss` or `loss desc`. It ascends unless the text says otherwise.

    Raises:
        QueryError: the field is unknown, or the direction is neither `asc` nor `desc`.
    """
    field, _, direction = text.strip().lower().partition(" ")
    if direction.strip() not in ("", "asc", "desc"):
        raise QueryError("After the field, write asc or desc.")
    is_reversed = field.startswith("-") or direction.strip() == "desc"
    return sort_of(field.removeprefix("-"), reverse=is_reversed)


def select(
    rows: Iterable[JobRow],
    query: Query | None = None,
    sort: Sort = NEWEST,
    *,
    now: float = 0.0,
    statuses: Container[Status] | None = None,
    known: Known = NOTHING_KNOWN,
) -> list[JobRow]:
    """Return the matching rows in order.

    Args:
        now: the current time, for ages.
        statuses: only rows in these states.
        known: facts for the order that the rows lack.
    """
    found = [row for row in rows if row.status in statuses] if statuses is not None else list(rows)
    if query is not None and not query.is_empty:
        found = [row for row in found if query.matches(row, now)]
    return _sorted(found, sort, known)


def _sorted(rows: list[JobRow], sort: Sort, known: Known) -> list[JobRow]:
    field, reverse = sort
    if field == "age":  # the youngest job was created last
        field, reverse = "created", not reverse
    if field == "created" and not reverse:
        rows = rows[::-1]
    if field == "created" or field in NUMBER_FIELDS:
        # Equal rows keep their order in both directions.
        if field in ("loss", "best"):
            return _by_loss(rows, known.number(field), reverse=reverse, ignores_noise=field == "best")
        value = known.number(field)
        if None not in map(value, rows):
            return sorted(rows, key=value, reverse=reverse)
        with_value = [row for row in rows if value(row) is not None]
        return sorted(with_value, key=value, reverse=reverse) + [row for row in rows if value(row) is None]
    if field == "status":
        return sorted(rows, key=lambda row: _STATUS_ORDER[row.status], reverse=reverse)
    text = known.text(field)
    named = [row for row in rows if text(row)]
    if field == "alarm":  # the most important kind first
        named.sort(key=lambda row: KINDS.index(text(row)), reverse=reverse)
    else:
        named.sort(key=lambda row: text(row).lower(), reverse=reverse)
    return named + [row for row in rows if not text(row)]


def _by_loss(
    rows: list[JobRow], value: Callable[[JobRow], float | None], *, reverse: bool, ignores_noise: bool
) -> list[JobRow]:
    """Sort rows by a loss: those with validation, those without it, those without a loss."""
    losses: list[Any] = list(map(value, rows))
    metrics = list(map(_metric, rows))
    if not ignores_noise and None not in losses and len({metric in VALIDATION for metric in set(metrics)}) < 2:
        order = sorted(range(len(rows)), key=losses.__getitem__, reverse=reverse)
        return list(map(rows.__getitem__, order))
    kinds: tuple[list[_Placed], list[_Placed]] = ([], [])
    without = []
    for place, (row, loss, metric) in enumerate(zip(rows, losses, metrics, strict=True)):
        if loss is None:
            without.append(row)
        else:
            kinds[metric not in VALIDATION].append((loss, place, row))
    found: list[JobRow] = []
    for kind in kinds:
        if ignores_noise:
            found += _by_best(kind, reverse=reverse)
        else:
            kind.sort(key=itemgetter(0), reverse=reverse)
            found += map(itemgetter(2), kind)
    return found + without


_Placed = tuple[float, int, JobRow]
"""Loss, place before the sort, and row."""
_metric = attrgetter("summary.metric")


def _by_best(placed: list[_Placed], *, reverse: bool) -> list[JobRow]:
    """Sort rows with a best loss. Losses within the noise of the lowest one are equal, so their rows keep their order.

    The lowest of the others leads the next group, so each row has one place however the noise of the runs differs.
    """
    groups: list[list[_Placed]] = []
    limit = 0.0
    for item in sorted(placed, key=itemgetter(0)):
        if groups and item[0] <= limit:
            groups[-1].append(item)
        else:
            groups.append([item])
            limit = item[0] + EQUAL_WITHIN * item[2].summary.noise
    if reverse:
        groups.reverse()
    return [row for group in groups for _, _, row in sorted(group, key=itemgetter(1))]
