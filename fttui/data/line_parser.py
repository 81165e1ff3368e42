"""Parse the lines of a file of JSON: quickly, and exactly where the quick way refuses a line."""

import json
import re
from collections.abc import Callable
from typing import Any

LARGE = 10_000_000
"""Bytes of a file from which on the parser of pydantic saves more time than its import takes."""

Parse = Callable[[bytes], Any]
"""Returns the value of a line, or raises one of `REFUSALS` for a line that `parse_exactly` has to look at."""


class LineError(Exception):
    """A line that is no JSON. `code` names its rule; `detail` says where the error is."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class _NotFinite(ValueError):
    """NaN or Infinity, which JSON does not allow."""


def _reject_constant(word: str) -> Any:
    raise _NotFinite(word)


_DECODER = json.JSONDecoder(parse_constant=_reject_constant)
# The scanner below `json.loads`, without its search for the encoding.
_scan: Callable[[str, int], tuple[Any, int]] = _DECODER.scan_once  # type: ignore[attr-defined]
_LINE_ENDS = ("", "\n", "\r\n")
_TEXT_OR_BAD_NUMBER = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|(-?Infinity|NaN|\d{4301,})')
"""A string, or a number that Python refuses: JSON has no NaN, and integers have at most 4300 digits."""

REFUSALS = (ValueError, StopIteration, RecursionError)


def quick_parser(size: int) -> Parse:
    """Return the fastest parser for the lines of a file of `size` bytes.

    Every parser returns what `parse_exactly` returns, or refuses the line. All refuse lines with a lone surrogate.
    """
    if size < LARGE:
        return _parse_with_json
    # pydantic requires this package and documents the function. It takes 40 % of the time of the parser below, since it
    # refuses lone surrogates by itself. Its import takes 20 ms.
    from pydantic_core import from_json

    def parse(line: bytes) -> Any:
        return from_json(line, allow_inf_nan=False, cache_strings="keys")

    return parse


def _parse_with_json(line: bytes) -> Any:
    text = line.decode()
    if "\\ud" in text or "\\uD" in text:
        raise ValueError("perhaps a lone surrogate")
    value, end = _scan(text, 0)
    if text[end:] not in _LINE_ENDS and text[end:].strip(" \t\r\n"):
        raise ValueError("text after the value")
    return value


def parse_exactly(line: bytes) -> Any:
    """Return the value of a line.

    Raises:
        LineError: the line is empty or no JSON.
    """
    if not line.strip():
        raise LineError("empty_line")
    if b"\0" in line:
        raise LineError("nul", f"first at byte {line.index(0) + 1}")
    text = ""
    try:
        # Without the line end, after which the column would be 1.
        text = line.decode().rstrip("\r\n")
        return _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise LineError("not_utf8", f"byte {error.start + 1} is 0x{line[error.start]:02x}") from None
    except json.JSONDecodeError as error:
        raise LineError("not_json", f"{error.msg.removesuffix(' at')} at column {error.colno}") from None
    except _NotFinite as error:
        raise LineError("not_json", f"{error} is not a JSON number, at column {_bad_number(text)}") from None
    except RecursionError:
        raise LineError("not_json", "nested too deeply") from None
    except ValueError:
        raise LineError("not_json", f"a number of more than 4300 digits at column {_bad_number(text)}") from None


def _bad_number(text: str) -> int:
    """Return the column of the first number that Python refuses."""
    return next((found.start() + 1 for found in _TEXT_OR_BAD_NUMBER.finditer(text) if found[1]), 1)


def has_lone_surrogate(value: Any) -> bool:
    """Report whether a string of a JSON value cannot be encoded."""
    rest = [value]
    while rest:
        found = rest.pop()
        if isinstance(found, dict):
            rest += found.keys()
            rest += found.values()
        elif isinstance(found, list):
            rest += found
        elif isinstance(found, str) and not found.isascii():
            try:
                found.encode()
            except UnicodeEncodeError:
                return True
    return False
