"""The cockpit in a pseudo-terminal, beside a Textual hello-world, three panes around a DataTable, and htop.

The programs are started in turn in a terminal of 120x40 with 24-bit colour. The cockpit has an archive with 1,000 jobs,
and a local service that lists the same jobs.
"""

import shutil
import statistics
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.concerns.concern import Concern, Effort, Figures, Row
from tests.benchmarks.support.archived import archived_account
from tests.benchmarks.support.processes import FTTUI
from tests.benchmarks.support.pty import KEYS, Watched

JOBS = 1000
SIZE = (120, 40)
"""Columns and lines of the terminal."""
SINGLE_KEYS = 15
STOCK = str(Path(__file__).parent.with_name("support") / "stock.py")
"""Program to compare with."""
ROWS_THERE = r"\.\.0\d{6}"
"""Text of the first rows from the archive."""

_ROWS_REASON = "two fifths are Python itself, a seventh what its module of SQLite imports"
_FRAME_REASON = "about 165 modules and 27 widgets more than hello-world, each of which takes little"
_KEY_REASON = "6,200 calls of functions in Python: half for the detail, two fifths for the frame; htop is a C program"
_BURST_REASON = (
    "1,100 calls of functions in Python a key, most in Textual, which delivers each key and scrolls the list"
)

ROWS = (
    Row("P1", "exec to archived rows / hello-world", 0.15, "fttui rows", "hello there", _ROWS_REASON),
    Row("P1", "exec to archived rows / htop", 0.3, "fttui rows", "htop there", _ROWS_REASON),
    Row("P2", "exec to interactive frame / hello-world", 1.2, "fttui there", "hello there", _FRAME_REASON),
    Row("P3", "memory at the interactive frame / hello-world", 1.3, "fttui memory there", "hello memory there"),
    Row("P3", "memory in use / hello-world", 2.0, "fttui memory", "hello memory there"),
    Row("P4", "a key with its detail / DataTable", 0.12, "fttui key time", "skeleton key time"),
    Row("P4", "a key with its detail / htop", 6.0, "fttui key time", "htop key time", _KEY_REASON),
    Row("P5", "100 keys at once, time / htop", 0.6, "fttui burst time", "htop burst time", _BURST_REASON),
    Row("P5", "100 keys at once, bytes / htop", 0.15, "fttui burst bytes", "htop burst bytes"),
    Row("P6", "bytes of a key / htop", 1.6, "fttui key bytes", "htop key bytes"),
    Row("P6", "bytes of a key / DataTable", 0.05, "fttui key bytes", "skeleton key bytes"),
    Row("P7", "bytes of a start / htop", 1.6, "fttui start bytes", "htop start bytes"),
    Row("P7", "bytes of a repaint / DataTable", 0.2, "fttui repaint bytes", "skeleton repaint bytes"),
    Row("P8", "bytes while idle, refresh held", 0.0, "fttui idle bytes"),
    Row("P8", "bytes while idle, a refresh every two seconds", 0.0, "fttui idle bytes, asking"),
    Row("P9", "idle CPU, refresh held / hello-world", 1.2, "fttui idle CPU", "hello idle CPU"),
)
OF_START = {"P1", "P2", "P3"}
"""Rows that need starts alone, but for the memory in use."""


class Program(NamedTuple):
    """A measured program."""

    command: tuple[str, ...]
    there: str
    """Text of its screen after the start."""
    hold: bytes = b""
    """Key that stops automatic updates."""
    early: str = ""
    """Text of a screen before it."""


COCKPIT = Program(FTTUI, "Detail", b"R", ROWS_THERE)


def measure(numbers: Collection[str], effort: Effort) -> Figures:
    programs = {
        "hello": Program((sys.executable, STOCK, "hello"), "hello-world"),
        "skeleton": Program((sys.executable, STOCK, "skeleton", str(JOBS)), "ftjob-"),
        "fttui": COCKPIT,
    }
    if shutil.which("htop"):
        programs["htop"] = Program(("htop",), "Command")
    figures = Figures()
    with archived_account(JOBS) as variables:
        if OF_START & set(numbers):
            for run in range(-1, effort.runs):  # the first warms the caches of the disk
                for name, program in programs.items():
                    measure_start(name, program, variables, figures if run >= 0 else {})
        if set(numbers) - {"P1", "P2"}:
            idle = effort.size(10, 2) if numbers & {"P8", "P9"} else 0
            for _run in range(effort.few):
                for name, program in programs.items():
                    measure_use(name, program, variables, figures, idle)
    return figures


def key_times(runs: int) -> Iterator[float]:
    """Yield the seconds of a cursor key with its detail, one for each start of the cockpit."""
    with archived_account(JOBS) as variables:
        for _run in range(runs):
            figures = Figures()
            measure_use("fttui", COCKPIT, variables, figures, 0)
            yield figures["fttui key time"][0]


def measure_start(name: str, program: Program, variables: dict[str, str], figures: Figures) -> None:
    """Measure the time to the first rows and to the whole screen, and the memory then."""
    watched = Watched(program.command, variables, SIZE)
    if program.early:
        figures.setdefault(f"{name} rows", []).append(watched.wait(program.early))
    figures.setdefault(f"{name} there", []).append(watched.wait(program.there))
    figures.setdefault(f"{name} memory there", []).append(watched.memory())
    watched.close()


def measure_use(name: str, program: Program, variables: dict[str, str], figures: Figures, idle: float) -> None:
    """Measure idle time, single keys, a hundred keys at once, and a resize."""

    def note(what: str, value: float) -> None:
        figures.setdefault(f"{name} {what}", []).append(value)

    watched = Watched(program.command, variables, SIZE)
    watched.wait(program.there)
    watched.calm(0.5, most=3.0)
    note("start bytes", watched.written)
    watched.calm(1.5, most=4.0)
    if program.hold:
        if idle:
            cpu, size = watched.idle(idle)
            note("idle CPU, asking", cpu)
            note("idle bytes, asking", size)
        watched.press(program.hold)
        watched.calm(1.0)
    if idle:
        cpu, size = watched.idle(idle)
        note("idle CPU", cpu)
        note("idle bytes", size)
    keys = [watched.press(KEYS["down"]) for _ in range(SINGLE_KEYS)]
    note("key time", statistics.median(seconds for seconds, _ in keys))
    note("key bytes", statistics.median(size for _, size in keys))
    watched.press(KEYS["home"])
    seconds, size = watched.press(KEYS["down"] * 100)
    note("burst time", seconds)
    note("burst bytes", size)
    before = watched.written
    watched.resize(SIZE[0], SIZE[1] - 1)
    watched.calm(0.3)
    note("repaint bytes", watched.written - before)
    note("memory", watched.memory())
    watched.close()


CONCERN = Concern("cockpit", ROWS, measure)
