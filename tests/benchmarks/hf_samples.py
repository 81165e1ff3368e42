"""Share of a run's time that the samples of the trainer for open models take: `python -m tests.benchmarks.hf_samples`.

Needs the extra `hf`. Each run is a new process, from its start to its end.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.server.trainers.hf.models import conversation, make_model, progress, write_job

RUNS = ((40, 1, {}), (400, 3, {}), (400, 3, {"save_steps": "20"}), (400, 3, {"full_weights": "true"}))
"""Examples, epochs and settings."""


def measure(directory: Path) -> tuple[float, float]:
    """Train the job in a directory. Return the seconds of its samples, and of the whole run."""
    from fttui.server.trainers.hf import __main__ as program
    from fttui.server.trainers.hf import samples

    spent = 0.0

    def timed(name: str) -> None:
        original = getattr(samples.Samples, name)

        def run(self: samples.Samples, *arguments: object, **members: object) -> object:
            nonlocal spent
            began = time.monotonic()
            try:
                return original(self, *arguments, **members)
            finally:
                spent += time.monotonic() - began

        setattr(samples.Samples, name, run)

    timed("begin")
    timed("take")
    assert program.run(str(directory)) == 0
    return spent, time.monotonic() - program.BEGAN


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--job", type=Path)
    given = parser.parse_args()
    if given.job:
        print(json.dumps(measure(given.job)))
        return
    with tempfile.TemporaryDirectory() as name:
        model = make_model(Path(name, "model"), hidden=256, layers=6)
        for number, (examples, epochs, settings) in enumerate(RUNS):
            lines = [conversation(index) for index in range(examples)]
            job = write_job(
                Path(name, f"job{number}"),
                model,
                n_epochs=epochs,
                training=lines,
                settings={"save_every": "60"} | settings,
            )
            words = [sys.executable, "-m", "tests.benchmarks.hf_samples", "--job", str(job)]
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, env=os.environ)
            spent, whole = json.loads(done.stdout.splitlines()[-1])
            plan = json.loads((job / "samples.json").read_text())
            rounds = len(progress(job, "samples"))
            print(f"{whole:6.1f} s  {spent:5.2f} s  {100 * spent / whole:4.1f} %  {rounds} rounds  {plan}")


if __name__ == "__main__":
    main()
