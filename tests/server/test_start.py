"""Start of the service: one process wins, failures are reported, older versions are replaced."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from fttui import install
from fttui.server import control, start
from fttui.server import home as homedir
from fttui.server.control import ServiceError
from fttui.server.storage.start_progress import StartProgress
from tests.server.conftest import until
from tests.server.processes import api, is_alive, pid_of, start_job


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


def test_a_failed_start_reports_the_reason_and_the_log(home: str) -> None:
    os.makedirs(home)
    Path(home, "files").write_bytes(b"not a directory")
    with pytest.raises(ServiceError, match=r"did not start.*files") as caught:
        control.ensure(home)
    control.stop(home)  # the process has reported its failure, but may still be running
    assert os.path.join(home, "service.log") in str(caught.value)
    Path(home, "files").unlink()
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


@pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="looks at a process through /proc")
def test_a_detached_service_has_no_keys_of_providers_in_its_environment(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"HF_TOKEN": "hf-kept", "WANDB_API_KEY": "wandb-kept", "PLAIN": "plain-kept"}
    hidden = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "TOGETHER_API_KEY", "FIREWORKS_API_KEY", "WORK_TOKEN")
    for name, value in {**kept, **dict.fromkeys(hidden, "sk-secret")}.items():
        monkeypatch.setenv(name, value)
    control.ensure(home, secrets=["WORK_TOKEN", "HF_TOKEN"])
    found = Path(f"/proc/{pid_of(home)}/environ").read_bytes()
    assert b"sk-secret" not in found
    for name, value in kept.items():
        assert f"{name}={value}".encode() in found.split(b"\0")


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("service.log", "symbolic link"),
        ("service.db", "symbolic link"),
        ("copy/service.db", "symbolic link"),
        ("copy/journal", "symbolic link"),
        ("service.json", ""),
        ("settings.json", ""),
        ("reserve", ""),
    ],
)
def test_a_service_writes_nothing_through_a_link(home: str, name: str, outcome: str) -> None:
    victim = Path(os.path.dirname(home), "victim")
    victim.write_text("mine")
    homedir.make_home(os.path.dirname(os.path.join(home, name)))
    os.symlink(victim, os.path.join(home, name))
    with pytest.raises(ServiceError, match=outcome) if outcome else nullcontext():
        control.ensure(home, settings={})
    assert victim.read_text() == "mine"


def test_a_home_that_others_can_write_to_is_refused(home: str) -> None:
    os.makedirs(home, mode=0o700)
    os.chmod(home, 0o777)
    with pytest.raises(ServiceError, match=r"other users can write to it \(mode 0777\)\.\nMake it private"):
        control.ensure(home)
    assert os.listdir(home) == []


def test_all_files_are_readable_by_the_owner_only(home: str) -> None:
    path = control.ensure(home)
    assert stat.S_IMODE(os.stat(home).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    for name in os.listdir(home):
        assert stat.S_IMODE(os.stat(os.path.join(home, name)).st_mode) & 0o077 == 0, name


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


def test_waiting_begins_again_as_long_as_the_check_of_the_database_makes_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(start.time, "monotonic", lambda: now[0])
    progress = StartProgress(homedir.starting_path(str(tmp_path)), lambda: now[0])
    patience = start._Patience(str(tmp_path), 15)
    for _ in range(3):
        now[0] += 14
        assert progress.tick() == 0
        assert patience.left() == 15
    now[0] += 16  # the service hangs, or was killed
    assert patience.left() < 0
    progress.end()
    assert os.listdir(tmp_path) == []
    assert start._Patience(str(tmp_path), 15).left() == 15


def test_progress_is_written_at_most_twice_a_second(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "starting"
    progress = StartProgress(str(path), lambda: now[0])
    seen = set()
    for _ in range(100):
        progress.tick()
        seen.add(path.read_text())
        now[0] += 0.01
    assert len(seen) == 2


def test_progress_on_a_disk_that_fails_is_lost_and_nothing_else(tmp_path: Path) -> None:
    StartProgress(str(tmp_path / "none" / "starting")).tick()
