"""`fttui serve --status` and `--stop`, and a configured trainer."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")

from fttui.server import control
from fttui.server import home as homedir
from tests.cli.conftest import Fttui

SHELL = Path(__file__).parents[1] / "support" / "shell_trainer.sh"


@pytest.fixture
def service_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Directory of the service, on a path short enough for a socket."""
    directory = tempfile.mkdtemp(prefix="ftt-")
    monkeypatch.setenv("FTTUI_DATA_DIR", directory)
    yield os.path.join(directory, "service")
    control.stop(os.path.join(directory, "service"))
    shutil.rmtree(directory)


def test_status_shows_and_stop_ends_the_service(bare: Fttui, service_home: str) -> None:
    assert bare("serve", "--status").code == 1
    assert bare("serve", "--stop").err == "No service is running.\n"
    socket = control.ensure(service_home)
    told = bare("serve", "--status", "--json")
    info = control.running(service_home)
    assert info is not None
    assert told.code == 0
    assert {name: told.json[name] for name in ("running", "pid", "version", "socket", "url", "running_jobs")} == {
        "running": True,
        "pid": info.pid,
        "version": info.version,
        "socket": socket,
        "url": None,
        "running_jobs": [],
    }
    shown = dict(line.split(None, 1) for line in bare("serve", "--status").lines)
    assert shown["pid"].strip() == str(info.pid)
    assert shown["socket"].strip() == socket
    assert bare("serve", "--stop").err == "Service stopped.\n"
    assert bare("serve", "--status").code == 1


def test_status_of_a_refusing_service_differs_from_no_service(bare: Fttui, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(home: str) -> None:
        raise control.ServiceBusy("The service at X is running, but refused the request: Too many connections.")

    monkeypatch.setattr(control, "status", refuse)
    told = bare("serve", "--status", "--json")
    assert (told.code, told.json["running"]) == (3, True)
    assert "Too many connections" in told.err
    assert bare("serve", "--status").out == "state\trunning, but it does not answer\n"


def test_status_names_the_host_that_runs_the_service(bare: Fttui, service_home: str) -> None:
    homedir.make_home(service_home)
    service_file = Path(homedir.service_file_path(service_home))
    service_file.write_text(json.dumps({"pid": 1, "version": "0.1.0", "socket": "/nowhere", "host": "gpu-7"}))
    told = bare("serve", "--status")
    assert told.code == 1
    assert "host gpu-7" in told.err
    assert "host gpu-7" in bare("models", "list").err
    os.utime(service_file, (time.time() - 3600,) * 2)
    assert bare("serve", "--status").err == ""


def test_configured_trainer_trains_a_job(bare: Fttui, service_home: str, home: Path) -> None:
    config = home / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text(f"[local.trainers.shell]\ncommand = ['sh', '{SHELL}', '12']\nmodels = ['words-1']\n")
    assert [row[0] for row in bare("models", "list").cells] == ["fttui-tiny-1", "words-1"]
    messages = [{"role": "user", "content": "ping"}, {"role": "assistant", "content": "pong"}]
    (home / "train.jsonl").write_text("".join(json.dumps({"messages": messages}) + "\n" for _ in range(12)))
    made = bare("jobs", "create", "--model", "words-1", "--training-file", "train.jsonl", "--n-epochs", "2", "--wait")
    assert made.code == 0, made.err
    assert "ft:words-1:local:" in bare("models", "list").out
    config.write_text("")
    assert "words-1" not in [row[0] for row in bare("models", "list").cells]
