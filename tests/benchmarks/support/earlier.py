"""An earlier revision of fttui, measured by the benchmarks of this one."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.concerns.concern import Effort, Figures

TOP = Path(__file__).parents[3]


class Earlier(NamedTuple):
    """A revision with the benchmarks of this one."""

    tree: Path
    """Directory with `fttui` and `tests`."""
    about: str
    """Commit and date."""

    def measure(self, numbers: Collection[str], effort: Effort) -> Figures:
        """Measure the rows with these numbers in a process of its own.

        Returns:
            Nothing if the measurement failed: the revision may lack what it calls. The error is printed.
        """
        result = self.tree / "figures.json"
        command = [sys.executable, "-m", "tests.benchmarks", "--only", ",".join(sorted(numbers))]
        command += ["--runs", str(effort.runs), "--figures", str(result), *(["--quick"] if effort.is_quick else [])]
        variables = os.environ | {"PYTHONPATH": str(self.tree)}
        done = subprocess.run(command, cwd=self.tree, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"before: {done.stderr.strip().rpartition(chr(10))[2]}", file=sys.stderr, flush=True)
            return {}
        found: Figures = json.loads(result.read_text(encoding="utf-8"))
        return found


@contextmanager
def earlier(revision: str) -> Iterator[Earlier]:
    """Write the program and the tests of a revision, and the present benchmarks, into a temporary directory.

    Raises:
        subprocess.CalledProcessError: git does not know the revision. git has printed why.
    """
    about = _git("log", "-1", "--format=%h of %ad", "--date=short", revision).decode().strip()
    content = _git("archive", revision, "fttui", "tests")
    with tempfile.TemporaryDirectory(prefix="ft-bench-") as folder:
        with tarfile.open(fileobj=io.BytesIO(content)) as packed:
            packed.extractall(folder, filter="data")
        benchmarks = Path(folder, "tests", "benchmarks")
        shutil.rmtree(benchmarks, ignore_errors=True)
        shutil.copytree(TOP / "tests" / "benchmarks", benchmarks, ignore=shutil.ignore_patterns("__pycache__"))
        yield Earlier(Path(folder), about)


def _git(*arguments: str) -> bytes:
    return subprocess.run(("git", "-C", TOP, *arguments), check=True, stdout=subprocess.PIPE).stdout
