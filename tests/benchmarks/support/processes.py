"""Processes to measure, and the servers that they ask."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

FTTUI = (sys.executable, "-c", "import sys; from fttui.main import main; main()")
"""The `fttui` command, without the time that a script of pip takes to import its entry point."""


class Spent(NamedTuple):
    """Resources of one process: seconds, seconds, megabytes."""

    wall: float
    cpu: float
    memory: float


def environment(home: str, **more: str) -> dict[str, str]:
    """Return the environment of a program whose files are in `home`."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return kept | {"HOME": home, "FTTUI_DATA_DIR": home, "LANG": "C.UTF-8"} | more


_RUN = """
import os, sys
if sys.argv[1]:
    os.sched_setaffinity(0, {int(sys.argv[1])})
quiet = os.open(os.devnull, os.O_WRONLY)
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, quiet, 1)])
_, status, usage = os.wait4(child, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Program that runs a command. The peak memory of a child begins with that of the process that starts it."""


def run(command: Sequence[str], variables: Mapping[str, str], *, core: int | None = None) -> Spent:
    """Run a command to its end, with its output discarded.

    Args:
        core: the only core that it may use.

    Raises:
        RuntimeError: it failed.
    """
    runner = (sys.executable, "-I", "-S", "-c", _RUN, "" if core is None else str(core))
    began = time.perf_counter()
    done = subprocess.run((*runner, *command), env=dict(variables), capture_output=True, text=True, check=False)
    wall = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-400:]}")
    cpu, memory = map(float, done.stdout.split())
    return Spent(wall, cpu, memory)


@contextmanager
def serving(module: str, *arguments: object) -> Iterator[str]:
    """Run a server that prints its port, and end it. Yields the base URL."""
    command = (sys.executable, "-m", module, *map(str, arguments))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        finally:
            server.communicate()
