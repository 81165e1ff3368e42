"""Names of keys, and checks of the table `[keys]`. Standard library only."""

from collections.abc import Iterator
from typing import Any

from fttui.commands import COMMANDS
from fttui.config.faults import Fault, Place

DEFAULTS: dict[str, str] = {command.id: command.keys for command in COMMANDS}
"""Keys of each command, by its id."""

NAMED = (
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete"),
    *("tab", "enter", "escape", "space", "backspace"),
    *(f"f{number}" for number in range(1, 25)),
)
"""Keys that have a name; the name of any other key is its character."""

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
_EXAMPLES = "such as 'x', 'ctrl+x' or 'f5'"


def textual_names(text: str) -> tuple[str, ...]:
    """Return Textual's names of the keys in a comma-separated text: `]` is `right_square_bracket`."""
    return tuple(_textual_name(key.strip()) for key in text.split(","))


def faults(place: Place, keys: dict[str, Any]) -> Iterator[Fault]:
    """Yield the faults of the table `[keys]`, as `validate.faults` does."""
    from fttui.config.validators import did_you_mean

    given: dict[str, tuple[str, ...]] = {}
    for id, text in keys.items():
        if id not in DEFAULTS:
            yield Fault((*place, id), f"unknown command id. {did_you_mean(id, DEFAULTS)}".rstrip())
        elif not isinstance(text, str) or not text.strip() or not text.isprintable():
            yield Fault((*place, id), f"must be a key {_EXAMPLES}")
        elif wrong := [key for key in textual_names(text) if not _is_key(key)]:
            hint = did_you_mean(wrong[0], NAMED) or f"Use a key {_EXAMPLES}"
            yield Fault((*place, id), f"unknown key {wrong[0]!r}. {hint}")
        else:
            given[id] = textual_names(text)
    taken = {"ctrl+c": "quitting"}
    for id, usual in DEFAULTS.items():
        for key in given.get(id) or usual.split(","):
            other = taken.setdefault(key, id)
            if other != id:
                given_id = id if id in given else other
                yield Fault((*place, given_id), f"both {other} and {id} have the key {key!r}", label=".".join(place))


def _is_key(key: str) -> bool:
    *modifiers, base = key.split("+")
    known = base in NAMED or (len(base) == 1 and base.isalnum()) or base in map(_textual_name, _PUNCTUATION)
    return known and set(modifiers) <= _MODIFIERS


def _textual_name(key: str) -> str:
    modifiers, plus, base = key.rpartition("+") if len(key) > 1 else ("", "", key)
    if len(base) != 1 or base.isalnum():
        return key
    import unicodedata  # late: only needed for punctuation in [keys]

    name = unicodedata.name(base, base).lower().replace("-", "_").replace(" ", "_")
    return f"{modifiers}{plus}{_SHORTER.get(name, name)}"
