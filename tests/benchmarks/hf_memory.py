"""Memory of the trainer for open models, measured and computed: `python -m tests.benchmarks.hf_memory`.

Trains one step of models with random weights on the CPU, each in a process of its own, and prints the peak of that
process beside the need that `--check` computes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from fttui.server.trainers.hf.memory import FULL, LORA, Workload, from_config, need


class Case(NamedTuple):
    """Training to measure."""

    kind: str
    method: str
    tokens: int
    micro_batch: int
    checkpointing: bool


CASES = (
    Case(LORA, "supervised", 256, 1, False),
    Case(LORA, "supervised", 1024, 2, False),
    Case(LORA, "supervised", 1024, 2, True),
    Case(FULL, "supervised", 256, 1, False),
    Case(FULL, "supervised", 1024, 2, False),
    Case(LORA, "dpo", 512, 2, False),
    Case(FULL, "dpo", 512, 2, False),
)


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", type=int, default=384)
    parser.add_argument("--layers", type=int, default=12)
    given = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    from tests.server.trainers.hf.models import make_model

    with tempfile.TemporaryDirectory() as folder:
        model = make_model(Path(folder, "model"), hidden=given.hidden, layers=given.layers)
        config = json.loads((model / "config.json").read_text())
        shape = from_config(config)
        print(f"{shape.parameters / 1e6:.1f} million parameters")
        print(f"{'training':<12}{'method':<12}{'tokens':>8}{'again':>7}{'computed':>12}{'measured':>12}")
        for number, case in enumerate(CASES):
            is_dpo = case.method == "dpo"
            sequences = case.micro_batch * (2 if is_dpo else 1)
            work = Workload(case.kind, False, is_dpo, sequences, case.tokens, 16, case.checkpointing)
            measured = measure(Path(folder, f"job-{number}"), model, case)
            computed = need(shape, work).total / 2**30
            size = f"{sequences}×{case.tokens}"
            again = "yes" if case.checkpointing else "no"
            row = f"{case.kind:<12}{case.method:<12}{size:>8}{again:>7}"
            print(f"{row}{computed:>8.2f} GiB{measured:>8.2f} GiB", flush=True)


def measure(directory: Path, model: Path, case: Case) -> float:
    """Return the peak of a process that trains one step, in GiB."""
    from tests.server.trainers.hf.models import progress, write_job

    settings = {
        "full_weights": str(case.kind == FULL).lower(),
        "max_length": str(case.tokens),
        "micro_batch": str(case.micro_batch),
        "gradient_checkpointing": str(case.checkpointing).lower(),
        "save_every": "86400",
        "threads": "2",
    }
    lines = [_example(case) for _ in range(case.micro_batch)]
    members: dict[str, Any] = {"n_epochs": 2, "batch_size": case.micro_batch, "validation_file": None}
    write_job(directory, model, case.method, settings=settings, training=lines, **members)
    command = [sys.executable, "-P", "-m", "fttui.server.trainers.hf", str(directory)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return max(float(line["device_memory_gib"]) for line in progress(directory, "metrics"))


def _example(case: Case) -> dict[str, Any]:
    question = {"role": "user", "content": "?"}
    answer = {"role": "assistant", "content": "word " * (case.tokens // 5)}  # a byte is a token
    if case.method == "supervised":
        return {"messages": [question, answer]}
    return {"input": {"messages": [question]}, "preferred_output": [answer], "non_preferred_output": [answer]}


if __name__ == "__main__":
    main()
