"""What checking a file costs: `pytest tests/benchmarks/test_check.py -s -n 0`. Apart from the suite: machines differ.

FTTUI_BENCH_MB sets the size of the large file; 5000 is the one that is promised to be checked in flat memory.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fttui.core.samples import SAMPLE_JOB, sample_path
from fttui.data.check import check_file
from tests.data import example_files

MOST = 3.0
"""Times one `json.loads` a line."""
LARGE_MB = int(os.environ.get("FTTUI_BENCH_MB", "500"))
MOST_MEMORY_MB = 200


def write(path: Path, megabytes: float) -> None:
    """The sample data again and again, each line with a number of its own."""
    sample = sample_path(SAMPLE_JOB["training_file"])
    assert sample is not None
    lines = Path(sample).read_text().splitlines()
    marked = [line.replace('"role": "user", "content": "', '"role": "user", "content": "%d ') for line in lines]
    number, size = 0, 0
    with path.open("w") as file:
        while size < megabytes * 1e6:
            block = "".join(f"{line.replace('%d', str(number + index), 1)}\n" for index, line in enumerate(marked))
            number += len(marked)
            size += file.write(block)


def loads_a_line(path: Path) -> float:
    start = time.process_time()
    with path.open("rb") as file:
        for line in file:
            json.loads(line)
    return time.process_time() - start


@pytest.mark.parametrize("model", [None, "gpt-4o-mini"])
def test_at_most_three_times_one_json_loads_a_line(tmp_path: Path, model: str | None) -> None:
    path = tmp_path / "train.jsonl"
    write(path, 30)
    ratios = []
    for _ in range(3):
        base, start = loads_a_line(path), time.process_time()
        report = check_file(str(path), model=model, tokens=model is not None)
        ratios.append((time.process_time() - start) / base)
    print(f"\n{report.examples:,} examples, tokens {'counted' if model else 'apart'}: {min(ratios):.2f} times")
    assert report.groups == ()
    assert min(ratios) <= MOST


@pytest.mark.parametrize("kind", example_files.KINDS)
def test_every_kind_of_example(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "train.jsonl"
    make, method = example_files.KINDS[kind]
    path.write_text("".join(json.dumps(make(index)) + "\n" for index in range(30_000)))
    ratios = []
    for _ in range(3):
        base, start = loads_a_line(path), time.process_time()
        report = check_file(str(path), method=method, tokens=False)
        ratios.append((time.process_time() - start) / base)
    print(f"\n{kind}: {min(ratios):.2f} times")
    assert report.groups == ()
    assert min(ratios) <= MOST


def test_memory_is_flat(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    write(path, LARGE_MB)
    code = (
        "import resource, sys; from fttui.data.check import check_file\n"
        "r = check_file(sys.argv[1], model='gpt-4o-mini')\n"
        "print(r.examples, r.errors, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    examples, errors, memory = map(int, done.stdout.split())
    megabytes = memory // (1024 * 1024 if sys.platform == "darwin" else 1024)
    took = time.monotonic() - start
    print(f"\n{path.stat().st_size:,} bytes, {examples:,} examples: {took:.0f} s, {megabytes} MB at most")
    assert errors == 0
    assert megabytes < MOST_MEMORY_MB
