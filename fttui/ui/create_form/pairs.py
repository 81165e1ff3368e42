"""Pairs in one line of text: `key=value, key=value`. Pure.

A key or a value that would not be read back as it is stands in double quotes, as JSON writes a text, so that any
text survives: one with commas, one that begins or ends with a blank, one with characters that cannot be shown.
"""

import json
from collections.abc import Mapping
from typing import Any

from fttui.text import clean_line


class BadPairs(ValueError):
    """The text holds no pairs, in words for a person."""


def text_of(pairs: Mapping[str, Any], *, values_are_json: bool = False) -> str:
    """Pairs as text: `pairs_of` reads the same pairs back.

    Args:
        values_are_json: values are JSON, not texts: numbers, lists and the like stand as JSON writes them.
    """
    return ", ".join(
        f"{_written(key, stops=',=')}={_written_json(value) if values_are_json else _written(value, stops=',')}"
        for key, value in pairs.items()
    )


def pairs_of(text: str, *, values_are_json: bool = False) -> dict[str, Any]:
    """The pairs in a text.

    Args:
        values_are_json: a value that is JSON is read so; any other is a text all the same.

    Raises:
        BadPairs: a part is no pair, quotes are not closed, or a key is there twice.
    """
    pairs: dict[str, Any] = {}
    rest = text
    while rest := rest.strip().lstrip(",").strip():
        part = rest
        key, rest = _read(rest, "=", part)
        if not rest.startswith("="):
            raise BadPairs(f"{_short(part)} is not key=value")
        if not key and not part.startswith('"'):
            raise BadPairs(f"{_short(part)} has no key")
        value: Any
        if values_are_json:
            value, rest = _read_json(rest[1:].lstrip())
        else:
            value, rest = _read(rest[1:].lstrip(), "", part)
        if key in pairs:
            raise BadPairs(f"{_short(key)} is there twice")
        pairs[key] = value
    return pairs


def _written(text: str, *, stops: str) -> str:
    plain = text == text.strip() and not text.startswith('"') and not any(stop in text for stop in stops)
    if plain and clean_line(text) == text and (text or "=" not in stops):
        return text
    return _quoted(text)


def _written_json(value: Any) -> str:
    if not isinstance(value, str):
        return _quoted(value)
    return _written(value, stops=",") if _read_json(value) == (value, "") else _quoted(value)


def _quoted(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if clean_line(text) == text else json.dumps(value)


def _read(text: str, stop: str, part: str) -> tuple[str, str]:
    """A key or a value, and the rest, which is empty or begins with `stop` or a comma."""
    if text.startswith('"'):
        try:
            value, end = _DECODER.raw_decode(text)
        except ValueError:
            raise BadPairs(f'{_short(part)}: a " is not closed') from None
        rest = text[end:].lstrip()
        if rest and not rest.startswith((stop or ",", ",")):
            raise BadPairs(f"{_short(part)}: quotes belong around the whole of it, or nowhere")
        return value, rest
    ends = [at for at in (text.find(mark) for mark in {stop or ",", ","}) if at >= 0]
    end = min(ends, default=len(text))
    return text[:end].strip(), text[end:]


def _read_json(text: str) -> tuple[Any, str]:
    """A value that may be JSON, and the rest, which is empty or begins with a comma."""
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        pass
    else:
        rest = text[end:].lstrip()
        if not rest or rest.startswith(","):
            return value, rest
    head, comma, tail = text.partition(",")
    return head.strip(), comma + tail


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"
