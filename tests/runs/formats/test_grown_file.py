import os
from pathlib import Path

import pytest

from fttui.runs.formats import grown_file
from fttui.runs.formats.grown_file import GrownFile, GrownLines


def settle(path: Path) -> None:
    """Make a file look as if nobody had written to it for a while."""
    os.utime(path, (1_000_000_000, 1_000_000_000))


def test_file_that_did_not_change_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"abc")
    file = GrownFile(str(path))
    assert file.read().data == b"abc"
    monkeypatch.setattr(grown_file.os, "open", None)
    assert file.read().data == b""


def test_large_file_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grown_file, "PIECE", 4)
    path = tmp_path / "log"
    path.write_bytes(b"abcdefghij")
    file = GrownFile(str(path))
    assert [tuple(file.read()) for _ in range(4)] == [
        (b"abcd", False, True),
        (b"efgh", False, True),
        (b"ij", False, False),
        (b"", False, False),
    ]


@pytest.mark.parametrize("kind", ["pipe", "directory", "missing", "circle"])
def test_anything_but_a_regular_file_is_an_error_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "log"
    {
        "pipe": lambda: os.mkfifo(path),
        "directory": path.mkdir,
        "missing": lambda: None,
        "circle": lambda: path.symlink_to(path),
    }[kind]()
    with pytest.raises(OSError, match=r"regular|No such file|symbolic links"):
        GrownFile(str(path)).read()


def test_last_line_without_end_is_handed_over_once_when_nobody_writes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\r\ntwo")
    lines = GrownLines(str(path))
    assert lines.read().lines == [b"one"]
    settle(path)
    assert lines.read().lines == [b"two"]
    assert lines.read().lines == []
    with path.open("ab") as file:
        file.write(b"\nthree\n")
    assert lines.read().lines == [b"three"]


def test_last_line_that_went_on_after_all_comes_again_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"1,2")
    settle(path)
    lines = GrownLines(str(path))
    assert lines.read().lines == [b"1,2"]
    with path.open("ab") as file:
        file.write(b"5\n")
    assert lines.read().lines == [b"1,25"]


def test_line_longer_than_the_limit_is_left_out_in_constant_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grown_file, "PIECE", 8)
    monkeypatch.setattr(grown_file, "LONGEST_LINE", 10)
    path = tmp_path / "log"
    path.write_bytes(b"a\n" + b"x" * 50 + b"\nb\n")
    lines = GrownLines(str(path))
    found = []
    while (new := lines.read()).more:
        found.append(new)
    found.append(new)
    assert [line for each in found for line in each.lines] == [b"a", b"b"]
    assert sum(each.too_long for each in found) == 1
