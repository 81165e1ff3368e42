"""Terminal driver: Textual's own, plus takeover from the first frame, terminal title, suspension and disconnection."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.message import Message

from fttui.ui.terminal.input_loop import InputStop, read_input
from fttui.ui.terminal.key_reader import KeyReader
from fttui.ui.terminal.output import TerminalOutput
from fttui.ui.terminal.size import terminal_size

FRAME_START, FRAME_END = "\x1b[?2026h", "\x1b[?2026l"
"""Marks of a frame for a terminal that shows it whole."""

if TYPE_CHECKING:
    from fttui.ui.first_frame import FirstFrame
    from fttui.ui.terminal.escape_codes import Title


def driver_for(
    first_frame: FirstFrame,
    title: Title,
    on_disconnect: Callable[[], None],
    on_crash: Callable[[Exception], None],
    keys: Collection[str] = (),
) -> type[LinuxDriver]:
    """Create the driver class that takes the terminal over from the first frame and sets its title.

    Args:
        on_disconnect: called in the event loop when the terminal is gone, possibly more than once.
        on_crash: called in the event loop with an unexpected error of the thread that reads the keys.
        keys: bound keys, by Textual's names.
    """

    class CockpitDriver(LinuxDriver):
        """Driver of the cockpit. Textual also calls start and stop around a suspension, and stop after a crash."""

        def __init__(self, *positional: Any, **named: Any) -> None:
            super().__init__(*positional, **named)
            self._file: Any = TerminalOutput(self._file)
            self._taken = False
            self._frame: list[str] = []
            self._size = self._size or self._get_terminal_size()  # Textual and Rich replace a size of 0 differently
            self._loop = loop = asyncio.get_running_loop()
            self.exit_event = self._input_stop = InputStop(self.fileno, self.report_disconnect)
            # Handled in the loop: a handler that interrupts a write would deadlock on that write.
            loop.add_signal_handler(signal.SIGCONT, self._continue)

        def report_disconnect(self) -> None:
            """Report that the terminal is gone. Callable from any thread."""
            self._call(on_disconnect)

        def _call(self, function: Callable[..., object], *arguments: Any) -> None:
            with suppress(RuntimeError):  # the loop may have ended
                self._loop.call_soon_threadsafe(function, *arguments)

        def _get_terminal_size(self) -> tuple[int, int]:
            return terminal_size(self.fileno)

        def run_input_thread(self) -> None:
            """Read input until the driver stops. Textual's own loop wakes ten times a second, and ends the program at
            a byte that is not UTF-8.
            """
            try:
                read_input(self.fileno, self._input_stop, KeyReader(debug=self._debug), self.process_message)
            except OSError:
                self.report_disconnect()
            except Exception as error:
                self._call(on_crash, error)

        def process_message(self, message: Message) -> None:
            """Split an unbound `alt+letter` into `esc` and the letter.

            Over a slow connection the two keys arrive in one read, and Textual's parser reads them as alt. For esc
            followed by a digit, punctuation or enter the parser reports only the second key.
            """
            if isinstance(message, Key) and message.key.startswith("alt+") and message.key not in keys:
                super().process_message(Key("escape", "\x1b"))
                message = Key(message.character or message.key.removeprefix("alt+"), message.character)
            super().process_message(message)

        def send_message(self, message: Message) -> None:
            """Hand a message to the application. Textual makes a task for each."""
            self._call(self._app.post_message, message)

        def write(self, data: str) -> None:
            """Write data. The parts of a frame are written together."""
            if data == FRAME_START or self._frame:
                self._frame.append(data)
                if data != FRAME_END:
                    return
                data = "".join(self._frame)
                self._frame.clear()
            if rest := self._file.write_now(data):
                super().write(rest)

        def close(self) -> None:
            self._file.close()
            super().close()

        def start_application_mode(self) -> None:
            try:
                super().start_application_mode()  # type: ignore[no-untyped-call]
            except Exception:
                self.stop_application_mode()  # Textual stops only what has started whole
                raise
            # Textual saved the attributes set by the first frame. Restore the original ones at exit.
            self.attrs_before = first_frame.hand_over() or self.attrs_before
            self._taken = True
            self.write(title.take())

        def stop_application_mode(self) -> None:
            if self._taken:
                self.write(title.give_back())
            self._taken = False
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
