"""Textual's driver of a terminal, and what it leaves out when the terminal is taken, given back, and gone."""

from __future__ import annotations

import asyncio
import signal
from typing import IO, TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from fttui.ui.firstframe import Early
    from fttui.ui.terminal import Title


def driver_for(early: Early, title: Title) -> type[LinuxDriver]:
    """The driver that takes the terminal over from the first frame, and has a title."""

    class CockpitDriver(LinuxDriver):
        """Start and stop run around a suspension too, and stop at the end of a fault."""

        def __init__(self, *positional: Any, **named: Any) -> None:
            super().__init__(*positional, **named)
            self._file: Any = _Lasting(self._file)
            self._taken = False
            # From the loop: a handler that interrupts a write would wait for that write for ever.
            asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, self._go_on)

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
