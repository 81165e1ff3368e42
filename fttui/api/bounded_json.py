"""Decoding of JSON responses within bounds of nesting and number of values.

A response may be hostile or broken: a few megabytes of brackets decode to gigabytes. Small responses are decoded at
once, all others in a thread, object by object, so that the event loop is never blocked. In an object that exceeds the
bounds, a sentence replaces the members that exceed them, and the rest of the response stays readable.
"""

import asyncio
import json
import re
from itertools import islice
from typing import Any, NamedTuple

from fttui.models.lenient_json import loads

MAX_DEPTH = 64
"""Greatest nesting of an object in a response."""
MAX_OBJECT_VALUES = 20_000
"""Greatest number of values of an object."""
MAX_OBJECT_BYTES = 2**20
"""Greatest size of an object."""
MAX_VALUES = 200_000
"""Greatest number of values of a whole response. A page of 100 jobs has about 4,000."""
SMALL = 256 * 1024
"""Size in bytes up to which a response without many values is decoded at once."""

TOO_DEEP = "not read: nested too deeply"
TOO_LARGE = "not read: too large"

_NO_STRUCTURE = bytes(set(range(256)) - set(b"[]{},"))
_TOKEN = re.compile(rb'["\[\]{},]')
_SPACE = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[^ \t\r\n,\]}:\[{]+")
_END = re.compile(rb"\}(?=[ \t\r\n]*(?:\]|,[ \t\r\n]*\{))")
"""Probable end of an object in an array: the next one begins, or the array ends."""
MOST_ENDS = 4
"""Probable ends that are tried. An object with arrays of objects has several."""


class TooManyValues(ValueError):
    """The response has more values than any useful one."""


async def decode(body: bytes) -> Any:
    """Return the value of a response.

    Raises:
        TooManyValues: the response has more than `MAX_VALUES` values.
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    return loads(body) if _is_harmless(body) else await asyncio.to_thread(_Decoder(body).decode)


def _is_harmless(body: bytes) -> bool:
    if len(body) > SMALL:
        return False
    structure = body.translate(None, _NO_STRUCTURE)
    if _most_values(structure) > MAX_OBJECT_VALUES:
        return False
    brackets = structure.replace(b",", b"")
    for _ in range(MAX_DEPTH):
        # Each pass removes the innermost pairs. Brackets in strings may remain, which then takes the slow way.
        if not brackets:
            return True
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return not brackets


def _most_values(body: bytes) -> int:
    """Return the number of values of a text, and of the commas and brackets in its strings."""
    return body.count(b",") + body.count(b"[") + body.count(b"{")


class _Span(NamedTuple):
    """Extent of a value in the response."""

    start: int
    end: int
    depth: int
    values: int


class _Decoder:
    """Decoder of one response. Each call of the JSON parser gets one value within the bounds."""

    def __init__(self, body: bytes) -> None:
        encoding = json.detect_encoding(body)
        self._body = body if encoding == "utf-8" else body.decode(encoding, "replace").encode()
        self._values = 0
        self._is_quick = True
        """Usual objects are decoded at once. Their values are then counted with the commas in their texts."""

    def decode(self) -> Any:
        try:
            return self._decode()
        except TooManyValues:
            self._is_quick, self._values = False, 0
            return self._decode()

    def _decode(self) -> Any:
        value: Any
        start = self._skip_space(0)
        match self._body[start : start + 1]:
            case b"{":
                value, end = self._object(start, is_outermost=True)
            case b"[":
                value, end = self._array(start)
            case _:
                return loads(self._body)
        if self._skip_space(end) != len(self._body):
            raise ValueError("extra data after the value")
        return value

    def _array(self, start: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self._skip_space(start + 1)
        if self._is_at(at, b"]"):
            return found, at + 1
        while True:
            if self._is_at(at, b"{"):
                value, at = self._usual_object(at) or self._object(at)
            else:
                span = self._span(at)
                value, at = self._value(span, _Budget()), span.end
            found.append(value)
            at = self._skip_space(at)
            if self._is_at(at, b"]"):
                return found, at + 1
            at = self._skip_space(self._expect(at, b","))

    def _usual_object(self, start: int) -> tuple[dict[str, Any], int] | None:
        """Decode a harmless object at once, in a tenth of the time. Return None for any other."""
        for found in islice(_END.finditer(self._body, start), MOST_ENDS if self._is_quick else 0):
            text = self._body[start : found.end()]
            if not _is_harmless(text):
                break
            try:
                value = loads(text)
            except ValueError:  # the end of an object inside
                continue
            self._count(1 + _most_values(text))
            return value, found.end()
        return None

    def _object(self, start: int, *, is_outermost: bool = False) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        budget = _Budget()
        at = self._skip_space(start + 1)
        if self._is_at(at, b"}"):
            return found, at + 1
        while True:
            if not self._is_at(at, b'"'):
                raise ValueError("expected the name of a member")
            end = self._string_end(at)
            name = loads(self._body[at:end])
            at = self._skip_space(self._expect(self._skip_space(end), b":"))
            if is_outermost and self._is_at(at, b"["):
                found[name], at = self._array(at)
            else:
                span = self._span(at)
                found[name], at = self._value(span, budget), span.end
            at = self._skip_space(at)
            if self._is_at(at, b"}"):
                return found, at + 1
            at = self._skip_space(self._expect(at, b","))

    def _value(self, span: _Span, budget: "_Budget") -> Any:
        if span.depth >= MAX_DEPTH:
            return TOO_DEEP
        if not budget.take(span):
            return TOO_LARGE
        return loads(self._body[span.start : span.end])

    def _span(self, start: int) -> _Span:
        """Return the extent of the value at `start` without decoding it."""
        body = self._body
        if self._is_at(start, b'"'):
            return _Span(start, self._string_end(start), 0, self._count(1))
        if not self._is_at(start, b"[") and not self._is_at(start, b"{"):
            found = _SCALAR.match(body, start)
            if found is None:
                raise ValueError("expected a value")
            return _Span(start, found.end(), 0, self._count(1))
        at, level, depth, values = start, 0, 0, 1
        while True:
            found = _TOKEN.search(body, at)
            if found is None:
                raise ValueError("a bracket is not closed")
            token, at = found.group(), found.end()
            if token == b'"':
                at = self._string_end(at - 1)
                continue
            if token == b"[" or token == b"{":
                level += 1
                depth = max(depth, level)
            elif token != b",":
                level -= 1
                if level == 0:
                    return _Span(start, at, depth, values)
                continue
            values += self._count(1)

    def _count(self, values: int) -> int:
        self._values += values
        if self._values > MAX_VALUES:
            raise TooManyValues
        return values

    def _string_end(self, start: int) -> int:
        body, at = self._body, start + 1
        while True:
            end = body.find(b'"', at)
            if end < 0:
                raise ValueError("a string is not closed")
            before = end - 1
            while body[before] == 0x5C:
                before -= 1
            if (end - before) % 2:  # an even number of backslashes: the quote is not escaped
                return end + 1
            at = end + 1

    def _skip_space(self, at: int) -> int:
        found = _SPACE.match(self._body, at)
        return at if found is None else found.end()

    def _is_at(self, at: int, token: bytes) -> bool:
        return self._body.startswith(token, at)

    def _expect(self, at: int, token: bytes) -> int:
        if not self._is_at(at, token):
            raise ValueError(f"expected {token.decode()}")
        return at + 1


class _Budget:
    """Remaining size and number of values for the members of one object."""

    def __init__(self) -> None:
        self._values = MAX_OBJECT_VALUES
        self._bytes = MAX_OBJECT_BYTES

    def take(self, span: _Span) -> bool:
        size = span.end - span.start
        if span.values > self._values or size > self._bytes:
            return False
        self._values -= span.values
        self._bytes -= size
        return True
