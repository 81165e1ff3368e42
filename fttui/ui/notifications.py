"""Notifications about jobs: text, escape sequence and the user's own command."""

import os
from collections.abc import Collection, Mapping, Sequence

from fttui.models.refusals import NO_JOB
from fttui.models.row import JobRow
from fttui.text import clean_line, fit

NOTE_LIMIT = 120
"""Largest notification in characters. Terminals cut longer texts."""


def ended(before: Mapping[str, JobRow], now: Mapping[str, JobRow], watched: Collection[str]) -> list[JobRow]:
    """Return the watched jobs that were live in `before` and are final in `now`."""
    found = []
    for id in sorted(watched):
        old, new = before.get(id), now.get(id)
        if new is not None and new.status.is_final and (old is None or old.status.is_live):
            found.append(new)
    return found


def note(rows: Collection[JobRow]) -> str:
    """Describe ended jobs in one line: `support-v3 (..7Qa91Lkx) succeeded`, or the number for each state."""
    if len(rows) == 1:
        row = next(iter(rows))
        return fit(clean_line(f"{row.title} {row.status_text}"), NOTE_LIMIT)
    states: dict[str, int] = {}
    for row in rows:
        states[str(row.status)] = states.get(str(row.status), 0) + 1
    return f"{len(rows)} jobs ended: " + ", ".join(f"{number} {state}" for state, number in states.items())


def watch_note(rows: Sequence[JobRow]) -> str:
    """Return the message about jobs that the user wants to watch: ended ones have no end to wait for."""
    over = [row for row in rows if row.status.is_final]
    live = len(rows) - len(over)
    if not rows:
        return f"watch: {NO_JOB}"
    if not live:
        one = f"{over[0].title} has ended: {over[0].status_text}."
        return clean_line(one if len(over) == 1 else f"All {len(over)} marked jobs have ended.")
    more = f" {len(over)} marked {'job has' if len(over) == 1 else 'jobs have'} already ended." if over else ""
    return f"Watching {live} {'job' if live == 1 else 'jobs'} until the end.{more}"


def run_command(command: Sequence[str], row: JobRow, alarm: str = "") -> None:
    """Start the user's command for an ended job or an alarm without waiting for it.

    Raises:
        OSError: the command cannot be started.
        ValueError: the command contains a null byte.
    """
    from fttui import notify_command

    notify_command.start(command, notify_environment(row, alarm))


def notify_environment(row: JobRow, alarm: str = "") -> dict[str, str]:
    """Return the environment variables that describe the job, and the alarm if there is one, to the command."""
    from fttui import notify_command

    return notify_command.environment(
        id=row.id,
        status=row.status_text,
        model=row.model,
        suffix=row.suffix,
        fine_tuned_model=row.fine_tuned_model,
        alarm=alarm,
    )


def sequence(kind: str, text: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the escape sequence of a notification, empty for `off` and for `title`, which the app sets.

    A semicolon would start a new field of the sequence, so it becomes a comma. tmux passes the sequence on with
    `allow-passthrough on`, GNU screen always.
    """
    text = clean_line(text).replace(";", ",")
    match kind:
        case "bell":
            return "\x07"
        case "osc9":
            body = f"\x1b]9;{text}\x07"
        case "osc777":
            body = f"\x1b]777;notify;fttui;{text}\x07"
        case _:
            return ""
    if environment.get("TMUX"):
        return "\x1bPtmux;" + body.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environment.get("STY"):
        return f"\x1bP{body}\x1b\\"
    return body
