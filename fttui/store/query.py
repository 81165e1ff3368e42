"""The filter language and the order of a list (ux.md §4): text to predicate, rows to rows. Standard library only.

`mini status:failed,cancelled model~4o loss<0.8 age<2d !suffix:router` — a space means and, a comma means or, `!`
negates. A bare word is looked for in id, suffix, model and status; `field:value` is the whole value,
`field~part` a part of it; numbers, ages and dates compare with `<`, `<=`, `>`, `>=`. Case does not matter.
"""

import time
from collections.abc import Callable, Container, Iterable
from operator import attrgetter
from typing import Any, NamedTuple

from fttui.models.row import JobRow
from fttui.models.status import Status, status_of

Predicate = Callable[[JobRow, float], bool]
"""Whether a row is meant; the number is the present, in Unix seconds."""

TEXT_FIELDS = ("id", "suffix", "model", "status", "method", "fine_tuned_model", "profile")
NUMBER_FIELDS = ("step", "loss", "tokens")
TIME_FIELDS = ("age", "created")
FIELDS = (*TEXT_FIELDS, *NUMBER_FIELDS, *TIME_FIELDS)

# What the list itself calls the states, and groups of them that people ask for.
STATUS_WORDS: dict[str, frozenset[Status]] = {
    "valid": frozenset({Status.VALIDATING}),
    "queue": frozenset({Status.QUEUED}),
    "run": frozenset({Status.RUNNING}),
    "pause": frozenset({Status.PAUSED}),
    "done": frozenset({Status.SUCCEEDED}),
    "fail": frozenset({Status.FAILED}),
    "canc": frozenset({Status.CANCELLED}),
    "waiting": frozenset({Status.VALIDATING, Status.QUEUED}),
    "live": frozenset(status for status in Status if status.is_live),
    "final": frozenset(status for status in Status if status.is_final),
}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_MULTIPLES = {"k": 1e3, "m": 1e6, "b": 1e9}
_STATUS_ORDER = {status: index for index, status in enumerate(Status)}


class QueryError(ValueError):
    """The filter text cannot be understood; the message says what is wrong, in words."""


class Query(NamedTuple):
    """A filter, read once and asked often."""

    text: str
    predicates: tuple[Predicate, ...]

    @property
    def is_empty(self) -> bool:
        """Every row passes."""
        return not self.predicates

    def matches(self, row: JobRow, now: float) -> bool:
        return all(predicate(row, now) for predicate in self.predicates)


class Sort(NamedTuple):
    """The order of a list. Rows without a value come last in either direction.

    Ties stay in the order in which the rows are given, which for jobs is the provider's, newest first; only oldest
    first turns them round as well.
    """

    field: str = "created"
    reverse: bool = True


NEWEST = Sort()


def parse(text: str) -> Query:
    """Read a filter.

    Raises:
        QueryError: with words for the person who typed it.
    """
    return Query(text.strip(), tuple(_term(word) for word in _words(text)))


def sort_of(field: str, *, reverse: bool = False) -> Sort:
    """An order by a field's name.

    Raises:
        QueryError: there is no such field.
    """
    return Sort(_field(field), reverse)


def select(
    rows: Iterable[JobRow],
    query: Query | None = None,
    sort: Sort = NEWEST,
    *,
    now: float = 0.0,
    statuses: Container[Status] | None = None,
) -> list[JobRow]:
    """The rows that pass, in order. `statuses` narrows to those states; `now` is what ages count from."""
    found = [row for row in rows if row.status in statuses] if statuses is not None else list(rows)
    if query is not None and not query.is_empty:
        found = [row for row in found if query.matches(row, now)]
    return _sorted(found, sort)


def _sorted(rows: list[JobRow], sort: Sort) -> list[JobRow]:
    field, reverse = sort
    if field == "age":  # the youngest is the one created last
        field, reverse = "created", not reverse
    if field == "created" and not reverse:
        rows = rows[::-1]
    if field == "created" or field in NUMBER_FIELDS:
        value = _NUMBERS[field]
        with_value = [row for row in rows if value(row) is not None]
        with_value.sort(key=value, reverse=reverse)  # what is equal keeps its order in either direction
        return with_value + [row for row in rows if value(row) is None] if len(with_value) < len(rows) else with_value
    if field == "status":
        return sorted(rows, key=lambda row: _STATUS_ORDER[row.status], reverse=reverse)
    text = _TEXTS[field]
    named = sorted((row for row in rows if text(row)), key=lambda row: text(row).lower(), reverse=reverse)
    return named + [row for row in rows if not text(row)]


_TEXTS: dict[str, Callable[[JobRow], str]] = {
    "id": lambda row: row.id,
    "suffix": lambda row: row.suffix,
    "model": lambda row: row.model,
    "status": lambda row: row.status_text,
    "method": lambda row: row.method,
    "fine_tuned_model": lambda row: row.fine_tuned_model,
    "profile": lambda row: row.profile,
}
_NUMBERS: dict[str, Callable[[JobRow], Any]] = {  # a number, or None
    "step": attrgetter("step"),
    "loss": attrgetter("loss"),
    "tokens": attrgetter("trained_tokens"),
    "created": attrgetter("created_at"),
}


def _words(text: str) -> list[str]:
    """The terms of a filter: parted by spaces that are not between double quotes. The quotes stay."""
    words, word, quoted = [], "", False
    for character in text:
        if character == '"':
            quoted = not quoted
        if character.isspace() and not quoted:
            if word:
                words.append(word)
            word = ""
        else:
            word += character
    if quoted:
        raise QueryError('a " is not closed')
    return [*words, word] if word else words


def _term(word: str) -> Predicate:
    negated = word.startswith("!")
    body = word[1:] if negated else word
    if not body:
        raise QueryError("! needs something to negate: !mini, !status:failed")
    name, operator, value = _split(body)
    predicate = _bare(_values(body)) if not operator else _compare(name, operator, value)
    return (lambda row, now: not predicate(row, now)) if negated else predicate


def _split(body: str) -> tuple[str, str, str]:
    """Name, operator and value of a term; the operator is empty for a bare word."""
    for index, character in enumerate(body):
        if character == '"':
            break
        if character in ":~<>=":
            name = body[:index].lower()
            # A tuned model's name is pasted more often than it is a mistyped field.
            if name == "ft" and character == ":":
                break
            operator = body[index : index + 2] if body[index : index + 2] in ("<=", ">=") else character
            return _field(name), ":" if operator == "=" else operator, body[index + len(operator) :]
    return "", "", body


def _field(name: str) -> str:
    if name in FIELDS:
        return name
    if not name:
        raise QueryError(f"a field's name is missing; there are {', '.join(FIELDS)}")
    from difflib import get_close_matches  # late: only a mistake needs it

    near = get_close_matches(name, FIELDS, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FIELDS)}"
    raise QueryError(f"no field is called {name}; {hint}")


def _values(text: str) -> list[str]:
    """The alternatives of a term: parted by commas that are not between double quotes, which go away."""
    found, value, quoted = [], "", False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            found.append(value)
            value = ""
        else:
            value += character
    return [part for part in (*found, value) if part]


def _bare(parts: list[str]) -> Predicate:
    if not parts:
        raise QueryError("there is nothing to look for")
    wanted = [part.lower() for part in parts]
    if len(wanted) == 1:
        only = wanted[0]
        return lambda row, now: only in _haystack(row)
    return lambda row, now: any(part in _haystack(row) for part in wanted)


def _haystack(row: JobRow) -> str:
    # A newline cannot be typed into a filter, so no match spans two fields.
    return f"{row.id}\n{row.suffix}\n{row.model}\n{row.status_text}\n{row.status.value}".lower()


def _compare(name: str, operator: str, text: str) -> Predicate:
    values = _values(text)
    if not values:
        raise QueryError(f"{name}{operator} needs a value")
    if operator not in ":~" and len(values) > 1:
        raise QueryError(f"{name}{operator} takes one value; a comma goes with : and ~")
    if name in TEXT_FIELDS:
        if operator not in ":~":
            raise QueryError(f"{name} is a text: use {name}:whole or {name}~part")
        return _status(operator, values) if name == "status" else _text(name, operator, values)
    if operator == "~":
        raise QueryError(f"{name} is no text: use {name}<n or {name}>n")
    if name == "age":
        return _age(operator, values)
    if name == "created":
        return _any([_created(operator, value) for value in values])
    return _any([_number(name, operator, value) for value in values])


def _any(predicates: list[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]
    return lambda row, now: any(predicate(row, now) for predicate in predicates)


def _text(name: str, operator: str, values: list[str]) -> Predicate:
    read = _TEXTS[name]
    wanted = [value.lower() for value in values]
    if operator == ":":
        return lambda row, now: read(row).lower() in wanted
    return lambda row, now: any(part in read(row).lower() for part in wanted)


def _status(operator: str, values: list[str]) -> Predicate:
    """`status:fail` means the state, in whatever words the provider has for it, or the word itself."""
    wanted = [value.lower() for value in values]
    if operator == "~":
        return lambda row, now: any(part in row.status_text.lower() or part in row.status.value for part in wanted)
    states: set[Status] = set()
    for value in wanted:
        states |= STATUS_WORDS.get(value, frozenset())
        states |= {state for state in Status if state.value.startswith(value)}
        if (state := status_of(value)) is not Status.UNKNOWN:
            states.add(state)
    return lambda row, now: row.status in states or row.status_text.lower() in wanted


def _number(name: str, operator: str, text: str) -> Predicate:
    read = _NUMBERS[name]
    if text.lower() in ("none", "-") and operator == ":":
        return lambda row, now: read(row) is None
    wanted = _quantity(name, text)
    return lambda row, now: (value := read(row)) is not None and _holds(operator, value, wanted)


def _quantity(name: str, text: str) -> float:
    body, factor = text.replace("_", ""), 1.0
    if body[-1:].lower() in _MULTIPLES:
        body, factor = body[:-1], _MULTIPLES[body[-1].lower()]
    try:
        number = float(body) * factor
    except ValueError:
        raise QueryError(f"{name} wants a number, not {text!r}") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise QueryError(f"{name} wants a finite number")
    return number


def _holds(operator: str, value: float, wanted: float) -> bool:
    if operator == ":":
        return value == wanted
    if operator[0] == "<":
        return value < wanted or (operator == "<=" and value == wanted)
    return value > wanted or (operator == ">=" and value == wanted)


def _age(operator: str, values: list[str]) -> Predicate:
    if operator == ":":
        raise QueryError("age goes with < and >: age<2d, age>30m")
    seconds = _seconds(values[0])
    return lambda row, now: row.created_at is not None and _holds(operator, now - row.created_at, seconds)


def _seconds(text: str) -> float:
    total, digits = 0.0, ""
    for character in text.lower():
        if character in "0123456789.":
            digits += character
        elif character in _UNITS and digits and digits.count(".") < 2 and digits != ".":
            total += float(digits) * _UNITS[character]
            digits = ""
        else:
            break
    else:
        if not digits:
            return total
    raise QueryError(f"an age is a number with s, m, h, d, w or y: 30m, 2d; not {text!r}")


def _created(operator: str, text: str) -> Predicate:
    start, end = _span(text)
    if operator == ":":
        return lambda row, now: row.created_at is not None and start <= row.created_at < end
    edge = end if operator in (">", "<=") else start
    if operator[0] == ">":
        return lambda row, now: row.created_at is not None and row.created_at >= edge
    return lambda row, now: row.created_at is not None and row.created_at < edge


def _span(text: str) -> tuple[float, float]:
    """The year, month or day that a date names, in local time: first moment, and first moment after it."""
    parts = text.split("-")
    try:
        numbers = [int(part) for part in parts]
        if len(numbers) > 3 or not (len(parts[0]) == 4 and numbers[0] >= 1970):
            raise ValueError
        year, month, day = [*numbers, 1, 1][:3]
        if not (1 <= month <= 12 and 1 <= day <= 31):
            raise ValueError
        after = [(year + 1, 1, 1), (year, month + 1, 1), (year, month, day + 1)][len(numbers) - 1]
        start = time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))
        if time.localtime(start)[2] != day:
            raise ValueError
        return start, time.mktime((*after, 0, 0, 0, 0, 0, -1))
    except (ValueError, OverflowError):
        raise QueryError(f"a date is written 2026-05-31, 2026-05 or 2026; not {text!r}") from None
