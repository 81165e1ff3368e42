"""Watched directories: states, the order of the list, and what is remembered between two starts."""

import os
import socket
from pathlib import Path

import pytest

from fttui.runs import watched
from fttui.runs.formats import grown_file
from fttui.runs.job import STALLED_FOR, status_of
from fttui.runs.watched import Watched
from tests.support.hf_runs import end, losses, save

HISTORY = losses(range(10, 101, 10))
NOW = 2e9


def ids(place: Watched, **more: int) -> list[str]:
    return [each.job["id"] for each in place.page(None, more.get("limit", 100), NOW)[0]]


@pytest.mark.parametrize(
    ("facts", "silent", "status"),
    [
        ({}, 10, "running"),
        ({}, 700, "stalled"),
        ({}, STALLED_FOR + 1, "stopped"),
        ({"longest_wait": 3600.0}, 9000, "running"),
        ({"status": "succeeded"}, 10, "succeeded"),
        ({"status": "failed"}, 10, "failed"),
        ({"status": "running"}, 700, "stalled"),
        ({"pid": os.getpid(), "host": socket.gethostname()}, 9000, "running"),
        ({"pid": os.getpid(), "host": "elsewhere"}, 9000, "stalled"),
        ({"pid": 2**40, "host": socket.gethostname()}, 9000, "stalled"),
    ],
)
def test_state_follows_what_was_logged_then_the_process_then_the_age(
    facts: dict[str, object], silent: float, status: str
) -> None:
    assert status_of(facts, NOW - silent, NOW) == status


@pytest.mark.parametrize(
    ("told", "status"),
    [(7 * 3600, "stalled"), (STALLED_FOR + 7200, "stopped"), (1800, "running"), (4 * 3600, "running")],
)
def test_new_copy_of_an_old_run_is_not_running(told: float, status: str) -> None:
    facts = {"told_at": NOW - told, "longest_wait": 5400.0 if told == 4 * 3600 else 1.0}
    assert status_of(facts, NOW - 5, NOW) == status


def test_times_in_the_log_are_those_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step,train_loss,created_at\n1,2.0,1700000000\n2,1.5,1700000060\n")
    ((job, _),) = Watched([str(tmp_path)]).page(None, 10, NOW)[0]
    assert (job["status"], job["created_at"]) == ("stopped", 1700000000)


def test_process_that_began_after_the_last_change_is_another_one() -> None:
    facts = {"pid": os.getpid(), "host": socket.gethostname()}
    assert status_of(facts, 1e9, 1e9 + 9000) == "stalled"


def test_list_is_newest_first_in_pages(tmp_path: Path) -> None:
    for number in range(5):
        end(tmp_path / f"run-{number}", HISTORY, at=1e9 + number * 1000)
    place = Watched([str(tmp_path)])
    first, has_more = place.page(None, 2, NOW)
    assert ([each.job["id"] for each in first], has_more) == (["run-4", "run-3"], True)
    place.page("run-3", 2, NOW)
    last, has_more = place.page("run-1", 2, NOW)
    assert ([each.job["id"] for each in last], has_more) == (["run-0"], False)


def test_second_start_reads_no_file_of_a_run_that_has_not_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, memory = tmp_path / "runs", str(tmp_path / "memory.json")
    for number in range(3):
        end(runs / f"run-{number}", HISTORY, at=1e9 + number * 1000)
    first = Watched([str(runs)], memory)
    before = first.page(None, 100, NOW)
    first.save()
    opened: list[str] = []
    make = watched.RunLog
    monkeypatch.setattr(watched, "RunLog", lambda run, readers: opened.append(run.id) or make(run, readers))
    second = Watched([str(runs)], memory)
    assert second.page(None, 100, NOW) == before
    assert opened == []
    save(runs / "run-1", HISTORY, 50)
    assert len(ids(second)) == 3
    assert opened == ["run-1"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"version": 2, "folders": {"a": 1}, "runs": {}}', b"\xff"])
def test_broken_memory_is_not_believed(tmp_path: Path, content: bytes) -> None:
    end(tmp_path / "runs" / "a", HISTORY)
    memory = tmp_path / "memory.json"
    memory.write_bytes(content)
    assert ids(Watched([str(tmp_path / "runs")], str(memory))) == ["a"]


def test_log_grows_with_the_files_and_the_job_with_it(tmp_path: Path) -> None:
    save(tmp_path / "a", HISTORY, 50)
    place = Watched([str(tmp_path)])
    log = place.log("a")
    assert log is not None
    assert len(log.events) == 5
    assert place.page(None, 1, NOW)[0][0].job["trained_steps"] == 50
    save(tmp_path / "a", HISTORY, 100)
    assert place.log("a") is log
    assert len(log.events) == 10
    job = place.job("a", NOW)
    assert job is not None
    assert (job.job["trained_steps"], job.job["status"]) == (100, "succeeded")
    assert place.job("b", NOW) is None


def test_run_whose_newest_checkpoint_is_being_written_still_runs(tmp_path: Path) -> None:
    save(tmp_path / "a", HISTORY, 50, at=1e9)
    (tmp_path / "a" / "checkpoint-60").mkdir()
    changed = (tmp_path / "a").stat().st_mtime
    (found,), _ = Watched([str(tmp_path)]).page(None, 100, changed + 60)
    assert (found.job["status"], found.job["trained_steps"]) == ("running", 50)


@pytest.mark.parametrize("starts_again", [False, True])
def test_another_training_in_the_same_files_is_another_job(tmp_path: Path, starts_again: bool) -> None:
    runs, memory = tmp_path / "runs", str(tmp_path / "memory.json")
    save(runs / "a", HISTORY, 50, at=1e9)
    place = Watched([str(runs)], memory)
    assert ids(place) == ["a"]
    place.save()
    save(runs / "a", losses(range(5, 101, 5), start=7.0), 20, at=1.1e9)
    place = Watched([str(runs)], memory) if starts_again else place
    assert ids(place) == ["a@2"]
    assert (place.log("a"), place.job("a", NOW)) == (None, None)
    log = place.log("a@2")
    assert log is not None
    assert [event["data"]["step"] for event in log.events] == [5, 10, 15, 20]
    save(runs / "a", losses(range(5, 101, 5), start=7.0), 40, at=1.2e9)
    assert ids(place) == ["a@2"], "it grows"


def test_resumed_training_and_one_that_gets_a_second_source_stay_the_same_job(tmp_path: Path) -> None:
    run = tmp_path / "a"
    save(run, HISTORY, 80, at=1e9)
    place = Watched([str(tmp_path)])
    assert ids(place) == ["a"]
    save(run, [*HISTORY[:5], *losses(range(60, 101, 10), start=9.0)], 90, at=1.1e9)
    (run / "metrics.csv").write_text("step,eval_loss\n0,5.0\n10,4.0\n")
    assert ids(place) == ["a"]
    log = place.log("a")
    assert log is not None
    assert log.first is not None
    assert log.first[0] == 0
    assert ids(place) == ["a"]


def test_log_of_several_pieces_is_read_to_its_end_by_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grown_file, "PIECE", 200)
    monkeypatch.setattr(watched, "MOST_UNFINISHED", 1)
    monkeypatch.setattr(watched, "MOST_LOGS", 1)
    for name in "ab":
        (tmp_path / name).mkdir()
        rows = "".join(f"{step},1.0\n" for step in range(100, 200))
        (tmp_path / name / "metrics.csv").write_text(f"step,loss\n{rows}")
    place = Watched([str(tmp_path)])
    for _ in range(14):
        jobs, _ = place.page(None, 100, NOW)
    assert [each.job["trained_steps"] for each in jobs] == [199, 199]


def test_run_that_failed_and_goes_on_in_the_same_file_runs_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "train.log"
    path.parent.mkdir()
    path.write_text("step 1 loss 2.0\nTraceback (most recent call last):\n  File x\nValueError: no\n")
    for each in (path, path.parent):
        os.utime(each, (1e9, 1e9))
    place = Watched([str(tmp_path)])
    assert place.page(None, 1, 1e9 + 100)[0][0].job["status"] == "failed"
    with path.open("a") as file:
        file.write("step 2 loss 1.0\n")
    os.utime(path, (1e9 + 90, 1e9 + 90))
    assert place.page(None, 1, 1e9 + 100)[0][0].job["status"] == "running"


def test_new_metric_of_mlflow_is_followed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for name in ("metrics", "params"):
        (run / name).mkdir(parents=True)
    (run / "meta.yaml").write_text("run_name: a\nstatus: 1\n")
    os.utime(run, (1e9, 1e9))
    place = Watched([str(tmp_path)])
    assert place.page(None, 1, NOW)[0][0].job["trained_steps"] is None
    for step in (1, 2):
        with (run / "metrics" / "loss").open("a") as file:
            file.write(f"1700000000000 1.0 {step}\n")
        assert place.page(None, 1, NOW)[0][0].job["trained_steps"] == step


def test_directory_named_like_a_second_training_is_a_run_of_its_own(tmp_path: Path) -> None:
    for name in ("exp", "exp@2"):
        save(tmp_path / name, HISTORY, 50, at=1e9)
    place = Watched([str(tmp_path)])
    first, other = sorted(ids(place))
    assert (first, other.startswith("exp@2~")) == ("exp", True)
    save(tmp_path / "exp", losses(range(5, 101, 5), start=7.0), 20, at=1.1e9)
    assert sorted(ids(place)) == ["exp@2", other]
    found = place.job(other, NOW)
    assert found is not None
    assert found.sent["directory"] == str(tmp_path / "exp@2")


def test_start_of_a_table_without_times_stays_when_it_grows(tmp_path: Path) -> None:
    place, memory = tmp_path / "place", str(tmp_path / "memory.json")
    place.mkdir()
    table = place / "metrics.csv"
    table.write_text("step,train_loss\n1,2.0\n")
    os.utime(place, (NOW - 900, NOW - 900))
    os.utime(table, (NOW - 600, NOW - 600))
    runs = Watched([str(place)], memory)
    assert runs.page(None, 10, NOW)[0][0].job["created_at"] == NOW - 900, "no file in it was created later"
    os.utime(place, (NOW - 5, NOW - 5))  # another file was created
    for since in (300, 10):
        with table.open("a") as file:
            file.write(f"{1000 - since},1.5\n")
        os.utime(table, (NOW - since, NOW - since))
        assert runs.page(None, 10, NOW)[0][0].job["created_at"] == NOW - 900
    runs.save()
    assert Watched([str(place)], memory).page(None, 10, NOW)[0][0].job["created_at"] == NOW - 900


def test_growing_run_keeps_its_place_in_the_list(tmp_path: Path) -> None:
    for name, since in (("old", 900), ("new", 600)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.csv").write_text("step,train_loss\n1,2.0\n")
        for path in (tmp_path / name / "metrics.csv", tmp_path / name):
            os.utime(path, (NOW - since, NOW - since))
    runs = Watched([str(tmp_path)])
    assert ids(runs) == ["new", "old"]
    with (tmp_path / "old" / "metrics.csv").open("a") as file:
        file.write("2,1.5\n")
    os.utime(tmp_path / "old" / "metrics.csv", (NOW - 1, NOW - 1))
    assert ids(runs) == ["new", "old"]
    assert ids(runs) == ["new", "old"]
