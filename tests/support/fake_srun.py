"""`srun` and `scancel` without a cluster: every node is this machine.

As with Slurm, a task that ends badly ends the others, and SIGTERM makes `srun` kill all of them.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

KILL_WAIT = 5.0
"""Seconds between SIGTERM and SIGKILL for the other tasks when one has ended badly."""


def install(folder: Path) -> dict[str, str]:
    """Write both commands to a folder. Return the variables of a job on two nodes."""
    folder.mkdir()
    for name in ("srun", "scancel"):
        path = folder / name
        path.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} {folder} {name} "$@"\n')
        path.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "4711", "SLURM_JOB_NUM_NODES": "2"}


def _srun(folder: Path, words: list[str]) -> int:
    """Run a command once on each node. Return the highest exit code."""
    nodes = int(next(word for word in words if word.startswith("--nodes=")).partition("=")[2])
    while words[0].startswith("--"):
        words = words[1:]
    where = {"SLURM_LAUNCH_NODE_IPADDR": "127.0.0.1"}
    tasks = [subprocess.Popen(words, env={**os.environ, **where, "SLURM_NODEID": str(node)}) for node in range(nodes)]
    signal.signal(signal.SIGTERM, lambda number, frame: _signal(tasks, signal.SIGKILL))
    (folder / "step.new").write_text(" ".join(str(task.pid) for task in tasks))
    (folder / "step.new").rename(folder / "step")
    deadline = float("inf")
    while any(task.poll() is None for task in tasks):
        if deadline == float("inf") and any(task.returncode for task in tasks):
            deadline = time.monotonic() + KILL_WAIT
            _signal(tasks, signal.SIGTERM)
        if time.monotonic() > deadline:
            _signal(tasks, signal.SIGKILL)
        time.sleep(0.02)
    return max(128 - task.returncode if task.returncode < 0 else task.returncode for task in tasks)


def _signal(tasks: list["subprocess.Popen[bytes]"], number: signal.Signals) -> None:
    for task in tasks:
        if task.poll() is None:
            task.send_signal(number)


def _scancel(folder: Path, words: list[str]) -> int:
    """Tell the tasks to save."""
    if words != ["--signal=TERM", "4711"]:
        return 1
    for task in (folder / "step").read_text().split():
        os.kill(int(task), signal.SIGTERM)
    return 0


if __name__ == "__main__":
    _, place, name, *given = sys.argv
    sys.exit({"srun": _srun, "scancel": _scancel}[name](Path(place), given))
