"""Completion and hints of the filter prompt, from the fields of the language and the jobs in the list. Pure."""

import math
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from fttui.clock import age
from fttui.lean_typing import NamedTuple
from fttui.models.row import JobRow
from fttui.models.status import status_of
from fttui.store import query
from fttui.store.filter_fields import BY_NAME, FILTER_FIELDS, FilterField
from fttui.store.filter_terms import STATUS_WORDS, Predicate, QueryError, split_term, unknown_status, words
from fttui.store.job_values import NOTHING_KNOWN, Known
from fttui.text import count, nearest
from fttui.ui.render.hints import Hint

START = Hint("words, or field:value:", "status:run loss<1.7 age<2d !lr-1", "tab fields  f1 more")
"""Hint where a new term begins."""
GROUPS = ("live", "final")
"""Words for several statuses that are proposed after the statuses in the list."""
AGES = ("1h", "1d", "7d", "30d")
FRACTIONS = frozenset(("loss", "best", "train", "gap", "gain", "lr", "cost"))
"""Fields whose numbers are no counts."""
MOST_PROPOSALS = 20
MOST_EXPLAINED = 5000
"""Jobs up to which the hint tells which term excludes all of them. It filters the jobs once for each term."""


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
    def of(cls, text: str) -> "LastTerm":
        start, quoted = 0, False
        for index, character in enumerate(text):
            if character == '"':
                quoted = not quoted
            elif character.isspace() and not quoted:
                start = index + 1
        start += text[start : start + 1] == "!"
        word = text[start:]
        return cls(text[:start], *split_term(word), word)


class ListedJobs:
    """Jobs of the list. Their values are collected once, because every key asks for them."""

    def __init__(self, rows: Collection[JobRow], now: float, known: Known = NOTHING_KNOWN) -> None:
        self._rows = rows
        self._known = known
        self.now = now
        self._texts: dict[str, list[tuple[str, str, int]]] = {}
        self._numbers: dict[str, list[float]] = {}
        self._matched: tuple[str, bool] = ("", True)

    def __len__(self) -> int:
        return len(self._rows)

    def texts(self, name: str) -> list[tuple[str, str, int]]:
        """Return the values of a text field in lower case, as they are, and their numbers, the most frequent first."""
        if name not in self._texts:
            found = Counter(map(self._known.text(name), self._rows)).most_common()
            self._texts[name] = [(text.lower(), text, number) for text, number in found if text and '"' not in text]
        return self._texts[name]

    def numbers(self, name: str) -> list[float]:
        """Return the different values of a number field, in order."""
        if name not in self._numbers:
            found = {value for value in map(self._known.number(name), self._rows) if value is not None}
            self._numbers[name] = sorted(filter(math.isfinite, found))
        return self._numbers[name]

    def count(self, predicates: Iterable[Predicate]) -> int:
        """Return the number of jobs that match all predicates."""
        tests = list(predicates)
        return sum(all(test(row, self.now) for test in tests) for row in self._rows)

    def parse(self, text: str) -> query.Query:
        """Parse a valid filter for these jobs."""
        return query.parse(text, self._known)

    def has_match(self, text: str) -> bool:
        """Tell whether a job matches a valid filter."""
        if self._matched[0] != text:
            parsed = self.parse(text)
            self._matched = text, any(parsed.matches(row, self.now) for row in self._rows)
        return self._matched[1]


def completions(text: str, jobs: ListedJobs) -> list[str]:
    """Return the texts that continue `text`: its last term completed by a field, an operator or a value."""
    last = LastTerm.of(text)
    return [last.head + proposal.term for proposal in _proposals(last, jobs)]


def hint(text: str, jobs: ListedJobs) -> Hint:
    """Return the hint for a text: what may come next, or the error in it."""
    last = LastTerm.of(text)
    if not last.word:
        return START
    if last.operator and (field := BY_NAME.get(last.field)) is not None:
        found = _value_hint(field, last, jobs)
    else:
        found = _word_hint(last)
    if fault := typing_fault(text):
        if last.operator and last.field not in BY_NAME:
            return Hint(fault.partition(" The fields are ")[0], "tab lists the fields", is_error=True)
        return Hint(fault, is_error=True)
    if found is None or (last.operator and BY_NAME[last.field].kind != "text" and last.value):
        return _without_match(text, jobs) or found or _matches(last)
    return found


def applied(text: str, jobs: ListedJobs) -> str:
    """Return the part of a text that filters the list while it is typed.

    The last term is left out while it is invalid, or while it matches no job but can be completed. So the list neither
    flickers nor is empty between two letters.
    """
    last = LastTerm.of(text)
    if not fault(text) and (jobs.has_match(text) or not _proposals(last, jobs)):
        return text
    return last.head.removesuffix("!")


def fault(text: str) -> str:
    """Return the error in a text and its place; empty for a valid filter."""
    try:
        query.parse(text)
    except QueryError as error:
        several = error.term and error.term != text.strip() and not str(error).startswith(error.term)
        return f"{error.term}: {error}" if several else str(error)
    return ""


def typing_fault(text: str) -> str:
    """Return the error in a text, except that the value of its last term is still missing."""
    last = LastTerm.of(text)
    if last.field in BY_NAME and last.operator and not last.value.strip(',"'):
        return fault(last.head.removesuffix("!"))
    return fault(text)


# Proposals


def _proposals(last: LastTerm, jobs: ListedJobs) -> list[Proposal]:
    field = BY_NAME.get(last.field)
    if not last.operator:
        return list(_fields(last.word.lower()))
    if field is None:
        return [_with_operator(each) for each in _nearest(last.field)]
    start = f"{last.word[: len(last.word) - len(last.value)]}"
    given, comma, typed = last.value.rpartition(",")
    if field.kind != "text":
        given, comma, typed = "", "", last.value
    proposals = (
        Proposal(f"{start}{given}{comma}{value}", shown)
        for value, shown in _values(field, typed.strip('"').lower(), jobs)
        if value not in given.split(",")
    )
    return list(islice(proposals, MOST_PROPOSALS))


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


def _values(field: FilterField, start: str, jobs: ListedJobs) -> Iterator[tuple[str, str]]:
    """Yield the values of a field in the list that continue a text, as they are typed and as they are shown."""
    if field.kind == "text":
        for lower, value, number in jobs.texts(field.name):
            if lower.startswith(start) and lower != start:
                yield f'"{value}"' if set(value) & set(" ,") else value, f"{value} {number}"
        for group in GROUPS if field.name == "status" else ():
            states = STATUS_WORDS[group]
            number = sum(number for lower, _, number in jobs.texts("status") if status_of(lower) in states)
            if number and group.startswith(start) and group != start:
                yield group, f"{group} {number}"
    else:
        values = AGES if field.name == "age" else _some(field.name, jobs)
        yield from ((value, value) for value in values if value.startswith(start) and value != start)


def _some(name: str, jobs: ListedJobs) -> Iterable[str]:
    """Return values of a number field: all, or some at equal distances in their order. Dates begin with the latest."""
    numbers = jobs.numbers(name)
    if name == "created":
        return dict.fromkeys(_day(number) for number in numbers[: -MOST_PROPOSALS * 10 : -1])
    step = max(1, len(numbers) // MOST_PROPOSALS)
    return dict.fromkeys(f"{number:.4g}" if name in FRACTIONS else f"{number:.0f}" for number in numbers[::step])


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


def _value_hint(field: FilterField, last: LastTerm, jobs: ListedJobs) -> Hint | None:
    """Return the hint after an operator; None when nothing continues the value."""
    example = f"for example {field.example}"
    if field.kind != "text":
        return Hint(f"{field.name}: {field.help}, {_range(field, jobs)}", example)
    if shown := [proposal.shown for proposal in _proposals(last, jobs)]:
        return Hint("  ".join(shown), "", "comma means or")
    if not jobs.texts(field.name):
        return Hint(f"{field.name}: {field.help}, no job here has one", example)
    return None


def _without_match(text: str, jobs: ListedJobs) -> Hint | None:
    """Return the hint for a valid text that no job matches, with the term that excludes the most jobs."""
    if jobs.has_match(text):
        return None
    if unknown := unknown_status(text):
        return Hint(unknown)
    terms, best, term = jobs.parse(text).predicates, 0, ""
    if len(terms) > 1 and len(jobs) <= MOST_EXPLAINED:
        for index, word in enumerate(words(text)):
            others = (*terms[:index], *terms[index + 1 :])
            found = jobs.count(others)
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


def _range(field: FilterField, jobs: ListedJobs) -> str:
    if not (numbers := jobs.numbers("created" if field.kind == "time" else field.name)):
        return "no job here has one"
    if field.name == "age":
        least, most = age(jobs.now - numbers[-1]), age(jobs.now - numbers[0])
    else:
        least, most = _number_words(field.name, numbers[0]), _number_words(field.name, numbers[-1])
    return f"here {least} to {most}" if least != most else f"here {least}"


def _number_words(name: str, number: float) -> str:
    if name == "created":
        return _day(number)
    return f"{number:.4g}" if name in FRACTIONS else count(int(number))


def _day(at: float) -> str:
    try:
        return time.strftime("%Y-%m-%d", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return "?"
