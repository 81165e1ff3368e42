"""Pairs in one line of text: `key=value key=value`, also with commas between. Pure.

A key or value that would not be read back unchanged is written in double quotes, as a JSON string: a text with commas,
with a space before what reads like the next pair, with a leading or trailing space, or with control characters.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fttui.text import clean_line


class BadPairs(ValueError):
    """The text holds no pairs. The message is for the user."""


def text_of(pairs: Mapping[str, Any], *, values_are_json: bool = False) -> str:
    """Return pairs as text; `pairs_of` returns the same pairs.

    Args:
        values_are_json: values may be numbers, lists and other JSON, not only strings.
    """
    write = _written_json if values_are_json else _written
    return " ".join(f"{_written_key(key)}={write(value)}" for key, value in pairs.items())


def pairs_of(text: str, *, values_are_json: bool = False) -> dict[str, Any]:
    """Return the pairs in a text.

    Args:
        values_are_json: parse a value as JSON where possible; any other value is a string.

    Raises:
        BadPairs: a part is not a pair, a quote is not closed, or a key occurs twice.
    """
    pairs: dict[str, Any] = {}
    for part, key, value in _parts(text, values_are_json=values_are_json):
        if key is None:
            raise BadPairs(f"{_short(part)} is not key=value")
        if key in pairs:
            raise BadPairs(f"{_short(key)} occurs twice")
        pairs[key] = value
    return pairs


def values_by_key(text: str) -> dict[str, list[Any]]:
    """Return the pairs in a text such as `a=1,3, b=x` with all values of each key, parsed as JSON where possible.

    Raises:
        BadPairs: as `pairs_of`, but a part without a key is another value of the key before it.
    """
    pairs: dict[str, list[Any]] = {}
    newest: list[Any] | None = None
    for part, key, value in _parts(text, values_are_json=True):
        if key is not None and key in pairs:
            raise BadPairs(f"{_short(key)} occurs twice")
        if key is not None:
            newest = pairs[key] = []
        if newest is None:
            raise BadPairs(f"{_short(part)} is not key=value")
        newest.append(value)
    return pairs


def _parts(text: str, *, values_are_json: bool) -> Iterator[tuple[str, str | None, Any]]:
    """Yield the text, the key and the value of each part; of one without a key, None and the value."""
    rest = text
    while rest := rest.strip().lstrip(",").strip():
        part = rest
        key, rest = _read(rest, "=", part)
        is_value = values_are_json and not part.startswith('"') and " " in key
        if is_value or not rest.startswith("="):
            value, rest = _read_json(part)
            yield part, None, value
            continue
        if not key and not part.startswith('"'):
            raise BadPairs(f"{_short(part)} has no key")
        if values_are_json:
            value, rest = _read_json(rest[1:].lstrip())
        else:
            value, rest = _read(rest[1:].lstrip(), "", part)
        yield part, key, value


def _written_key(key: str) -> str:
    return key if _KEY.fullmatch(key) else _quoted(key)


def _written(text: str) -> str:
    is_one = "," not in text and '"' not in text and not _NEXT_PAIR.search(f" {text}")
    return text if text and is_one and clean_line(text) == text.strip() == text else _quoted(text)


def _written_json(value: Any) -> str:
    if not isinstance(value, str):
        return _quoted(value)
    return _written(value) if _read_json(value) == (value, "") else _quoted(value)


def _quoted(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if clean_line(text) == text else json.dumps(value)


def _read(text: str, stop: str, part: str) -> tuple[str, str]:
    """Return a key or value, and the rest, which is empty or begins with `stop` or a comma."""
    if text.startswith('"'):
        try:
            value, end = _DECODER.raw_decode(text)
        except ValueError:
            raise BadPairs(f'{_short(part)}: missing closing "') from None
        rest = text[end:].lstrip()
        is_end = not rest or rest.startswith((stop or ",", ",")) or (not stop and _NEXT_PAIR.match(text, end))
        if not is_end:
            raise BadPairs(f"{_short(part)}: quotes must enclose the whole key or value")
        return value, rest
    ends = [at for at in (text.find(mark) for mark in {stop or ",", ","}) if at >= 0]
    if not stop and (following := _NEXT_PAIR.search(text)):
        ends.append(following.start())
    end = min(ends, default=len(text))
    return text[:end].strip(), text[end:]


def _read_json(text: str) -> tuple[Any, str]:
    """Return a value that may be JSON, and the rest: empty, or from a comma or the name of the next pair on."""
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        pass
    else:
        rest = text[end:].lstrip()
        if not rest or rest.startswith(",") or _NEXT_PAIR.match(text, end):
            return value, rest
    ends = [found.start() for found in (_COMMA.search(text), _NEXT_PAIR.search(text)) if found]
    end = min(ends, default=len(text))
    return text[:end].strip(), text[end:].lstrip()


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_COMMA = re.compile(",")
_KEY = re.compile(r"[\w.-]+")
_NEXT_PAIR = re.compile(r'\s+(?=(?:[\w.-]+|"(?:[^"\\]|\\.)*")\s*=)')
"""Space before the name of the next pair."""
_DECODER = json.JSONDecoder(parse_constant=_no_number)


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"
