"""Notifications of the cockpit: ended jobs and alarms, once each, by the terminal and by the user's command."""

from collections.abc import Callable, Sequence

from fttui.models.row import JobRow
from fttui.text import clean_line, fit
from fttui.ui.notifications import NOTE_LIMIT, note, run_command, sequence

INTERVAL = 3.0
"""Seconds between two notifications. Later events are reported together at the end of the interval."""


class Notifier:
    """Sends notifications while the terminal has no focus. The user's command runs in any case.

    For jobs of the embedded service, the service runs the command, with and without a cockpit.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        command: Sequence[str],
        *,
        write: Callable[[str], None],
        show_title: Callable[[str], None],
        warn: Callable[[str], None],
        is_focused: Callable[[], bool],
        is_local: Callable[[JobRow], bool],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        """
        Args:
            kinds: the setting `notify`, without `off`.
            command: the setting `notify_command`.
            write: writes an escape sequence.
            show_title: shows a notification in the terminal's title.
            warn: shows a message in the cockpit.
            is_local: tells whether a job is one of the embedded service.
            later: calls a function after some seconds.
        """
        self._kinds = kinds
        self._command = command
        self._write = write
        self._show_title = show_title
        self._warn = warn
        self._is_focused = is_focused
        self._is_local = is_local
        self._later = later
        self._reported: set[str] = set()
        self._rows: list[JobRow] = []
        self._alarms: list[str] = []
        self._is_waiting = False

    def jobs_ended(self, rows: Sequence[JobRow]) -> None:
        """Report ended jobs, once for each job."""
        fresh = [row for row in rows if row.id not in self._reported]
        self._reported |= {row.id for row in fresh}
        for row in fresh:
            self._run_command(row, "")
        self._rows += fresh
        self._send_soon()

    def alarms_raised(self, found: Sequence[tuple[JobRow, str]]) -> None:
        """Report alarms, each with its job and a sentence."""
        for row, text in found:
            self._run_command(row, text)
            self._alarms.append(text)
        self._send_soon()

    def _run_command(self, row: JobRow, alarm: str) -> None:
        if not self._command or self._is_local(row):
            return
        try:
            run_command(self._command, row, alarm)
        except (OSError, ValueError) as error:
            self._warn(f"notify_command: {getattr(error, 'strerror', None) or error}")

    def _send_soon(self) -> None:
        if not self._is_waiting:
            self._send()

    def _send(self) -> None:
        """Send a notification now, then one for everything that happens during the next interval."""
        rows, alarms = self._rows, self._alarms
        self._rows, self._alarms = [], []
        self._is_waiting = bool(rows or alarms)
        if not self._is_waiting:
            return
        self._later(INTERVAL, self._send)
        if self._is_focused():
            return
        parts = [*([note(rows)] if rows else []), *alarms]
        text = fit(clean_line(" · ".join(parts)), NOTE_LIMIT)
        for kind in self._kinds:
            self._write(sequence(kind, text))
        if "title" in self._kinds:
            self._show_title(text)
