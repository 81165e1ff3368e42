"""Index of directories: which runs it finds, how it names them, and what it looks at again."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fttui.runs import directory
from fttui.runs.directory import Directory
from fttui.runs.place import paths_of, url_of
from tests.support.hf_runs import end, losses, save

HISTORY = losses(range(10, 101, 10))


def found(*patterns: Path | str) -> Directory:
    index = Directory([str(pattern) for pattern in patterns])
    index.refresh()
    return index


def settle(root: Path) -> None:
    """Give all directories an old change time."""
    for path, _, _ in os.walk(root, topdown=False):
        os.utime(path, (1e9, 1e9))


def test_runs_are_the_directories_with_known_files_and_not_their_checkpoints(tmp_path: Path) -> None:
    save(tmp_path / "exp" / "a", HISTORY, 50)
    end(tmp_path / "exp" / "b", HISTORY)
    end(tmp_path / ".cache" / "c", HISTORY)
    (tmp_path / "exp" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "data").mkdir()
    index = found(tmp_path)
    assert sorted(index.runs) == ["exp/a", "exp/b"]
    assert index.problems == []


def test_ids_are_paths_below_the_place_that_all_roots_share(tmp_path: Path) -> None:
    for name in ("x/out", "y/out", "z.1"):
        end(tmp_path / name, HISTORY)
    assert sorted(found(tmp_path / "x", tmp_path / "y").runs) == ["x/out", "y/out"]
    assert sorted(found(tmp_path / "*" / "out").runs) == ["x/out", "y/out"]
    assert list(found(tmp_path / "x" / "out").runs) == ["out"]
    assert list(found(tmp_path / "z.1" / "trainer_state.json").runs) == ["z.1"]
    assert sorted(found(tmp_path, tmp_path / "x").runs) == ["x/out", "y/out", "z.1"], "each directory once"


def test_names_of_directories_are_cleaned_and_stay_different(tmp_path: Path) -> None:
    for name in ("a\x1b[31m", "a\x1b[31m\n", "plain"):
        end(tmp_path / name, HISTORY)
    end(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")), HISTORY)
    ids = list(found(tmp_path).runs)
    assert len(set(ids)) == 4
    assert all(id.isprintable() for id in ids)


def test_directory_that_cannot_be_read_is_named_and_the_rest_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(tmp_path / "mine", HISTORY)
    (tmp_path / "theirs").mkdir()
    look = directory.names_in

    def refusing(path: str) -> Any:
        if path.endswith("theirs"):
            raise PermissionError(13, "Permission denied", path)
        return look(path)

    monkeypatch.setattr(directory, "names_in", refusing)
    index = found(tmp_path)
    assert list(index.runs) == ["mine"]
    assert index.problems == [f"cannot look into {tmp_path}/theirs (Permission denied)"]
    with pytest.raises(PermissionError):
        found(tmp_path / "theirs")


def test_database_of_another_user_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"SQLite format 3\0")
    (tmp_path / "gone.db").symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert found(tmp_path).problems == [f"cannot look into {tmp_path}/mlflow.db (Permission denied)"]


def test_unchanged_directories_are_not_listed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        end(tmp_path / f"run-{number}", HISTORY)
    settle(tmp_path)
    index = found(tmp_path)
    listed: list[str] = []
    look = directory.names_in

    def looking(path: str) -> Any:
        listed.append(path)
        return look(path)

    monkeypatch.setattr(directory, "names_in", looking)
    assert not index.refresh()
    assert listed == []
    save(tmp_path / "run-3", HISTORY, 50)
    end(tmp_path / "new", HISTORY)
    assert index.refresh()
    assert sorted(listed) == sorted(map(str, (tmp_path, tmp_path / "new", tmp_path / "run-3")))
    assert "new" in index.runs


def test_logs_beside_an_output_belong_to_its_run(tmp_path: Path) -> None:
    for name in ("out/runs/host", "out/more/host", "tb/runs/host"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "events.out.tfevents.1.host").touch()
    end(tmp_path / "out", HISTORY)
    runs = found(tmp_path).runs
    assert sorted(runs) == ["out", "out/more/host", "tb/runs/host"]
    assert [source.format for source in runs["out"].sources] == ["trainer_state", "tensorboard"]


def tables(directory: Path, *names: str) -> None:
    """Write logs that are read as one run a file, unless they belong together."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        row = "step,loss\n1,2.0\n" if name.endswith(".csv") else "step 1 loss 2.0\nstep 2 loss 1.9\n"
        (directory / name).write_text(row)


def store(path: Path, *runs: str) -> None:
    """Write a store of trackio."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp, run_id, run_name, step, metrics)")
        db.executemany(
            "INSERT INTO metrics(run_id, run_name, step, metrics) VALUES (?, ?, 1, '{}')", [(run, run) for run in runs]
        )


def formats(index: Directory) -> dict[str, list[str]]:
    """Return the formats of the sources of each run."""
    return {id: [source.format for source in run.sources] for id, run in index.runs.items()}


def test_several_tables_in_one_directory_are_several_runs(tmp_path: Path) -> None:
    tables(tmp_path / "several", "a.csv", "b.csv", "a.log")
    tables(tmp_path / "one", "a.csv", "a.log")
    end(tmp_path / "output", HISTORY)
    tables(tmp_path / "output", "a.csv", "b.csv")
    assert formats(found(tmp_path)) == {
        "several/a": ["csv", "log"],
        "several/b": ["csv"],
        "one": ["csv", "log"],
        "output": ["trainer_state", "csv", "csv"],
    }


def test_runs_of_different_stores_with_one_name_are_different_runs(tmp_path: Path) -> None:
    store(tmp_path / "a.db", "run1", "run2")
    index = found(tmp_path)
    assert sorted(index.runs) == ["run1", "run2"]
    store(tmp_path / "b.db", "run1")
    store(tmp_path / "c.db", "run1")
    runs = list(found(tmp_path).runs.values())
    assert sorted(os.path.basename(run.sources[0].path) for run in runs) == ["a.db", "a.db", "b.db", "c.db"]
    assert len({run.id for run in runs}) == 4


def test_what_a_pattern_matches_may_be_missing(tmp_path: Path) -> None:
    end(tmp_path / "s" / "a", HISTORY)
    (tmp_path / "s" / "latest").symlink_to("nowhere")
    index = found(tmp_path / "s" / "*")
    assert list(index.runs) == ["a"]
    assert index.problems == [f"cannot look into {tmp_path}/s/latest (No such file or directory)"]
    index = found(tmp_path / "s", tmp_path / "t" / "*")
    assert index.problems == [f"nothing matches {tmp_path}/t/*"]


def test_directory_with_signs_of_a_pattern_in_its_name_stays_one_after_its_removal(tmp_path: Path) -> None:
    end(tmp_path / "run[1]", HISTORY)
    index = found(tmp_path / "run[1]")
    assert list(index.runs) == ["run[1]"]
    (tmp_path / "run[1]").rename(tmp_path / "gone")
    with pytest.raises(FileNotFoundError):
        index.refresh()


def test_files_as_roots_are_the_runs_of_their_directory(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("step,loss\n1,2.0\n")
    assert sorted(found(tmp_path).runs) == ["a", "b"]
    assert sorted(found(tmp_path / "*.csv").runs) == ["a", "b"]
    for roots in ((tmp_path, tmp_path / "a.csv"), (tmp_path / "a.csv", tmp_path)):
        runs = found(*roots).runs
        assert sorted(runs) == ["a", "b"]
        assert [len(run.sources) for run in runs.values()] == [1, 1]


def test_walk_ends_at_the_greatest_number_of_directories(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / str(number)).mkdir()
    index = Directory([str(tmp_path)], most=10)
    index.refresh()
    assert len(index.folders) == 10
    assert index.problems == [f"more than 10 directories, or deeper than {directory.DEEPEST}: the rest is left out"]


@pytest.mark.parametrize("paths", [["/scratch/me"], ["/a b/ü:c", "/x/*/[0-9]?"], ["/"], ["/100%/a,b"]])
def test_paths_survive_their_url(paths: list[str]) -> None:
    assert list(paths_of(url_of(paths))) == paths
    assert url_of(paths).isascii()


@pytest.mark.parametrize(
    ("url", "paths"),
    [
        ("file:///a/b/", ("/a/b",)),
        ("file:///a/./b/../c", ("/a/c",)),
        ("file:///a%00b", ()),
        ("file:///a:b", ()),
        ("file://host/a", ()),
        ("https://host/a", ()),
    ],
)
def test_url_means_absolute_paths_in_normal_form(url: str, paths: tuple[str, ...]) -> None:
    assert paths_of(url) == paths
