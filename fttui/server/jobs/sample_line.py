"""Lines of type `samples`: the answers of a model, cleaned and of bounded size (trainers/README.md). Pure functions."""

import json
from typing import Any

from fttui.server.storage.reports import Samples
from fttui.text import clean, clean_line

MOST_SAMPLES = 10
"""Prompts of a step. Further ones are left out."""
MOST_MESSAGES = 20
"""Messages of a prompt. Of a longer one the last are kept."""
LONGEST_TEXT = 4000
"""Characters of a text. A longer one is cut, and ends with an ellipsis."""


def samples_of(line: dict[str, Any], step: int) -> Samples | None:
    """Return the samples of a decoded line. Incomplete samples are left out; None if there are no others."""
    sent = line.get("samples")
    found = [_sample(each) for each in sent[:MOST_SAMPLES]] if isinstance(sent, list) else []
    complete = [sample for sample in found if sample is not None]
    return Samples(step, complete) if complete else None


def _sample(sent: object) -> dict[str, Any] | None:
    if (
        not isinstance(sent, dict)
        or not isinstance(sent.get("prompt"), list)
        or not isinstance(sent.get("answer"), str)
    ):
        return None
    expected, reason = sent.get("expected"), sent.get("finish_reason")
    return {
        "prompt": [_message(message) for message in sent["prompt"][-MOST_MESSAGES:] if isinstance(message, dict)],
        "expected": _bounded(expected) if isinstance(expected, str) else None,
        "answer": _bounded(sent["answer"]),
        "finish_reason": clean_line(reason)[:32] if isinstance(reason, str) else None,
    }


def _message(message: dict[str, Any]) -> dict[str, str]:
    """Return role and text of a message: its text parts, else its tool calls as JSON."""
    content, calls = message.get("content"), message.get("tool_calls")
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(text for text in texts if isinstance(text, str))
    if not isinstance(content, str):
        content = ""
    if not content and isinstance(calls, list):
        content = json.dumps(calls, ensure_ascii=False)
    role = message.get("role")
    return {"role": clean_line(role)[:32] if isinstance(role, str) else "", "content": _bounded(content)}


def _bounded(text: str) -> str:
    text = clean(text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
