"""Terminal driver: Textual's own, plus takeover from the first frame, terminal title, suspension and disconnection."""

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
    first_frame: FirstFrame, title: Title, on_disconnect: Callable[[], None], keys: Collection[str] = ()
) -> type[LinuxDriver]:
    """Create the driver class that takes the terminal over from the first frame and sets its title.

    Args:
        on_disconnect: called in the event loop when the terminal is gone, possibly more than once.
        keys: bound keys, by Textual's names.
    """

    class CockpitDriver(LinuxDriver):
        """Driver of the cockpit. Textual also calls start and stop around a suspension, and stop after a crash."""

        def __init__(self, *positional: Any, **named: Any) -> None:
            super().__init__(*positional, **named)
            self._file: Any = _SafeFile(self._file)
            self._taken = False
            self._loop = loop = asyncio.get_running_loop()
            self.exit_event = _InputStop(self.fileno, self.report_disconnect)
            # Handled in the loop: a handler that interrupts a write would deadlock on that write.
            loop.add_signal_handler(signal.SIGCONT, self._continue)

        def report_disconnect(self) -> None:
            """Report that the terminal is gone. Callable from any thread."""
            with suppress(RuntimeError):  # the loop may have ended
                self._loop.call_soon_threadsafe(on_disconnect)

        def run_input_thread(self) -> None:
            try:
                super().run_input_thread()
            except OSError:
                self.report_disconnect()

        def process_message(self, message: Message) -> None:
            """Split an unbound `alt+letter` into `esc` and the letter.

            Over a slow connection the two keys arrive in one read, and Textual's parser reads them as alt. For esc
            followed by a digit, punctuation or enter the parser reports only the second key.
            """
            if isinstance(message, Key) and message.key.startswith("alt+") and message.key not in keys:
                super().process_message(Key("escape", "\x1b"))
                message = Key(message.character or message.key.removeprefix("alt+"), message.character)
            super().process_message(message)

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]
            # Textual saved the attributes set by the first frame. Restore the original ones at exit.
            self.attrs_before = first_frame.hand_over() or self.attrs_before
            self._taken = True
            self.write(title.take())

        def stop_application_mode(self) -> None:
            self._taken = False
            self.write(title.give_back())
            if self._mouse_pixels:
                self.write("\x1b[?1016l")
            super().stop_application_mode()

        def _continue(self) -> None:
            if not self._auto_restart:
                return
            if self._taken:
                # Stopped by SIGSTOP, which cannot be caught: the shell used the terminal meanwhile.
                self.suspend_application_mode()
                self._must_signal_resume = True
            self.resume_application_mode()

    return CockpitDriver


class _InputStop(threading.Event):
    """Stop event of the input thread that is also set once the terminal is gone.

    Without SIGHUP (not the controlling terminal, or the signal is ignored) Textual would read end-of-file in a busy
    loop.
    """

    def __init__(self, fileno: int, on_disconnect: Callable[[], object]) -> None:
        super().__init__()
        self._fileno, self._on_disconnect = fileno, on_disconnect

    def is_set(self) -> bool:
        if super().is_set():
            return True
        poll = select.poll()  # a poll object serves one thread only
        poll.register(self._fileno, 0)  # hang-up is always reported
        if ended := bool(poll.poll(0)):
            self._on_disconnect()
        return ended


class _SafeFile:
    """Terminal output that ignores write errors.

    Textual's writer thread would end at the first error, and callers that wait for space in its queue would block.
    """

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
