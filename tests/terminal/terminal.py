"""The real program in a pseudo-terminal: send keys, read the screen."""

import os
import re
import signal
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pyte


def environment(home: Path, **more: str) -> dict[str, str]:
    """Build an environment that hides the settings and directories of the user who runs the tests."""
    return {
        "HOME": str(home),
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",
    } | more


class Terminal:
    """Program under a pty with an emulated screen."""

    def __init__(
        self,
        arguments: list[str],
        env: dict[str, str],
        size: tuple[int, int] = (80, 24),
        program: tuple[str, ...] = ("-m", "fttui"),
    ) -> None:
        columns, lines = size
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        # A terminal wider than a line of the trace is not wrapped; no echo delay: keys go at once.
        self.child = pexpect.spawn(
            sys.executable, [*program, *arguments], env=env, dimensions=(lines, columns), timeout=60
        )
        self.child.delaybeforesend = None

    @property
    def attributes(self) -> list[Any]:
        """The termios attributes of the terminal."""
        return termios.tcgetattr(self.child.child_fd)

    @property
    def modes(self) -> dict[int, bool]:
        """State of every private mode that the program set or reset."""
        found = re.findall(rb"\x1b\[\?([\d;]+)([hl])", self.raw)
        return {int(mode): how == b"h" for modes, how in found for mode in modes.split(b";")}

    def send(self, keys: str) -> None:
        self.child.send(keys)

    def answer(self, key: str) -> None:
        """Answer the question on the screen. Keys of its first moment do not count: send the key until it is gone."""
        while any("y/N" in line for line in self.lines):
            self.send(key)
            self.read()

    @property
    def lines(self) -> list[str]:
        return list(self.screen.display)

    def wait(self, seen: str | Callable[[list[str]], bool], timeout: float = 60.0) -> list[str]:
        """Read until the screen shows `seen`, a regular expression or a predicate on the lines."""
        deadline = time.monotonic() + timeout
        while True:
            lines = self.lines
            if re.search(seen, "\n".join(lines)) if isinstance(seen, str) else seen(lines):
                return lines
            if time.monotonic() > deadline:
                raise AssertionError(f"never saw {seen!r}; the screen is:\n" + "\n".join(lines))
            if not self.read():
                raise AssertionError(f"the program ended before {seen!r}:\n" + "\n".join(self.lines))

    def wait_end(self, timeout: float = 60.0) -> int:
        """Read to the end and return the exit code, negative for a signal."""
        deadline = time.monotonic() + timeout
        while self.read():
            assert time.monotonic() < deadline, "the program did not end:\n" + "\n".join(self.lines)
        self.child.wait()
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)

    def resize(self, columns: int, lines: int) -> None:
        """Resize the terminal and erase it, so that `wait` sees only what is drawn for the new size."""
        self.screen.resize(lines, columns)
        self.screen.erase_in_display(2)
        self.child.setwinsize(lines, columns)

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.child.kill(number)

    def close(self) -> None:
        """Kill the program, which saves the pauses in which pexpect asks it to end."""
        if self.child.isalive():
            self.kill()
            self.child.wait()
        self.child.ptyproc.delayafterclose = 0.0
        self.child.close(force=True)

    def read(self) -> bool:
        """Read available output, with a short timeout. Return False at the end of the output."""
        try:
            data = self.child.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += data
        self._stream.feed(data)
        return True
