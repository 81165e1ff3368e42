"""Conversion of JSON values that never raises: a value of the wrong type counts as missing.

All text of the models is cleaned here, so models have only clean text beside their raw JSON.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

from fttui.text import clean, clean_line

MILLISECONDS_FROM = 1e11
"""Times above this are in milliseconds. In seconds, this is the year 5138."""
LATEST = 253402300799.0
"""9999-12-31, the last day of `datetime`."""


def line(value: object) -> str:
    """Return a string on one line, a number or boolean as JSON text, or an empty string."""
    if isinstance(value, str):
        # Most texts, without two calls: this is the most frequent conversion.
        return value if value.isascii() and value.isprintable() else clean_line(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    # Tuples here and below: a union of types is made anew in each call, and takes longer than the call.
    if isinstance(value, (int, float)):
        return str(value)[:64] if not _huge(value) else ""
    return ""


def paragraph(value: object) -> str:
    """Return a string with its newlines and tabs, or an empty string."""
    return clean(value) if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """Return a finite number, also from a string, or None."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value or len(value) > 64:
            return None
    if isinstance(value, (int, float, str)):
        try:
            result = float(value)
        except (ValueError, OverflowError):
            return None
        return result if math.isfinite(result) else None
    return None


def whole(value: object) -> int | None:
    """Return an integer, also from `2.0` or a string, or None."""
    if value is None:
        return None
    if type(value) is int:  # most values: a comparison takes half of the time of `isinstance`
        return None if value.bit_length() > 63 else value
    if type(value) is float and not value.is_integer():
        return None
    result = number(value)
    if result is None or result != int(result) or _huge(int(result)):
        return None
    return int(result)


def moment(value: object) -> float | None:
    """Return Unix seconds from seconds, milliseconds, their text, or ISO 8601. None for 0 and invalid values."""
    if type(value) is int and 0 < value <= MILLISECONDS_FROM:  # most times
        return float(value)
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
    """Return a JSON object, or an empty one."""
    # A dict is found in a third of the time that a Mapping takes.
    return dict(value) if isinstance(value, (dict, Mapping)) else {}


def items(value: object) -> list[Any]:
    """Return a JSON array, or an empty one."""
    return list(value) if isinstance(value, list | tuple) else []


def _huge(value: float) -> bool:
    return isinstance(value, int) and value.bit_length() > 63


Line = Annotated[str, BeforeValidator(line)]
Paragraph = Annotated[str, BeforeValidator(paragraph)]
Number = Annotated[float | None, BeforeValidator(number)]
Whole = Annotated[int | None, BeforeValidator(whole)]
Moment = Annotated[float | None, BeforeValidator(moment)]
