"""TerminalOutput writes at once what the terminal takes, never waits, and keeps the order of the rest."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from fttui.ui.terminal.output import TerminalOutput

LONG = "é漢a" * 50_000
"""More than a terminal holds until somebody reads it."""


class Line:
    """Both ends of a terminal."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        self.file: TextIO = open(slave, "w", encoding="utf-8")  # noqa: SIM115  (closed by `close`)

    def read(self, size: int) -> str:
        found = b""
        while len(found) < size:
            found += os.read(self.master, size - len(found))
        return found.decode()

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        if self.master >= 0:
            self.hang_up()
        with suppress(OSError):  # hung up
            self.file.close()


@pytest.fixture
def line() -> Iterator[Line]:
    found = Line()
    yield found
    found.close()


def test_short_text_is_written_at_once(line: Line) -> None:
    output = TerminalOutput(line.file)
    assert not output.write_now("ab")
    assert not output.write_now("é")
    assert line.read(4) == "abé"
    output.close()
    assert output.write_now("c") == "c", "the thread writes from now on"


def test_text_that_the_terminal_does_not_take_keeps_its_order(line: Line) -> None:
    output = TerminalOutput(line.file)
    rest = output.write_now(LONG)
    assert isinstance(rest, bytes)
    assert 0 < len(rest) < len(LONG.encode())
    assert output.write_now("b") == "b", "what comes later must not overtake it"

    def write() -> None:
        output.write(rest)
        output.write("b")
        output.flush()

    thread = threading.Thread(target=write)
    thread.start()
    assert line.read(len(LONG.encode()) + 1) == LONG + "b"
    thread.join()
    assert not output.write_now("c")
    assert line.read(1) == "c"


def test_a_terminal_that_is_gone_takes_everything(line: Line) -> None:
    output = TerminalOutput(line.file)
    line.hang_up()
    assert not output.write_now("a")
    output.write("b")
    output.flush()


def test_a_file_is_left_to_the_thread(tmp_path: Path) -> None:
    with open(tmp_path / "file", "w", encoding="utf-8") as file:
        output = TerminalOutput(file)
        assert output.write_now("a") == "a"
        output.write("a")
        output.flush()
    assert (tmp_path / "file").read_text() == "a"


def test_shared_flags_of_the_terminal_stay_as_they_are(line: Line) -> None:
    output = TerminalOutput(line.file)
    output.write_now("a")
    assert os.get_blocking(line.file.fileno())
