"""Lines of the samples of a step: the prompt, the answers of the base model and of the step, the expected one. Pure."""

from collections.abc import Sequence

from fttui.models.samples import Sample
from fttui.text import fit, pad, wrap
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span, line_width, rule_line

ROLE = 10
"""Cells of the role of a message."""
SIDE_BY_SIDE = 100
"""Least width with two answers beside each other."""
BASE = "base model"


def sample_lines(
    sample: Sample, title: str, base: Sample | None, cells: int, glyphs: Glyphs, *, with_expected: bool
) -> list[Line]:
    """Return a prompt with its answers.

    Args:
        title: of the answer.
        base: the answer of the base model; None where there is none to compare with.
    """
    lines = _prompt_lines(sample.prompt, cells, glyphs)
    answers = [(BASE, base), (title, sample)] if base is not None else [(title, sample)]
    if len(answers) == 2 and cells >= SIDE_BY_SIDE:
        left = (cells - 1) // 2
        lines += _beside(
            _answer_lines(*answers[0], left, glyphs), _answer_lines(*answers[1], cells - left - 1, glyphs), left, glyphs
        )
    else:
        for answer in answers:
            lines += _answer_lines(*answer, cells, glyphs)
    if with_expected and sample.expected:
        lines.append(rule_line(cells, [("expected", "title")], "", glyphs))
        lines += _text_lines(sample.expected, cells)
    return lines


def _prompt_lines(prompt: Sequence[tuple[str, str]], cells: int, glyphs: Glyphs) -> list[Line]:
    lines: list[Line] = []
    for role, text in prompt:
        name = fit(role, ROLE - 1, ellipsis=glyphs.cut)
        for index, part in enumerate(wrap(text, max(10, cells - ROLE - 1)) or [""]):
            lines.append([(f" {'' if index else name:<{ROLE}}", "dim"), (part, "")])
    return lines


def _answer_lines(title: str, sample: Sample, cells: int, glyphs: Glyphs) -> list[Line]:
    facts = "cut at its longest length" if sample.finish_reason == "length" else ""
    return [rule_line(cells, [(title, "title")], facts, glyphs), *_text_lines(sample.answer, cells)]


def _text_lines(text: str, cells: int) -> list[Line]:
    if not text.strip():
        return [[(" The answer is empty.", "dim")]]
    return [[(f" {line}", "")] for line in wrap(text, max(10, cells - 2))]


def _beside(first: list[Line], second: list[Line], left: int, glyphs: Glyphs) -> list[Line]:
    """Join lines of two columns."""
    lines: list[Line] = []
    for index in range(max(len(first), len(second))):
        spans: list[Span] = [*first[index]] if index < len(first) else []
        spans += [(pad("", left - line_width(spans)), ""), (glyphs.bar, "rule")]
        lines.append([*spans, *(second[index] if index < len(second) else [])])
    return lines
