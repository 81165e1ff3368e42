"""Simulation of a long queue: 10,000 jobs over 200 nodes of a fake Slurm, without real time.

    python -m tests.benchmarks.engine_queue

It prints the requests to Slurm in a minute of the cluster's time, the time that the service works in such a minute, and
the memory of the service. docs/clusters.md has the results.
"""

import argparse
import json
import random
import resource
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.server.launchers.conftest import Cluster
from tests.support.fake_slurm import FakeJob

LOOK = 5.0
"""Seconds between two looks of the runner at engine jobs."""
REPORT_EVERY = 30.0
"""Seconds between two reports of a trainer."""


class Simulation:
    """Cluster with nodes, and a service with a queue of jobs for it."""

    def __init__(self, jobs: int, nodes: int, max_submitted: int) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ft-"))
        self.cluster = Cluster(str(self.directory / "home"), self.directory / "shared", max_submitted=max_submitted)
        self.free = [f"n{number}" for number in range(nodes)]
        self.starts: dict[str, float] = {}
        self.ends: dict[str, float] = {}
        self.random = random.Random(7)
        self.steps: Counter[str] = Counter()
        self.cluster.add_queued(jobs)

    def advance(self, seconds: float) -> None:
        """Let the nodes work for some seconds."""
        self.cluster.clock.advance(seconds)
        now, slurm = self.cluster.clock.monotonic(), self.cluster.slurm
        for job in list(slurm.jobs.values()):
            if job.state == "PENDING" and self.free:
                slurm.run(job, self.free.pop())
                self.starts[job.id], self.ends[job.id] = now, now + self.random.uniform(1200, 2400)
            elif job.state == "RUNNING":
                self._work(job, now)
            elif job.state == "COMPLETED" and now > self.ends[job.id] + 300:
                slurm.forget(job)

    def _work(self, job: FakeJob, now: float) -> None:
        if now >= self.ends[job.id]:
            self.cluster.finish(job)
            self.free.append(job.node)
        elif now >= self.starts[job.id] + self.steps[job.id] * REPORT_EVERY:
            self.steps[job.id] += 1
            self.cluster.steps(job, self.steps[job.id])

    def run(self, minutes: int) -> dict[str, Any]:
        slurm, worked = self.cluster.slurm, []
        for _ in range(minutes):
            slurm.calls.clear()
            began = time.process_time()
            looks = 0.0
            for _ in range(int(60 / LOOK)):
                self.advance(LOOK)
                start = time.process_time()
                self.cluster.service.runner.tick()
                self.cluster.service.runner.tick()  # the answer of squeue wakes the runner
                looks += time.process_time() - start
            worked.append((Counter(words[0] for words in slurm.calls), looks, time.process_time() - began))
        return {
            "requests in the busiest minute": max(sum(calls.values()) for calls, _, _ in worked),
            "requests in the last minute": dict(worked[-1][0]),
            "service works, seconds in the busiest minute": round(max(looks for _, looks, _ in worked), 2),
            "service works, seconds in the last minute": round(worked[-1][1], 2),
            "largest memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "ended": len([job for job in self.ends.values() if job < self.cluster.clock.monotonic()]),
        }

    def close(self) -> None:
        self.cluster.service.runner.close(save=False)
        self.cluster.service.database.close()
        shutil.rmtree(self.directory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--max-submitted", type=int, default=20)
    parser.add_argument("--minutes", type=int, default=60)
    given = parser.parse_args()
    simulation = Simulation(given.jobs, given.nodes, given.max_submitted)
    try:
        print(json.dumps({**vars(given), **simulation.run(given.minutes)}, indent=1))
    finally:
        simulation.close()


if __name__ == "__main__":
    main()
