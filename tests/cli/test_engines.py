"""`fttui engines`, `--option`, and the checks of engines in doctor."""

from pathlib import Path

import pytest

from fttui.cli.doctor import engines
from fttui.cli.doctor.machine import FAIL, GOOD, NOTE, WARN
from fttui.config import paths
from fttui.server import control
from fttui.server.launchers.trial import Step
from tests.cli.conftest import Fttui
from tests.data import example_files

SETTINGS = """
[local.engines.lab]
kind = "slurm"
directory = "/scratch/me"
[local.trainers.tiny]
engine = "lab"
"""


@pytest.fixture
def configured() -> None:
    path = Path(paths.config_file())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SETTINGS)


def test_list_has_engines_with_their_trainers(bare: Fttui, configured: None) -> None:
    assert bare("engines", "list").out == "lab\tslurm\t/scratch/me\ttiny\t20\n"
    (engine,) = bare("engines", "list", "--json").json["data"]
    assert (engine["name"], engine["trainers"], engine["max_submitted"]) == ("lab", ["tiny"], 20)


def test_list_without_engines_says_so(bare: Fttui) -> None:
    assert "No engines." in bare("engines", "list").err


def test_expected_cost_names_your_own_machines(bare: Fttui, configured: None, tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_bytes(b"".join(example_files.lines("chat")))
    said = bare("files", "check", str(file), "--model", "fttui-tiny-1").err
    assert "free: trained on your own machines" in said


@pytest.mark.parametrize(("is_good", "code"), [(True, 0), (False, 1)])
def test_test_exits_with_0_when_the_job_ran(
    bare: Fttui, configured: None, monkeypatch: pytest.MonkeyPatch, is_good: bool, code: int
) -> None:
    monkeypatch.setattr(control, "test_engine", lambda *given, tell: tell("PENDING") or [Step("run", is_good, "on n1")])
    told = bare("engines", "test", "lab")
    assert (told.code, told.err) == (code, "  PENDING\n")
    assert told.out.split() == ["ok" if is_good else "failed", "run", "on", "n1"]
    assert bare("engines", "test", "lav").code == 2


def test_option_needs_a_kind_and_an_engine_of_the_embedded_service(bare: Fttui) -> None:
    given = ("jobs", "create", "--model", "m", "--training-file", "file-1")
    told = bare(*given, "--option", "time=2:00:00")
    assert (told.code, "is not KIND.NAME=VALUE" in told.err) == (2, True)


def test_trainer_with_an_unknown_engine_is_refused(bare: Fttui, configured: None) -> None:
    path = Path(paths.config_file())
    path.write_text(SETTINGS.replace('engine = "lab"', 'engine = "lap"'))
    told = bare("engines", "list")
    assert (told.code, "there is no engine lap. Did you mean 'lab'?" in told.err) == (2, True)


MOUNTS = "sysfs / ext4 rw 0 0\nnas:/home /home nfs4 rw 0 0\nfast /home/me/own\\040disk xfs rw 0 0\n"


def test_doctor_tells_what_is_shared_and_what_must_not_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS + f"nas:/scratch {tmp_path}/shared lustre rw 0 0\n")
    (tmp_path / "shared").mkdir()
    monkeypatch.setattr(control, "engine_trouble", lambda settings, name: "")

    def states(directory: str, data: str = "/var/data") -> list[str]:
        settings = {"engines": {"lab": {"kind": "slurm", "directory": directory}}}
        return [check.state for check in engines.engine_checks(settings, data, mounts=str(mounts))]

    assert states(str(tmp_path / "shared")) == [GOOD]
    for mode, state in ((0o777, WARN), (0o1777, GOOD)):
        (tmp_path / "shared").chmod(mode)
        assert states(str(tmp_path / "shared")) == [state]
    assert states(str(tmp_path)) == [NOTE]
    assert states(str(tmp_path / "missing")) == [FAIL]
    assert states(str(tmp_path / "shared"), "/home/me/data") == [GOOD, WARN]
    assert engines.file_system("/home/me/own disk/x", str(mounts)) == "xfs"
    monkeypatch.setattr(control, "engine_trouble", lambda settings, name: "connect failure")
    assert states(str(tmp_path / "shared")) == [WARN]
    assert engines.engine_checks({}, "/var/data", mounts=str(mounts)) == []
