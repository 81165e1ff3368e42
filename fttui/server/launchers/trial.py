"""Test of an engine: a job of one second, which looks at its node and writes what it found to the shared disk."""

import os
import shlex
import sys
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from fttui.clock import Clock
from fttui.server.launchers import ray_cluster
from fttui.server.launchers.answers import NoAnswer
from fttui.server.launchers.base import LaunchRefused
from fttui.server.launchers.ray import resources
from fttui.server.launchers.ray_cluster import PREFIX, RayCluster, RayRefused, connect
from fttui.server.launchers.slurm import BATCH_OPTIONS, job_id
from fttui.server.launchers.slurm_queue import RUNNING, WAITING, Queue
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
}} >setup-said 2>&1
setup=$?
{{
    echo "setup $setup"
    echo "node ${{SLURMD_NODENAME:-$(hostname)}}"
    echo "time $(date +%s)"
    if {python} -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>python-error; then
        echo "python works"
    else
        echo "python $(tail -n 1 python-error)"
    fi
    if command -v nvidia-smi >/dev/null; then nvidia-smi -L 2>/dev/null | cut -d '(' -f 1 | sed 's/^/device /'; fi
}} >result.new
sync result.new setup-said
mv result.new result
sleep 1
"""


class Step(NamedTuple):
    """Finding of a test."""

    name: str
    is_good: bool
    text: str


class TrialState(NamedTuple):
    """State of the test job."""

    words: str
    is_live: bool
    is_done: bool = False
    """It ended well."""


class TrialEngine(Protocol):
    """Engine that runs the test job. Every method raises `NoAnswer` when the engine does not do what it is asked."""

    title: str

    def submit(self, directory: str, script: str) -> str:
        """Submit the script, whose directory is given, and return the job's id."""

    def state(self, id: str) -> TrialState: ...

    def cancel(self, id: str) -> None: ...

    def trouble(self) -> str:
        """Return why the engine does not answer; empty when it does."""


class SlurmTrial:
    """Slurm, reached by its commands."""

    title = "Slurm"

    def __init__(self, engine: Engine, queue: Queue) -> None:
        self._engine = engine
        self._queue = queue
        self._state = ""

    def submit(self, directory: str, script: str) -> str:
        words = ["sbatch", *self._engine.options, *BATCH_OPTIONS, "--job-name=fttui-test", "--export=NONE"]
        words += [f"--output={os.path.join(directory, 'log')}", f"--chdir={directory}"]
        return job_id(self._queue.command(words, script))

    def state(self, id: str) -> TrialState:
        answer = self._queue.answers.ask()
        if answer.value is None:
            raise NoAnswer(answer.trouble)
        entry = answer.value.get(id)
        self._state = entry.state if entry else self._state
        if entry is None or entry.state not in WAITING | RUNNING:
            return TrialState(self._state, False, self._state == "COMPLETED")
        return TrialState(f"{entry.state}{f': {entry.reason}' if entry.reason else ''}", True)

    def cancel(self, id: str) -> None:
        self._queue.command(["scancel", id])

    def trouble(self) -> str:
        return self._queue.answers.ask().trouble


class RayTrial:
    """Ray, reached by its REST interface."""

    title = "Ray"

    def __init__(self, engine: Engine, cluster: RayCluster) -> None:
        self._engine = engine
        self._cluster = cluster

    def submit(self, directory: str, script: str) -> str:
        path = os.path.join(directory, "script")
        with open(path, "x", encoding="utf-8") as file:
            file.write(script)
        id = f"{PREFIX}{os.path.basename(directory)}"
        command = f"exec bash {shlex.quote(path)} >>{shlex.quote(os.path.join(directory, 'log'))} 2>&1"
        environment = {"runtime_env": dict(self._engine.runtime_env)} if self._engine.runtime_env else {}
        try:
            body = {"submission_id": id, "entrypoint": command, **environment, **resources(self._engine.options)}
            self._cluster.submit(body)
        except (RayRefused, LaunchRefused) as refused:
            raise NoAnswer(str(refused)) from None
        except NoAnswer as error:
            raise NoAnswer(f"{self._engine.address}: {error}") from None
        return id

    def state(self, id: str) -> TrialState:
        answer = self._cluster.answers.ask()
        if answer.value is None:
            raise NoAnswer(answer.trouble)
        job = answer.value.get(id)
        if job is None:
            return TrialState("unknown to the cluster", False)
        is_live = job.status in ray_cluster.LIVE
        words = f"{job.status}: {job.words}" if job.words else job.status
        return TrialState(words, is_live, job.status == ray_cluster.SUCCEEDED)

    def cancel(self, id: str) -> None:
        self._cluster.stop(id)

    def trouble(self) -> str:
        return self._cluster.answers.ask().trouble


def trial_engine(engine: Engine, clock: Clock) -> TrialEngine:
    """Return the engine of a test."""
    if engine.kind == "ray":
        return RayTrial(engine, connect(engine, clock))
    return SlurmTrial(engine, Queue(clock))


def test_engine(engine: Engine, tell: Callable[[str], None], jobs: TrialEngine) -> list[Step]:
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
        return [Step("directory", True, f"{engine.directory} is writable here"), *_run(engine, directory, tell, jobs)]
    finally:
        remove(directory)


def _run(engine: Engine, directory: str, tell: Callable[[str], None], jobs: TrialEngine) -> list[Step]:
    script = _SCRIPT.format(
        directory=shlex.quote(directory), setup=engine.setup or ":", python=shlex.quote(sys.executable)
    )
    try:
        id = jobs.submit(directory, script)
    except NoAnswer as error:
        return [Step("submit", False, str(error))]
    began = time.monotonic()
    found = [Step("submit", True, f"{jobs.title} job {id}")]
    try:
        end = _wait(id, tell, jobs)
    except BaseException:
        jobs.cancel(id)
        raise
    result = os.path.join(directory, "result")
    deadline = time.monotonic() + SETTLE_SECONDS
    while not os.path.exists(result) and end.is_done and time.monotonic() < deadline:
        time.sleep(0.2)
    lines = _lines(result)
    if not lines:
        reason = f"the job ended as {end.words or 'unknown'} and wrote nothing to {directory}"
        more = (_lines(os.path.join(directory, "setup-said")) + _lines(os.path.join(directory, "log")))[-1:] or [
            "does the node see this directory?"
        ]
        return [*found, Step("run", False, f"{reason}: {more[0]}")]
    facts = [line.partition(" ")[::2] for line in lines]
    node = next((text for name, text in facts if name == "node"), "?")
    found.append(Step("run", True, f"on {node}, {time.monotonic() - began:.0f} s after the submission"))
    status = next((text for name, text in facts if name == "setup"), "0")
    said = _lines(os.path.join(directory, "setup-said"))[-1:]
    if said or status != "0":
        found.append(Step("setup", status == "0", said[0] if said else f"exited with code {status}"))
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


def _wait(id: str, tell: Callable[[str], None], jobs: TrialEngine) -> TrialState:
    """Wait until the job is gone. Return its last state."""
    said = ""
    while True:
        try:
            state = jobs.state(id)
            if not state.is_live:
                return state
            words = state.words
        except NoAnswer as error:
            words = f"{jobs.title} does not answer: {error}"
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
