"""Places of findings in a line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.data.locate import place_of, read_line

LINE = '{"messages": [{"role": "usr", "content": "a \\"b\\" [x]"}, {"role":"assistant","weight": 0.5 }], "n" : null}'


@pytest.mark.parametrize(
    ("member", "found"),
    [
        ("messages[0].role", '"usr"'),
        ("messages[0].content", '"a \\"b\\" [x]"'),
        ("messages[1].weight", "0.5"),
        ("messages[1]", '{"role":"assistant","weight": 0.5 }'),
        ("n", "null"),
        ("messages[1].content", '{"role":"assistant","weight": 0.5 }'),
        ("messages[0].role.x", '"usr"'),
        ("tools", None),
    ],
)
def test_value_of_a_member_is_found(member: str, found: str | None) -> None:
    place = place_of(LINE, member, "")
    assert (LINE[place.start : place.end] if place is not None else None) == found


def test_column_of_a_json_error_is_found() -> None:
    place = place_of('{"a": 1', "", "Expecting ',' delimiter at column 8")
    assert place is not None
    assert (place.start, place.end) == (7, 8)
    assert place_of("{}", "", "no place") is None
    assert place_of("{}", "", "at column 99") is None


@given(st.text(alphabet='{}[]",:a1 \\', max_size=40), st.sampled_from(["a", "a[0].a", "[1]", "a.a[0]"]))
def test_any_text_has_a_place_within_it_or_none(text: str, member: str) -> None:
    place = place_of(text, member, "")
    assert place is None or 0 <= place.start <= place.end <= len(text)


def test_line_is_read_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"one\ntwo \xff\r\nthree")
    assert [read_line(str(path), number) for number in (1, 2, 3, 4)] == ["one", "two \ufffd", "three", ""]
