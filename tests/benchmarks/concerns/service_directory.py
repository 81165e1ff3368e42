"""Disk space of a job of the embedded service: its directory beside the models that it keeps."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from fttui.core.samples import SAMPLE_JOB, sample_path
from fttui.server import control
from tests.benchmarks.concerns.concern import Concern, Effort, Figures, Row
from tests.benchmarks.support.processes import FTTUI, environment

LOOK = 0.05
"""Seconds between two looks at the directory."""
CLEAN_UP = 30.0
"""Longest wait in seconds for the service to remove what a finished job no longer needs. `--wait` ends before that."""
MODELS = "step-*.bin"
"""Kept models of the trainer `tiny`."""
STATE = "service/jobs/*/state.bin"
"""Saved state of the trainer `tiny`, which a finished job no longer needs."""

ROWS = (
    Row("C6", "directory of a finished tiny job / (kept checkpoints × model)", 1.05, "finished", "models finished"),
    Row(
        "C6",
        "the same while it runs, at most / these models",
        2.1,
        "running",
        "models finished",
        "an exact restart needs weights and both moments in 32 bits, which are six models of 16 bits: at least 3.0 with"
        " three models, and up to 5.0 where the old state stays until the new one is on the disk",
    ),
)


def measure(_: Collection[str], effort: Effort) -> Figures:
    home = Path(tempfile.mkdtemp(prefix="ft-bench-"))
    training = sample_path(SAMPLE_JOB["training_file"])
    assert training is not None
    command = [
        *FTTUI,
        "--profile",
        "local",
        "jobs",
        "create",
        "--model",
        SAMPLE_JOB["model"],
        "--training-file",
        training,
    ]
    command += ["--n-epochs", str(effort.size(3, 1)), "--wait", "--yes"]
    try:
        with subprocess.Popen(
            command, env=environment(str(home)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            most = 0.0
            while process.poll() is None:
                most = max(most, sizes(home)[0])
                time.sleep(LOOK)
        if process.returncode:
            raise RuntimeError("the job did not succeed")
        end = time.monotonic() + CLEAN_UP
        while any(home.glob(STATE)) and time.monotonic() < end:
            time.sleep(LOOK)
        used, models = sizes(home)
    finally:
        control.stop(str(home / "service"))
        shutil.rmtree(home)
    return {"finished": [used], "models finished": [models], "running": [most]}


def sizes(home: Path) -> tuple[float, float]:
    """Return the bytes of the directories of all jobs, and those of the models that they keep."""
    used = models = 0
    counted = set()
    for path in home.glob("service/jobs/*/**/*"):
        try:
            found = path.stat()
        except OSError:  # removed meanwhile
            continue
        if path.is_file() and found.st_ino not in counted:  # a file with two links takes its space once
            counted.add(found.st_ino)
            used += found.st_size
            models += found.st_size if path.match(MODELS) else 0
    return used, models


CONCERN = Concern("service directory", ROWS, measure)
