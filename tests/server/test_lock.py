"""Lock of the home directory, and directories used by other hosts."""

import errno
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from fttui.server import control
from fttui.server import home as homedir
from fttui.server import lock as lockfile
from fttui.server.control import ServiceError


def used_by_another_host(home: str, age: float, boot: str = "another-machine") -> None:
    """Create the directory of a service on another host, `age` seconds after its last heartbeat."""
    homedir.make_home(home)
    service_file = Path(homedir.service_file_path(home))
    content = {"pid": 1, "version": "0.1.0", "socket": "/nowhere", "host": "gpu-7", "started_at": 1, "boot": boot}
    service_file.write_text(json.dumps(content))
    os.utime(service_file, (time.time() - age,) * 2)


def test_a_directory_used_by_another_host_is_refused(home: str, served: Any) -> None:
    used_by_another_host(home, 5)
    with pytest.raises(ServiceError, match="service on the host gpu-7 uses") as caught:
        control.ensure(home)
    assert home in str(caught.value)
    assert "FTTUI_DATA_DIR" in str(caught.value)
    for options in (("--host", "127.0.0.1", "--port", "0"), ()):
        server = served(*options)
        assert server.process.wait(30) == 1
        server.end()
        assert "host gpu-7" in server.output
    assert not os.path.exists(os.path.join(home, "service.db"))


def test_the_directory_of_a_killed_container_of_this_machine_is_used(home: str) -> None:
    used_by_another_host(home, 5, lockfile.boot_id() or pytest.skip("this system has no boot id"))
    lockfile.check_host(home)
    lock = lockfile.take_lock(home)
    assert lock is not None
    os.close(lock)


@pytest.mark.parametrize("boot", ["", "another-machine"])
def test_the_fresh_directory_of_another_or_unknown_machine_is_refused(home: str, boot: str) -> None:
    used_by_another_host(home, 5, boot)
    with pytest.raises(ServiceError, match="service on the host gpu-7 uses"):
        lockfile.check_host(home)


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
