"""Lenient parser of JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.models import lenient_json
from fttui.models.lenient_json import loads

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=2), inner, max_size=5),
    max_leaves=20,
)
NUMBERS = st.from_regex(r"-?(0|[1-9]\d{0,40})(\.\d{1,40})?([eE][+-]?\d{1,3})?", fullmatch=True)
BYTES = st.binary(max_size=40) | st.text('[]{}",:\\ 10.eE-+aunrtf\ufeff', max_size=20).map(str.encode)


def outcome(parse: Any, text: bytes) -> str:
    """Return the value with the types of all its parts, or the name of the error."""
    try:
        return repr(parse(text))
    except ValueError:
        return "not JSON"
    except RecursionError:
        return "too deep"


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_json_is_parsed_as_by_python(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert outcome(loads, text) == outcome(lenient_json._slowly, text)


@given(NUMBERS.map(str.encode))
def test_number_is_parsed_as_by_python(text: bytes) -> None:
    assert outcome(loads, text) == outcome(json.loads, text)


@given(BYTES)
def test_any_bytes_are_parsed_as_by_python(text: bytes) -> None:
    assert outcome(loads, text) == outcome(lenient_json._slowly, text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "b": 2, "a": 3}',
        b"-0",
        b"1e999",
        b'"\\ud800"',
        b'"\\ude00\\ud83d"',
        b"[" * 300 + b"]" * 300,
        b"[" * 100_000 + b"]" * 100_000,
        b"\xef\xbb\xbf[1]",
        "[1]".encode("utf-16"),
        b"[1] 2",
        b"",
    ],
    ids=lambda text: text[:20].decode("latin-1"),
)
def test_edge_of_the_standard_is_parsed_as_by_python(text: bytes) -> None:
    assert outcome(loads, text) == outcome(json.loads, text)


def test_numbers_that_are_not_json_are_none() -> None:
    assert loads(b'{"a": NaN, "b": [-Infinity, Infinity]}') == {"a": None, "b": [None, None]}
    assert loads(b"[" + b"1" * 5000 + b"]") == [None]


def test_invalid_utf_8_is_replaced() -> None:
    assert loads(b'{"a": "b\xff"}') == {"a": "b\ufffd"}
