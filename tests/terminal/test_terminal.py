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


def test_a_word_that_arrives_at_once_is_typed_and_not_acted_upon(start: Start) -> None:
    """A slow line delivers what was typed in one piece."""
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("/qacz?")
    terminal.wait("/qacz\\?")
    terminal.send("\x1b")
    terminal.wait(lambda lines: not lines[22].strip())
    terminal.send(":nonsense\r")
    terminal.wait("no command is called 'nonsense'")
    terminal.send("?qR")
    terminal.wait("HELD")
    terminal.send("R?zoom")
    terminal.wait("Keys +zoom")
    terminal.send("\x1b\x1b")
    terminal.wait(lambda lines: "Keys" not in lines[0])


def test_keys_live_on_after_a_prompt_and_a_layer(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send(":")
    terminal.wait(lambda lines: lines[22].startswith(" :"))
    terminal.send("\x1b")
    terminal.wait(lambda lines: not lines[22].strip())
    terminal.send("?")
    terminal.wait("esc or q leaves")
    terminal.send("q")
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("R")
    terminal.wait("HELD")
    terminal.send("a")
    terminal.wait("Create a fine-tuning job")
    terminal.send("\x1b")
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("R/one")
    terminal.wait("/one")
    terminal.send("\rq")
    assert terminal.wait_end() == 0


@pytest.mark.parametrize("keys", ["qa", "q?", "q@"])
def test_what_follows_a_quit_is_not_done(start: Start, keys: str) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send(keys)
    assert terminal.wait_end() == 0
    assert b"Traceback" not in terminal.raw


def test_a_terminal_that_is_not_utf_8_is_drawn_in_ascii(start: Start) -> None:
    terminal = start(LANG="C", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert terminal.raw.isascii()


FAULTY = """
from fttui.ui.screens.main import MainScreen
def fault(self):
    secret = "sk-not-to-be-seen"
    raise RuntimeError("a fault of ours")
MainScreen.action_redraw = fault
from fttui.main import main
main()
"""


def test_a_fault_of_ours_restores_the_terminal_and_names_the_file(start: Start, home: Path) -> None:
    terminal = start(program=("-c", FAULTY))
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("\x0c")
    assert terminal.wait_end() == 1
    assert_restored(terminal)
    (file,) = home.rglob("crash-*.txt")
    assert b"a fault of fttui itself: RuntimeError" in terminal.raw
    assert str(file).encode() in terminal.raw.replace(b"\r\n", b"")
    assert "a fault of ours" in file.read_text(encoding="utf-8")
    assert "sk-not-to-be-seen" not in file.read_text(encoding="utf-8").replace('secret = "sk-not-to-be-seen"', "")
    assert b"sk-not-to-be-seen" not in terminal.raw
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the state of a process from /proc")
def test_suspend_gives_the_terminal_back_until_it_goes_on(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("\x1a")
    terminal.wait(lambda _: terminal.raw.endswith(SHOWS_CURSOR) or LEAVES_SCREEN in terminal.raw)
    assert_restored(terminal)
    stat = Path(f"/proc/{terminal.child.pid}/stat")
    terminal.wait(lambda _: stat.read_text().rsplit(")", 1)[1].split()[0] == "T")
    before = len(terminal.raw)
    terminal.kill(signal.SIGCONT)
    terminal.wait(lambda _: b"No fine-tuning" in terminal.raw[before:])
    terminal.send("q")
    assert terminal.wait_end() == 0
