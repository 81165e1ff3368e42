"""Thread that reads the terminal's input: it sleeps without input, and ends when it is told to."""

import os
import threading
from collections.abc import Iterator

import pytest
from textual.events import Key
from textual.message import Message

from fttui.ui.terminal.input_loop import InputStop, read_input
from fttui.ui.terminal.key_reader import KeyReader


class Terminal:
    """Terminal whose input a thread reads."""

    def __init__(self) -> None:
        self.keyboard, self.fileno = os.openpty()
        self.gone = threading.Event()
        self.stop = InputStop(self.fileno, self.gone.set)
        self.reads: list[bytes] = []
        self.keys: list[str] = []
        self.has_key = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        reads = self.reads

        class Patient(KeyReader):
            patience = None  # as if no key were incomplete

            def read(self, data: bytes) -> list[Message]:
                reads.append(data)
                return super().read(data)

        read_input(self.fileno, self.stop, Patient(), self._handle)

    def _handle(self, message: Message) -> None:
        assert isinstance(message, Key)
        self.keys.append(message.key)
        self.has_key.set()

    def type(self, text: bytes) -> None:
        self.has_key.clear()
        os.write(self.keyboard, text)
        assert self.has_key.wait(60)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.stop.set()
    terminal.thread.join(60)
    for end in (terminal.keyboard, terminal.fileno):
        os.close(end)


def test_input_wakes_the_thread_and_nothing_else_does(terminal: Terminal) -> None:
    terminal.type(b"a\n")
    assert terminal.keys[0] == "a"
    assert terminal.reads == [b"a\n"]


def test_stop_ends_the_thread_that_waits_for_input_and_can_be_used_again(terminal: Terminal) -> None:
    terminal.stop.set()
    terminal.thread.join(60)
    assert not terminal.thread.is_alive()
    terminal.stop.clear()
    assert not terminal.stop.is_set()
    with pytest.raises(BlockingIOError):
        os.read(terminal.stop.waker, 1)
    assert not terminal.gone.is_set()


def test_escape_is_a_key_after_its_delay_and_then_the_reader_waits_for_ever() -> None:
    now = 0.0
    reader = KeyReader(monotonic=lambda: now)
    assert reader.patience is None
    reader.read(b"\x1b")
    assert reader.patience is not None, "the rest of a sequence may follow"
    now = 60.0
    assert reader.patience is None
