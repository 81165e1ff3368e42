"""Pairs in one line of text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.text import clean_line
from fttui.ui.create_form.pairs import BadPairs, pairs_of, text_of

# Half of the characters are those that mean something here.
TEXTS = st.text(alphabet=st.one_of(st.sampled_from(',="\\ {}[]\n\t\u202e'), st.characters(exclude_categories=["Cs"])))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=5,
)


@given(st.dictionaries(TEXTS, TEXTS))
def test_any_texts_are_read_back_as_they_were(pairs: dict[str, str]) -> None:
    text = text_of(pairs)
    assert pairs_of(text) == pairs
    assert clean_line(text) == text, "it can stand in a field"


@given(st.dictionaries(TEXTS, JSON))
def test_any_json_is_read_back_as_it_was(pairs: dict[str, Any]) -> None:
    text = text_of(pairs, values_are_json=True)
    assert repr(pairs_of(text, values_are_json=True)) == repr(pairs)
    assert clean_line(text) == text


@given(TEXTS)
def test_any_text_is_pairs_or_is_refused_in_words(text: str) -> None:
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
def test_what_a_person_writes(text: str, pairs: dict[str, str]) -> None:
    assert pairs_of(text) == pairs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("team", "team is not key=value"),
        ("a=1, two, b=3", "two, b=3 is not key=value"),
        ("=x", "=x has no key"),
        ('a="x', 'a="x: a " is not closed'),
        ('a="x" y', 'a="x" y: quotes belong around the whole of it, or nowhere'),
        ("a=1, a=2", "a is there twice"),
    ],
)
def test_what_is_no_pair_is_said(text: str, words: str) -> None:
    with pytest.raises(BadPairs) as raised:
        pairs_of(text)
    assert str(raised.value) == words


def test_settings_are_json_where_they_can_be() -> None:
    text = 'lora=true, rank=8, tags=["a", "b"], schedule=cosine, version=1.2.3, quoted="7"'
    assert pairs_of(text, values_are_json=True) == {
        "lora": True,
        "rank": 8,
        "tags": ["a", "b"],
        "schedule": "cosine",
        "version": "1.2.3",
        "quoted": "7",
    }
