"""The batch script, run by a shell as a node does, and the test of an engine."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from fttui.server.launchers import slurm as slurm_launcher
from fttui.server.launchers.base import Launch
from fttui.server.launchers.slurm import Slurm
from fttui.server.launchers.slurm_queue import Queue
from fttui.server.launchers.trial import SlurmTrial, Step
from fttui.server.launchers.trial import test_engine as try_engine
from fttui.server.settings import Engine
from fttui.server.storage.job_dir import JobDirectory
from tests.server.conftest import until
from tests.support.clock import FakeClock
from tests.support.fake_slurm import FakeSlurm


def submitted(directory: Path, trainer: str, setup: str = "") -> str:
    """Submit a trainer, which is a shell script, and return the batch script."""
    slurm = FakeSlurm()
    launcher = Slurm(Queue(FakeClock(), run=slurm, start=lambda work: work()), FakeClock())
    launch = Launch(("/bin/sh", "-c", trainer), {}, {"WORDS": "it's"}, setup=setup)
    launcher.start(JobDirectory(str(directory)), launch)
    return slurm.jobs["4711"].script


def node(directory: Path, script: str) -> "subprocess.Popen[str]":
    """Run the batch script of a submission."""
    environment = {**os.environ, "SLURM_JOB_ID": "4711", "SLURM_JOB_NODELIST": "n1", "HOME": str(directory)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = ["bash", "-l", "-c", script]
    return subprocess.Popen(command, text=True, env=environment, start_new_session=True, **quiet)


def test_script_writes_its_start_and_the_exit_code(tmp_path: Path) -> None:
    script = submitted(
        tmp_path, 'echo "$GREETING $WORDS $FTTUI_JOB_DIR $0" >said; exit 3', "export GREETING='good day'"
    )
    assert node(tmp_path, script).wait(60) == 3
    assert (tmp_path / "exit").read_text() == "3\n"
    assert (tmp_path / "said").read_text() == f"good day it's {tmp_path} {tmp_path}\n"
    assert (tmp_path / "runs").read_text().split()[:4] == ["1", "4711", "0", "n1"]


def test_script_passes_sigterm_on_and_waits_for_the_trainer(tmp_path: Path) -> None:
    script = submitted(tmp_path, "trap 'echo saved >state; exit 143' TERM; echo >ready; while :; do sleep 0.01; done")
    shell = node(tmp_path, script)
    until((tmp_path / "ready").exists)
    shell.send_signal(signal.SIGTERM)  # as --signal=B:TERM does: to the shell alone
    assert shell.wait(60) == 143
    assert ((tmp_path / "state").read_text(), (tmp_path / "exit").read_text()) == ("saved\n", "143\n")


def test_script_of_a_submission_that_was_given_up_does_nothing(tmp_path: Path) -> None:
    script = submitted(tmp_path, "echo trained >said")
    (tmp_path / "submission").write_text("2 4712\n")
    assert node(tmp_path, script).wait(60) == 0
    assert not (tmp_path / "said").exists()
    assert not (tmp_path / "runs").exists()


def test_script_kills_its_trainer_when_the_job_has_started_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_launcher, "FLUSH_SECONDS", 0.01)
    start = "trap '' TERM; echo >ready; while :; do sleep 0.01; done"
    shell = node(tmp_path, submitted(tmp_path, start))
    until((tmp_path / "ready").exists)
    with (tmp_path / "runs").open("a") as runs:
        runs.write("1 4711 1 n2 1795892093\n")
    assert shell.wait(60) == -signal.SIGKILL
    assert not (tmp_path / "exit").exists()


def test_script_kills_workers_in_sessions_of_their_own_when_the_job_has_started_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_launcher, "FLUSH_SECONDS", 0.01)
    wait = "while :; do sleep 0.01; done"
    worker = tmp_path / "worker"
    worker.write_text(f"#!/bin/sh\ntrap '' TERM\necho $$ >id.new; mv id.new id\n{wait}\n")
    worker.chmod(0o700)
    shell = node(tmp_path, submitted(tmp_path, f"setsid {worker} & {wait}"))
    until((tmp_path / "id").exists)
    id = int((tmp_path / "id").read_text())
    try:
        runs = tmp_path / "runs"
        own = runs.read_text()
        runs.write_text(f"{own}1 4711 1 n2 1795892093\n")
        assert shell.wait(60) == -signal.SIGKILL
        until(lambda: not is_running(id))
    finally:
        with suppress(ProcessLookupError):
            os.kill(id, signal.SIGKILL)


def is_running(process: int) -> bool:
    """Return whether a process lives. A killed one may wait for its parent."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_script_ends_the_other_nodes_first_when_the_job_has_started_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_launcher, "FLUSH_SECONDS", 0.1)
    srun = tmp_path / "srun"
    srun.write_text("#!/bin/sh\ntrap 'echo >ended; exit 0' TERM\necho >ready\nwhile :; do sleep 0.01; done\n")
    srun.chmod(0o700)
    shell = node(tmp_path, submitted(tmp_path, f"{srun}; while :; do sleep 0.01; done"))
    until((tmp_path / "ready").exists)
    with (tmp_path / "runs").open("a") as runs:
        runs.write("1 4711 1 n2 1795892093\n")
    assert shell.wait(60) == -signal.SIGKILL
    assert (tmp_path / "ended").exists()


def test_script_of_a_job_that_has_started_elsewhere_leaves_no_exit_code(tmp_path: Path) -> None:
    script = submitted(tmp_path, "echo '1 4711 1 n2 1795892093' >>runs; exit 3")
    assert node(tmp_path, script).wait(60) == 3
    assert not (tmp_path / "exit").exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [('{"a": 1}\n{"b"', '{"a": 1}\n'), ('{"a": 1}\n', '{"a": 1}\n'), ('{"b', ""), ("", "")],
)
def test_script_drops_half_a_line_of_a_killed_trainer(tmp_path: Path, content: str, expected: str) -> None:
    script = submitted(tmp_path, "exit 0")
    (tmp_path / "progress.jsonl").write_text(content)
    assert node(tmp_path, script).wait(60) == 0
    assert (tmp_path / "progress.jsonl").read_text() == expected


class ShellSlurm(FakeSlurm):
    """Fake cluster whose sbatch runs the script at once, in this machine's shell."""

    def _sbatch(
        self, words: list[str], script: str, variables: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        done = super()._sbatch(words, script, variables)
        if not done.returncode:
            home = {"HOME": next(word for word in words if word.startswith("--chdir=")).partition("=")[2]}
            subprocess.run(["bash", "-l", "-c", script.replace("sleep 1", "")], env={**os.environ, **home}, check=True)
            self.jobs[done.stdout.strip()].state = "COMPLETED"
        return done


def tried(directory: Path, slurm: FakeSlurm, setup: str = "") -> list[Step]:
    """Return what the test of an engine finds."""
    engine = Engine("lab", "slurm", str(directory), setup=setup)
    return try_engine(engine, print, SlurmTrial(engine, Queue(FakeClock(), run=slurm)))


def test_test_of_an_engine_tells_what_its_node_has(tmp_path: Path) -> None:
    steps = tried(tmp_path, ShellSlurm())
    assert [(step.name, step.is_good) for step in steps] == [
        (name, True) for name in ("directory", "submit", "run", "python", "devices")
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("setup", "expected"),
    [
        ("echo loading\necho 'cuda 12 is loaded' # quietly", Step("setup", True, "cuda 12 is loaded")),
        ("echo time now\nmodul load cuda", Step("setup", False, "command not found")),
        ("false", Step("setup", False, "exited with code 1")),
    ],
)
def test_test_of_an_engine_tells_what_the_setup_said(tmp_path: Path, setup: str, expected: Step) -> None:
    steps = {step.name: step for step in tried(tmp_path, ShellSlurm(), setup)}
    assert (steps["setup"].is_good, expected.text in steps["setup"].text) == (expected.is_good, True)
    assert steps["python"].is_good
    assert "clock" not in steps


def test_test_of_an_engine_tells_what_is_wrong(tmp_path: Path) -> None:
    refusing = ShellSlurm(refusal="invalid partition specified: gpu")
    steps = tried(tmp_path, refusing)
    assert (steps[-1].is_good, "invalid partition specified: gpu" in steps[-1].text) == (False, True)
    (missing,) = tried(tmp_path / "no", ShellSlurm())
    assert (missing.is_good, missing.text) == (False, f"{tmp_path / 'no'} does not exist on this machine")
