"""Lines of the Try screen: prompt, answers and their titles. Pure."""

from collections.abc import Sequence

from fttui.core.try_candidates import Candidate
from fttui.core.try_model import NO_SAMPLER, TOO_LONG, Answer, AnswerState
from fttui.data.shown_example import Part
from fttui.learning.phase_words import phase_words
from fttui.text import fit, pad, wrap
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span

NAME = 10
"""Cells of the names of roles."""
CARET, CARET_ASCII = "▏", "_"
"""End of an answer that is written."""
STATE_WORDS = {
    AnswerState.WAITING: "waits",
    AnswerState.LOADING: "is loading",
    AnswerState.WRITING: "is writing",
    AnswerState.ENDED: "has ended",
    AnswerState.STOPPED: "was stopped",
    AnswerState.FAILED: "failed",
}


def prompt_lines(parts: Sequence[Part], cells: int, rows: int | None = None) -> list[Line]:
    """Return the messages of a prompt, each with its role.

    Args:
        rows: most rows; the messages before the last one are cut to one row each, and the oldest leave. None: no limit.
    """
    blocks = [_block(part, cells) for part in parts]
    if rows is not None and sum(map(len, blocks)) > rows:
        last = blocks[-1][:rows]
        before = [_one_row(part, cells) for part in parts[:-1]]
        kept = before[len(before) - (rows - len(last)) :] if rows > len(last) else []
        return [*kept, *last]
    return [line for block in blocks for line in block]


def narrow_prompt(parts: Sequence[Part], cells: int) -> list[Line]:
    """Return the last two messages of a prompt in one row each: `user: Where is my parcel…`."""
    return [
        [(f" {part.name}: ", "dim"), (fit(" ".join(part.text.split()), max(1, cells - len(part.name) - 4)), "")]
        for part in parts[-2:]
    ]


def _block(part: Part, cells: int) -> list[Line]:
    lines: list[Line] = []
    for at, text in enumerate(wrap(part.text, max(10, cells - NAME - 2))):
        lines.append([(f" {pad('' if at else fit(part.name, NAME - 1), NAME)}", "dim"), (text, "")])
    return lines


def _one_row(part: Part, cells: int) -> Line:
    text = fit(" ".join(part.text.split()), max(10, cells - NAME - 2))
    return [(f" {pad(fit(part.name, NAME - 1), NAME)}", "dim"), (text, "")]


def text_lines(text: str, cells: int, role: str = "") -> list[Line]:
    """Return a text as lines."""
    return [[(f" {line}", role)] for line in wrap(text, max(10, cells - 2))] if text else []


def answer_lines(answer: Answer | None, candidate: Candidate, subject: str, cells: int, glyphs: Glyphs) -> list[Line]:
    """Return what stands in the place of an answer: its text, and its state where that is not obvious.

    Args:
        answer: None before the question was asked.
        subject: name of the job or model, for commands that a message names.
    """
    if answer is None:
        return text_lines("enter asks.", cells, "dim")
    lines = text_lines(answer.content, cells)
    if answer.state in (AnswerState.WRITING, AnswerState.LOADING) and answer.content:
        *before, last = lines
        caret = CARET if glyphs.unicode else CARET_ASCII
        return [*before, [*last, (caret, "dim")]]
    if answer.state is AnswerState.LOADING and answer.phase is not None:
        return text_lines(phase_words(answer.phase, candidate.model, None), cells, "dim")
    if answer.state is AnswerState.STOPPED:
        return [*lines, *text_lines(f"Stopped at {answer.tokens} tokens.", cells, "dim")]
    if answer.state is AnswerState.FAILED:
        return [*lines, *text_lines(trouble_words(answer, subject), cells, "fail")]
    if answer.state is AnswerState.ENDED and not lines:
        return text_lines("The answer is empty.", cells, "dim")
    return lines


def trouble_words(answer: Answer, subject: str) -> str:
    """Return what went wrong and what to do."""
    error = answer.error
    if error is None:
        return ""
    sentence = error.message.partition(". ")[0].rstrip(".")
    if answer.is_busy:
        return f"{sentence}, so Try waits. r tries again; P in the list pauses it."
    if error.code == NO_SAMPLER:
        return f"{sentence}. Export the model: {export_command(subject)}"
    if error.code == TOO_LONG:
        return f"! {error.message} A shortens the prompt."
    if answer.tokens:
        return f"{answer.trouble} enter asks again."
    return f"! {answer.trouble}"


def export_command(subject: str) -> str:
    """Return the shell command that exports the model of a job."""
    return f"fttui models export {subject} -o DIR"


def answer_title(candidate: Candidate, *, is_active: bool, of_two: bool) -> list[Span]:
    """Return the title of an answer. The active one of two has a `>`."""
    sign = ">" if of_two and is_active else ""
    return [(f"{sign}{candidate.title}", "title" if is_active or not of_two else "dim")]


def answer_facts(answer: Answer | None, glyphs: Glyphs) -> str:
    """Return the facts about an answer for the end of its title: `48 tokens · 0.3 s · writing`."""
    if answer is None:
        return ""
    facts = []
    if answer.tokens:
        facts += [f"{answer.tokens:,} token{'' if answer.tokens == 1 else 's'}", f"{answer.seconds:.1f} s"]
    if not answer.is_over:
        facts.append(answer.state)
    elif answer.finish_reason == "length":
        facts.append("cut")
    return f" {glyphs.dot} ".join(facts)


def status_words(pairs: Sequence[tuple[Candidate, Answer | None]], cost: str, glyphs: Glyphs) -> str:
    """Return the states of the answers and the cost: `base has ended · tuned is writing · free`."""
    words = [f"{candidate.name} {STATE_WORDS[answer.state]}" for candidate, answer in pairs if answer is not None]
    return f" {glyphs.dot} ".join([*words, *([cost] if cost else [])])
