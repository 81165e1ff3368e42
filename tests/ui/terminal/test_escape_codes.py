"""Terminal title."""

import pytest

from fttui.ui.terminal.escape_codes import Title, takes_title


@pytest.mark.parametrize(
    ("environment", "takes"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/x,1,0"}, True),
        ({"TERM": "screen-256color", "STY": "1.tty"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "vt100"}, False),
        ({}, False),
    ],
)
def test_only_terminals_with_a_title_stack_take_a_title(environment: dict[str, str], takes: bool) -> None:
    assert takes_title(environment) is takes


def test_a_title_is_written_on_change_and_restored_at_the_end() -> None:
    title = Title(enabled=True)
    assert title.take() == "\x1b[22;2t"
    assert title.show("fttui ▸1") == "\x1b]2;fttui ▸1\x07"
    assert title.show("fttui ▸1") == ""
    assert title.give_back().endswith("\x1b[23;2t")
    assert title.take() == "\x1b[22;2t\x1b]2;fttui ▸1\x07", "after a suspension"


def test_a_disabled_title_writes_nothing() -> None:
    title = Title(enabled=False)
    assert title.take() + title.show("fttui") + title.give_back() == ""
