"""Terms of the filter language: `loss<0.8`, `model~4o`, `!suffix:router`. Standard library only."""

import time
from collections.abc import Callable
from operator import attrgetter

from fttui.learning.kinds import kinds_of, word_of
from fttui.models.row import JobRow
from fttui.models.status import Status, status_of
from fttui.store.filter_fields import FIELDS, OLD_NAMES, TEXT_FIELDS
from fttui.store.job_values import SETTINGS, Known
from fttui.text import nearest

Predicate = Callable[[JobRow, float], bool]
"""Test of a row. The number is the current time in Unix seconds."""

# The states by their names in the list, and groups of states.
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
LEAST_OF_ID = 4
"""Shortest start or end of an id that a plain word matches."""
DOTS = ("..", "…")
"""Marks before the end of an id, as lists show it: `..x7Qa91Lk`."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_MULTIPLES = {"k": 1e3, "m": 1e6, "b": 1e9}


class QueryError(ValueError):
    """The filter text is invalid. The message says why."""

    term = ""
    """The invalid term; empty when the text as a whole is invalid."""


def words(text: str) -> list[str]:
    """Split a filter at spaces outside double quotes. The quotes stay."""
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
        raise QueryError('missing closing "')
    return [*words, word] if word else words


def term_of(word: str, known: Known) -> tuple[str, Predicate]:
    """Return the field of a term, empty for a plain word, and its test.

    Raises:
        QueryError: the term is invalid.
    """
    negated = word.startswith("!")
    body = word[1:] if negated else word
    if not body:
        raise QueryError("! needs a term, for example !mini or !status:failed")
    name, operator, value = split_term(body)
    name = field_of(name) if operator else ""
    predicate = _compare(name, operator, value, known) if operator else _bare(_values(body))
    return name, (lambda row, now: not predicate(row, now)) if negated else predicate


def split_term(body: str) -> tuple[str, str, str]:
    """Return field, operator and value of a term without its `!`. The operator is empty for a plain word."""
    for index, character in enumerate(body):
        if character == '"':
            break
        if character in ":~<>=":
            name = body[:index].lower()
            # `ft:…` is the name of a fine-tuned model, not a field.
            if name == "ft" and character == ":":
                break
            operator = body[index : index + 2] if body[index : index + 2] in ("<=", ">=") else character
            return name, ":" if operator == "=" else operator, body[index + len(operator) :]
    return "", "", body


def field_of(name: str) -> str:
    """Return the present name of a field.

    Raises:
        QueryError: the field is unknown.
    """
    name = OLD_NAMES.get(name, name)
    if name in FIELDS:
        return name
    if not name:
        raise QueryError(f"The name of a field is missing. {_known_fields()}")
    near = nearest(name, FIELDS)
    raise QueryError(f"No field is called {name}. " + (f"Did you mean {near}?" if near else _known_fields()))


def _known_fields() -> str:
    return f"The fields are {', '.join(FIELDS)}."


def _values(text: str) -> list[str]:
    """Split the value of a term at commas outside double quotes, and remove the quotes."""
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
        raise QueryError("the term is empty")
    return _any([_word(part.lower()) for part in parts])


def _word(word: str) -> Predicate:
    """Match a part of suffix, model or status, and start or end of the id.

    An id is random in its middle, and short words occur in many ids by chance.
    """
    if word.startswith(DOTS) and (end := word.lstrip(".…")):  # an id as the list shows it
        return lambda row, now: row.id.lower().endswith(end)
    if len(word) < LEAST_OF_ID:
        return lambda row, now: word in _haystack(row)

    def matches(row: JobRow, now: float) -> bool:
        id = row.id.lower()
        # In a view of several profiles the id follows the profile: `work/ftjob-abc`.
        own = id.removeprefix(f"{row.profile}/".lower()) if row.profile else id
        return own.startswith(word) or id.startswith(word) or id.endswith(word) or word in _haystack(row)

    return matches


def _haystack(row: JobRow) -> str:
    # A newline cannot be typed into a filter, so no match spans two fields.
    return f"{row.suffix}\n{row.model}\n{row.status_text}\n{row.status.value}".lower()


def _compare(name: str, operator: str, text: str, known: Known) -> Predicate:
    values = _values(text)
    if not values:
        raise QueryError(f"{name}{operator} needs a value")
    if operator not in ":~" and len(values) > 1:
        raise QueryError(f"{name}{operator} takes one value; use commas with : and ~ only")
    if name in TEXT_FIELDS:
        if operator not in ":~":
            raise QueryError(f"{name} is text: use {name}:value or {name}~part")
        if name == "alarm":
            return _alarm(operator, values, known)
        return _status(operator, values) if name == "status" else _text(known.text(name), operator, values)
    if operator == "~":
        raise QueryError(f"{name} is a number: use {name}<n or {name}>n")
    if name == "age":
        return _age(operator, values)
    if name == "created":
        return _any([_created(operator, value) for value in values])
    return _any([_number(name, operator, value, known) for value in values])


def _any(predicates: list[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]
    return lambda row, now: any(predicate(row, now) for predicate in predicates)


def _text(read: Callable[[JobRow], str], operator: str, values: list[str]) -> Predicate:
    wanted = [value.lower() for value in values]
    if operator == ":":
        return lambda row, now: read(row).lower() in wanted
    return lambda row, now: any(part in read(row).lower() for part in wanted)


def _status(operator: str, values: list[str]) -> Predicate:
    """Match a state by its name, its group, or the provider's own word."""
    wanted = [value.lower() for value in values]
    if operator == "~":
        return lambda row, now: any(part in row.status_text.lower() or part in row.status.value for part in wanted)
    states: set[Status] = set()
    for value in wanted:
        states |= _states(value)
    return lambda row, now: row.status in states or row.status_text.lower() in wanted


def _states(word: str) -> set[Status]:
    """Return the states that a word means: its name, its group, its begin, or a provider's word for it."""
    state = status_of(word)
    named = {state} if state is not Status.UNKNOWN else set()
    return named | STATUS_WORDS.get(word, frozenset()) | {state for state in Status if state.value.startswith(word)}


def unknown_status(text: str) -> str:
    """Return a sentence about a word after `status:` that is no status known here; empty without one.

    Such a word is valid: a provider may have states of its own. But it is the reason when no job matches.

    Raises:
        QueryError: the filter is invalid.
    """
    for word in words(text):
        name, operator, value = split_term(word.removeprefix("!"))
        for part in _values(value.lower()) if (name, operator) == ("status", ":") else ():
            if not _states(part) and not any(group.startswith(part) for group in STATUS_WORDS):
                near = nearest(part, [*STATUS_WORDS, *Status])
                return f"{part} is no status. " + (
                    f"Did you mean {near}?" if near else f"Try {', '.join(STATUS_WORDS)}."
                )
    return ""


def _alarm(operator: str, values: list[str], known: Known) -> Predicate:
    """Match any alarm of a job by its kind or by its word in the list."""
    wanted = [value.lower() for value in values]

    def matches(row: JobRow, now: float) -> bool:
        kinds = kinds_of(row.alarms, known.alarms_off)
        if not kinds:
            return "none" in wanted
        names = {name for kind in kinds for name in (kind, word_of(kind, is_live=row.status.is_live))}
        if operator == "~":
            return any(part in name for part in wanted for name in names)
        return "any" in wanted or not names.isdisjoint(wanted)

    return matches


def _number(name: str, operator: str, text: str, known: Known) -> Predicate:
    read = known.number(name)
    if text.lower() in ("none", "-") and operator == ":":
        return lambda row, now: read(row) is None
    if text.lower() == "auto" and operator == ":" and name in SETTINGS:
        setting = attrgetter(SETTINGS[name])
        return lambda row, now: setting(row) == "auto"
    wanted = _quantity(name, text)
    return lambda row, now: (value := read(row)) is not None and _holds(operator, value, wanted)


def _quantity(name: str, text: str) -> float:
    body, factor = text.replace("_", ""), 1.0
    if body[-1:].lower() in _MULTIPLES:
        body, factor = body[:-1], _MULTIPLES[body[-1].lower()]
    try:
        number = float(body) * factor
    except ValueError:
        raise QueryError(f"{name} needs a number, not {text!r}") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise QueryError(f"{name} needs a finite number")
    return number


def _holds(operator: str, value: float, wanted: float) -> bool:
    if operator == ":":
        return value == wanted
    if operator[0] == "<":
        return value < wanted or (operator == "<=" and value == wanted)
    return value > wanted or (operator == ">=" and value == wanted)


def _age(operator: str, values: list[str]) -> Predicate:
    if operator == ":":
        raise QueryError("use age with < or >: age<2d, age>30m")
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
    raise QueryError(f"an age is a number with s, m, h, d, w or y, for example 30m or 2d, not {text!r}")


def _created(operator: str, text: str) -> Predicate:
    start, end = _span(text)
    if operator == ":":
        return lambda row, now: row.created_at is not None and start <= row.created_at < end
    edge = end if operator in (">", "<=") else start
    if operator[0] == ">":
        return lambda row, now: row.created_at is not None and row.created_at >= edge
    return lambda row, now: row.created_at is not None and row.created_at < edge


def _span(text: str) -> tuple[float, float]:
    """Return start and end of a year, month or day in local time. The end is exclusive."""
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
        raise QueryError(f"write a date as 2026-05-31, 2026-05 or 2026, not {text!r}") from None
