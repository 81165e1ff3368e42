"""The terminal is left as it was found, however the program ends."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal.term import Terminal, environment

Start = Callable[..., Terminal]

LEAVES_SCREEN = b"\x1b[?1049l"
SHOWS_CURSOR = b"\x1b[?25h"
MOUSE_ON = b"\x1b[?1003h"
MOUSE_OFF = b"\x1b[?1003l"


def assert_restored(terminal: Terminal) -> None:
    raw = terminal.raw
    assert raw.rfind(LEAVES_SCREEN) > raw.rfind(b"\x1b[?1049h")
    assert raw.rfind(SHOWS_CURSOR) > raw.rfind(b"\x1b[?25l")
    assert raw.rfind(MOUSE_OFF) > raw.rfind(MOUSE_ON)


def test_q_leaves_with_0(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert_restored(terminal)


def test_ctrl_c_twice_leaves(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("\x03")
    terminal.wait("ctrl\\+c again leaves")
    terminal.send("\x03")
    assert terminal.wait_end() == 0
    assert_restored(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal(start: Start, number: int) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.kill(number)
    terminal.wait_end()
    assert_restored(terminal)


def test_a_terminal_that_goes_away_ends_the_program(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.child.close(force=False)
    assert not terminal.child.isalive()


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "xterm"}, {"TERM": "xterm-256color"}])
def test_colours_follow_the_terminal(start: Start, env: dict[str, str]) -> None:
    terminal = start(**env)
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("q")
    terminal.wait_end()
    if env != {"TERM": "xterm-256color"}:
        assert b"\x1b[38;" not in terminal.raw
        assert b";38;" not in terminal.raw
    assert b"38;2;" not in terminal.raw


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60), (30, 8)])
def test_every_size_opens_and_leaves(start: Start, size: tuple[int, int]) -> None:
    terminal = start(size=size)
    terminal.wait("fttui")
    terminal.wait("now|needs")
    terminal.send("q")
    assert terminal.wait_end() == 0


def test_without_a_terminal_it_names_the_commands(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fttui"], capture_output=True, text=True, env=environment(home), check=False
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_dumb_terminal_is_not_drawn_on(start: Start) -> None:
    terminal = start(TERM="dumb")
    assert terminal.wait_end() == 2
    assert b"\x1b[" not in terminal.raw
