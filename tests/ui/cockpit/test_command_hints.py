"""Hints of the command line."""

import pytest

from fttui.ui.cockpit.command_hints import hint
from fttui.ui.cockpit.command_line import WORDS
from fttui.ui.render.hints import hint_line


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "a command and its argument"),
        ("so", "sort  sort.next  sort.reverse"),
        ("sort", "sort FIELD [desc]: sort the list; -FIELD or desc reverses"),
        ("sort lo", "FIELD [desc]: loss"),
        ("sort loss ", "FIELD [desc]: desc  asc"),
        ("goto my", "NAME: my run  my other run"),
        ("columns id,st", "NAME,NAME…: status  step"),
        ("sort weight", "Unknown column 'weight'. Press tab to complete names."),
        ("interval 1", "interval: must be a number of seconds, 2 or more."),
        ("theme zz", "Unknown theme 'zz'. Press tab to complete names."),
        ("job.cancel", "job.cancel: cancel the job or the marked jobs (asks)"),
        ("job.cancel x", "job.cancel takes no argument."),
        ("nonsense", "Unknown command 'nonsense'."),
        ("nonsense ", "Unknown command 'nonsense'."),
    ],
)
def test_hint_of_a_line_tells_the_next_argument_or_the_error(line: str, expected: str) -> None:
    found = hint(line, {"theme": ["nord"], "goto": ["my run", "my other run"]})
    assert found.text == expected
    assert found.is_error == expected.startswith(("Unknown", "interval: must", "job.cancel takes"))


def test_no_hint_of_a_word_is_cut_at_80_columns() -> None:
    for word in WORDS:
        line = "".join(text for text, _ in hint_line(hint(word, {}), 80))
        assert hint(word, {}).text in line
