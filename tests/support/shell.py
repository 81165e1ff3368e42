"""Shell in a new home directory, with this `fttui` on its PATH: for commands as documents show them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Shell:
    """Runs lines of shell in its home directory."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.home = home
        self._environment = environment

    def __call__(self, lines: str) -> subprocess.CompletedProcess[str]:
        process = subprocess.Popen(
            ["sh", "-euc", lines],
            env=self._environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=600)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # with what the shell has started
            process.wait()
            raise
        return subprocess.CompletedProcess(lines, process.returncode, out, err)


@contextmanager
def new_shell(**variables: str) -> Iterator[Shell]:
    """Make a home directory and its shell. At the end the embedded service is stopped and the directory removed.

    Args:
        variables: more variables of the environment.
    """
    home = Path(tempfile.mkdtemp(prefix="ftt-"))  # a short path, so that the socket fits in the data directory
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "AZURE_", "FTTUI_"))}
    for name, module in (("fttui", " -m fttui"), ("python", "")):
        command = home / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(f'#!/bin/sh\nexec {sys.executable}{module} "$@"\n')
        command.chmod(0o755)
    environment = {
        **kept,
        "HOME": str(home),
        "PATH": f"{home}/bin:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "FTTUI_DATA_DIR": f"{home}/data",
        "FTTUI_CONFIG": f"{home}/c.toml",
        **variables,
    }
    shell = Shell(home, environment)
    try:
        yield shell
    finally:
        shell("fttui serve --stop")
        shutil.rmtree(home)
