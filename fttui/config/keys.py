"""Which keys there are, and which command has which: what `[keys]` is checked against. Standard library only."""

from collections.abc import Iterator
from typing import Any

DEFAULTS: dict[str, str] = {
    "move.down": "j,down",
    "move.up": "k,up",
    "move.first": "g,home",
    "move.last": "G,end",
    "move.half_down": "ctrl+d",
    "move.half_up": "ctrl+u",
    "move.page_down": "pagedown",
    "move.page_up": "pageup",
    "move.left": "h,left",
    "move.right": "l,right",
    "pane.next": "tab",
    "pane.previous": "shift+tab",
    "tab.next": "right_square_bracket",
    "tab.previous": "left_square_bracket",
    "open": "enter",
    "back": "escape",
    "filter.text": "slash",
    "search.next": "n",
    "search.previous": "N",
    "filter.all": "0",
    "filter.running": "1",
    "filter.waiting": "2",
    "filter.succeeded": "3",
    "filter.failed": "4",
    "filter.cancelled": "5",
    "filter.paused": "6",
    "sort.next": "s",
    "sort.reverse": "S",
    "mark.toggle": "space",
    "mark.range": "v",
    "mark.all": "asterisk",
    "undo": "u",
    "job.create": "a",
    "job.clone": "A",
    "job.cancel": "c",
    "job.pause": "P",
    "job.delete": "D",
    "copy.id": "y",
    "copy.more": "Y",
    "job.link": "o",
    "export": "e",
    "detail.raw": "J",
    "log.follow": "f",
    "log.level": "L",
    "log.only": "ampersand",
    "log.wrap": "w",
    "log.metrics": "x",
    "time.mode": "t",
    "zoom": "z",
    "layout.smaller": "minus",
    "layout.larger": "plus",
    "layout.reset": "equals_sign",
    "theme.next": "T",
    "refresh": "r",
    "refresh.hold": "R",
    "errors": "exclamation_mark",
    "profile": "at",
    "suspend": "ctrl+z",
    "redraw": "ctrl+l",
    "command": "colon",
    "help": "question_mark,f1,ctrl+p",
    "quit": "q",
}
"""The keys of each command by its id. `ui/commands.py`, which commands may not import, says the same."""

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
    from fttui.config.kinds import nearest

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
