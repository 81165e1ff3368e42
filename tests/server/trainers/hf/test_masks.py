"""Loss masks: what is learned of a conversation, for every template that TRL ships."""

import re
from typing import Any

import pytest

from tests.server.trainers.hf import templates
from tests.server.trainers.hf.models import CHATML, make_tokenizer
from tests.server.trainers.hf.templates import CONVERSATION, TOOLS, WITH_TOOLS, learned, tokenizer_for

pytestmark = pytest.mark.hf

REFUSED = {"idefics3", "llava_next", "smolvlm"}
"""Families that read images, and content in parts alone."""
ALL = [True] * 5


def masks(template: str) -> tuple[Any, Any]:
    from fttui.server.trainers.hf.masks import Masks

    tokenizer = tokenizer_for(template)
    return tokenizer, Masks(tokenizer)


def test_each_template_learns_the_answers_with_their_end_or_is_refused() -> None:
    from fttui.server.trainers.hf.masks import UnverifiedMask

    refused = set()
    for name, template in templates.templates():
        try:
            tokenizer, made = masks(template)
        except UnverifiedMask:
            refused.add(name)
            continue
        whole = learned(tokenizer, made.encode(CONVERSATION, ALL, None))
        last = learned(tokenizer, made.encode(CONVERSATION, [True, True, False, True, True], None))
        shape = r"\W*(?:think|final|message|channel|to=user|\W)*{}\W[\W\w]+"
        assert re.fullmatch(shape.format("two") + shape.format("four"), whole), (name, whole)
        assert re.fullmatch(shape.format("four"), last), (name, last)
        assert whole.endswith(last), name
        for text in ("be kind", "one", "three", "ssistant", "user\n", "model\n"):
            assert text not in whole, (name, text)
    assert refused == REFUSED


def test_table_in_the_documentation_is_current() -> None:
    page = templates.PAGE.read_text(encoding="utf-8")
    assert templates.with_table(page) == page, "run: python -m tests.server.trainers.hf.templates"


def test_every_token_of_an_answer_is_learned_and_no_other() -> None:
    tokenizer, made = masks(CHATML)
    encoded = made.encode(CONVERSATION, ALL, None)
    text = tokenizer.decode(encoded.input_ids)
    assert text.count("<|im_start|>") == 5
    assert learned(tokenizer, encoded) == "two<|im_end|>\nfour<|im_end|>\n"
    assert len(encoded.labels) == len(encoded.input_ids)
    assert all(label in (-100, id) for id, label in zip(*encoded, strict=True))


def test_calls_of_tools_are_learned_and_their_results_are_not() -> None:
    tokenizer, made = masks(dict(templates.templates())["qwen3"])
    text = learned(tokenizer, made.encode(WITH_TOOLS, [True] * 4, TOOLS))
    assert '"name": "look_up", "arguments": {"word": "tea"}' in text
    assert "leaves" not in text
    assert text.count("<|im_end|>") == 2


def test_line_with_tools_is_refused_by_a_template_without_them() -> None:
    from fttui.server.trainers.hf.masks import UnverifiedMask

    _, made = masks(dict(templates.templates())["llama3"])
    with pytest.raises(UnverifiedMask, match="does not show calls of tools"):
        made.encode(WITH_TOOLS, [True] * 4, TOOLS)


def test_reasoning_in_the_data_is_learned() -> None:
    tokenizer, made = masks(dict(templates.templates())["qwen3"])
    answer = "<think>\nTea is hot.\n</think>\n\nTea."
    messages = [{"role": "user", "content": "What?"}, {"role": "assistant", "content": answer}]
    assert learned(tokenizer, made.encode(messages, [True, True], None)) == f"{answer}<|im_end|>\n"


WITHOUT_END = CHATML.replace("<|im_end|>\n{% endfor %}", "\n{% endfor %}")
CHANGING = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content if loop.last or m.role == 'user' else 'cut' }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
EMPTY = CHATML.replace("{{ m['content'] }}", "{% generation %}{% endgeneration %}{{ m['content'] }}")
BROKEN = "{{ messages.nothing.at_all }}"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (WITHOUT_END, "the token that ends an answer would not be learned"),
        (CHANGING, "changes earlier answers when later messages are added"),
        (BROKEN, "refuses the conversation"),
        (
            CHATML.replace("{{ m['content'] }}", "{{ m['content'] if m.role == 'user' else '' }}"),
            "does not show the text",
        ),
    ],
)
def test_unverifiable_templates_are_refused(template: str, words: str) -> None:
    from fttui.server.trainers.hf.masks import masks_of
    from fttui.server.trainers.hf.refusal import Refusal

    with pytest.raises(Refusal, match=words) as refused:
        masks_of(make_tokenizer(template), "org/model")
    assert refused.value.code == "unverified_mask"
    assert str(refused.value).startswith("The loss mask of org/model cannot be verified: ")


def test_empty_marks_of_a_template_fall_back_to_the_prefix_method() -> None:
    tokenizer, made = masks(EMPTY)
    assert made.method == "prefix method"
    assert learned(tokenizer, made.encode(CONVERSATION, ALL, None)) == "two<|im_end|>\nfour<|im_end|>\n"


def test_model_without_chat_template_is_refused() -> None:
    from fttui.server.trainers.hf.masks import masks_of
    from fttui.server.trainers.hf.refusal import Refusal

    with pytest.raises(Refusal, match=r"org/base has no chat template.*Choose its instruction-tuned variant"):
        masks_of(make_tokenizer(None), "org/base")
