"""`files check` of a large file, beside one `json.loads` for each line. Each is a process of its own on one core."""

import json
import os
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from fttui.core.samples import SAMPLE_JOB, sample_path
from tests.benchmarks.concerns.concern import Concern, Effort, Figures, Row
from tests.benchmarks.support.processes import FTTUI, environment, run
from tests.data import example_files

MEGABYTE = 1_000_000
LOADS = """
import json, sys
with open(sys.argv[1], "rb") as file:
    for line in file:
        json.loads(line)
"""
CHECK = """
import sys
from fttui.data.check import check_file
check_file(sys.argv[1], method=sys.argv[2] or None, tokens=False)
"""
KIND_EXAMPLES = 60_000
"""Examples in the file of each kind."""

ROWS = (
    Row(
        "C5",
        "files check of 1 GB, tokens estimated / one json.loads a line, CPU on one core",
        1.3,
        "check",
        "loads",
        "a third is the parser, a third the look at each message, a fifth the search for lines that occur twice",
    ),
    Row("C5", "files check of 1 GB, tokens counted / the same", 3.0, "check counted", "loads"),
    Row("C5", "files check, its peak memory in MB", 200.0, "check memory"),
    *(
        Row("C5", f"check without tokens, {kind} / one json.loads a line", 3.0, f"check {kind}", f"loads {kind}")
        for kind in example_files.KINDS
    ),
)


def measure(_: Collection[str], effort: Effort) -> Figures:
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        variables = environment(folder)

        def note(name: str, command: tuple[str, ...]) -> float:
            spent = run(command, variables, core=0)
            figures.setdefault(name, []).append(spent.cpu)
            return spent.memory

        path = Path(folder, "train.jsonl")
        write(path, megabytes(effort))
        for _run in range(effort.few):
            note("loads", (sys.executable, "-c", LOADS, str(path)))
            memory = note("check", check_command(path))
            figures.setdefault("check memory", []).append(memory)
            note("check counted", check_command(path, "--model", "gpt-4o-mini"))
        for kind, (make, method) in example_files.KINDS.items():
            path = Path(folder, "kind.jsonl")
            examples = range(effort.size(KIND_EXAMPLES, 5000))
            path.write_text("".join(json.dumps(make(index)) + "\n" for index in examples))
            for _run in range(effort.few):
                note(f"loads {kind}", (sys.executable, "-c", LOADS, str(path)))
                note(f"check {kind}", (sys.executable, "-c", CHECK, str(path), method or ""))
    return figures


def megabytes(effort: Effort) -> int:
    """Return the size of the large file: FTTUI_BENCH_MB, else a gigabyte."""
    return int(os.environ.get("FTTUI_BENCH_MB") or effort.size(1000, 20))


def check_command(path: Path, *more: str) -> tuple[str, ...]:
    return (*FTTUI, "files", "check", str(path), *more)


def write(path: Path, megabytes: float) -> None:
    """Write the sample data again and again, each line with a number of its own."""
    sample = sample_path(SAMPLE_JOB["training_file"])
    assert sample is not None
    lines = Path(sample).read_text().splitlines()
    marked = [line.replace('"role": "user", "content": "', '"role": "user", "content": "%d ') for line in lines]
    number, size = 0, 0
    with path.open("w") as file:
        while size < megabytes * MEGABYTE:
            block = "".join(f"{line.replace('%d', str(number + index), 1)}\n" for index, line in enumerate(marked))
            number += len(marked)
            size += file.write(block)


CONCERN = Concern("data check", ROWS, measure)
