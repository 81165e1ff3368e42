"""The parser for simple TOML: it agrees with `tomllib`, or leaves the text to it."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.config.simple_toml import parse

SIMPLE = """\
# Comment with "quotes", = and [brackets]
profile = "work"   # the one in use
interval = 2
ratio = -0.5
read_only = false\r
notify = ["bell", 'osc9']
columns = []
glyphs = "ünïcode#1"

[profiles.work]
base_url = "http://127.0.0.1:8765/v1"
[profiles.work.headers]
x-team = 'nlp'
"""

NOT_SIMPLE = [
    'x = "a\\tb"',
    'x = """a"""',
    "x = 0x1f",
    "x = 1e5",
    "x = 1_000",
    "x = 012",
    "x = 2026-05-01",
    "x = { a = 1 }",
    'x = [\n  "a",\n]',
    'x = ["a, b"]',
    'x = ["a",]',
    "a.b = 1",
    '"a" = 1',
    "[[a]]",
    "[a.b]\n[a]",
    "x = 1\nx = 2",
    "[a]\n[a]",
    "x = 1\n[x.y]",
    "x =",
    "x",
    "[x",
    "x = 'a' b",
    "x = 1#c",
    'x = "a #b"',
    "x = '\x7f'",
    "# \x00",
    "\r",
    "x = 1\r",
]
PIECES = st.sampled_from(
    [
        *(
            "a",
            "b",
            "a-b",
            "x.y",
            " ",
            "\t",
            "=",
            " = ",
            "[",
            "]",
            "[a]",
            "[a.b]",
            "[b.c]",
            "#",
            " # c",
            "\n",
            "\r\n",
            "\r",
        ),
        *(
            '"',
            "'",
            '"a"',
            "'b'",
            '"a, b"',
            '"a # b"',
            "\\",
            '""',
            "1",
            "-1",
            "0",
            "00",
            "1.5",
            "-0.0",
            "1.",
            ".5",
            "+1",
        ),
        *(
            ",",
            "true",
            "false",
            "nan",
            "é",
            "\u200b",
            "\x0c",
            "1e3",
            "1_0",
            "\ufeff",
            "a = 1",
            "b = 'x'",
            "\n[a.b.c]\n",
        ),
    ]
)


def test_simple_text_is_read_without_tomllib() -> None:
    found = parse(SIMPLE)
    assert found == tomllib.loads(SIMPLE)
    assert found is not None
    assert found["profiles"]["work"] == {"base_url": "http://127.0.0.1:8765/v1", "headers": {"x-team": "nlp"}}


@pytest.mark.parametrize("text", NOT_SIMPLE)
def test_other_text_is_left_to_tomllib(text: str) -> None:
    assert parse(text) is None


def test_empty_text_is_an_empty_table() -> None:
    assert parse("") == {}


@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_text_is_read_as_by_tomllib_or_not_at_all(text: str) -> None:
    found = parse(text)
    if found is not None:
        assert repr(found) == repr(tomllib.loads(text))
