"""The quick parsers of lines: each returns what the exact one returns, or refuses the line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.data import line_parser
from fttui.data.check import check_file
from fttui.data.line_parser import REFUSALS, LineError, has_lone_surrogate, parse_exactly, quick_parser

PARSERS = {"small": quick_parser(0), "large": quick_parser(line_parser.LARGE)}
HOSTILE = (
    *("{", "}", "[", "]", ",", ":", '"', "'", "\\", "\\u", "\\ud83d", "\\ude00", "\\uD800", "\\x", "\\/", "\\n"),
    *("NaN", "Infinity", "-Infinity", "nan", "inf", "true", "null", "None", "//", "/**/", "a", '"a"', '"a":'),
    *("0", "1", "-", "-0", "00", "1.", ".5", "+", "e", "E", "1e5", "1E400", "-1e-400", "4.9e-324", "0.1", "-0.0"),
    *("9007199254740993", "1.7976931348623159e308", "123456789012345678901234567890.5", "9" * 4300, "9" * 4301),
    *(" ", "\t", "\n", "\r", "\x0b", "\x00", "\x7f", "\x85", "\xa0", "\u2028", "\ufeff", "é", "😀"),
    *("[" * 150, "[" * 300, "]" * 150, "]" * 300),
)
FRAGMENTS = st.sampled_from([text.encode() for text in HOSTILE] + [b"\xff", b"\xed\xa0\x80"])
LINES = st.lists(FRAGMENTS, max_size=8).map(b"".join)
WRAPPED = st.sampled_from(
    [b"%s", b'{"a": %s}', b'{"a": 1, "a": %s}\n', b'{"a": "%s"}\r\n', b"[%s]", b' {"a": [1, %s]} ']
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def precise(value: Any) -> Any:
    """Return a value in a form in which equal values have equal types, bits and orders of members."""
    if isinstance(value, dict):
        return "dict", [(name, precise(inner)) for name, inner in value.items()]
    if isinstance(value, list):
        return "list", [precise(inner) for inner in value]
    return type(value), value.hex() if isinstance(value, float) else value


def assert_same_or_refused(line: bytes) -> None:
    for size, parse in PARSERS.items():
        try:
            found = parse(line)
        except REFUSALS:
            continue
        assert precise(found) == precise(parse_exactly(line)), size
        assert not has_lone_surrogate(found), size


@settings(max_examples=500, deadline=None)
@given(line=LINES, around=WRAPPED)
def test_hostile_line_is_parsed_as_exactly_or_refused(line: bytes, around: bytes) -> None:
    assert_same_or_refused(around.replace(b"%s", line))


@settings(max_examples=200, deadline=None)
@given(value=VALUES, is_ascii=st.booleans())
def test_any_value_is_parsed_as_exactly_or_refused(value: Any, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    assert_same_or_refused(text.encode("utf-8", "surrogatepass") + b"\n")


@settings(max_examples=200, deadline=None)
@given(number=st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_any_number_is_parsed_as_exactly_or_refused(number: str) -> None:
    assert_same_or_refused(number.encode())


@pytest.mark.parametrize("size", PARSERS)
@pytest.mark.parametrize(
    "line",
    [b"", b"NaN", b'{"a": Infinity}', b"9" * 4301, b'{"a": "\\ud800"}', b'{"a": "\\uDC00"}', b'{"a": "\xff"}', b"1 2"],
)
def test_line_that_needs_a_closer_look_is_refused(size: str, line: bytes) -> None:
    with pytest.raises(REFUSALS):
        PARSERS[size](line)


def test_ordinary_lines_are_not_refused() -> None:
    for end in (b"", b"\n", b"\r\n", b" \n"):
        for parse in PARSERS.values():
            assert parse(b'{"a": ["\xc3\xa9", 1, 0.5, null]}' + end) == {"a": ["é", 1, 0.5, None]}


def test_deeply_nested_line_is_an_error_of_the_line() -> None:
    with pytest.raises(LineError) as caught:
        parse_exactly(b"[" * 100_000)
    assert (caught.value.code, caught.value.detail) == ("not_json", "nested too deeply")


def test_lone_surrogate_is_found_at_any_depth() -> None:
    value: Any = {"\ud800": 1}
    for _ in range(100_000):
        value = [value]
    assert has_lone_surrogate(value)
    assert not has_lone_surrogate([{"a": "😀"}, 1.5, None])


@pytest.mark.parametrize("limit", [0, line_parser.LARGE])
def test_findings_do_not_depend_on_the_size_of_the_file(
    limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_parser, "LARGE", limit)
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'{"messages": [{"role": "user", "content": "\\ud800"}]}\nNaN\n' + b"[" * 500 + b"]" * 500 + b"\n")
    groups = check_file(str(path)).groups
    assert {group.code: [finding.line for finding in group.first] for group in groups} == {
        "not_json": [2],
        "not_object": [3],
        "not_text": [1],
        "no_assistant": [1],
        "too_few": [None],
    }
