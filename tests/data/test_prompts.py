"""Prompts of examples: the messages up to the last answer, and the expected answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.data.prompts import Prompt, prompt_of, prompts_in, typed_prompt
from fttui.text import clean

SYSTEM = {"role": "system", "content": "Be brief."}
ASK = {"role": "user", "content": "Where is it?"}
ANSWER = {"role": "assistant", "content": "Here.\x1b[2J", "weight": 1}
CALL = {"role": "assistant", "tool_calls": [{"function": {"name": "track", "arguments": '{"id": 7731}'}}]}
TOOLS = [{"type": "function", "function": {"name": "track"}}]


@pytest.mark.parametrize(
    ("example", "prompt"),
    [
        ({"messages": [SYSTEM, ASK, ANSWER]}, Prompt([SYSTEM, ASK], None, "Here.[2J")),
        ({"messages": [ASK, CALL], "tools": TOOLS}, Prompt([ASK], TOOLS, 'calls track({"id": 7731})')),
        (
            {"messages": [ASK, ANSWER], "functions": [{"name": "track"}]},
            Prompt([ASK], [{"type": "function", "function": {"name": "track"}}], "Here.[2J"),
        ),
        (
            {"messages": [ASK, ANSWER, ASK, {"role": "assistant", "content": "There."}]},
            Prompt([ASK, {"role": "assistant", "content": "Here.\x1b[2J"}, ASK], None, "There."),
        ),
        ({"messages": [SYSTEM, ASK], "answer": 3}, Prompt([SYSTEM, ASK])),
        (
            {
                "input": {"messages": [ASK]},
                "preferred_output": [{"role": "assistant", "content": "good"}],
                "non_preferred_output": [{"role": "assistant", "content": "bad"}],
            },
            Prompt([ASK], None, "good"),
        ),
        ({"prompt": "p", "completion": " c"}, Prompt([{"role": "user", "content": "p"}], None, " c")),
        ({"messages": [ANSWER]}, None),
        ({"messages": ["x"]}, None),
        ([], None),
    ],
)
def test_a_prompt_ends_before_the_last_answer(example: Any, prompt: Prompt | None) -> None:
    assert prompt_of(example) == prompt


def test_lines_without_a_prompt_are_skipped_and_the_others_keep_their_number() -> None:
    lines = [b"", b"{nonsense", b"[]", json.dumps({"messages": [ASK, ANSWER]}).encode(), b"3"] * 2
    assert [prompt.line for prompt in prompts_in(enumerate(lines, 1), 9)] == [4, 9]
    assert [prompt.line for prompt in prompts_in(enumerate(lines, 1), 1)] == [4]


def test_a_typed_prompt_has_the_system_message_before_it() -> None:
    assert typed_prompt("Hi").messages == [{"role": "user", "content": "Hi"}]
    with_system = typed_prompt("Hi", [{"role": "system", "content": "Be brief."}])
    assert [part.name for part in with_system.parts] == ["system", "user"]


NAMES = ["messages", "role", "content", "input", "preferred_output", "prompt", "completion", "tool_calls", "function"]
examples = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
)


@given(examples)
def test_any_example_is_read_and_what_is_shown_is_clean(example: Any) -> None:
    prompt = prompt_of(example)
    if prompt is not None:
        assert prompt.messages
        assert all(part.text == clean(part.text) for part in prompt.parts)
        assert prompt.expected == clean(prompt.expected)
