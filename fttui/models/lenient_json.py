"""Parser of the JSON of a response, which may break the standard in known ways."""

import json
from typing import Any

from pydantic_core import from_json


def loads(text: bytes) -> Any:
    """Parse JSON leniently: NaN, infinities and huge integers become None, invalid UTF-8 becomes `\\ufffd`.

    The parser of pydantic takes two thirds of the time of Python's. It refuses what breaks the standard, lone
    surrogates and deep nesting; Python's then decides. What both accept has the same value.

    Raises:
        ValueError: the text is not JSON.
        RecursionError: the JSON is nested too deeply.
    """
    try:
        return from_json(text, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        return _slowly(text)


def _slowly(text: bytes) -> Any:
    try:
        return json.loads(text, parse_constant=_null)
    except json.JSONDecodeError:
        raise
    except ValueError:  # invalid UTF-8, or an integer of thousands of digits
        return json.loads(text.decode("utf-8-sig", "replace"), parse_constant=_null, parse_int=_integer)


def _null(_: str) -> None:
    return None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) < 4000 else None
