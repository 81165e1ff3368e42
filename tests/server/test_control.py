"""Process of the service: start, status, stop, takeover, idle end, lock, TCP."""

import errno
import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui import install
from fttui.server import control, start
from fttui.server import home as homedir
from fttui.server import lock as lockfile
from fttui.server.control import ServiceError
from fttui.server.jobs.job_dir import JobDirectory
from tests.server.conftest import example, jsonl, until

SLOW = jsonl([example("A long answer. " * 40 + str(number)) for number in range(60)])
"""Training file that keeps the built-in trainer busy for many seconds."""


def api(path: str) -> httpx.Client:
    return httpx.Client(transport=httpx.HTTPTransport(uds=path), base_url="http://localhost/v1", timeout=20)


def start_job(client: httpx.Client) -> str:
    file = client.post("/files", data={"purpose": "fine-tune"}, files={"file": ("d.jsonl", SLOW)}).json()["id"]
    job = client.post("/fine_tuning/jobs", json={"model": "fttui-tiny-1", "training_file": file, "seed": 1}).json()
    return job["id"]


def steps(client: httpx.Client, job: str) -> list[int]:
    """Return the steps in the job's events, oldest first."""
    found: list[int] = []
    after: dict[str, str] = {}
    while True:
        page = client.get(f"/fine_tuning/jobs/{job}/events", params={"limit": 100, **after}).json()
        found += [event["data"]["step"] for event in page["data"] if event["type"] == "metrics"]
        if not page["has_more"]:
            return found[::-1]
        after = {"after": page["data"][-1]["id"]}


def assert_each_once(found: list[int]) -> None:
    assert found == list(range(1, len(found) + 1))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").exists() or ") Z " not in Path(f"/proc/{pid}/stat").read_text()


def pid_of(home: str) -> int:
    info = control.running(home)
    assert info is not None
    return info.pid


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
        *("files", "jobs", "lock", "parts", "reserve", "service.db", "service.log", "uploads")
    ]


def test_all_files_are_readable_by_the_owner_only(home: str) -> None:
    path = control.ensure(home)
    assert stat.S_IMODE(os.stat(home).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    for name in os.listdir(home):
        assert stat.S_IMODE(os.stat(os.path.join(home, name)).st_mode) & 0o077 == 0, name


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="looks at a process through /proc")
def test_a_detached_service_has_no_terminal_and_no_inherited_files(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    control.ensure(home)
    pid = pid_of(home)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert os.getsid(pid) != os.getsid(0)
    assert os.getsid(pid) != pid, "a session leader could get a terminal"
    ends = {number: os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")}
    assert ends["0"] == "/dev/null"
    log = os.path.join(home, "service.log")
    assert (ends["1"], ends["2"]) == (log, log)
    assert not [end for end in ends.values() if end.startswith(("/dev/pts", "/dev/tty", "pipe:"))]


def test_concurrent_processes_start_one_service(home: str) -> None:
    script = (
        "import sys; from fttui.server.control import *; p = ensure(sys.argv[1]); print(running(sys.argv[1]).pid, p)"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", script, home], stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    said = [racer.communicate(timeout=60)[0].strip() for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 8
    assert len(set(said)) == 1, said
    assert said[0].split()[0] == str(pid_of(home))


def test_concurrent_threads_start_one_service(home: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = pool.map(lambda number: control.ensure(home, settings={"max_running": 1 + number % 2}), range(24))
        assert len(set(found)) == 1
    assert json.loads(Path(home, "settings.json").read_text())["max_running"] in (1, 2)
    assert not [name for name in os.listdir(home) if name.endswith(".new")]


def test_a_new_service_replaces_a_killed_one_and_removes_unfinished_uploads(home: str) -> None:
    path = control.ensure(home)
    first = pid_of(home)
    os.kill(first, signal.SIGKILL)
    until(lambda: not is_alive(first))
    assert os.path.exists(path), "the socket file of the killed service is still there"
    Path(home, "uploads", "half").write_bytes(b"x")
    Path(home, "files", "file-never-accepted").write_bytes(b"x")
    assert control.running(home) is None
    assert control.ensure(home) == path
    assert pid_of(home) != first
    assert os.listdir(os.path.join(home, "uploads")) == os.listdir(os.path.join(home, "files")) == []


def test_a_deleted_socket_is_created_again(home: str) -> None:
    path = control.ensure(home)
    pid = pid_of(home)
    os.unlink(path)
    assert control.ensure(home) == path
    assert pid_of(home) == pid
    os.unlink(os.path.join(home, "service.json"))
    until(lambda: os.path.exists(os.path.join(home, "service.json")))
    with api(path) as client:
        assert client.get("/models").status_code == 200


def test_the_socket_of_a_long_path_is_in_the_temporary_directory(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = os.path.dirname(home)
    monkeypatch.setenv("TMPDIR", temporary)
    long = os.path.join(temporary, "x" * 120)
    try:
        path = control.ensure(long)
        assert path.startswith(temporary)
        assert not path.startswith(long)
        assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
        # Another login may have a different TMPDIR: service.json in the home directory has the path.
        monkeypatch.setenv("TMPDIR", "/nowhere")
        assert control.ensure(long) == path
    finally:
        assert control.stop(long)


def test_a_socket_directory_accessible_to_other_users_is_refused(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = os.path.dirname(home)
    monkeypatch.setenv("TMPDIR", temporary)
    os.mkdir(os.path.join(temporary, f"fttui-{os.getuid()}"), 0o777)
    os.chmod(os.path.join(temporary, f"fttui-{os.getuid()}"), 0o777)
    long = os.path.join(temporary, "x" * 120)
    with pytest.raises(ServiceError, match="is accessible to other users"):
        control.ensure(long)
    control.stop(long)  # the process has reported its failure, but may still be running


def test_a_failed_start_reports_the_reason_and_the_log(home: str) -> None:
    os.makedirs(home)
    Path(home, "service.db").write_bytes(b"no database " * 1000)
    with pytest.raises(ServiceError, match=r"did not start.*database") as caught:
        control.ensure(home)
    control.stop(home)  # the process has reported its failure, but may still be running
    assert os.path.join(home, "service.log") in str(caught.value)
    Path(home, "service.db").unlink()
    control.ensure(home)


def test_a_home_that_cannot_be_created_is_reported(home: str) -> None:
    Path(os.path.dirname(home), "file").write_text("")
    with pytest.raises(ServiceError, match="Cannot create"):
        control.ensure(os.path.join(os.path.dirname(home), "file", "home"))


def test_missing_packages_are_reported_with_the_install_line(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(install.EXTRAS, "local", ("no_such_module",))
    with pytest.raises(ServiceError, match=re.escape(install.install_line("local"))):
        control.ensure(home)
    assert control.serve(home, "127.0.0.1", 0, None) == 2


def test_an_idle_service_ends(home: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "fttui.server", "--home", home, "--idle", "0.4"], stderr=subprocess.DEVNULL
    )
    assert process.wait(30) == 0
    assert control.running(home) is None


def test_a_service_with_a_running_job_is_not_idle(home: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "fttui.server", "--home", home, "--idle", "0.4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        word, path = process.stdout.readline().split()
        assert word == "ready"
        with api(path) as client:
            job = start_job(client)
        trainer = JobDirectory(os.path.join(home, "jobs", job))
        until(trainer.process.is_alive)
        # Three times the limit: a service that counted as idle would have ended.
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.2)
        with api(path) as client:
            assert client.post(f"/fine_tuning/jobs/{job}/cancel").json()["status"] == "cancelled"
        assert process.wait(30) == 0
        assert not trainer.process.is_alive()


def test_a_new_service_adopts_the_trainer_of_a_killed_one(home: str) -> None:
    with api(control.ensure(home)) as client:
        job = start_job(client)
        until(lambda: len(steps(client, job)) > 2)
    trainer = JobDirectory(os.path.join(home, "jobs", job))
    group = Path(trainer.path, "pid").read_text()
    os.kill(pid_of(home), signal.SIGKILL)
    size = Path(trainer.path, "progress.jsonl").stat().st_size
    until(lambda: Path(trainer.path, "progress.jsonl").stat().st_size > size)
    with api(control.ensure(home)) as client:
        seen = len(steps(client, job))
        until(lambda: len(steps(client, job)) > seen + 2)
        assert Path(trainer.path, "pid").read_text() == group
        assert_each_once(steps(client, job))
        assert client.get(f"/fine_tuning/jobs/{job}").json()["status"] == "running"
        assert client.post(f"/fine_tuning/jobs/{job}/cancel").json()["status"] == "cancelled"
    until(lambda: not trainer.process.is_alive(), 2)


def test_stop_stops_the_trainers_of_a_killed_service(home: str) -> None:
    with api(control.ensure(home)) as client:
        job = start_job(client)
        until(lambda: len(steps(client, job)) > 2)
    trainer = JobDirectory(os.path.join(home, "jobs", job))
    os.kill(pid_of(home), signal.SIGKILL)
    until(lambda: control.running(home) is None)
    assert trainer.process.is_alive()
    assert control.stop(home) is True
    assert not trainer.process.is_alive()
    assert trainer.process.exit_code() == 143
    assert control.stop(home) is False


def test_after_a_stop_the_next_service_continues_the_training(home: str) -> None:
    with api(control.ensure(home)) as client:
        job = start_job(client)
        until(lambda: len(steps(client, job)) > 2)
    trainer = JobDirectory(os.path.join(home, "jobs", job))
    assert control.stop(home)
    assert not trainer.process.is_alive()
    assert trainer.process.exit_code() == 143
    reached = Path(trainer.path, "progress.jsonl").read_bytes().count(b"\n")
    with api(control.ensure(home)) as client:
        until(lambda: len(steps(client, job)) > reached)
        assert_each_once(steps(client, job))
        lines = Path(trainer.path, "progress.jsonl").read_text().splitlines()
        assert json.loads(lines[reached])["step"] == reached + 1, "no step was done twice"
        client.post(f"/fine_tuning/jobs/{job}/cancel")


class Served:
    """Process of `python -m fttui.server --host …`, with its output on stderr."""

    def __init__(self, home: str, *options: str) -> None:
        command = [sys.executable, "-m", "fttui.server", "--home", home, *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.said = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line

    def url(self) -> str:
        found = until(lambda: re.search(r"http://\S+/v1", self.said) or self.process.poll() is not None)
        assert isinstance(found, re.Match), self.said
        return found[0]

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


@pytest.fixture
def served(home: str) -> Iterator[Any]:
    started: list[Served] = []

    def start(*options: str) -> Served:
        started.append(Served(home, *options))
        return started[-1]

    yield start
    for one in started:
        one.end()


def test_tcp_without_a_key_file_accepts_any_key(home: str, served: Any) -> None:
    one = served("--host", "127.0.0.1", "--port", "0")
    url = one.url()
    assert not url.endswith(":0/v1")
    until(lambda: "every user of this host" in one.said)
    assert httpx.get(url + "/models", headers={"Authorization": "Bearer anything"}).status_code == 200
    assert httpx.get(url.removesuffix("/v1") + "/service").status_code == 404
    state = control.status(home)
    assert state is not None
    assert state["url"] == url
    with api(control.ensure(home)) as client:
        assert client.get("/models").status_code == 200
    assert one.end() == 0
    assert control.running(home) is None


def test_tcp_with_a_key_file_requires_a_key(home: str, served: Any, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("sk-right\n")
    one = served("--host", "127.0.0.1", "--port", "0", "--api-key-file", str(tmp_path / "keys"))
    url = one.url()
    for key, status in (("sk-right", 200), ("sk-wrong", 401)):
        assert httpx.get(url + "/models", headers={"Authorization": f"Bearer {key}"}).status_code == status
    with api(control.ensure(home)) as client:
        assert client.get("/models").status_code == 200, "the socket needs no key"
    one.end()
    assert "sk-" not in one.said


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--host", "0.0.0.0"], 2, "--api-key-file"),
        (["--host", "127.0.0.1", "--api-key-file", "/nowhere/at/all"], 2, "Cannot read the key file"),
        (["--host", "127.0.0.1", "--api-key-file", "/dev/null"], 2, "is empty"),
        (["--host", "192.0.2.1", "--api-key-file", "KEYS"], 1, "Cannot listen on 192.0.2.1"),
    ],
)
def test_invalid_options_of_serve_are_refused(
    served: Any, tmp_path: Path, options: list[str], code: int, words: str
) -> None:
    (tmp_path / "keys").write_text("sk-right\n")
    one = served(*[str(tmp_path / "keys") if option == "KEYS" else option for option in options])
    assert one.process.wait(30) == code
    one.end()
    assert words in one.said
    assert "Traceback" not in one.said


def test_a_foreground_service_takes_over_and_adopts_the_trainer(home: str, served: Any) -> None:
    with api(control.ensure(home)) as client:
        job = start_job(client)
        until(lambda: len(steps(client, job)) > 2)
    detached = pid_of(home)
    trainer = JobDirectory(os.path.join(home, "jobs", job))
    group = Path(trainer.path, "pid").read_text()
    one = served("--host", "127.0.0.1", "--port", "0")
    url = one.url()
    assert not is_alive(detached)
    assert pid_of(home) == one.process.pid
    for client in (httpx.Client(base_url=url, timeout=20), api(control.ensure(home))):
        with client:
            seen = len(steps(client, job))
            until(lambda client=client, seen=seen: len(steps(client, job)) > seen)
            assert_each_once(steps(client, job))
    assert Path(trainer.path, "pid").read_text() == group
    other = served("--host", "127.0.0.1", "--port", "0")
    assert other.process.wait(30) == 1
    other.end()
    assert url in other.said
    httpx.post(f"{url}/fine_tuning/jobs/{job}/cancel")
    until(lambda: not trainer.process.is_alive(), 2)


def test_an_idle_service_of_an_older_version_is_replaced(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = control.ensure(home)
    first = pid_of(home)
    monkeypatch.setattr(start, "__version__", "99.0.0")
    with api(path) as client:
        job = start_job(client)
        assert control.ensure(home) == path
        assert pid_of(home) == first, "a service with a live job is not replaced"
        client.post(f"/fine_tuning/jobs/{job}/cancel")
    # The new process has the real, older version. So the test only checks that the process was replaced.
    monkeypatch.setattr(start, "_is_older", lambda version, done=[]: not done and not done.append(1))
    until(lambda: not (control.status(home) or {}).get("jobs", {}).get("cancelled"))
    control.ensure(home)
    assert pid_of(home) != first
    assert not is_alive(first)


def used_by_another_host(home: str, age: float) -> None:
    """Create the directory of a service on another host, `age` seconds after its last heartbeat."""
    homedir.make_home(home)
    service_file = Path(homedir.service_file_path(home))
    service_file.write_text(
        json.dumps({"pid": 1, "version": "0.1.0", "socket": "/nowhere", "host": "gpu-7", "started_at": 1})
    )
    os.utime(service_file, (time.time() - age,) * 2)


def test_a_directory_used_by_another_host_is_refused(home: str, served: Any) -> None:
    used_by_another_host(home, 5)
    with pytest.raises(ServiceError, match="service on the host gpu-7 uses") as caught:
        control.ensure(home)
    assert home in str(caught.value)
    assert "FTTUI_DATA_DIR" in str(caught.value)
    for options in (("--host", "127.0.0.1", "--port", "0"), ()):
        one = served(*options)
        assert one.process.wait(30) == 1
        one.end()
        assert "host gpu-7" in one.said
    assert not os.path.exists(os.path.join(home, "service.db"))


def test_a_lock_held_by_another_host_is_refused(home: str) -> None:
    homedir.make_home(home)
    lock = lockfile.take_lock(home)
    assert lock is not None
    os.pwrite(lock, b"4711       gpu-8 ", 0)
    try:
        for act in (control.ensure, control.stop):
            with pytest.raises(ServiceError, match="host gpu-8"):
                act(home)
    finally:
        os.close(lock)


def test_the_directory_of_a_dead_service_of_another_host_is_used(home: str) -> None:
    used_by_another_host(home, 3600)
    Path(home, "lock").write_bytes(b"4711       gpu-8 \n")
    control.ensure(home)
    stated = json.loads(Path(home, "service.json").read_text())
    assert stated["host"] not in ("gpu-7", "")
    assert Path(home, "lock").read_text().split() == [str(stated["pid"]), stated["host"]]


def test_a_disk_without_locks_is_reported(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    control.ensure(home)
    control.stop(home)

    def refuse(*args: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patch:
        patch.setattr(lockfile.fcntl, "flock", refuse)
        with pytest.raises(ServiceError, match="No locks available") as caught:
            control.stop(home)
    assert "FTTUI_DATA_DIR" in str(caught.value)


def test_created_parent_directories_are_readable_by_the_owner_only(home: str) -> None:
    before = os.umask(0o022)
    try:
        deep = os.path.join(home, "a", "b")
        homedir.make_home(deep)
        modes = [stat.S_IMODE(os.stat(path).st_mode) for path in (home, os.path.join(home, "a"), deep)]
        assert modes == [0o700] * 3
        command = [sys.executable, "-m", "fttui.server", "--home", os.path.join(home, "c", "d"), "--idle", "0"]
        assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0
        modes = [stat.S_IMODE(os.stat(os.path.join(home, *path)).st_mode) for path in (("c",), ("c", "d"))]
        assert modes == [0o700] * 2
    finally:
        os.umask(before)


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
