"""What a setting may be: checks of one value each, in plain words. Standard library only.

A kind is called with the path of a value and the value, and yields its faults: `path must be ...`. Values are not
repeated: one may be a key that stands at the wrong place.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

_MOST = 1e9
"""No number of anything here is larger; infinity and numbers that are none are not either."""

_AT_A_GLANCE = 9
"""Names that are listed although one of them is near."""

Kind = Callable[[str, Any], Iterator[str]]


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean ...?` where one of `names` is near enough, else nothing."""
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), list(names), 1)
    return f"; did you mean {near[0]}?" if near else ""


def flag(where: str, value: Any) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield f"{where} must be true or false"


def text(where: str, value: Any) -> Iterator[str]:
    """A text of printable characters."""
    if not isinstance(value, str) or not value.isprintable():
        yield f"{where} must be a text in quotes"


def words(where: str, value: Any) -> Iterator[str]:
    """A list of texts."""
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        yield f'{where} must be a list: ["…", "…"]'


def command(where: str, value: Any) -> Iterator[str]:
    """A program with its arguments, as one text or as a list."""
    if not isinstance(value, str) and any(words("", value)):
        yield f"{where} must be a program and its arguments: a text or a list"


def texts(where: str, value: Any) -> Iterator[str]:
    """A table of texts."""
    if not isinstance(value, dict) or not all(isinstance(part, str) for part in value.values()):
        yield f"{where} must be a table of texts"


def table(where: str, value: Any) -> Iterator[str]:
    """A table of anything."""
    if not isinstance(value, dict):
        yield f"{where} must be a table"


def at_least(least: float, what: str) -> Kind:
    """A finite number of something, `least` or more."""

    def check(where: str, value: Any) -> Iterator[str]:
        right = isinstance(value, int | float) and not isinstance(value, bool)
        if not right or not least <= value <= _MOST:
            yield f"{where} must be a number of {what}, {least:g} or more"

    return check


def above_zero(where: str, value: Any) -> Iterator[str]:
    """A finite number above 0."""
    if any(at_least(0, "")(where, value)) or not value:
        yield f"{where} must be a number above 0"


def whole(where: str, value: Any) -> Iterator[str]:
    """A whole number, 1 or more."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        yield f"{where} must be a whole number, 1 or more"


def one_of(*names: str) -> Kind:
    """One of some words."""

    def check(where: str, value: Any) -> Iterator[str]:
        if value not in names:
            near = nearest(value, names) if isinstance(value, str) else ""
            many = near and len(names) > _AT_A_GLANCE
            yield (
                f"{where} names none that there is{near}"
                if many
                else f"{where} must be one of {', '.join(names)}{near}"
            )

    return check


def some_of(*names: str, alone: str = "") -> Kind:
    """One of some words, or a list of them; `alone` stands in no list with others."""

    def check(where: str, value: Any) -> Iterator[str]:
        given = value if isinstance(value, list) else [value]
        wrong = [part for part in given if part not in names]
        if wrong or (alone in given and len(given) > 1):
            near = nearest(wrong[0], names) if wrong and isinstance(wrong[0], str) else ""
            without = f" without {alone}" if alone else ""
            yield f"{where} must be one of {', '.join(names)}, or a list of them{without}{near}"

    return check


def many_of(*names: str) -> Kind:
    """A list of some words, one at least."""

    def check(where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, list) or not value or any(part not in names for part in value):
            yield f"{where} must be a list of {' or '.join(names)}"

    return check
