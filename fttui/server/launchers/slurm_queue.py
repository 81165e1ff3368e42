"""Slurm's queue: what `squeue` prints, asked once for all jobs and kept for some seconds.

Text with a format of our own is asked for: `--json` changes with Slurm's releases, and `sacct` needs an accounting
database that many clusters do not have.
"""

import os
import subprocess
from collections.abc import Callable, Mapping
from typing import NamedTuple

from fttui.clock import Clock
from fttui.server.launchers.answers import INTERVAL, Answers, NoAnswer, in_thread
from fttui.text import clean_line

COMMAND_SECONDS = 15.0
"""Longest time of a command of Slurm."""

_NO_CONFIGURATION = "Could not establish a configuration source"
"""Words of a command that has no `slurm.conf`, and cannot get one: its file or its server may be away for a while."""

WAITING = frozenset({"PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"})
RUNNING = frozenset(
    {"RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "SIGNALING", "STAGE_OUT", "STOPPED", "RESIZING"}
)

Run = Callable[[list[str], str | None, Mapping[str, str]], "subprocess.CompletedProcess[str]"]
"""Runs a command with an input and more variables."""


class Entry(NamedTuple):
    """Job in the queue, as Slurm prints it. Texts are cleaned."""

    id: str
    name: str
    state: str
    node: str = ""
    reason: str = ""
    seconds_left: int | None = None
    limit: int | None = None
    nodes: int = 1
    """Number of nodes."""


Jobs = Mapping[str, Entry]
"""Jobs of the user by id."""


def run_command(
    words: list[str], input: str | None, variables: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a command of Slurm.

    Raises:
        OSError, subprocess.TimeoutExpired: it does not run, or takes too long.
    """
    return subprocess.run(
        words,
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=COMMAND_SECONDS,
        env={**_environment(), **variables},
        check=False,
    )


def _environment() -> dict[str, str]:
    """Return the variables of the service, without those that would leave out jobs."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SQUEUE_", "SCANCEL_"))}


class Queue:
    """Jobs of the user in Slurm's queue. Its methods may be called from any thread."""

    def __init__(
        self,
        clock: Clock,
        *,
        interval: float = INTERVAL,
        run: Run = run_command,
        start: Callable[[Callable[[], None]], None] = in_thread,
    ) -> None:
        """
        Args:
            interval: seconds for which an answer is used.
            start: does work in the background: a question waits for the controller, and a look must not.
        """
        self._run = run
        self.answers: Answers[Jobs] = Answers(self._entries, clock, interval=interval, start=start)

    def _entries(self) -> Jobs:
        said = self.command(["squeue", "--me", "-h", "-t", "all", "-o", "%i|%T|%N|%D|%L|%l|%j|%r"])
        return {entry.id: entry for entry in map(_entry, said.splitlines()) if entry}

    def command(self, words: list[str], input: str | None = None, variables: Mapping[str, str] | None = None) -> str:
        """Run a command of Slurm and return its output.

        Raises:
            NoAnswer: it fails, or takes too long. The message has its last words.
        """
        try:
            said = self._run(words, input, variables or {})
        except FileNotFoundError:
            raise NoAnswer(f"{words[0]} is not on PATH") from None
        except subprocess.TimeoutExpired:
            raise NoAnswer(f"{words[0]} took longer than {COMMAND_SECONDS:.0f} seconds") from None
        except OSError as error:
            raise NoAnswer(f"{words[0]} could not be run: {error.strerror or error}") from None
        if said.returncode:
            if _NO_CONFIGURATION in said.stderr:
                raise NoAnswer("there is no configuration of Slurm here, in SLURM_CONF or from a server")
            words_of_slurm = clean_line(said.stderr.strip()[-600:]) or f"{words[0]} exited with code {said.returncode}"
            raise NoAnswer(words_of_slurm)
        return said.stdout


def _entry(line: str) -> Entry | None:
    members = clean_line(line).split("|", 7)
    if len(members) != 8:
        return None
    id, state, node, nodes, left, limit, name, reason = (member.strip() for member in members)
    reason = "" if reason == "None" else reason
    count = int(nodes) if nodes.isdigit() else 1
    return Entry(id, name, state, node, reason, seconds_of(left), seconds_of(limit), count)


def seconds_of(text: str) -> int | None:
    """Return the seconds in a duration of squeue, such as `1-02:03:04` or `8:00`; None for `UNLIMITED` and others."""
    days, dash, clock = text.rpartition("-")
    parts = clock.split(":")
    if not all(part.isdigit() for part in (*parts, *([days] if dash else []))) or not 2 <= len(parts) <= 3:
        return None
    hours, minutes, seconds = (0, 0, *map(int, parts))[-3:]
    return int(days or 0) * 86400 + hours * 3600 + minutes * 60 + seconds
