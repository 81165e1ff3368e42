"""Samples: answers to fixed prompts during the training, within a small part of its time.

The time is not measured, because the same job must write the same samples each time. What an answer costs is counted
in tokens of the training, with the factors of a measurement.
"""

from itertools import islice
from typing import Any, NamedTuple

from fttui.models.preference import by_api
from fttui.server.trainers import protocol
from fttui.server.trainers.tiny.dataset import prompt_tokens, text_of
from fttui.server.trainers.tiny.generate import greedy_answers
from fttui.server.trainers.tiny.network import Network

PROMPTS = 5
SHARE = 0.02
"""Largest part of a run's time."""
LONGEST, LEAST = 64, 16
"""Tokens of an answer."""
FORWARD = 1 / 3
"""Tokens of the training that take as long as one token that is only read: 34 of 117 microseconds for prompts."""
OF_STEP, OF_ANSWER = 1.5, 0.5
"""The same for one more token of all answers (the layers), and of each: 0.23 ms for one answer, 0.39 ms for five."""
_MOST_READ = 100
"""Lines in which prompts are searched."""
_MOST_MESSAGES, _LONGEST_TEXT = 20, 4000
"""Bounds of a prompt in the line, so that the line is never too long for the service."""


class Prompt(NamedTuple):
    """A conversation up to its last answer."""

    messages: list[dict[str, str]]
    """The last messages, with their texts cut to a bounded length."""
    expected: str
    """The last answer."""
    tokens: list[int]
    """All messages."""


class Plan(NamedTuple):
    """What fits into the time."""

    prompts: int
    max_tokens: int
    """Of one answer."""
    everywhere: bool
    """Answer before each checkpoint; otherwise before the first step and the last checkpoint only."""


def read_prompts(path: str, method: str) -> list[Prompt]:
    """Return the first prompts of a training or validation file. Examples without an answer are skipped.

    Raises:
        OSError, ValueError: the file cannot be read.
    """
    found: list[Prompt] = []
    for _, example in islice(protocol.examples(path), _MOST_READ):
        if method == "dpo":
            example = by_api(example)
            given = example.get("input", {})
            messages = [*given.get("messages", []), *example.get("preferred_completion", [])]
        else:
            given, messages = example, example.get("messages", [])
        ends = [index for index, message in enumerate(messages) if message.get("role") == "assistant"]
        if not ends or not ends[-1]:
            continue
        before = messages[: ends[-1]]
        shown = [
            {"role": message["role"], "content": _text(message)[:_LONGEST_TEXT]} for message in before[-_MOST_MESSAGES:]
        ]
        expected = _text(messages[ends[-1]])[:_LONGEST_TEXT]
        found.append(Prompt(shown, expected, prompt_tokens(before, given)))
        if len(found) == PROMPTS:
            break
    return found


def _text(message: dict[str, Any]) -> str:
    return text_of(message).decode("utf-8", "replace")


def plan(work: float, checkpoints: int, lengths: list[int]) -> Plan | None:
    """Return the largest plan that takes at most `SHARE` of the time of a run; None if no answer fits.

    Args:
        work: of the run, in tokens of the training.
        lengths: tokens of each prompt that the network reads.
    """
    for points in dict.fromkeys((checkpoints + 1, 2)):
        room = SHARE * work / points
        for number in range(len(lengths), 0, -1):
            left = room - FORWARD * sum(lengths[:number])
            most = int(left / (OF_STEP + OF_ANSWER * number))
            if most >= LEAST:
                return Plan(number, min(most, LONGEST), points > 2 or checkpoints == 1)
    return None


class Samples:
    """Samples of one run."""

    def __init__(self, prompts: list[Prompt], work: float, checkpoints: int, reach: int) -> None:
        """
        Args:
            work: of the run, in tokens of the training.
            reach: number of tokens that the network sees.
        """
        self._plan = plan(work, checkpoints, [min(len(prompt.tokens), reach) for prompt in prompts])
        self._prompts = prompts[: self._plan.prompts] if self._plan else []

    def of(self, network: Network, *, is_end: bool) -> list[dict[str, Any]]:
        """Return what the network answers now; nothing where there is no time for it.

        Args:
            is_end: this is the state before the first step, or the last one.
        """
        if self._plan is None or not (is_end or self._plan.everywhere):
            return []
        answers = greedy_answers(network, [prompt.tokens for prompt in self._prompts], self._plan.max_tokens)
        return [
            {
                "prompt": prompt.messages,
                "expected": prompt.expected,
                "answer": answer.text,
                "finish_reason": answer.finish_reason,
            }
            for prompt, answer in zip(self._prompts, answers, strict=True)
        ]
