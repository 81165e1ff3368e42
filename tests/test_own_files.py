"""Files of fttui's own: no links are followed to write, and directories that others can write to are refused."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from fttui import own_files, sqlite
from fttui.config import crash, load, profiles, toml_writing
from fttui.config.choose import choose
from fttui.config.errors import ConfigError
from fttui.core.pricing import Pricing
from fttui.data.plan import Plan
from fttui.server import home as homedir
from fttui.server import lock, log_file
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.storage import file_operations
from fttui.store.archive.archive import Archive


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "data").mkdir(mode=0o700)


def test_open_own_refuses_a_link_by_name(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "missing")
    with pytest.raises(OSError, match="symbolic link") as caught:
        own_files.open_own(str(link), os.O_WRONLY | os.O_CREAT)
    assert caught.value.filename == str(link)
    assert not (tmp_path / "missing").exists()


def test_open_own_creates_a_file_for_its_owner(tmp_path: Path) -> None:
    os.close(own_files.open_own(str(tmp_path / "new"), os.O_WRONLY | os.O_CREAT))
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileNotFoundError):
        own_files.open_own(str(tmp_path / "missing"), os.O_WRONLY)


def _archive(path: str) -> None:
    archive = Archive(os.path.join(path, "archive.db"), "p")
    asyncio.run(archive.close())


def _large_log(path: str) -> None:
    if not os.path.lexists(os.path.join(path, "service.log")):
        Path(path, "service.log").write_bytes(b"x" * (log_file.LARGEST_LOG + 1))
    log_file.rotate_log(path)


def _train(path: str) -> None:
    child = TrainerProcess(path).start(["true"], os.environ)
    assert child is not None
    child.wait(60)


def _copy(path: str) -> None:
    Path(path, "source").write_bytes(b"copied")
    file_operations._copy(os.path.join(path, "source"), os.path.join(path, "copy"))


def _remember(path: str) -> None:
    Pricing(choose(profile="local")).remember("ftjob-1", Plan(3, True, 1, True, 9, 100, 0.1, "USD", True, ""))


WRITERS: list[tuple[Callable[[str], object], tuple[str, ...]]] = [
    (lock.take_lock, ("lock",)),
    (lock.check_host, ("lock",)),
    (_large_log, ("service.log", "service.log.1")),
    (_train, ("lock", "log", "progress.jsonl", "pid", "pid.new", "exit", "exit.new")),
    (_copy, ("copy", "copy.new")),
    (_archive, ("archive.db", "archive.db.lock", "archive.db-wal", "archive.db-shm")),
    (lambda path: sqlite.connect(os.path.join(path, "x.db"), create=True).execute("CREATE TABLE t (c)"), ("x.db",)),
    (_remember, ("plans.jsonl",)),
    (lambda path: profiles.use_profile("local"), ("profiles.toml", "profiles.toml.lock")),
    (lambda path: toml_writing.write_toml(os.path.join(path, "view.toml"), {"a": 1}), ("view.toml",)),
]


@pytest.mark.parametrize(
    ("write", "name"),
    [
        pytest.param(write, name, id=f"{number}-{name}")
        for number, (write, names) in enumerate(WRITERS)
        for name in names
    ],
)
def test_no_file_is_written_through_a_link(tmp_path: Path, write: Callable[[str], object], name: str) -> None:
    data = tmp_path / "data"
    content = b"# mine" + b"x" * log_file.LARGEST_LOG if name == "service.log" else b"# mine"
    victim = tmp_path / "victim"
    victim.write_bytes(content)
    victim.chmod(0o644)
    os.utime(victim, (1, 1))
    Path(data, name).symlink_to(victim)
    with suppress(OSError, homedir.ServiceError, sqlite.Error):
        write(str(data))
    assert victim.read_bytes() == content
    assert victim.stat().st_mode & 0o777 == 0o644
    assert victim.stat().st_mtime == 1


@pytest.mark.parametrize("write", [write for write, _ in WRITERS if write is not lock.check_host])
def test_files_are_written_without_a_link(tmp_path: Path, write: Callable[[str], object]) -> None:
    write(str(tmp_path / "data"))
    assert os.listdir(tmp_path / "data")


def test_a_crash_note_is_not_written_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash.time, "strftime", lambda form: "crash-now.txt")
    (tmp_path / "data" / "crash-now.txt").symlink_to(tmp_path / "victim")
    assert crash.report(ValueError("x")) == "fttui: unexpected error: ValueError"
    assert not (tmp_path / "victim").exists()


def test_a_linked_archive_is_left_alone_and_named(tmp_path: Path) -> None:
    _archive(str(tmp_path))
    before = (tmp_path / "archive.db").read_bytes()
    (tmp_path / "data" / "archive.db").symlink_to(tmp_path / "archive.db")
    archive = Archive(str(tmp_path / "data" / "archive.db"), "p")
    assert any("symbolic link" in notice for notice in archive.notices)
    asyncio.run(archive.close())
    assert (tmp_path / "data" / "archive.db").is_symlink()
    assert (tmp_path / "archive.db").read_bytes() == before


@pytest.mark.parametrize("mode", [0o770, 0o720, 0o702, 0o777, 0o1777])
def test_a_data_directory_that_others_can_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "data").chmod(mode)
    with pytest.raises(ConfigError, match=rf"is refused: other users can write to it \(mode {mode:04o}\)") as caught:
        load.load()
    assert f"chmod go-w {tmp_path / 'data'}" in str(caught.value)
    with pytest.raises(homedir.ServiceError, match="other users can write to it"):
        homedir.make_home(str(tmp_path / "data"))
    subprocess.run(["chmod", "go-w", str(tmp_path / "data")], check=True)
    load.load()
    homedir.make_home(str(tmp_path / "data"))


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o500])
def test_a_data_directory_that_others_can_only_read_is_used(tmp_path: Path, mode: int) -> None:
    (tmp_path / "data").chmod(mode)
    load.load()
    homedir.make_home(str(tmp_path / "data"))
