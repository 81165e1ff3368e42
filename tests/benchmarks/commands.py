"""Benchmark: commands beside Python itself and beside the same list by the official SDK.

    python -m tests.benchmarks.commands [--runs 9]

Every pair of programs runs in turn, several times; the result is the median of the ratios. The rows have the numbers
of the table in README.md. The server is a process of its own, so its work counts for neither side.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

MANY, FEW = 100_000, 1000
"""Jobs of the two accounts whose peak memory is compared."""

FTTUI = (sys.executable, "-c", "import sys; from fttui.main import main; main()")
SDK = """
import sys, openai
client = openai.OpenAI(api_key="sk-x", base_url=sys.argv[1], max_retries=0)
for job in client.fine_tuning.jobs.list(limit=100):
    print(job.id, job.status, job.model, job.created_at, sep="\\t")
"""


class Spent(NamedTuple):
    """Resources of one process: seconds, seconds, megabytes."""

    wall: float
    cpu: float
    memory: float


class Row(NamedTuple):
    """A comparison of two commands by one resource."""

    number: str
    what: str
    resource: str
    """Field of `Spent`."""
    bound: float
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


def run(command: Sequence[str], home: str) -> Spent:
    """Run a command to its end, with its output discarded.

    Raises:
        RuntimeError: it failed.
    """
    environment = {"PATH": os.environ["PATH"], "HOME": home, "FTTUI_DATA_DIR": home, "LANG": "C.UTF-8"}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {errors.decode()[-400:]}")
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def account(jobs: int) -> Iterator[str]:
    """Serve an account with a number of jobs. Yields its URL."""
    command = (sys.executable, "-m", "tests.benchmarks.pages", str(jobs))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        server.communicate()


def list_command(url: str, *more: str) -> tuple[str, ...]:
    return (*FTTUI, "--base-url", url, "jobs", "list", "--all", *more)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    with account(FEW) as few, account(MANY) as many, tempfile.TemporaryDirectory() as home:
        python = (sys.executable, "-c", "pass")
        sdk = (sys.executable, "-c", SDK, few)
        rows = (
            Row("C1", "fttui --version / python -c pass, wall", "wall", 3.0, (*FTTUI, "--version"), python),
            Row("C2", "jobs list --all / the SDK, CPU", "cpu", 0.5, list_command(few), sdk),
            Row("C2", "jobs list --all / the SDK, wall", "wall", 0.5, list_command(few), sdk),
            Row(
                "C3",
                f"jobs list --all --json, peak memory: {MANY:,} / {FEW:,} jobs",
                "memory",
                1.2,
                list_command(many, "--json"),
                list_command(few, "--json"),
            ),
        )
        print(f"load {os.getloadavg()[0]:.1f}\n\n  bound  measured")
        for row in rows:
            ratios = []
            for _ in range(1 if row.resource == "memory" else runs):
                ours, theirs = run(row.ours, home), run(row.theirs, home)
                ratios.append(getattr(ours, row.resource) / getattr(theirs, row.resource))
            ratio = statistics.median(ratios)
            print(f"  {row.bound:5}  {ratio:8.3f}  {'MISSED' if ratio > row.bound else ''}  {row.number} {row.what}")


if __name__ == "__main__":
    main()
