"""Unix socket of the service: place, access, repair."""

import os
import stat

import pytest

from fttui.server import control
from fttui.server.control import ServiceError
from tests.server.conftest import until
from tests.server.processes import api, pid_of


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
