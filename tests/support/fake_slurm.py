"""Slurm without a cluster: `sbatch`, `squeue` and `scancel` as a function, and the batch script's files.

A test moves jobs by hand: `run`, `requeue`, `end`.
"""

import itertools
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_TERMINAL = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL")


@dataclass
class FakeJob:
    """Job in the fake queue."""

    id: str
    name: str
    words: list[str]
    script: str
    variables: Mapping[str, str]
    state: str = "PENDING"
    node: str = ""
    reason: str = "Priority"
    left: str = "1:00:00"
    nodes: int = 1

    @property
    def number(self) -> str:
        return self.name.rpartition("-")[2]

    @property
    def directory(self) -> Path:
        log = next(word for word in self.words if word.startswith("--output="))
        return Path(log.partition("=")[2]).parent


@dataclass
class FakeSlurm:
    """Controller of the fake cluster. It runs the commands of `Queue`."""

    jobs: dict[str, FakeJob] = field(default_factory=dict)
    is_away: bool = False
    refusal: str = ""
    """Words with which sbatch refuses."""
    refused: str = ""
    """Option of the jobs that sbatch refuses; empty for all jobs."""
    dies_after_sbatch: bool = False
    """The caller is killed after sbatch, before it sees the id."""
    ignores_sigterm: bool = False
    """Trainers go on when they are told to save."""
    calls: list[list[str]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(4711))

    def __call__(
        self, words: list[str], input: str | None, variables: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        self.calls.append(words)
        if self.is_away:
            return _failed(words, f"{words[0]}: error: Unable to contact slurm controller (connect failure)")
        return getattr(self, f"_{words[0]}")(words, input or "", variables)  # type: ignore[no-any-return]

    def count(self, command: str) -> int:
        return sum(words[0] == command for words in self.calls)

    def _sbatch(
        self, words: list[str], script: str, variables: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        if self.refusal and self.refused in " ".join(words):
            return _failed(words, f"sbatch: error: {self.refusal}\nsbatch: error: Batch job submission failed")
        name = next(word for word in words if word.startswith("--job-name=")).partition("=")[2]
        id = str(next(self.ids))
        self.jobs[id] = FakeJob(id, name, words, script, dict(variables))
        if self.dies_after_sbatch:
            self.dies_after_sbatch = False
            raise KeyboardInterrupt
        return subprocess.CompletedProcess(words, 0, f"{id}\n", "")

    def _squeue(self, words: list[str], script: str, variables: object) -> "subprocess.CompletedProcess[str]":
        lines = [
            f"{job.id}|{job.state}|{job.node}|{job.nodes}|{job.left}|8:00:00|{job.name}|{job.reason or 'None'}"
            for job in self.jobs.values()
        ]
        return subprocess.CompletedProcess(words, 0, "".join(f"{line}\n" for line in lines), "")

    def _scancel(self, words: list[str], script: str, variables: object) -> "subprocess.CompletedProcess[str]":
        job = self.jobs[words[-1]]
        is_waiting = job.state == "PENDING"
        if is_waiting or "--signal=TERM" not in words:
            job.state = "CANCELLED"
        if "--signal=TERM" in words and self.ignores_sigterm:
            return subprocess.CompletedProcess(words, 0, "", "")
        if not is_waiting and "--state=PENDING" not in words:
            self.end(job, 143, "CANCELLED" if "--signal=TERM" not in words else "FAILED")
        return subprocess.CompletedProcess(words, 0, "", "")

    # What happens on the nodes

    def run(self, job: FakeJob, node: str = "n1") -> None:
        """Start a job on a node, as its script does."""
        job.state, job.node, job.reason = "RUNNING", node, ""
        (job.directory / "exit").unlink(missing_ok=True)
        with (job.directory / "runs").open("a") as file:
            file.write(f"{job.number} {job.id} 0 {node} {int(time.time())}\n")

    def requeue(self, job: FakeJob, code: int | None = 143) -> None:
        """Take a job off its node; it waits to start again with the same id."""
        if code is not None:
            (job.directory / "exit").write_text(f"{code}\n")
        job.state, job.node, job.reason = "PENDING", "", "BeginTime"

    def end(self, job: FakeJob, code: int | None, state: str = "COMPLETED") -> None:
        """End a running job. None as code: its script could not write it."""
        if code is not None:
            (job.directory / "exit").write_text(f"{code}\n")
        job.state = state

    def forget(self, job: FakeJob) -> None:
        """Drop a job from the queue, as Slurm does some minutes after its end."""
        del self.jobs[job.id]


def _failed(words: list[str], text: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.CompletedProcess(words, 1, "", text)
