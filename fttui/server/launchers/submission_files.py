"""Files in the directory of a job that tell its engine's side of the story.

`submission` has the number of the last submission, and the id that the engine knows it by. The script that the engine
runs writes `runs`, one line for each start, and `exit`, the exit code of the trainer. `stop` has the number of the last
submission that the service stopped: it is not taken for a new one while its trainer saves.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fttui import atomic
from fttui.server.storage.job_dir import JobDirectory
from fttui.text import clean_line

_LARGEST = 1 << 16

DROP_TORN_LINE = """\
# A trainer that was killed may have left half a line.
if [ -s progress.jsonl ] && [ -n "$(tail -c 1 progress.jsonl)" ]; then
    truncate -s -"$(tail -n 1 progress.jsonl | wc -c)" progress.jsonl
fi"""
"""Lines of shell before a trainer starts again."""


class Submission(NamedTuple):
    """Last submission of a trainer."""

    number: int
    id: str
    """Id that the engine knows it by; empty when it is not known whether the engine has it."""


class Run(NamedTuple):
    """Start of the script on a node."""

    number: int
    """Number of its submission."""
    id: str
    host: str


def last_submission(directory: JobDirectory) -> Submission | None:
    """Return the last submission; None before the first."""
    for line in lines(directory, "submission"):
        number, _, id = line.partition(" ")
        if number.isdigit():
            return Submission(int(number), id.strip())
    return None


def write_submission(directory: JobDirectory, submission: Submission) -> None:
    path = os.path.join(directory.path, "submission")
    atomic.write(path, f"{submission.number} {submission.id}\n".encode())


def write_stop(directory: JobDirectory, number: int, word: str) -> None:
    """Note that the service stops a submission, before it tells the engine."""
    atomic.write(os.path.join(directory.path, "stop"), f"{number} {word}\n".encode())


def stopped_number(directory: JobDirectory) -> int | None:
    """Return the number of the submission that the service has stopped."""
    for line in lines(directory, "stop"):
        number = line.partition(" ")[0]
        return int(number) if number.isdigit() else None
    return None


def runs_of(directory: JobDirectory) -> list[Run]:
    """Return the starts of the script, oldest first."""
    found = []
    for line in lines(directory, "runs"):
        words = clean_line(line).split()
        if len(words) == 5 and words[0].isdigit():
            found.append(Run(int(words[0]), words[1], words[3]))
    return found


def starts(runs: Sequence[Run], number: int) -> int:
    """Return how often the engine has started a trainer, if it runs its submission of this number.

    The script of that start may not have written its line yet.
    """
    return len(runs) + (not any(run.number == number for run in runs))


def lines(directory: JobDirectory, name: str) -> Sequence[str]:
    """Return the lines of a small file; none without the file."""
    try:
        with open(os.path.join(directory.path, name), encoding="utf-8", errors="replace") as file:
            return file.read(_LARGEST).splitlines()
    except FileNotFoundError:
        return ()


def assignments(variables: Mapping[str, str]) -> str:
    """Return variables as words of the shell's `export`."""
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
