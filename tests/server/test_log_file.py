"""Log file of the service."""

from typing import Any

import pytest

from fttui.server import log_file


def test_a_large_log_is_rotated_while_it_is_open(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LARGEST_LOG", 100)
    log_file.rotate_log(str(tmp_path))
    path = tmp_path / "service.log"
    with open(path, "ab", buffering=0) as writer:
        writer.write(b"x" * 101)
        log_file.rotate_log(str(tmp_path))
        writer.write(b"after")
        log_file.rotate_log(str(tmp_path))
    assert path.read_bytes() == b"after"
    assert (tmp_path / "service.log.1").read_bytes() == b"x" * 101
