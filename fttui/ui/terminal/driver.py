"""Textual's driver of a terminal, and what it leaves out when the terminal is taken, given back, and gone."""

from __future__ import annotations

import asyncio
import select
import signal
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.message import Message

if TYPE_CHECKING:
    from fttui.ui.first_frame import FirstFrame
    from fttui.ui.terminal.escape_codes import Title


def driver_for(
    early: FirstFrame, title: Title, gone: Callable[[], None], keys: Collection[str] = ()
) -> type[LinuxDriver]:
    """The driver that takes the terminal over from the first frame, and has a title.

    Args:
        gone: called in the event loop when the terminal has gone away; a second time is possible.
        keys: those that mean something, by Textual's names.
    """

    class CockpitDriver(LinuxDriver):
        """Start and stop run around a suspension too, and stop at the end of a fault."""

        def __init__(self, *positional: Any, **named: Any) -> None:
            super().__init__(*positional, **named)
            self._file: Any = _Lasting(self._file)
            self._taken = False
            self._loop = loop = asyncio.get_running_loop()
            self.exit_event = _UntilGone(self.fileno, self.gone)
            # From the loop: a handler that interrupts a write would wait for that write for ever.
            loop.add_signal_handler(signal.SIGCONT, self._go_on)

        def gone(self) -> None:
            """From any thread: there is no terminal any more."""
            with suppress(RuntimeError):  # the loop may have ended
                self._loop.call_soon_threadsafe(gone)

        def run_input_thread(self) -> None:
            try:
                super().run_input_thread()
            except OSError:
                self.gone()

        def process_message(self, message: Message) -> None:
            """On its way into the program. Over a slow line esc and the letter after it arrive at once, which reads as
            alt: where nobody has given that a meaning, it is the two that were typed. (Of esc and a digit, a sign or
            enter Textual's parser tells the second alone.)"""
            if isinstance(message, Key) and message.key.startswith("alt+") and message.key not in keys:
                super().process_message(Key("escape", "\x1b"))
                message = Key(message.character or message.key.removeprefix("alt+"), message.character)
            super().process_message(message)

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]
            # What Textual has found is what the first frame, or itself, has set.
            self.attrs_before = early.hand_over() or self.attrs_before
            self._taken = True
            self.write(title.take())

        def stop_application_mode(self) -> None:
            self._taken = False
            self.write(title.give_back())
            if self._mouse_pixels:
                self.write("\x1b[?1016l")
            super().stop_application_mode()

        def _go_on(self) -> None:
            if not self._auto_restart:
                return
            if self._taken:
                # Stopped by what no program can catch: the shell has had the terminal, and nobody has told us.
                self.suspend_application_mode()
                self._must_signal_resume = True
            self.resume_application_mode()

    return CockpitDriver


class _UntilGone(threading.Event):
    """What ends the reading of keys: somebody, or the end of the terminal. Without a SIGHUP (it is not the controlling
    terminal, or somebody ignores the signal) Textual would read that end again and again, as fast as it can."""

    def __init__(self, fileno: int, gone: Callable[[], object]) -> None:
        super().__init__()
        self._fileno, self._gone = fileno, gone

    def is_set(self) -> bool:
        if super().is_set():
            return True
        asked = select.poll()  # each time anew: one object serves one thread
        asked.register(self._fileno, 0)  # the end is told unasked
        if ended := bool(asked.poll(0)):
            self._gone()
        return ended


class _Lasting:
    """A terminal to write to that may go away. Textual's writer would end with the first error, and with it everybody
    who waits for a place in its full queue."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        try:
            self._file.write(text)
        except OSError:
            return

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError:
            return

    def fileno(self) -> int:
        return self._file.fileno()
