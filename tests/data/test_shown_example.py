"""Examples as they are learned."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.data.shown_example import Part, parts_of
from fttui.text import clean


@pytest.mark.parametrize(
    ("example", "parts"),
    [
        (
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
            [Part("user", "q"), Part("assistant", "a", True)],
        ),
        ({"messages": [{"role": "assistant", "content": "a", "weight": 0}]}, [Part("assistant", "a")]),
        (
            {
                "input": {"messages": [{"role": "user", "content": "q"}]},
                "preferred_output": [{"role": "assistant", "content": "good"}],
                "non_preferred_output": [{"role": "assistant", "content": "bad"}],
            },
            [Part("user", "q"), Part("preferred", "good", True), Part("rejected", "bad")],
        ),
        ({"prompt": "p", "completion": "c"}, [Part("prompt", "p"), Part("completion", "c", True)]),
        (
            {"messages": [{"role": "user", "content": "q"}], "answer": 7},
            [Part("user", "q"), Part("answer", "7")],
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}, {"image_url": {"url": "u"}}]}]},
            [Part("user", "q\n[image]")],
        ),
    ],
)
def test_parts_name_who_speaks_and_what_is_learned(example: dict[str, Any], parts: list[Part]) -> None:
    assert parts_of(example) == parts


def test_call_of_a_function_is_shown_as_a_call() -> None:
    calls = [{"function": {"name": "track", "arguments": '{"id": 7}'}}]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    assert parts_of({"messages": [message]}) == [Part("assistant", 'calls track({"id": 7})', True)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["messages", "input", "preferred_output", "non_preferred_completion", "prompt", "\x1b"])


@given(st.dictionaries(NAMES, JSON, max_size=3))
def test_any_object_has_clean_parts(example: dict[str, Any]) -> None:
    for part in parts_of(example):
        assert clean(part.text) == part.text
        assert "\x1b" not in part.name
