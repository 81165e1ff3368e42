"""Samples of a job: what its model answered at one step to a few fixed prompts."""

from typing import Any, NamedTuple

from fttui.models import lenient
from fttui.models.wire import Wire

MOST = 20
"""Samples of a step, and messages of a prompt, that are decoded."""
LONGEST = 20_000
"""Characters of a text that are decoded."""


class Sample(NamedTuple):
    """An answer to one prompt. All texts are clean."""

    prompt: tuple[tuple[str, str], ...] = ()
    """Role and text of each message."""
    answer: str = ""
    expected: str = ""
    """The answer in the data; empty when it was not sent."""
    finish_reason: str = ""


class StepSamples(Wire):
    """The samples of one step."""

    created_at: lenient.Moment = None
    step_number: lenient.Whole = None
    samples: tuple[Sample, ...] = ()

    @classmethod
    def members(cls, raw: dict[str, Any]) -> dict[str, Any]:
        members = super().members(raw)
        sent = raw.get("samples")
        found = sent[:MOST] if isinstance(sent, list) else []
        members["samples"] = tuple(_sample(each) for each in found if isinstance(each, dict))
        return members


def _sample(sent: dict[str, Any]) -> Sample:
    prompt = sent.get("prompt")
    messages = [each for each in prompt if isinstance(each, dict)] if isinstance(prompt, list) else []
    return Sample(
        tuple((lenient.line(each.get("role")), _text(each.get("content"))) for each in messages[-MOST:]),
        _text(sent.get("answer")),
        _text(sent.get("expected")),
        lenient.line(sent.get("finish_reason")),
    )


def _text(value: object) -> str:
    return lenient.paragraph(value[:LONGEST]) if isinstance(value, str) else ""
