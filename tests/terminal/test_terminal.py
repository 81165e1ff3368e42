"""The terminal is restored, however the program ends."""

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

from tests.terminal.terminal import Terminal, environment

Start = Callable[..., Terminal]

ON_WHEN_FOUND = {7, 25}
"""Private modes that are on by default: line wrap and the cursor."""


def usual_attributes() -> list[Any]:
    """Return the termios attributes of a new terminal."""
    master, slave = os.openpty()
    found = termios.tcgetattr(slave)
    os.close(master)
    os.close(slave)
    return found


def assert_restored(terminal: Terminal) -> None:
    """Assert that all modes, the alternate screen, the cursor, the title, the keyboard and termios are restored."""
    raw = terminal.raw
    assert {mode for mode, on in terminal.modes.items() if on != (mode in ON_WHEN_FOUND)} == set()
    assert 1049 in terminal.modes
    assert raw.count(b"\x1b[22;2t") == raw.count(b"\x1b[23;2t")
    assert raw.rfind(b"\x1b[23;2t") >= raw.rfind(b"\x1b]2;"), "no title after the one that was found"
    assert raw.count(b"\x1b[<u") == len(re.findall(rb"\x1b\[>\d+u", raw))
    assert terminal.attributes == usual_attributes()


def test_ctrl_c_twice_exits(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("\x03")
    terminal.wait("Press ctrl\\+c again to quit")
    terminal.send("\x03")
    assert terminal.wait_end() == 0
    assert_restored(terminal)


@pytest.mark.parametrize(
    ("keys", "seen", "number"),
    [
        ("?", "esc leaves", signal.SIGINT),
        ("a", "Create a job", signal.SIGTERM),
        (":", "^ :", signal.SIGHUP),
    ],
)
def test_a_signal_with_an_open_screen_restores_the_terminal(start: Start, keys: str, seen: str, number: int) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send(keys)
    terminal.wait(f"(?m){seen}")
    terminal.kill(number)
    assert terminal.wait_end() == 128 + number
    assert_restored(terminal)


SIGNALLED = """
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
"""Program that sends itself a signal when a method returns."""
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
def test_a_signal_during_startup_restores_the_terminal(start: Start, moment: tuple[str, str], number: int) -> None:
    module, method = moment
    terminal = start(program=("-c", SIGNALLED.format(module=module, method=method, number=int(number))))
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
"""Program that keeps the first frame until a key is typed."""


def test_ctrl_c_during_the_first_frame_exits(start: Start) -> None:
    terminal = start(program=("-c", HELD))
    terminal.wait("ST +! +NAME")
    terminal.send("\x03")
    assert terminal.wait_end() == 130
    assert_restored(terminal)
    assert b"Traceback" not in terminal.raw


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the state of a process from /proc")
def test_ctrl_z_during_the_first_frame_waits_for_the_real_screen(start: Start) -> None:
    terminal = start(program=("-c", HELD))
    terminal.wait("ST +! +NAME")
    terminal.send("\x1a")
    wait_stopped(terminal)
    assert_restored(terminal)


def test_a_closed_terminal_ends_the_program(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    os.close(terminal.child.child_fd)
    assert end_of(terminal) == 128 + signal.SIGHUP


def test_a_stalled_and_then_closed_terminal_ends_the_program(start: Start) -> None:
    """An unread connection fills every buffer up to the program, then breaks."""
    terminal = start(size=(200, 60))
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("T" * 40)
    waiting = [0, -1, -2]
    deadline = time.monotonic() + 60
    while len(set(waiting)) > 1 or waiting[0] < 4000:  # until it writes no more, and much is unread
        assert time.monotonic() < deadline, "it did not fill the line"
        time.sleep(0.1)
        unread = fcntl.ioctl(terminal.child.child_fd, termios.FIONREAD, b"    ")
        waiting = [*waiting[1:], int.from_bytes(unread, sys.byteorder)]
    os.close(terminal.child.child_fd)
    assert end_of(terminal) == 128 + signal.SIGHUP


def end_of(terminal: Terminal) -> int:
    """Return the exit code of a program whose terminal was closed."""
    deadline = time.monotonic() + 60
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


@pytest.mark.parametrize("size", [(60, 20), (200, 60), (30, 8)])
def test_the_cockpit_opens_and_exits_at_other_sizes(start: Start, size: tuple[int, int]) -> None:
    terminal = start(size=size)
    terminal.wait("fttui")
    terminal.wait("now|needs")
    terminal.send("q")
    assert terminal.wait_end() == 0


def test_without_a_terminal_the_error_points_to_the_commands(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fttui"], capture_output=True, text=True, env=environment(home), check=False
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_dumb_terminal_is_refused(start: Start) -> None:
    terminal = start(TERM="dumb")
    assert terminal.wait_end() == 2
    assert b"\x1b[" not in terminal.raw


def test_a_data_directory_that_others_can_write_to_is_refused_before_the_first_frame(start: Start, home: Path) -> None:
    (home / "shared").mkdir()
    (home / "shared").chmod(0o777)
    terminal = start(FTTUI_DATA_DIR=str(home / "shared"))
    assert terminal.wait_end() == 2
    assert terminal.raw.startswith(f"fttui: the directory {home}/shared is refused".encode())
    assert list((home / "shared").iterdir()) == []


def test_a_word_that_arrives_in_one_read_is_typed_into_the_prompt(start: Start) -> None:
    """A slow connection delivers several keys in one read."""
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("/qacz?")
    terminal.wait("/qacz\\?")
    terminal.send("\x1b")
    terminal.wait(lambda lines: not lines[22].strip())
    terminal.send(":nonsense\r")
    terminal.wait("Unknown command 'nonsense'")
    terminal.send("?\x1bR")
    terminal.wait("HELD")
    terminal.send("R?zoom")
    terminal.wait("Help zoom")
    terminal.send("\x1b\x1b")
    terminal.wait(lambda lines: "Help" not in lines[0])


def test_keys_work_after_a_prompt_and_a_closed_screen(start: Start) -> None:
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
    terminal.wait("Create a job")
    terminal.send("\x1b")
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("R/one")
    terminal.wait("/one")
    terminal.send("\rq")
    assert terminal.wait_end() == 0


@pytest.mark.parametrize("keys", ["qa", "q?", "q@"])
def test_keys_after_quit_are_ignored(start: Start, keys: str) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send(keys)
    assert terminal.wait_end() == 0
    assert b"Traceback" not in terminal.raw


@pytest.mark.parametrize(
    "variables",
    [{"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LANG": "C"}, {"LANG": ""}],
)
def test_a_locale_without_utf_8_is_drawn_in_ascii(start: Start, variables: dict[str, str]) -> None:
    terminal = start(**variables)
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert terminal.raw.isascii()


FAULTY = """
from fttui.ui.cockpit.app_commands import AppCommands
def fault(self):
    secret = "sk-not-to-be-seen"
    raise RuntimeError("a fault of ours")
AppCommands.redraw = fault
from fttui.main import main
main()
"""


def test_a_crash_restores_the_terminal_and_names_the_crash_file(start: Start, home: Path) -> None:
    terminal = start(program=("-c", FAULTY))
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("\x0c")
    assert terminal.wait_end() == 1
    assert_restored(terminal)
    (file,) = home.rglob("crash-*.txt")
    assert b"unexpected error: RuntimeError" in terminal.raw
    assert str(file).encode() in terminal.raw.replace(b"\r\n", b"")
    assert "a fault of ours" in file.read_text(encoding="utf-8")
    assert "sk-not-to-be-seen" not in file.read_text(encoding="utf-8").replace('secret = "sk-not-to-be-seen"', "")
    assert b"sk-not-to-be-seen" not in terminal.raw
    assert file.stat().st_mode & 0o077 == 0


STRUCK = """
import fttui.config.crash
import {module} as module
class Fault(Exception):
    pass
if {shown}:
    Fault.__rich__ = lambda self: "sk-not-to-be-seen"
def struck(self, *positional, _real=module.{method}, **named):
    result = _real(self, *positional, **named)
    raise Fault("a fault of ours")
module.{method} = struck
from fttui.main import main
main()
"""
"""Program in which a method ends with an exception that Textual shows by itself if `shown`."""
FAULTS = [
    ("fttui.store.archive.first_rows", "first_rows", False),
    ("fttui.ui.first_frame", "FirstFrame.paint", False),
    ("fttui.ui.app", "FttuiApp.__init__", False),
    ("textual.app", "App._build_driver", False),
    ("textual.drivers.linux_driver", "LinuxDriver.start_application_mode", False),
    ("fttui.ui.app", "FttuiApp.get_default_screen", False),
    ("fttui.ui.app", "FttuiApp._painted", True),
    ("textual.driver", "Driver.process_message", False),
    ("fttui.ui.app", "FttuiApp.close", False),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[1])
def test_any_exception_restores_the_terminal_writes_a_note_and_exits_with_1(
    start: Start, home: Path, fault: tuple[str, str, bool]
) -> None:
    module, method, shown = fault
    terminal = start(program=("-c", STRUCK.format(module=module, method=method, shown=shown)))
    if method in ("Driver.process_message", "FttuiApp.close"):
        terminal.wait("No fine-tuning jobs yet|unexpected error")
        terminal.send("q")
    assert terminal.wait_end() == 1
    assert terminal.attributes == usual_attributes()
    if 1049 in terminal.modes:
        assert_restored(terminal)
    assert b"unexpected error: Fault" in terminal.raw
    assert b"Traceback" not in terminal.raw
    assert b"sk-not-to-be-seen" not in terminal.raw
    (file,) = home.rglob("crash-*.txt")
    assert "a fault of ours" in file.read_text(encoding="utf-8")


def test_bytes_that_are_not_utf_8_do_not_end_the_cockpit(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.child.send(b"/caf\xe9 ")
    terminal.wait("/caf\ufffd")
    terminal.child.send(b"\x1b[200~na\xefve\x1b[201~")
    terminal.wait("na\ufffdve")
    terminal.send("\x1b")
    terminal.wait(lambda lines: not lines[22].strip())
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert_restored(terminal)


WITHOUT_SIZE = """
import termios
termios.tcsetwinsize(0, (0, 0))
from fttui.main import main
main()
"""
"""Program on a terminal that says 0×0, as `docker exec` does at first."""


def bytes_in_a_second(terminal: Terminal) -> int:
    before, deadline = len(terminal.raw), time.monotonic() + 1
    while time.monotonic() < deadline:
        terminal.read()
    return len(terminal.raw) - before


def test_a_terminal_without_a_size_gets_80x24_and_few_bytes(start: Start) -> None:
    terminal = start(program=("-c", WITHOUT_SIZE))
    terminal.wait("No fine-tuning jobs yet")
    lines = terminal.wait(lambda lines: "q quit" in lines[-1])
    assert "fttui" in lines[0]
    assert bytes_in_a_second(terminal) < 1000
    terminal.resize(100, 30)
    terminal.wait(lambda lines: "q quit" in lines[-1])
    assert bytes_in_a_second(terminal) < 1000
    terminal.send("q")
    assert terminal.wait_end() == 0


def is_stopped(terminal: Terminal) -> bool:
    stat = Path(f"/proc/{terminal.child.pid}/stat").read_text()
    return stat.rsplit(")", 1)[1].split()[0] == "T"


def wait_stopped(terminal: Terminal) -> None:
    """Wait until the program is stopped, and read what it wrote before."""
    terminal.wait(lambda _: is_stopped(terminal))
    terminal.read()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the state of a process from /proc")
def test_suspend_restores_the_terminal_until_fg(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("\x1a")
    wait_stopped(terminal)
    assert_restored(terminal)
    before = len(terminal.raw)
    terminal.kill(signal.SIGCONT)
    terminal.wait(lambda _: b"No fine-tuning" in terminal.raw[before:])
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert_restored(terminal)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the state of a process from /proc")
def test_the_cockpit_continues_after_sigstop(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.kill(signal.SIGSTOP)
    wait_stopped(terminal)
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


def test_a_closed_terminal_without_sighup_ends_the_program(home: Path) -> None:
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
def test_the_title_is_set_on_terminals_that_can_restore_it(
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
def test_read_only_from_the_configuration_is_shown_at_once_and_enforced(start: Start, home: Path, config: str) -> None:
    (home / "config.toml").write_text(config, encoding="utf-8")
    terminal = start(FTTUI_CONFIG=str(home / "config.toml"))
    terminal.wait("read-only")
    terminal.send("a")
    terminal.wait("create: .*read-only")
    terminal.send("u")
    terminal.wait("othing to undo")  # in the place of the refusal
    terminal.wait("No fine-tuning jobs yet|OFFLINE")
    terminal.send("a")
    terminal.wait("create: .*read-only")
    terminal.send("q")
    assert terminal.wait_end() == 0


def test_esc_and_a_letter_in_one_read_are_two_keys(start: Start) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send(":sort")
    terminal.wait(":sort")
    terminal.send("\x1bq")
    assert terminal.wait_end() == 0
