"""Bounded reading of files and commands that the user names."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fttui import bounded
from fttui.bounded import TooMuchOutput, output_of, read_file


def test_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 1024)
    assert read_file(str(path), 1024) == b"x" * 1024
    with pytest.raises(OSError, match="larger than 0 kB"):
        read_file(str(path), 1023)
    assert read_file("/dev/null", 0) == b""
    path.write_bytes(b"")
    assert read_file(str(path), 0) == b""


def test_directory_device_and_pipe_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", "/dev/tty", str(tmp_path / "pipe")):
        with pytest.raises(OSError, match=r"not a regular file|No such device"):
            read_file(path, 10)
    with pytest.raises(IsADirectoryError):
        read_file(str(tmp_path), 10)
    with pytest.raises(OSError, match="not a regular file"):
        read_file("/dev/zero", 10, pipes=True)


def test_pipe_is_read_to_its_end_within_limit_and_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    path = f"/dev/fd/{reading}"
    try:
        os.write(writing, b"first ")
        writer = threading.Thread(target=lambda: (os.write(writing, b"second"), os.close(writing)))
        writer.start()
        assert read_file(path, 100, pipes=True) == b"first second"
        writer.join()
    finally:
        os.close(reading)
    reading, writing = os.pipe()
    try:
        os.write(writing, b"x" * 11)
        with pytest.raises(OSError, match="larger than"):
            read_file(f"/dev/fd/{reading}", 10, pipes=True)
        monkeypatch.setattr(bounded, "PIPE_WAIT", 0.01)
        with pytest.raises(TimeoutError, match="the pipe did not end"):
            read_file(f"/dev/fd/{reading}", 100, pipes=True)
    finally:
        os.close(reading)
        os.close(writing)


def test_command_that_prints_without_end_is_stopped() -> None:
    with pytest.raises(TooMuchOutput):
        output_of(["yes", "x"], limit=100_000, timeout=60)


def test_output_and_code_of_a_command_are_returned_and_errors_are_cut() -> None:
    code = "import sys; print('out'); print('e' * 5000, file=sys.stderr); sys.exit(3)"
    done = output_of([sys.executable, "-c", code], limit=1000, timeout=60)
    assert (done.code, done.stdout, done.stderr) == (3, b"out\n", b"e" * 1000)


def test_process_that_a_command_leaves_behind_is_not_waited_for() -> None:
    done = output_of(["sh", "-c", "sleep 60 & echo $!; echo key"], limit=1000, timeout=50)
    child, key = done.stdout.split()
    os.kill(int(child), 9)
    assert (done.code, key) == (0, b"key")


def test_command_ends_at_its_deadline() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        output_of(["sleep", "60"], limit=10, timeout=0.05)
    with pytest.raises(OSError, match=re.escape(os.strerror(2))):
        output_of(["no-such-program-anywhere"], limit=10, timeout=1)
