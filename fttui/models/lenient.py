"""Readers that accept what servers really send and never raise: the wrong type means "not given".

Every text passes `clean` here, and nowhere else: models hold only clean text beside their raw JSON.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

from fttui.text import clean, clean_line

MILLISECONDS_FROM = 1e11
"""A time above this is in milliseconds: as seconds it would lie in the year 5138."""
LATEST = 253402300799.0
"""9999-12-31, the last moment that `datetime` can hold."""


def line(value: object) -> str:
    """A text on one line; a number or boolean as JSON writes it; anything else is empty."""
    if isinstance(value, str):
        return clean_line(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)[:64] if not _huge(value) else ""
    return ""


def paragraph(value: object) -> str:
    """A text that may hold newlines and tabs; anything that is not a text is empty."""
    return clean(value) if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """A finite number, also from its text; None otherwise."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value or len(value) > 64:
            return None
    if isinstance(value, int | float | str):
        try:
            result = float(value)
        except (ValueError, OverflowError):
            return None
        return result if math.isfinite(result) else None
    return None


def whole(value: object) -> int | None:
    """A whole number, also from `2.0` or its text; None otherwise."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if not _huge(value) else None
    result = number(value)
    if result is None or result != int(result) or _huge(int(result)):
        return None
    return int(result)


def moment(value: object) -> float | None:
    """Unix seconds from seconds, milliseconds, their text, or ISO 8601; 0 and nonsense mean "no time"."""
    seconds = number(value)
    if seconds is None:
        if not isinstance(value, str) or not 8 <= len(value) <= 64:
            return None
        try:
            when = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        try:
            seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    if seconds > MILLISECONDS_FROM:
        seconds /= 1000
    return seconds if 0 < seconds <= LATEST else None


def mapping(value: object) -> dict[str, Any]:
    """A JSON object; anything else is empty."""
    return dict(value) if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """A JSON array; anything else is empty."""
    return list(value) if isinstance(value, list | tuple) else []


def _huge(value: float) -> bool:
    return isinstance(value, int) and value.bit_length() > 63


Line = Annotated[str, BeforeValidator(line)]
Paragraph = Annotated[str, BeforeValidator(paragraph)]
Whole = Annotated[int | None, BeforeValidator(whole)]
Moment = Annotated[float | None, BeforeValidator(moment)]
