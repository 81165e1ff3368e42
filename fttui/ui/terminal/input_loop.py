"""Reading of the terminal's input in a thread, which sleeps until there is input: nothing wakes an idle cockpit."""

from __future__ import annotations

import os
import select
import selectors
import threading
from collections.abc import Callable
from contextlib import suppress

from textual.message import Message

from fttui.ui.terminal.key_reader import KeyReader


class InputStop(threading.Event):
    """Stop event of the input thread, which wakes it. It is also set once the terminal is gone.

    Without SIGHUP (not the controlling terminal, or the signal is ignored) Textual would read end-of-file in a busy
    loop.
    """

    def __init__(self, fileno: int, on_disconnect: Callable[[], object]) -> None:
        super().__init__()
        self._fileno, self._on_disconnect = fileno, on_disconnect
        self.waker, self._wake = os.pipe()
        """Descriptor that can be read while the event is set."""
        for end in (self.waker, self._wake):
            os.set_blocking(end, False)

    def set(self) -> None:
        super().set()
        with suppress(BlockingIOError):  # full: it can be read already
            os.write(self._wake, b"\0")

    def clear(self) -> None:
        super().clear()
        with suppress(BlockingIOError):
            os.read(self.waker, 4096)

    def is_set(self) -> bool:
        if super().is_set():
            return True
        poll = select.poll()  # a poll object serves one thread only
        poll.register(self._fileno, 0)  # hang-up is always reported
        if ended := bool(poll.poll(0)):
            self._on_disconnect()
        return ended


def read_input(fileno: int, stop: InputStop, reader: KeyReader, handle: Callable[[Message], None]) -> None:
    """Read input and hand its messages to `handle`, until `stop` is set.

    Raises:
        OSError: the terminal is gone.
    """
    with selectors.SelectSelector() as selector:
        selector.register(fileno, selectors.EVENT_READ)
        selector.register(stop.waker, selectors.EVENT_READ)
        while not stop.is_set():
            ready = [key.fd for key, _ in selector.select(reader.patience)]
            for message in reader.read(os.read(fileno, 4096) if fileno in ready else b""):
                handle(message)
