"""Pairs in one line of text."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fttui.text import clean_line
from fttui.ui.create_form.pairs import BadPairs, pairs_of, text_of

# Half of the characters have a meaning in the syntax.
TEXTS = st.text(alphabet=st.one_of(st.sampled_from(',="\\ {}[]\n\t\u202e'), st.characters(exclude_categories=["Cs"])))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=5,
)


@given(st.dictionaries(TEXTS, TEXTS))
@example({"1": ':= "', "=[:": ""})
def test_texts_are_read_back_unchanged(pairs: dict[str, str]) -> None:
    text = text_of(pairs)
    assert pairs_of(text) == pairs
    assert clean_line(text) == text, "the text fits into a field"


@given(st.dictionaries(TEXTS, JSON))
def test_json_is_read_back_unchanged(pairs: dict[str, Any]) -> None:
    text = text_of(pairs, values_are_json=True)
    assert repr(pairs_of(text, values_are_json=True)) == repr(pairs)
    assert clean_line(text) == text


@given(TEXTS)
def test_any_text_is_pairs_or_an_error(text: str) -> None:
    for values_are_json in (False, True):
        try:
            pairs = pairs_of(text, values_are_json=values_are_json)
        except BadPairs:
            continue
        assert pairs_of(text_of(pairs, values_are_json=values_are_json), values_are_json=values_are_json) == pairs


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", {}),
        (" , ", {}),
        ("team=a, run = 7,", {"team": "a", "run": "7"}),
        ("a=b=c", {"a": "b=c"}),
        ('note="one, two", x=', {"note": "one, two", "x": ""}),
        ('say=he said "hi"', {"say": 'he said "hi"'}),
        ('"a=b"=c', {"a=b": "c"}),
    ],
)
def test_pairs_as_users_write_them(text: str, pairs: dict[str, str]) -> None:
    assert pairs_of(text) == pairs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("team", "team is not key=value"),
        ("a=1, two, b=3", "two, b=3 is not key=value"),
        ("=x", "=x has no key"),
        ('a="x', 'a="x: missing closing "'),
        ('a="x" y', 'a="x" y: quotes must enclose the whole key or value'),
        ("a=1, a=2", "a occurs twice"),
    ],
)
def test_text_without_pairs_gives_the_reason(text: str, words: str) -> None:
    with pytest.raises(BadPairs) as raised:
        pairs_of(text)
    assert str(raised.value) == words


def test_values_are_json_where_possible() -> None:
    text = 'lora=true, rank=8, tags=["a", "b"], schedule=cosine, version=1.2.3, quoted="7"'
    assert pairs_of(text, values_are_json=True) == {
        "lora": True,
        "rank": 8,
        "tags": ["a", "b"],
        "schedule": "cosine",
        "version": "1.2.3",
        "quoted": "7",
    }
