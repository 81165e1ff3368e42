"""The terminal is left as it was found, however the program ends."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.term import Terminal, environment

Start = Callable[..., Terminal]

ON_WHEN_FOUND = {7, 25}
"""Private modes that a terminal has on: line wrap and the cursor."""


def usual_attributes() -> list[Any]:
    """What termios says of a new terminal."""
    master, slave = os.openpty()
    found = termios.tcgetattr(slave)
    os.close(master)
    os.close(slave)
    return found


def assert_restored(terminal: Terminal) -> None:
    """Alternate screen, cursor, mouse, focus, bracketed paste and all other modes, title, keyboard and termios."""
    raw = terminal.raw
    assert {mode for mode, on in terminal.modes.items() if on != (mode in ON_WHEN_FOUND)} == set()
    assert 1049 in terminal.modes
    assert raw.count(b"\x1b[22;2t") == raw.count(b"\x1b[23;2t")
    assert raw.rfind(b"\x1b[23;2t") >= raw.rfind(b"\x1b]2;"), "no title after the one that was found"
    assert raw.count(b"\x1b[<u") == len(re.findall(rb"\x1b\[>\d+u", raw))
    assert terminal.attributes == usual_attributes()


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal(start: Start, number: int) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.kill(number)
    assert terminal.wait_end() == 128 + number
    assert_restored(terminal)


@pytest.mark.parametrize(("keys", "seen"), [("?", "esc leaves"), ("a", "Create a fine-tuning job"), (":", "^ :")])
def test_a_signal_over_a_layer_restores_the_terminal(start: Start, keys: str, seen: str) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send(keys)
    terminal.wait(f"(?m){seen}")
    terminal.kill(signal.SIGTERM)
    assert terminal.wait_end() == 128 + signal.SIGTERM
    assert_restored(terminal)


STRUCK = """
import os
import {module} as module
def struck(self, *positional, _real=module.{method}, **named):
    result = _real(self, *positional, **named)
    os.kill(os.getpid(), {number})
    return result
module.{method} = struck
from fttui.main import main
main()
"""
"""The program, and a signal to itself as soon as a method has returned."""
MOMENTS = [
    ("fttui.ui.first_frame", "FirstFrame.paint"),
    ("fttui.ui.app", "FttuiApp.__init__"),
    ("textual.app", "App._build_driver"),
    ("fttui.ui.first_frame", "FirstFrame.hand_over"),
    ("fttui.ui.app", "FttuiApp.get_default_screen"),
    ("fttui.ui.app", "FttuiApp._painted"),
]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment_of_the_start_restores_the_terminal(
    start: Start, moment: tuple[str, str], number: int
) -> None:
    module, method = moment
    terminal = start(program=("-c", STRUCK.format(module=module, method=method, number=int(number))))
    assert terminal.wait_end() == 128 + number
    assert_restored(terminal)
    assert b"Traceback" not in terminal.raw


HELD = """
import select
from fttui.ui.first_frame import FirstFrame
def held(self, *positional, _real=FirstFrame.paint):
    _real(self, *positional)
    select.select([0], [], [], 30)
FirstFrame.paint = held
from fttui.main import main
main()
"""
"""The program, whose first frame stands until a key is typed."""


def test_ctrl_c_over_the_first_frame_leaves(start: Start) -> None:
    terminal = start(program=("-c", HELD))
    terminal.wait("ST +ID")
    terminal.send("\x03")
    assert terminal.wait_end() == 130
    assert_restored(terminal)
    assert b"Traceback" not in terminal.raw


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the state of a process from /proc")
def test_ctrl_z_over_the_first_frame_waits_for_who_can_give_the_terminal_back(start: Start) -> None:
    terminal = start(program=("-c", HELD))
    terminal.wait("ST +ID")
    terminal.send("\x1a")
    terminal.wait(lambda _: is_stopped(terminal))
    assert_restored(terminal)


def test_a_terminal_that_goes_away_ends_the_program(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    os.close(terminal.child.child_fd)
    assert end_of(terminal) == 128 + signal.SIGHUP


def test_a_terminal_that_is_stuck_and_goes_away_ends_the_program(start: Start) -> None:
    """A line that nobody reads fills every buffer up to the program; then it breaks."""
    terminal = start(size=(200, 60))
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("T" * 40)
    waiting = [0, -1, -2]
    deadline = time.monotonic() + 15
    while len(set(waiting)) > 1 or waiting[0] < 4000:  # until it writes no more, and much is unread
        assert time.monotonic() < deadline, "it did not fill the line"
        time.sleep(0.1)
        unread = fcntl.ioctl(terminal.child.child_fd, termios.FIONREAD, b"    ")
        waiting = [*waiting[1:], int.from_bytes(unread, sys.byteorder)]
    os.close(terminal.child.child_fd)
    assert end_of(terminal) == 128 + signal.SIGHUP


def end_of(terminal: Terminal) -> int:
    """The exit code of a program that has no terminal any more."""
    deadline = time.monotonic() + 15
    while True:
        pid, status = os.waitpid(terminal.child.pid, os.WNOHANG)
        if pid:
            terminal.child.ptyproc.terminated = terminal.child.ptyproc.closed = terminal.child.closed = True
            return os.waitstatus_to_exitcode(status)
        assert time.monotonic() < deadline, "the program did not end"
        time.sleep(0.02)


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
    terminal.send("?\x1bR")
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
    terminal.wait("esc leaves")
    terminal.send("\x1b")
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
from fttui.ui.cockpit.screen import MainScreen
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


def is_stopped(terminal: Terminal) -> bool:
    stat = Path(f"/proc/{terminal.child.pid}/stat").read_text()
    return stat.rsplit(")", 1)[1].split()[0] == "T"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the state of a process from /proc")
def test_suspend_gives_the_terminal_back_until_it_goes_on(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("\x1a")
    terminal.wait(lambda _: is_stopped(terminal))
    assert_restored(terminal)
    before = len(terminal.raw)
    terminal.kill(signal.SIGCONT)
    terminal.wait(lambda _: b"No fine-tuning" in terminal.raw[before:])
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert_restored(terminal)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the state of a process from /proc")
def test_a_stop_that_no_program_can_catch_is_gone_on_from(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.kill(signal.SIGSTOP)
    terminal.wait(lambda _: is_stopped(terminal))
    # What a shell does when a job of its stops.
    termios.tcsetattr(terminal.child.child_fd, termios.TCSANOW, usual_attributes())
    before = len(terminal.raw)
    terminal.kill(signal.SIGCONT)
    terminal.wait(lambda _: b"No fine-tuning" in terminal.raw[before:])
    terminal.send("?")
    terminal.wait("esc leaves")
    terminal.send("\x1bq")
    assert terminal.wait_end() == 0
    assert_restored(terminal)


def test_a_terminal_that_goes_without_a_signal_ends_it(home: Path) -> None:
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    # No session of its own: this is not its controlling terminal, and the kernel sends no SIGHUP.
    env = environment(home)
    child = subprocess.Popen([sys.executable, "-m", "fttui"], stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    try:
        os.close(theirs)
        seen = b""
        while b"No fine-tuning jobs yet" not in seen:
            seen += os.read(ours, 65536)
        os.close(ours)
        assert child.wait(30) == 129
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize(
    ("environment", "config", "title"),
    [
        ({}, "", "\x1b]2;fttui\x07"),
        ({}, "title = false\n", None),
        ({"TERM": "linux"}, "", None),
        ({"TERM": "screen", "STY": "1.tty"}, "", None),
    ],
)
def test_the_title_is_set_where_it_can_be_given_back(
    start: Start, home: Path, environment: dict[str, str], config: str, title: str | None
) -> None:
    (home / "config.toml").write_text(config, encoding="utf-8")
    terminal = start(FTTUI_CONFIG=str(home / "config.toml"), **environment)
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert (b"\x1b]2;" in terminal.raw) == (b"\x1b[22;2t" in terminal.raw) == (title is not None)
    assert title is None or title.encode() in terminal.raw
    assert_restored(terminal)


@pytest.mark.parametrize(
    "config",
    ["read_only = true\n", 'profile = "lab"\n[profiles.lab]\nbase_url = "http://127.0.0.1:9/v1"\nread_only = true\n'],
)
def test_read_only_of_the_configuration_is_seen_at_once_and_refuses(start: Start, home: Path, config: str) -> None:
    (home / "config.toml").write_text(config, encoding="utf-8")
    terminal = start(FTTUI_CONFIG=str(home / "config.toml"))
    terminal.wait("read-only")
    terminal.wait("No fine-tuning jobs yet|OFFLINE")
    terminal.send("a")
    terminal.wait("add: .*read-only")
    terminal.send("q")
    assert terminal.wait_end() == 0


def test_esc_and_the_letter_after_it_are_two_keys_also_when_they_arrive_at_once(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send(":sort")
    terminal.wait(":sort")
    terminal.send("\x1bq")
    assert terminal.wait_end() == 0
