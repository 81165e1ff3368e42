"""Completion and hints of the filter prompt, from the fields of the language and the jobs in the list. Pure."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from fttui.clock import age
from fttui.models.row import JobRow
from fttui.store import query
from fttui.store.filter_fields import BY_NAME, FILTER_FIELDS, FilterField
from fttui.text import nearest
from fttui.ui.render.hints import Hint
from fttui.ui.render.rows import count

START = Hint("words, or field:value:", "status:run loss<1.7 age<2d !lr-1", "tab fields  f1 more")
"""Hint where a new term begins."""
GROUPS = ("live", "final")
"""Words for several statuses that are proposed after the statuses in the list."""
AGES = ("1h", "1d", "7d", "30d")
MOST_PROPOSALS = 20


class Proposal(NamedTuple):
    """Text that may take the place of the last term."""

    term: str
    shown: str


class LastTerm(NamedTuple):
    """The term at the end of a filter text, and its parts."""

    head: str
    """Text before the term, and its `!`."""
    field: str
    """Name before the operator, in lower case; empty for a plain word."""
    operator: str
    value: str
    word: str
    """The term without its `!`."""

    @classmethod
    def of(cls, text: str) -> LastTerm:
        start, quoted = 0, False
        for index, character in enumerate(text):
            if character == '"':
                quoted = not quoted
            elif character.isspace() and not quoted:
                start = index + 1
        start += text[start : start + 1] == "!"
        word = text[start:]
        return cls(text[:start], *query.split_term(word), word)


def completions(text: str, rows: Collection[JobRow], now: float) -> list[str]:
    """Return the texts that continue `text`: its last term completed by a field, an operator or a value."""
    last = LastTerm.of(text)
    return [last.head + proposal.term for proposal in _proposals(last, rows, now)]


def hint(text: str, rows: Collection[JobRow], now: float) -> Hint:
    """Return the hint for a text: what may come next, or the error in it."""
    last = LastTerm.of(text)
    if not last.word:
        return START
    if last.operator and (field := BY_NAME.get(last.field)) is not None:
        found = _value_hint(field, last, rows, now)
    else:
        found = _word_hint(last)
    if fault := _fault(text, last):
        if last.operator and last.field not in BY_NAME:
            return Hint(fault.partition(" The fields are ")[0], "tab lists the fields", is_error=True)
        return Hint(fault, is_error=True)
    if found is None or (last.operator and BY_NAME[last.field].kind != "text" and last.value):
        return _without_match(text, rows, now) or found or _matches(last)
    return found


def applied(text: str, rows: Collection[JobRow], now: float) -> str:
    """Return the part of a text that filters the list while it is typed.

    The last term is left out while it is invalid, or while it matches no job but can be completed. So the list neither
    flickers nor is empty between two letters.
    """
    last = LastTerm.of(text)
    try:
        parsed = query.parse(text)
    except query.QueryError:
        return last.head.removesuffix("!")
    if any(parsed.matches(row, now) for row in rows) or not _proposals(last, rows, now):
        return text
    return last.head.removesuffix("!")


def fault(text: str) -> str:
    """Return the error in a text and its place; empty for a valid filter."""
    try:
        query.parse(text)
    except query.QueryError as error:
        several = error.term and error.term != text.strip() and not str(error).startswith(error.term)
        return f"{error.term}: {error}" if several else str(error)
    return ""


def _fault(text: str, last: LastTerm) -> str:
    """Return the error in a text, except that the value of its last term is still missing."""
    if last.field in BY_NAME and last.operator and not last.value.strip(',"'):
        return fault(last.head.removesuffix("!"))
    return fault(text)


# Proposals


def _proposals(last: LastTerm, rows: Collection[JobRow], now: float) -> list[Proposal]:
    field = BY_NAME.get(last.field)
    if not last.operator:
        return list(_fields(last.word.lower()))
    if field is None:
        return [_with_operator(each) for each in _nearest(last.field)]
    start = f"{last.word[: len(last.word) - len(last.value)]}"
    given, comma, typed = last.value.rpartition(",")
    if field.kind != "text":
        given, comma, typed = "", "", last.value
    return [
        Proposal(f"{start}{given}{comma}{value}", shown)
        for value, shown in _values(field, rows, now)
        if _continues(value, typed) and value not in given.split(",")
    ][:MOST_PROPOSALS]


def _fields(word: str) -> Iterator[Proposal]:
    """Yield the fields that begin with a word; for the whole name of a field the operators."""
    if word in BY_NAME:
        yield from (Proposal(word + operator, operator) for operator in BY_NAME[word].operators)
    else:
        yield from (_with_operator(field) for field in FILTER_FIELDS if field.name.startswith(word))


def _with_operator(field: FilterField) -> Proposal:
    text = field.name + (":" if field.kind == "text" else "")
    return Proposal(text, text)


def _nearest(name: str) -> list[FilterField]:
    """Return all fields, the one most like an unknown name first."""
    near = nearest(name, BY_NAME)
    return sorted(FILTER_FIELDS, key=lambda field: field.name != near)


def _continues(value: str, typed: str) -> bool:
    value, typed = value.strip('"').lower(), typed.strip('"').lower()
    return value.startswith(typed) and value != typed


def _values(field: FilterField, rows: Collection[JobRow], now: float) -> Iterator[tuple[str, str]]:
    """Yield the values of a field in the list, as they are typed and as they are shown."""
    match field.name:
        case "age":
            yield from ((value, value) for value in AGES)
        case "created":
            days = sorted({_day(row.created_at) for row in rows if row.created_at is not None}, reverse=True)
            yield from ((day, day) for day in days)
        case _ if field.kind == "number":
            for number in sorted(set(_numbers(field.name, rows))):
                yield f"{number:.4g}" if field.name == "loss" else f"{number:.0f}", _number_words(field.name, number)
        case _:
            found = Counter(value for row in rows if (value := query.TEXTS[field.name](row)) and '"' not in value)
            for value, number in found.most_common():
                yield f'"{value}"' if set(value) & set(" ,") else value, f"{value} {number}"
            for group in GROUPS if field.name == "status" else ():
                if number := sum(row.status in query.STATUS_WORDS[group] for row in rows):
                    yield group, f"{group} {number}"


# Hints


def _word_hint(last: LastTerm) -> Hint | None:
    """Return the hint for a plain word that begins the name of a field, else None."""
    word = last.word.lower()
    if word in BY_NAME:
        field = BY_NAME[word]
        operators = " ".join(field.operators)
        return Hint(f"{word}: {field.help}", f"for example {field.example}", f"operators {operators}")
    if not (shown := [proposal.shown for proposal in _fields(word)]):
        return None
    return Hint("  ".join(shown) + "  tab takes it", "", "· field:value is, ~ contains, < > compare, ! not")


def _value_hint(field: FilterField, last: LastTerm, rows: Collection[JobRow], now: float) -> Hint | None:
    """Return the hint after an operator; None when nothing continues the value."""
    example = f"for example {field.example}"
    if field.kind != "text":
        return Hint(f"{field.name}: {field.help}, {_range(field, rows, now)}", example)
    if shown := [proposal.shown for proposal in _proposals(last, rows, now)]:
        return Hint("  ".join(shown), "", "comma means or")
    if not any(query.TEXTS[field.name](row) for row in rows):
        return Hint(f"{field.name}: {field.help}, no job here has one", example)
    return None


def _without_match(text: str, rows: Collection[JobRow], now: float) -> Hint | None:
    """Return the hint for a valid text that no job matches, with the term that excludes the most jobs."""
    parsed = query.parse(text)
    if any(parsed.matches(row, now) for row in rows):
        return None
    terms, best, term = parsed.predicates, 0, ""
    if len(terms) > 1:
        for index, word in enumerate(query.words(text)):
            others = (*terms[:index], *terms[index + 1 :])
            found = sum(all(matches(row, now) for matches in others) for row in rows)
            if found >= best:
                best, term = found, word
    return Hint(f"Nothing matches. Without {term}: {best} {_jobs(best)}." if best else "Nothing matches.")


def _matches(last: LastTerm) -> Hint:
    if last.operator:
        return Hint("space means and, comma or", more="· enter keeps the filter, esc drops it")
    text = f"suffix, model or status contains {last.word}; an id begins or ends with it"
    return Hint(text, more="· space and, comma or, ! not")


def _jobs(number: int) -> str:
    return "job" if number == 1 else "jobs"


def _range(field: FilterField, rows: Collection[JobRow], now: float) -> str:
    if not (numbers := _numbers("created" if field.kind == "time" else field.name, rows)):
        return "no job here has one"
    least, most = min(numbers), max(numbers)
    if field.name == "age":
        shown = [age(now - most), age(now - least)]
    else:
        shown = [_number_words(field.name, number) for number in (least, most)]
    return f"here {shown[0]} to {shown[1]}" if shown[0] != shown[1] else f"here {shown[0]}"


def _numbers(name: str, rows: Iterable[JobRow]) -> list[float]:
    read = query.NUMBERS[name]
    return [value for row in rows if (value := read(row)) is not None and math.isfinite(value)]


def _number_words(name: str, number: float) -> str:
    if name == "created":
        return _day(number)
    return f"{number:.4g}" if name == "loss" else count(int(number))


def _day(at: float) -> str:
    try:
        return time.strftime("%Y-%m-%d", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return "?"
