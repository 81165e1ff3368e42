"""Facts about the machine and the versions, which belong beside every value."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import fttui


def facts() -> list[str]:
    """Return date, machine, load and versions as short phrases."""
    return [
        datetime.now(UTC).strftime("%Y-%m-%d"),
        f"{_processor()}, {os.cpu_count()} cores",
        f"load {os.getloadavg()[0]:.1f}",
        f"Python {platform.python_version()}",
        f"Textual {version('textual')}",
        f"fttui {_commit()}",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()


def _commit() -> str:
    command = ["git", "-C", str(Path(fttui.__file__).parent), "describe", "--always", "--dirty"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return f"{fttui.__version__} ({found})" if found else fttui.__version__
