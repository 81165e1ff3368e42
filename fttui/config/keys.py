"""Which keys there are, and which command has which: what `[keys]` is checked against. Standard library only."""

from collections.abc import Iterator
from typing import Any

from fttui.commands import COMMANDS

DEFAULTS: dict[str, str] = {command.id: command.keys for command in COMMANDS}
"""The keys of each command by its id."""

NAMED = (
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete"),
    *("tab", "enter", "escape", "space", "backspace"),
    *(f"f{number}" for number in range(1, 25)),
)
"""Keys that have a name; all others are called by their character."""

_MODIFIERS = {"ctrl", "shift", "alt", "meta", "super", "hyper"}
_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_SHORTER = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_LEAVES = "leaving the cockpit"


def spelled(text: str) -> tuple[str, ...]:
    """The keys in `text`, with commas between, as Textual calls them: `]` is `right_square_bracket`."""
    return tuple(_named(key.strip()) for key in text.split(","))


def faults(where: str, keys: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the table `[keys]`, each in words; `where` is its path."""
    from fttui.config.validators import nearest

    given: dict[str, tuple[str, ...]] = {}
    for id, text in keys.items():
        if id not in DEFAULTS:
            yield f"{where}.{id}: no command has this id" + nearest(id, DEFAULTS)
        elif not isinstance(text, str) or not text.strip() or not text.isprintable():
            yield f"{where}.{id} must be a key such as 'x', 'ctrl+x' or 'f5'"
        elif wrong := [key for key in spelled(text) if not _is_key(key)]:
            yield f"{where}.{id}: {wrong[0]!r} is no key such as 'x', 'ctrl+x' or 'f5'" + nearest(wrong[0], NAMED)
        else:
            given[id] = spelled(text)
    taken = {"ctrl+c": _LEAVES}
    for id, usual in DEFAULTS.items():
        for key in given.get(id) or usual.split(","):
            other = taken.setdefault(key, id)
            if other != id:
                yield f"{where}: {key!r} would be both {other} and {id}"


def _is_key(key: str) -> bool:
    *modifiers, base = key.split("+")
    known = base in NAMED or (len(base) == 1 and base.isalnum()) or base in map(_named, _PUNCTUATION)
    return known and set(modifiers) <= _MODIFIERS


def _named(key: str) -> str:
    modifiers, plus, base = key.rpartition("+") if len(key) > 1 else ("", "", key)
    if len(base) != 1 or base.isalnum():
        return key
    import unicodedata  # only who has punctuation in [keys] pays for it

    name = unicodedata.name(base, base).lower().replace("-", "_").replace(" ", "_")
    return f"{modifiers}{plus}{_SHORTER.get(name, name)}"
