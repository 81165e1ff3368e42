"""Soak of real time: three cockpits, one account with 1,000 changing jobs.

    python -m tests.benchmarks.soak --out DIRECTORY [--minutes 30] [--jobs 1000] [--trace]

The cockpits share one archive, as terminals of one user do. One shows a running job, one moves through the list, one
opens and closes screens. Every half minute their memory, open files, threads and asyncio tasks are written to
`soak.csv` in the directory, from which `soak.svg` is drawn. With `--trace`, `trace-NAME.txt` lists the allocations that
grew.
"""

import argparse
import csv
import os
import signal
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.support.plot import Axis, Line, svg
from tests.benchmarks.support.processes import environment, serving
from tests.benchmarks.support.pty import KEYS, TERMINAL, Watched

SIZE = (120, 40)
SAMPLE_EVERY = 30.0
"""Seconds between two samples."""
KEY_EVERY = 1.0
"""Seconds between two keys."""
COCKPITS = {
    "still": (b"",),
    "moving": (*([KEYS["down"]] * 60), *([KEYS["pgdn"]] * 5), KEYS["home"]),
    "opening": (
        b"?",
        b"\x1b",
        b"]",
        b"]",
        b"b",
        KEYS["right"],
        b"\x1b",
        KEYS["down"],
        b"1",
        b"0",
        b"s",
        b"z",
        b"z",
        b"",
    ),
}
"""Keys of each cockpit, pressed again and again."""


class Sample(NamedTuple):
    """State of a cockpit. Memory is in megabytes."""

    minute: float
    cockpit: str
    memory: float
    files: int
    threads: int
    tasks: int


class Soaked:
    """Cockpit under observation."""

    def __init__(self, name: str, keys: tuple[bytes, ...], home: Path, out: Path, *, traced: bool) -> None:
        self.name = name
        self._keys = cycle(keys)
        self._report = out / f"trace-{name}.txt"
        self._report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.benchmarks.soak.reporting", str(self._report)]
        variables = environment(str(home), FTTUI_CONFIG=str(home / "config.toml"), **TERMINAL)
        self._watched = Watched(command + ["--trace"] * traced, variables, SIZE)
        self._watched.wait("ftjob-|Detail|running")

    def press(self) -> None:
        """Send the next key."""
        if key := next(self._keys):
            self._watched.send(key)

    def read(self, seconds: float) -> None:
        """Take the output of some time and forget it."""
        end = self._watched.now() + seconds
        while (left := end - self._watched.now()) > 0:
            self._watched.read(left)
            self._watched.chunks.clear()

    def sample(self, minute: float) -> Sample:
        """Return the state now. The cockpit needs some time to report its tasks."""
        folder = Path("/proc", str(self._watched.pid))
        known = len(self._reported())
        os.kill(self._watched.pid, signal.SIGUSR1)
        while len(self._reported()) == known:
            self.read(0.05)
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        memory, threads = int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"])
        return Sample(
            round(minute, 2), self.name, memory, len(os.listdir(folder / "fd")), threads, int(self._reported()[-1])
        )

    def _reported(self) -> list[str]:
        if not self._report.exists():
            return []
        return [line for line in self._report.read_text().splitlines() if line.isdigit()]

    def close(self) -> None:
        self._watched.close()


def soak(out: Path, names: Collection[str], *, minutes: float, jobs: int, traced: bool) -> Iterator[Sample]:
    """Run the cockpits and yield samples as they are taken."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(serving("tests.benchmarks.soak.account", jobs))
        (home / "config.toml").write_text(f'profile = "soak"\n[profiles.soak]\nbase_url = "{url}"\n')
        cockpits = []
        for name in names:
            cockpits.append(Soaked(name, COCKPITS[name], home, out, traced=traced))
            stack.callback(cockpits[-1].close)
        clock = cockpits[0]._watched
        began = sampled = clock.now()
        while clock.now() - began < minutes * 60:
            for cockpit in cockpits:
                cockpit.press()
                cockpit.read(KEY_EVERY / len(cockpits))
            if clock.now() - sampled >= SAMPLE_EVERY:
                sampled = clock.now()
                for cockpit in cockpits:
                    yield cockpit.sample((sampled - began) / 60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--only", action="append", choices=list(COCKPITS), help="cockpits to run; may be repeated")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    samples = []
    with (given.out / "soak.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Sample._fields)
        names = given.only or list(COCKPITS)
        for sample in soak(given.out, names, minutes=given.minutes, jobs=given.jobs, traced=given.trace):
            samples.append(sample)
            writer.writerow(sample)
            file.flush()
            print(*sample, flush=True)
    (given.out / "soak.svg").write_text(draw(samples), encoding="utf-8")


def draw(samples: Sequence[Sample]) -> str:
    """Return the memory of each cockpit as a plot, with its other numbers at the end."""
    lines = []
    for name in dict.fromkeys(sample.cockpit for sample in samples):
        own = [sample for sample in samples if sample.cockpit == name]
        text = f"{name}: {own[-1].memory:.0f} MB, {own[-1].files} files"
        lines.append(Line(text, [(sample.minute, sample.memory) for sample in own]))
    memory = Axis("megabytes", least=0.0, most=1.2 * max(sample.memory for sample in samples))
    return svg("Memory of three cockpits with 1,000 changing jobs", Axis("minutes", least=0.0), memory, lines)


if __name__ == "__main__":
    main()
