"""Control of the service: status, start, stop, and the cost of its imports."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from fttui.server import control, start
from tests.server.conftest import until
from tests.server.processes import api, is_alive, pid_of, start_job


def test_without_a_service_there_is_no_status_and_stop_does_nothing(home: str) -> None:
    assert control.running(home) is None
    assert control.status(home) is None
    assert control.stop(home) is False
    assert not os.path.exists(home)


def test_a_service_is_started_found_and_stopped(home: str) -> None:
    path = control.ensure(home)
    info = control.running(home)
    assert info is not None
    assert (info.socket, info.version) == (path, start.__version__)
    assert abs(info.started_at - time.time()) < 60
    assert control.ensure(home) == path
    assert pid_of(home) == info.pid
    stated = json.loads(Path(home, "service.json").read_text())
    assert (stated["pid"], stated["version"], stated["socket"]) == (info.pid, info.version, path)
    with api(path) as client:
        assert client.get("/models").json()["data"][0]["id"] == "fttui-tiny-1"
        assert client.get("/fine_tuning/jobs").json()["data"] == []
        assert client.get("/nonsense").status_code == 404
    assert control.stop(home) is True
    assert not is_alive(info.pid)
    assert control.running(home) is None
    assert sorted(os.listdir(home)) == [
        *("copy", "descriptions", "files", "jobs", "lock", "parts"),
        *("reserve", "service.db", "service.log", "uploads"),
    ]


def test_status_lists_running_jobs(home: str) -> None:
    with api(control.ensure(home)) as client:
        jobs = [start_job(client) for _ in range(2)]
        until(lambda: (control.status(home) or {}).get("running_jobs"))
        state = control.status(home)
        assert state is not None
        assert state["running_jobs"] == jobs[:1]
        assert state["jobs"]["running"] == 1
        for job in jobs[::-1]:
            client.post(f"/fine_tuning/jobs/{job}/cancel")


def test_control_imports_no_heavy_modules() -> None:
    code = "import sys; from fttui.server import control; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"asyncio", "starlette", "uvicorn", "numpy", "pydantic", "httpx", "sqlite3", "subprocess", "dataclasses"}
    assert not heavy & set(loaded)


def test_the_service_process_imports_neither_numpy_nor_client_libraries() -> None:
    code = "import sys; from fttui.server import process; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "httpx", "textual", "pydantic", "fttui.api", "fttui.store"} & set(loaded)
