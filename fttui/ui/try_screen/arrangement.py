"""Places and sizes of the parts of the Try screen. Pure."""

from typing import NamedTuple

SIDE_BY_SIDE = 100
"""Columns from which two answers are beside each other."""
NARROW = 70
"""Columns below which one answer is shown, and the prompt has two rows."""
LOW = 18
"""Rows below which the same holds."""
FIXED = 3
"""Rows of title, status and footer."""
LEAST_ANSWER = 3
"""Rows of an answer, without its title."""


class Arrangement(NamedTuple):
    """Rows of each part; titles not counted."""

    is_small: bool
    """The terminal has room for one answer, and for a prompt of two rows."""
    is_wide: bool
    """The answers are beside each other."""
    one_answer: bool
    """Only the active answer is shown."""
    prompt: int
    expected: int
    """0: not shown."""
    answer: int
    """Rows of the first of two answers one below the other, else of an answer. The second takes the rest."""


def arrange(
    width: int, height: int, *, answers: int, prompt: int, expected: int, shows_expected: bool | None, zoomed: bool
) -> Arrangement:
    """Place the parts.

    Args:
        answers: number of answers.
        prompt: rows that the prompt needs.
        expected: rows that the expected answer needs; 0 without one.
        shows_expected: None shows it where there is room.
        zoomed: show one answer.
    """
    is_small = width < NARROW or height < LOW
    is_wide = width >= SIDE_BY_SIDE and answers > 1 and not zoomed and not is_small
    one_answer = answers == 1 or zoomed or is_small
    room = height - FIXED
    prompt_rows = max(1, min(prompt, 2 if is_small else room // 3))
    titles = 1 if one_answer or is_wide else 2
    left = room - prompt_rows - titles
    least = LEAST_ANSWER * (1 if one_answer or is_wide else 2)
    wanted = bool(expected) and (not is_small if shows_expected is None else shows_expected)
    expected_rows = min(expected, left // 3, left - 1 - least) if wanted else 0
    if expected_rows < 1:
        expected_rows = 0
    if least > left and not one_answer:  # two answers do not fit one below the other
        return arrange(width, height, answers=answers, prompt=prompt, expected=expected,
                       shows_expected=shows_expected, zoomed=True)  # fmt: skip
    left -= expected_rows + 1 if expected_rows else 0
    answer_rows = left if one_answer or is_wide else -(-left // 2)
    return Arrangement(is_small, is_wide, one_answer, prompt_rows, expected_rows, answer_rows)
