"""Reading, writing and locking of TOML files."""

import multiprocessing
import os
from pathlib import Path

import pytest

from fttui.config.errors import ConfigError
from fttui.config.toml_file import LARGEST, read_toml
from fttui.config.toml_writing import locked, write_toml


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'api_key = "sk-secret', "not valid TOML"),
        (b"x = \xff", "not UTF-8"),
    ],
)
def test_broken_file_is_named_and_not_quoted(home: Path, content: bytes, words: str) -> None:
    path = home / "x.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        read_toml(str(path))
    assert str(path) in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_file_that_may_never_end_is_refused(home: Path) -> None:
    os.mkfifo(home / "pipe")
    for path in (str(home / "pipe"), "/dev/zero"):
        with pytest.raises(ConfigError, match=f"cannot read {path}: not a regular file"):
            read_toml(path)
    (home / "large.toml").write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        read_toml(str(home / "large.toml"))


def test_missing_file_is_empty(home: Path) -> None:
    assert read_toml(str(home / "none.toml")) == {}


def test_byte_order_mark_is_skipped(home: Path) -> None:
    (home / "bom.toml").write_bytes(b"\xef\xbb\xbfx = 1\n")
    assert read_toml(str(home / "bom.toml")) == {"x": 1}


def test_write_makes_missing_directories(home: Path) -> None:
    write_toml(str(home / "a" / "b.toml"), {"x": 1})
    assert read_toml(str(home / "a" / "b.toml")) == {"x": 1}


def _count_up(path: str, times: int) -> None:
    for _ in range(times):
        with locked(path):
            content = read_toml(path)
            write_toml(path, {"n": content.get("n", 0) + 1})


def test_two_processes_that_change_one_file_lose_no_change(home: Path) -> None:
    path = str(home / "shared.toml")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_count_up, args=(path, 10)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert read_toml(path) == {"n": 20}
