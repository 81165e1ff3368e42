"""Samples of a job for `fttui jobs checkpoints --samples`: on a terminal one block for each prompt."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from fttui.cli.output import TABLE, Column, Output, say
from fttui.text import wrap

if TYPE_CHECKING:
    from fttui.models.samples import Sample, StepSamples

NONE = "No answers during the training are known for this job."


class Answer(NamedTuple):
    """An answer at one step."""

    step: int
    number: int
    """Number of the prompt, counted from 1."""
    sample: "Sample"


def print_samples(output: Output, found: "Sequence[StepSamples]", *, has_more: bool) -> None:
    """Print samples; with `--json` as they were sent.

    Args:
        has_more: some could not be read.
    """
    if output.form != TABLE:
        output.print_list(found, (), raw=lambda item: item.raw, has_more=has_more)
        return
    answers = [
        Answer(item.step_number, number, sample)
        for item in found
        if item.step_number is not None
        for number, sample in enumerate(item.samples, 1)
    ]
    if output.is_terminal:
        for number in sorted({answer.number for answer in answers}):
            _print_prompt(output, number, [answer for answer in answers if answer.number == number])
    else:
        output.print_list(answers, _COLUMNS, raw=lambda answer: answer.number)
    output.flush()
    if not answers:
        say(NONE)


_COLUMNS: list[Column[Answer]] = [
    Column("STEP", lambda answer: str(answer.step)),
    Column("PROMPT", lambda answer: str(answer.number)),
    Column("FINISH", lambda answer: answer.sample.finish_reason),
    Column("ANSWER", lambda answer: answer.sample.answer),
]


def _print_prompt(output: Output, number: int, answers: Sequence[Answer]) -> None:
    """Print a prompt, the answers by step, and the expected answer."""
    head = f"── prompt {number} "
    lines = [head + "─" * max(0, output.cells - len(head))]
    sample = answers[-1].sample
    rows = [*sample.prompt, *((f"step {answer.step}", answer.sample.answer) for answer in answers)]
    rows += [("expected", sample.expected)] if sample.expected else []
    width = max(len(name) for name, _ in rows) + 2
    for name, text in rows:
        for index, piece in enumerate(wrap(text, max(20, output.cells - width)) or [""]):
            lines.append(f"{'' if index else name:<{width}}{piece}".rstrip())
    output.print_text("\n".join(lines) + "\n")
