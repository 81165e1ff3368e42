"""Answers of the built-in model: incremental and whole passes agree, options mean what they mean in the API."""

import numpy as np
import pytest

from fttui.server.trainers.tiny.dataset import END, MAX_TOKENS, prompt_tokens
from fttui.server.trainers.tiny.generate import LENGTH, STOP, Options, StreamedAnswer, greedy_answers
from fttui.server.trainers.tiny.network import Network, Shape, base_weights

SMALL = Shape(width=24, layers=3)


def network(seed: int = 1) -> Network:
    flat = base_weights(SMALL).astype(np.float64)
    return Network(flat + np.random.default_rng(seed).normal(0, 0.2, flat.shape), SMALL)


def speaker(text: bytes) -> Network:
    """Return a network whose next byte depends on the last one: it answers `text` and ends."""
    flat = np.zeros(Shape(width=262, layers=1).size())
    found = Network(flat, Shape(width=262, layers=1))
    found._part["embed"][...] = np.eye(262)
    for token, following in zip([258, *text], [*text, END], strict=True):
        found._part["head"][token, following] = 5.0
    return found


def streamed(model: Network, prompt: list[int], **options: object) -> tuple[list[str], StreamedAnswer]:
    answer = StreamedAnswer(model, prompt, Options(**{"max_tokens": 64, **options}))  # type: ignore[arg-type]
    return list(answer), answer


def by_whole_passes(model: Network, prompt: list[int], most: int) -> list[int]:
    tokens = list(prompt)
    for _ in range(most):
        columns, every = np.full(262, len(tokens) - 1), np.arange(262)
        result = model.forward(np.array([tokens]), np.zeros(262, dtype=int), columns, every)
        choices = np.where((every < 256) | (every == END), result.log_probability, -np.inf)
        tokens.append(int(choices.argmax()))
        if tokens[-1] == END:
            break
    return [token for token in tokens[len(prompt) :] if token != END]


def test_answers_of_several_prompts_equal_whole_passes() -> None:
    prompts = [prompt_tokens([{"role": "user", "content": text}]) for text in ("a", "What is it?", "x" * 40)]
    for seed in range(4):
        model = network(seed)
        answers = greedy_answers(model, prompts, 30)
        for prompt, answer in zip(prompts, answers, strict=True):
            expected = by_whole_passes(model, prompt, 30)
            assert answer.text == bytes(expected).decode("utf-8", "replace")
            assert (answer.finish_reason == LENGTH) == (len(expected) == 30)
            pieces, alone = streamed(model, prompt, max_tokens=30)
            assert ("".join(pieces), alone.finish_reason, alone.tokens) == answer


def test_prompt_is_whole_and_ends_with_the_role_of_the_answer() -> None:
    prompt = prompt_tokens([{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}], {"tools": [{}]})
    assert bytes(token for token in prompt if token < 256) == b"[{}]SQ"
    assert prompt[-2:] == [END, 258]
    assert len(prompt_tokens([{"role": "user", "content": "x" * 2 * MAX_TOKENS}])) == 2 * MAX_TOKENS + 3
    with pytest.raises(ValueError, match=r"^unknown role 'usr'$"):
        prompt_tokens([{"role": "usr", "content": "Q"}])


def test_characters_of_several_bytes_are_sent_whole() -> None:
    pieces, answer = streamed(speaker("hé→x".encode()), [258])
    assert pieces == ["h", "é", "→", "x"]
    assert (answer.finish_reason, answer.tokens) == (STOP, 8)


def test_stop_texts_are_never_sent_and_end_the_answer() -> None:
    pieces, answer = streamed(speaker(b"one,TWO; 3"), [258], stop=("; ", "TWx"))
    assert "".join(pieces) == "one,TWO"
    assert answer.finish_reason == STOP
    pieces, answer = streamed(speaker(b"one,TW"), [258], stop=("TWO",))
    assert "".join(pieces) == "one,TW", "the beginning of a stop text is a part of the answer"


def test_longest_length_and_cancellation_end_an_answer() -> None:
    pieces, answer = streamed(speaker(b"abcdefgh"), [258], max_tokens=3)
    assert ("".join(pieces), answer.finish_reason, answer.tokens) == ("abc", LENGTH, 3)
    answer = StreamedAnswer(speaker(b"abcdefgh"), [258], Options(64), is_cancelled=lambda: answer.tokens == 2)
    assert ("".join(answer), answer.finish_reason) == ("ab", STOP)


def test_seed_and_top_p_choose_the_tokens() -> None:
    model, prompt = network(), [258]
    drawn = ["".join(streamed(model, prompt, temperature=1.5, seed=seed)[0]) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    greedy = "".join(streamed(model, prompt)[0])
    assert "".join(streamed(model, prompt, temperature=1.0, top_p=1e-9, seed=3)[0]) == greedy
    assert "".join(streamed(model, prompt, temperature=1e-9, seed=3)[0]) == greedy
