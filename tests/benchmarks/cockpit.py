"""Benchmark: the cockpit, a Textual hello-world, three panes around a DataTable, and htop if it is installed.

    python -m tests.benchmarks.cockpit [--jobs 1000] [--runs 9]

The programs are started in turn, several times, in a pseudo-terminal of 120x40 with 24-bit colour. The result is the
median of the ratios, which stays stable when the speed of the machine drifts; the times are not comparable between
machines. The cockpit has an archive with the given number of jobs, and a local service that lists the same jobs.
"""

import argparse
import asyncio
import compileall
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import fttui
from fttui.store.archive.archive import Archive
from fttui.store.archive.jobs import ListState
from tests.benchmarks.pages import job
from tests.benchmarks.pty import KEYS, Watched
from tests.support.store_fakes import entry

SIZE = (120, 40)
IDLE = 10.0
"""Seconds of the idle measurement."""
STOCK = str(Path(__file__).with_name("stock.py"))


class Program(NamedTuple):
    """A measured program: its command, and a text of its screen after the start."""

    command: tuple[str, ...]
    there: str
    hold: bytes = b""
    """Key that stops automatic updates."""


Figures = dict[str, list[float]]
"""Measured values by name, one for each run."""


async def fill(home: Path, jobs: int, port: str) -> None:
    """Write an archive, and a configuration with the service on `port`."""
    config = f'profile = "bench"\ninterval = 2\n[profiles.bench]\nbase_url = "http://127.0.0.1:{port}/v1"\n'
    (home / "config.toml").write_text(config)
    archive = Archive(str(home / "archive.db"), "bench")
    await archive.jobs.save([entry(job(number, jobs)) for number in range(jobs, 0, -1)], time.time())
    for number in range(1, jobs):  # ended: their logs are read, as after an hour of use
        await archive.events.append(f"ftjob-{number:024d}", [], joined=False, cursor=None)
    await archive.jobs.save_list_state(ListState(time.time() - 60, True, None, time.time()))
    await archive.close()


def start(program: Program, environment: dict[str, str]) -> Watched:
    return Watched(program.command, environment, SIZE)


def measure_start(program: Program, environment: dict[str, str], figures: Figures, *, early: str = "") -> None:
    watched = start(program, environment)
    if early:
        figures.setdefault("rows", []).append(watched.wait(early))
    figures.setdefault("there", []).append(watched.wait(program.there))
    figures.setdefault("memory when there", []).append(watched.memory())
    watched.close()


def idle(watched: Watched) -> tuple[float, int]:
    """Measure CPU seconds and bytes of an idle program."""
    end, cpu, before = watched.now() + IDLE, watched.cpu(), watched.written
    while watched.now() < end:
        watched.read(end - watched.now())
    return watched.cpu() - cpu, watched.written - before


def measure_use(program: Program, environment: dict[str, str], figures: Figures) -> None:
    """Measure idle time, single keys, a hundred keys at once, and a resize."""

    def note(name: str, value: float) -> None:
        figures.setdefault(name, []).append(value)

    watched = start(program, environment)
    watched.wait(program.there)
    watched.calm(0.5, most=3.0)
    note("start bytes", watched.written)
    watched.calm(1.5, most=4.0)
    if program.hold:
        cpu, size = idle(watched)
        note("idle CPU, asking", cpu)
        note("idle bytes, asking", size)
        watched.press(program.hold)
        watched.calm(1.0)
    cpu, size = idle(watched)
    note("idle CPU", cpu)
    note("idle bytes", size)
    keys = [watched.press(KEYS["down"]) for _ in range(15)]
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


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Return the median of the ratios of each pair. NaN if the second program has no value."""
    return statistics.median([a / b for a, b in zip(ours, theirs, strict=True) if b] or [math.nan])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=9)
    given = parser.parse_args()
    # A start that compiles is another matter, and an installed program does not.
    compileall.compile_dir(os.path.dirname(fttui.__file__), quiet=2)
    home = Path(tempfile.mkdtemp(prefix="ft-bench-"))
    service = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.pages", str(given.jobs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert service.stdout is not None
    try:
        asyncio.run(fill(home, given.jobs, service.stdout.readline().strip()))
        report(given.jobs, compare(given.jobs, given.runs, home))
    finally:
        service.communicate()
        shutil.rmtree(home)


def compare(jobs: int, runs: int, home: Path) -> dict[str, Figures]:
    """Measure all programs; return the figures by name."""
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ} | {
        "HOME": str(home),
        "FTTUI_DATA_DIR": str(home),
        "FTTUI_CONFIG": str(home / "config.toml"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "TEXTUAL_ANIMATIONS": "none",
    }
    code = "import sys; from fttui.main import main; sys.argv[1:] = []; main()"
    programs = {
        "hello": Program((sys.executable, STOCK, "hello"), "hello-world"),
        "skeleton": Program((sys.executable, STOCK, "skeleton", str(jobs)), "ftjob-"),
        "fttui": Program((sys.executable, "-c", code), "Detail", b"R"),
    }
    if shutil.which("htop"):
        programs["htop"] = Program(("htop",), "Command")
    found: dict[str, Figures] = {name: {} for name in programs}
    for run in range(-1, runs):
        for name, program in programs.items():
            figures = found[name] if run >= 0 else {}
            measure_start(program, environment, figures, early=r"\.\.0000" if name == "fttui" else "")
        print(f"\rstart {run + 1}/{runs}", end="", file=sys.stderr)
    for run in range(max(1, runs // 3)):
        for name, program in programs.items():
            measure_use(program, environment, found[name])
        print(f"\ruse {run + 1}/{max(1, runs // 3)}  ", end="", file=sys.stderr)
    print(file=sys.stderr)
    return found


def report(jobs: int, found: dict[str, Figures]) -> None:
    ours, middle = found["fttui"], statistics.median
    print(f"{jobs} jobs, load {os.getloadavg()[0]:.1f}\n")
    for name in dict.fromkeys(name for figures in found.values() for name in figures):
        values = {who: middle(figures[name]) for who, figures in found.items() if name in figures}
        unit: Callable[[float], str] = (
            (lambda value: f"{value:,.0f}")
            if "bytes" in name
            else (lambda value: f"{value:.0f} MB")
            if "memory" in name
            else (lambda value: f"{value * 1000:.1f} ms")
        )
        print(f"  {name:20}" + "".join(f"{who} {unit(value):>12}   " for who, value in values.items()))
    print("\n  bound  measured")
    for number, what, bound, other, mine, theirs in (
        ("P1", "archived rows / hello-world", 0.15, "hello", "rows", "there"),
        ("P1", "archived rows / htop", 0.3, "htop", "rows", "there"),
        ("P2", "Textual's frame / hello-world", 1.25, "hello", "there", "there"),
        ("P3", "memory then / hello-world", 1.3, "hello", "memory when there", "memory when there"),
        ("P3", "memory in use / hello-world", 2.0, "hello", "memory", "memory when there"),
        ("P4", "a key with its detail / DataTable", 0.12, "skeleton", "key time", "key time"),
        ("P4", "a key with its detail / htop", 6.0, "htop", "key time", "key time"),
        ("P5", "100 keys at once, time / htop", 0.6, "htop", "burst time", "burst time"),
        ("P5", "100 keys at once, bytes / htop", 0.15, "htop", "burst bytes", "burst bytes"),
        ("P6", "bytes of a key / htop", 1.6, "htop", "key bytes", "key bytes"),
        ("P6", "bytes of a key / DataTable", 0.05, "skeleton", "key bytes", "key bytes"),
        ("P7", "bytes of a start / htop", 1.6, "htop", "start bytes", "start bytes"),
        ("P7", "bytes of a repaint / DataTable", 0.2, "skeleton", "repaint bytes", "repaint bytes"),
        ("P9", "idle CPU, held / hello-world", 1.3, "hello", "idle CPU", "idle CPU"),
    ):
        if other in found:
            value = ratio(ours[mine][: len(found[other][theirs])], found[other][theirs][: len(ours[mine])])
            print(f"  {bound:5}  {value:8.3f}  {'MISSED' if value > bound else ''}  {number} {what}")
    for name in ("idle bytes", "idle bytes, asking"):
        size = middle(ours[name])
        print(f"  {0:5}  {size:8.0f}  {'MISSED' if size else ''}  P8 {name} (every two seconds), in {IDLE:.0f} seconds")


if __name__ == "__main__":
    main()
