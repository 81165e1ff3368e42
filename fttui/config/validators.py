"""Kinds of values that settings take. Standard library only.

A kind checks one value and converts it for the program. Messages do not repeat a wrong value, which may be a key in
the wrong place, unless it is close to a valid one.
"""

import os
from collections.abc import Callable, Iterable

from fttui.lean_typing import Any, Generic, TypeVar
from fttui.text import nearest
from fttui.webhook_url import ALLOWED, is_allowed

T = TypeVar("T")

MOST = 1e9
"""Upper bound of every number."""

MANY = 12
"""Number of names above which a message does not list all of them."""


class Kind(Generic[T]):
    """The values that a setting takes."""

    def __init__(
        self,
        allowed: str,
        accepts: Callable[[Any], bool],
        *,
        convert: Callable[[Any], Any] = lambda value: value,
        names: tuple[str, ...] = (),
    ) -> None:
        """
        Args:
            allowed: a noun phrase, as in "must be …".
            accepts: tells whether a value from a TOML file is valid.
            convert: makes the program's value from a valid one.
            names: the words that are allowed, for suggestions.
        """
        self.allowed = allowed
        self._accepts = accepts
        self.names = names
        self._convert = convert

    def fault(self, value: Any) -> str:
        """Return the fault of a value as half a sentence, or an empty string."""
        if self._accepts(value):
            return ""
        if not self.names:
            return f"must be {self.allowed}"
        words = value if isinstance(value, list) else [value]
        wrong = next((word for word in words if isinstance(word, str) and word not in self.names), "")
        if near := did_you_mean(wrong, self.names):
            return f"unknown value {wrong!r}. {near}"
        return f"must be {self.allowed}"

    def read(self, value: Any) -> T:
        """Convert a valid value."""
        converted: T = self._convert(value)
        return converted


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return "Did you mean …?" if a name is close to one of `names`, else an empty string."""
    near = nearest(name, names)
    return f"Did you mean {near!r}?" if near else ""


def split_command(command: str | list[str]) -> list[str]:
    """Return a command as a list of words, with `~` expanded.

    Raises:
        ValueError: a quote is not closed.
    """
    if isinstance(command, str):
        import shlex  # late: few users have a command, and the first frame must not wait for the import

        command = shlex.split(command)
    return [os.path.expanduser(word) for word in command]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_number(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= MOST


def _choices(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names[:-1]) + f" or '{names[-1]}'"


flag: Kind[bool] = Kind("true or false", lambda value: isinstance(value, bool))
KEY_LENGTH = 20
"""Least length of a text that may be a key in the place of the name of its variable."""


def is_variable_name(value: str) -> bool:
    """Tell whether a text consists of ASCII letters, digits and `_`, and does not begin with a digit."""
    return value.isascii() and value.isidentifier()


def _is_variable(value: object) -> bool:
    """Tell whether a value is the name of an environment variable, and not a key by mistake."""
    if not isinstance(value, str) or not is_variable_name(value):
        return False
    return len(value) < KEY_LENGTH or not (any(map(str.islower, value)) and any(map(str.isdigit, value)))


variable: Kind[str] = Kind("the name of an environment variable, not the key itself", _is_variable)

text: Kind[str] = Kind("text in quotes", lambda value: _is_text(value) and value.isprintable())
lines: Kind[str] = Kind(
    "text in quotes", lambda value: _is_text(value) and value.replace("\n", "").replace("\t", "").isprintable()
)


def _is_path(value: Any) -> bool:
    return _is_text(value) and value.startswith(("/", "~")) and "\0" not in value


def _is_url(value: Any) -> bool:
    if text.fault(value):
        return False
    scheme, _, place = value.strip().partition("://")
    return scheme.lower() in ("http", "https") and not place[:1].isspace() and place[:1] not in ("", "/")


def _is_log_pattern(value: Any) -> bool:
    if not _is_text(value):
        return False
    import re

    try:
        return "step" in re.compile(value).groupindex
    except (re.error, OverflowError, RecursionError):
        return False


log_pattern: Kind[str] = Kind("a regular expression with the group (?P<step>...)", _is_log_pattern)
paths: Kind[str | list[str]] = Kind(
    "an absolute path, or a list of them",
    lambda value: _is_path(value) or (isinstance(value, list) and bool(value) and all(map(_is_path, value))),
)
url: Kind[str] = Kind("a URL such as https://host/v1", _is_url)
webhook: Kind[str] = Kind(ALLOWED, is_allowed)
strings: Kind[list[str]] = Kind("a list of text in quotes", _is_list_of_text, convert=list)
command: Kind[str | list[str]] = Kind(
    "a program with its arguments, as text or as a list", lambda value: _is_text(value) or _is_list_of_text(value)
)
texts: Kind[dict[str, str]] = Kind(
    "a table of text", lambda value: isinstance(value, dict) and all(map(_is_text, value.values())), convert=dict
)
table: Kind[dict[str, Any]] = Kind("a table", lambda value: isinstance(value, dict), convert=dict)
above_zero: Kind[float] = Kind("a number above 0", lambda value: _is_number(value, 0) and value > 0, convert=float)
whole: Kind[int] = Kind("a whole number, 1 or more", lambda value: isinstance(value, int) and _is_number(value, 1))


def up_to(most: float) -> Kind[float]:
    """A number above 0, at most `most`."""

    def accepts(value: Any) -> bool:
        return _is_number(value, 0) and 0 < value <= most

    return Kind(f"a number above 0, at most {most:g}", accepts, convert=float)


def seconds(least: float) -> Kind[float]:
    """A finite number of seconds, `least` or more."""
    return Kind(f"a number of seconds, {least:g} or more", lambda value: _is_number(value, least), convert=float)


def one_of(*names: str, called: str = "") -> Kind[str]:
    """One of several words.

    Args:
        called: the name of such a word, in place of a long list.
    """
    allowed = called if len(names) > MANY else _choices(names)
    return Kind(allowed, lambda value: value in names, names=names)


def some_of(*names: str, alone: str) -> Kind[list[str]]:
    """One of several words, or a list of them. The word `alone` is not allowed in a longer list."""

    def accepts(value: Any) -> bool:
        given = value if isinstance(value, list) else [value]
        return all(word in names for word in given) and (alone not in given or len(given) == 1)

    allowed = f"{_choices(names)}, or a list of them without '{alone}'"
    return Kind(allowed, accepts, names=names, convert=lambda value: [value] if _is_text(value) else list(value))


def many_of(*names: str) -> Kind[list[str]]:
    """A list of at least one of several words."""

    def accepts(value: Any) -> bool:
        return isinstance(value, list) and bool(value) and all(word in names for word in value)

    return Kind(f"a list of {_choices(names)}", accepts, names=names, convert=list)
