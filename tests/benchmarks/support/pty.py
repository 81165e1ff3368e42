"""Measure a program in a pseudo-terminal: time and number of bytes written, CPU time, memory.

Times are taken when bytes are read. Terminal queries get the answers of a modern terminal.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence

ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[c": b"\x1b[?62;22c"}
CONTROL = re.compile(rb"\x1b(?:\[[0-9;?<>$]*[a-zA-Z]|\][^\x07]*\x07)")
KEYS = {"down": b"\x1b[B", "right": b"\x1b[C", "pgdn": b"\x1b[6~", "home": b"\x1b[H"}
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
"""Variables of a terminal with 24-bit colour."""
QUIET = 0.06
"""Seconds without output after which the reaction to a key is complete."""


class Watched:
    """A running program."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int]) -> None:
        self.chunks: list[tuple[float, bytes]] = []
        self._start = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if not self.pid:
            self.resize(*size, terminal=0)
            os.execvpe(command[0], list(command), dict(environment))

    def resize(self, columns: int, lines: int, terminal: int | None = None) -> None:
        fd = self._terminal if terminal is None else terminal
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def now(self) -> float:
        """Seconds since the start of the program."""
        return time.perf_counter() - self._start

    def read(self, seconds: float) -> bool:
        """Wait up to `seconds` for output. Return whether there was any."""
        if not select.select([self._terminal], [], [], max(0.0, seconds))[0]:
            return False
        try:
            data = os.read(self._terminal, 1 << 18)
        except OSError:
            data = b""
        if not data:
            raise EOFError("the program ended: " + self.text[-400:].decode("utf-8", "replace"))
        self.chunks.append((self.now(), data))
        for question, answer in ANSWERS.items():
            if question in data:
                os.write(self._terminal, answer)
        return True

    def calm(self, quiet: float, most: float = 20.0) -> None:
        """Read until there is no output for `quiet` seconds."""
        end = self.now() + most
        while self.now() < end and self.read(quiet):
            pass

    def wait(self, pattern: str, most: float = 30.0) -> float:
        """Return the seconds from the start until the output contained `pattern`."""
        seen, end = 0, self.now() + most
        while True:
            while seen < len(self.chunks):
                seen += 1
                if re.search(pattern.encode(), CONTROL.sub(b"", b"".join(data for _, data in self.chunks[:seen]))):
                    return self.chunks[seen - 1][0]
            if not self.read(end - self.now()):
                raise TimeoutError(f"{pattern!r} was never written")

    @property
    def text(self) -> bytes:
        """Output without control sequences."""
        return CONTROL.sub(b"", b"".join(data for _, data in self.chunks))

    @property
    def written(self) -> int:
        """Number of bytes written."""
        return sum(len(data) for _, data in self.chunks)

    def send(self, keys: bytes) -> None:
        """Send keys and do not wait for the reaction."""
        os.write(self._terminal, keys)

    def press(self, keys: bytes, *, patience: float = 1.0, quiet: float = QUIET) -> tuple[float, int]:
        """Send keys in one write. Return the seconds to the last byte of the reaction, and its bytes.

        Args:
            patience: longest time to the first byte.
            quiet: time without output after which the reaction is complete.
        """
        first, before, start = len(self.chunks), self.written, self.now()
        self.send(keys)
        if self.read(patience):
            self.calm(quiet)
        return (self.chunks[-1][0] - start if len(self.chunks) > first else 0.0), self.written - before

    def idle(self, seconds: float) -> tuple[float, int]:
        """Wait some seconds. Return the CPU seconds and the bytes of that time."""
        end, cpu, before = self.now() + seconds, self.cpu(), self.written
        while self.now() < end:
            self.read(end - self.now())
        return self.cpu() - cpu, self.written - before

    def cpu(self) -> float:
        """CPU seconds of all threads; 0 without /proc."""
        spent = 0
        if os.path.isdir(folder := f"/proc/{self.pid}/task"):
            for thread in os.listdir(folder):
                with open(f"{folder}/{thread}/schedstat", encoding="ascii") as file:
                    spent += int(file.read().split()[0])
        return spent / 1e9

    def memory(self) -> float:
        """Peak resident memory in megabytes; 0 without /proc."""
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
                found = re.search(r"VmHWM:\s+(\d+)", file.read())
        except OSError:
            return 0.0
        return int(found[1]) / 1024 if found else 0.0

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)
