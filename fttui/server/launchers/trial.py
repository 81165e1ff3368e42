"""Test of an engine: a job of one second, which looks at its node and writes what it found to the shared disk."""

import os
import shlex
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from fttui.server.launchers.slurm import BATCH_OPTIONS
from fttui.server.launchers.slurm_queue import RUNNING, WAITING, NoAnswer, Queue
from fttui.server.settings import Engine
from fttui.server.storage.file_operations import remove
from fttui.text import clean_line

POLL_SECONDS = 2.0
SETTLE_SECONDS = 30.0
"""Seconds to wait for a file that a network disk shows late."""

_SCRIPT = """#!/bin/bash -l
cd {directory} || exit 125
unset SLURM_EXPORT_ENV
{{
    {setup}
    echo "node ${{SLURMD_NODENAME:-$(hostname)}}"
    echo "time $(date +%s)"
    if {python} -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>python-error; then
        echo "python works"
    else
        echo "python $(tail -n 1 python-error)"
    fi
    if command -v nvidia-smi >/dev/null; then nvidia-smi -L 2>/dev/null | cut -d '(' -f 1 | sed 's/^/device /'; fi
}} >result.new 2>setup-error
sync result.new
mv result.new result
sleep 1
"""


class Step(NamedTuple):
    """Finding of a test."""

    name: str
    is_good: bool
    text: str


def test_engine(engine: Engine, tell: Callable[[str], None], queue: Queue) -> list[Step]:
    """Submit the test job, wait for it, and return what was found. An interruption removes the job.

    Args:
        tell: called with the state of the job whenever it changes.
    """
    if not os.path.isdir(engine.directory):
        return [Step("directory", False, f"{engine.directory} does not exist on this machine")]
    directory = os.path.join(engine.directory, f"test-{os.getpid()}-{int(time.time())}")
    try:
        os.mkdir(directory, 0o700)
    except OSError as error:
        return [Step("directory", False, f"{engine.directory} is not writable: {error.strerror}")]
    try:
        return [Step("directory", True, f"{engine.directory} is writable here"), *_run(engine, directory, tell, queue)]
    finally:
        remove(directory)


def _run(engine: Engine, directory: str, tell: Callable[[str], None], queue: Queue) -> list[Step]:
    script = _SCRIPT.format(
        directory=shlex.quote(directory), setup=engine.setup or ":", python=shlex.quote(sys.executable)
    )
    log = os.path.join(directory, "log")
    words = ["sbatch", *engine.options, *BATCH_OPTIONS, "--job-name=fttui-test", f"--output={log}", "--export=NONE"]
    try:
        id = queue.command([*words, f"--chdir={directory}"], script).strip().split(";")[0]
    except NoAnswer as error:
        return [Step("submit", False, str(error))]
    began = time.monotonic()
    found = [Step("submit", True, f"Slurm job {id}")]
    try:
        state = _wait(id, tell, queue)
    except BaseException:
        queue.command(["scancel", id])
        raise
    result = os.path.join(directory, "result")
    deadline = time.monotonic() + SETTLE_SECONDS
    while not os.path.exists(result) and state == "COMPLETED" and time.monotonic() < deadline:
        time.sleep(0.2)
    lines = _lines(result)
    if not lines:
        reason = f"the job ended as {state or 'unknown'} and wrote nothing to {directory}"
        more = _lines(log)[-1:] or ["does the node see this directory?"]
        return [*found, Step("run", False, f"{reason}: {more[0]}")]
    facts = [line.partition(" ")[::2] for line in lines]
    node = next((text for name, text in facts if name == "node"), "?")
    found.append(Step("run", True, f"on {node}, {time.monotonic() - began:.0f} s after sbatch"))
    skew = next((int(text) - os.path.getmtime(result) for name, text in facts if name == "time" and text.isdigit()), 0)
    if abs(skew) > 60:
        found.append(Step("clock", False, f"the clock of {node} differs by {abs(skew):.0f} s from that of the disk"))
    python = next((text for name, text in facts if name == "python"), "")
    if python == "works":
        found.append(Step("python", True, f"{sys.executable} works on {node}"))
    else:
        hint = "Install fttui on the shared disk, or name a command that the node has"
        found.append(
            Step("python", False, f"{sys.executable} does not work on {node}: {python or 'no reason'}. {hint}")
        )
    devices = [text.strip() for name, text in facts if name == "device"]
    found.append(Step("devices", True, ", ".join(devices) or "no GPU of NVIDIA"))
    return found


def _wait(id: str, tell: Callable[[str], None], queue: Queue) -> str:
    """Wait until the job is gone. Return its last state."""
    said = state = ""
    while True:
        snapshot = queue.ask()
        if snapshot.entries is None:
            words = f"Slurm does not answer: {snapshot.trouble}"
        else:
            entry = snapshot.entries.get(id)
            state = entry.state if entry else state
            if entry is None or entry.state not in WAITING | RUNNING:
                return state
            words = f"{entry.state}{f': {entry.reason}' if entry.reason else ''}"
        if words != said:
            tell(words)
            said = words
        time.sleep(POLL_SECONDS)


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [clean_line(line).strip()[:300] for line in file.read(1 << 16).splitlines() if line.strip()]
    except OSError:
        return []
