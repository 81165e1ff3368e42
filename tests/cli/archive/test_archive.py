"""`fttui archive`, and `--offline` of the other commands."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fttui.config.paths import archive_file
from tests.cli.conftest import Fttui
from tests.support.clock import FakeClock
from tests.support.fault_server import hang_up, refuse, silence
from tests.support.service import NOW, Service, job


@pytest.fixture
def filled(service: Service) -> Service:
    service.jobs = [job(n, result_files=[f"file-r{n}"]) for n in (3, 2, 1)]
    for raw in service.jobs:
        id = raw["id"]
        service.events[id] = [
            {
                "object": "fine_tuning.job.event",
                "id": f"{id}-e{n}",
                "created_at": NOW - 90_000 + n,
                "level": "warn" if n == 7 else "info",
                "message": f"event {n}",
                "type": "metrics",
                "data": {"step": n, "train_loss": 1 / n},
            }
            for n in range(150, 0, -1)
        ]
        service.checkpoints[id] = [{"id": f"{id}-c", "step_number": 150, "metrics": {"train_loss": 0.1}}]
        file = f"file-r{id[-1]}"
        service.contents[file] = b"step,train_loss\n1,0.5\n"
        service.files[file] = {"id": file, "object": "file", "filename": "../../x.csv", "purpose": "fine-tune-results"}
    return service


def test_synced_jobs_are_read_offline(fttui: Fttui, filled: Service, home: Path) -> None:
    result = fttui("archive", "sync")
    assert (result.code, result.err) == (
        0,
        "Reading jobs\nReading events, checkpoints and result files of 3 jobs\nReading files\nReading models\n"
        "The weights of models are not included.\n",
    )
    assert dict(result.cells)["events"] == "450"
    asked = len(filled.lines)
    assert len({filled.server.requests[n].target for n in range(asked)}) == asked

    events = fttui("jobs", "events", "ftjob-002", "--offline", "--jsonl")
    assert [json.loads(line)["message"] for line in events.lines] == [f"event {n}" for n in range(1, 151)]
    assert fttui("jobs", "events", "ftjob-002", "--offline", "--level", "warn").cells[0][2] == "event 7"
    assert fttui("jobs", "get", "ftjob-002", "--offline", "--json").json == filled.jobs[1]
    assert fttui("--offline", "jobs", "checkpoints", "ftjob-002", "--json").json["data"][0]["id"] == "ftjob-002-c"
    rows = fttui("jobs", "metrics", "ftjob-002", "--csv", "--offline").lines
    assert rows[:2] == ["step,train_loss", "1,1.0"]
    assert len(rows) == 151
    assert [cells[0] for cells in fttui("jobs", "list", "--offline").cells] == ["ftjob-003", "ftjob-002", "ftjob-001"]
    assert len(filled.lines) == asked, "no request was sent"
    assert fttui("jobs", "events", "ftjob-002", "--offline", "--follow").code == 2


@pytest.mark.parametrize("after", [1, 6])
def test_killed_sync_continues_at_the_next_run(fttui: Fttui, filled: Service, after: int) -> None:
    """The program is killed with SIGKILL after `after` requests."""
    process = subprocess.Popen([sys.executable, "-m", "fttui", "archive", "sync"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while len(filled.server.requests) < after and process.poll() is None and time.monotonic() < deadline:
        threading.Event().wait(0.001)
    process.kill()
    process.wait(300)
    before = len(filled.lines)
    assert before >= after
    result = fttui("archive", "sync", "--json")
    assert (result.code, result.json["events"], result.json["contents"], result.json["checkpoints"]) == (0, 450, 3, 3)
    for id in ("ftjob-001", "ftjob-002", "ftjob-003"):
        events = fttui("jobs", "events", id, "--offline", "--jsonl").lines
        assert [json.loads(line)["message"] for line in events] == [f"event {n}" for n in range(1, 151)]


def test_ctrl_c_during_sync_keeps_the_jobs_read_so_far(fttui: Fttui, filled: Service) -> None:
    filled.faults["GET /files"] = [silence()]
    process = subprocess.Popen(
        [sys.executable, "-m", "fttui", "archive", "sync"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 300
    while "GET /files" not in filled.lines and process.poll() is None and time.monotonic() < deadline:
        threading.Event().wait(0.001)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (130, "")
    assert "Interrupted. The jobs read so far are archived. To continue: fttui archive sync\n" in err
    assert len(fttui("archive", "list").lines) == 3


def test_sync_waits_for_the_rate_limit(fttui: Fttui, filled: Service, clock: FakeClock) -> None:
    filled.faults["GET /fine_tuning/jobs/ftjob-002/events"] = [refuse(429, "slow down", retry_after="40")] * 2
    result = fttui("archive", "sync")
    assert (result.code, clock.slept) == (0, [40.0, 40.0])
    assert result.err.count("Continuing in 40 s") == 2


def test_second_sync_reads_nothing_again(fttui: Fttui, filled: Service) -> None:
    first = fttui("archive", "sync", "--json").json
    assert (first["jobs"], first["events"], first["read"], first["failed"]) == (3, 450, 3, {})
    again = fttui("archive", "sync", "--json").json
    assert (again["read"], again["unchanged"], again["events"]) == (0, 3, 450)


def test_list_marks_jobs_gone_at_the_provider(fttui: Fttui, filled: Service) -> None:
    fttui("archive", "sync")
    del filled.jobs[1]
    fttui("archive", "sync")
    listed = [(cells[0], cells[6]) for cells in fttui("archive", "list").cells]
    assert listed == [("ftjob-003", ""), ("ftjob-002", "gone"), ("ftjob-001", "")]
    assert [cells[0] for cells in fttui("archive", "list", "--gone").cells] == ["ftjob-002"]
    assert "no longer has this job" in fttui("jobs", "get", "ftjob-002", "--offline").err
    assert fttui("archive", "list", "--json").json["data"][1]["id"] == "ftjob-002"


def test_failed_sync_sets_the_exit_code(fttui: Fttui, filled: Service) -> None:
    filled.faults["GET /fine_tuning/jobs"] = [refuse(401, "bad key", "invalid_api_key")]
    assert fttui("archive", "sync").code == 4
    filled.faults["GET /fine_tuning/jobs/ftjob-002/events"] = [refuse(400, "not now")]
    result = fttui("archive", "sync")
    assert (result.code, "ftjob-002: not now" in result.err) == (1, True)
    assert fttui("archive", "sync").code == 0
    filled.faults["GET /files"] = [hang_up()] * 9
    result = fttui("archive", "sync")
    assert (result.code, "To continue: fttui archive sync" in result.err) == (3, True)
    assert fttui("--offline", "archive", "sync").code == 2


def test_sync_into_an_unwritable_directory_sends_no_request(fttui: Fttui, filled: Service, home: Path) -> None:
    (home / "data").write_text("in the way")
    result = fttui("archive", "sync")
    assert result.code == 1
    assert "cannot be written" in result.err
    assert filled.lines == []


def test_export_writes_one_several_or_all_jobs(fttui: Fttui, filled: Service, home: Path) -> None:
    fttui("archive", "sync")
    result = fttui("archive", "export", "ftjob-001", "-o", "out")
    assert (result.code, result.lines) == (0, [os.path.join("out", "ftjob-001")])
    folder = home / "out" / "ftjob-001"
    assert {path.name for path in folder.iterdir()} == {
        "job.json", "events.jsonl", "checkpoints.json", "files.json", "metrics.csv", "file-r1.csv",
    }  # fmt: skip
    assert len((folder / "events.jsonl").read_text().splitlines()) == 150
    assert not list(home.rglob("x.csv"))

    refused = fttui("archive", "export", "--all", "-o", "out")
    assert (refused.code, "--force" in refused.err, refused.out) == (2, True, "")
    assert not (home / "out" / "ftjob-002").exists(), "nothing is written"
    assert len(fttui("archive", "export", "--all", "-o", "out", "--force").lines) == 3
    some = fttui("archive", "export", "ftjob-002", "nobody", "-o", "some")
    assert (some.code, len(some.lines), "nobody is not in the archive" in some.err) == (1, 1, True)
    assert fttui("archive", "export", "-o", "out").code == 2
    assert fttui("archive", "export", "x", "--all", "-o", "out").code == 2
    (home / "file").write_text("")
    assert fttui("archive", "export", "ftjob-002", "-o", "file").code == 1


def test_delete_needs_confirmation_and_changes_only_the_archive(fttui: Fttui, filled: Service) -> None:
    fttui("archive", "sync")
    asked = len(filled.lines)
    assert fttui("archive", "delete", "ftjob-001").code == 2, "there is no terminal to ask on"
    assert len(fttui("archive", "list").lines) == 3
    before = os.path.getsize(archive_file())
    result = fttui("archive", "delete", "ftjob-001", "ftjob-002", "nobody", "--yes")
    assert (result.code, result.lines) == (1, ["ftjob-001", "ftjob-002"])
    assert [cells[0] for cells in fttui("archive", "list").cells] == ["ftjob-003"]
    assert fttui("jobs", "events", "ftjob-001", "--offline").code == 1
    assert os.path.getsize(archive_file()) < before
    assert len(filled.lines) == asked
    one = fttui("archive", "delete", "ftjob-003", "--yes", "--json")
    assert one.json == {"id": "ftjob-003", "object": "fine_tuning.job", "deleted": True}
    # What the provider still has comes back.
    fttui("archive", "sync")
    assert len(fttui("archive", "list").lines) == 3


def test_size_is_listed_by_profile(fttui: Fttui, filled: Service) -> None:
    empty = fttui("archive", "size")
    assert (empty.code, empty.out) == (0, "")
    fttui("archive", "sync")
    result = fttui("archive", "size")
    ((_, jobs, gone, events, checkpoints, contents, bytes_),) = result.cells
    assert (jobs, gone, events, checkpoints, contents) == ("3", "0", "450", "3", "3")
    assert int(bytes_) > 50_000
    assert archive_file() in result.err
    (share,) = fttui("archive", "size", "--json").json["data"]
    assert share["events"] == 450


def test_jobs_of_a_removed_profile_can_be_exported(fttui: Fttui, filled: Service) -> None:
    profile = ("--base-url", filled.server.url, "--api-key-env", "OPENAI_API_KEY")
    assert fttui("profile", "add", "old", *profile).code == 0
    assert fttui("archive", "sync", "--profile", "old").code == 0
    assert fttui("profile", "remove", "old").code == 0
    assert len(fttui("archive", "list", "--profile", "old").lines) == 3
    assert fttui("archive", "export", "--all", "-o", "out", "--profile", "old").code == 0
    assert fttui("archive", "list", "--profile", "never").code == 2


def test_commands_record_what_they_read(fttui: Fttui, filled: Service) -> None:
    fttui("jobs", "list")
    assert [cells[0] for cells in fttui("archive", "list").cells] == ["ftjob-003", "ftjob-002", "ftjob-001"]
    assert "fttui archive sync" in fttui("jobs", "events", "ftjob-002", "--offline").err
    fttui("jobs", "events", "ftjob-002")
    fttui("jobs", "checkpoints", "ftjob-002")
    offline = fttui("jobs", "events", "ftjob-002", "--offline", "--json")
    assert (len(offline.json["data"]), offline.err) == (150, "")
    assert len(fttui("jobs", "checkpoints", "ftjob-002", "--offline").lines) == 1
    filled.jobs[1] = filled.jobs[1] | {"status": "failed"}
    fttui("jobs", "get", "ftjob-002")
    assert fttui("jobs", "get", "ftjob-002", "--offline", "--json").json["status"] == "failed"


def test_commands_work_without_a_writable_archive(fttui: Fttui, filled: Service, home: Path) -> None:
    (home / "data").write_text("in the way")
    for command in (("list",), ("get", "ftjob-001"), ("events", "ftjob-001"), ("checkpoints", "ftjob-001")):
        result = fttui("jobs", *command)
        assert (result.code, result.err, bool(result.out)) == (0, "", True)


def test_metrics_from_checkpoints_are_the_same_online_and_offline(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1)]
    service.checkpoints["ftjob-001"] = [{"id": "c", "step_number": 5, "metrics": {"valid_loss": 0.5}}]
    online = fttui("jobs", "metrics", "ftjob-001", "--csv")
    assert online.lines == ["step,valid_loss", "5,0.5"]
    fttui("archive", "sync")
    assert fttui("jobs", "metrics", "ftjob-001", "--csv", "--offline").lines == online.lines


def test_offline_list_marks_jobs_gone_at_the_provider(fttui: Fttui, filled: Service) -> None:
    fttui("archive", "sync")
    filled.jobs = filled.jobs[:2]
    fttui("archive", "sync")
    assert [(cells[0], cells[6]) for cells in fttui("jobs", "list", "--offline").cells] == [
        ("ftjob-003", ""),
        ("ftjob-002", ""),
        ("ftjob-001", "gone"),
    ]
    assert fttui("jobs", "list", "--offline", "--json").json["data"][0] == filled.jobs[0], "objects are as sent"
    assert [len(cells) for cells in fttui("jobs", "list").cells] == [23, 23]


def break_table(path: Path, table: str) -> None:
    """Overwrite the first page of a table, so that the archive can be opened, but the table cannot be read."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    path.write_bytes(content)


def test_archive_that_breaks_while_it_is_read_is_named_and_exits_1(fttui: Fttui, filled: Service) -> None:
    fttui("archive", "sync")
    path = Path(archive_file())
    break_table(path, "events")
    result = fttui("jobs", "events", "ftjob-002", "--offline")
    assert result.code == 1
    assert "could not be read" in result.err
    assert f"{path}.aside-" in result.err


def test_archive_that_breaks_during_a_sync_is_named_and_filled_again(fttui: Fttui, filled: Service) -> None:
    fttui("archive", "sync")
    path = Path(archive_file())
    break_table(path, "bodies")
    filled.jobs.insert(0, job(4))
    result = fttui("archive", "sync", "--json")
    assert (result.code, result.json["jobs"], result.json["events"]) == (0, 4, 450)
    assert f"{path}.aside-" in result.err


def test_job_that_changed_on_the_disk_is_named_and_fetched_again(fttui: Fttui, filled: Service) -> None:
    fttui("archive", "sync")
    with contextlib.closing(sqlite3.connect(archive_file())) as db:
        db.execute("UPDATE bodies SET raw = replace(raw, 'succeeded', 'sucseeded') WHERE job = 2")
        db.commit()
    assert "sucseeded" in fttui("jobs", "list", "--offline", "--json").out
    result = fttui("archive", "sync")
    (damaged,) = [line for line in result.err.splitlines() if "damaged in the archive" in line]
    assert (result.code, damaged.count("ftjob-")) == (0, 1)
    assert "sucseeded" not in fttui("jobs", "list", "--offline", "--json").out
    assert "damaged" not in fttui("archive", "sync").err


def test_history_that_changed_on_the_disk_is_named_and_fetched_again(fttui: Fttui, filled: Service) -> None:
    fttui("archive", "sync")
    before = [fttui("jobs", "events", job["id"], "--offline", "--json").out for job in filled.jobs]
    with contextlib.closing(sqlite3.connect(archive_file())) as db:
        db.execute("UPDATE events SET message = 'changed' WHERE job = 1 AND seq IN (0, 70)")
        db.execute("UPDATE checkpoints SET raw = '{}' WHERE job = 2")
        db.execute("UPDATE files SET content = x'00' WHERE content IS NOT NULL")
        db.execute("UPDATE logs SET cursor = 'x' WHERE job = 3")
        db.execute("UPDATE summaries SET noise = 9 WHERE job = 1")
        db.execute("INSERT INTO uploads VALUES (1, 'digest', 'file-up', 1)")
        db.execute("INSERT INTO creates VALUES (1, 'token', '{\"model\": \"gpt-x\"}', 1.0, 1)")
        db.commit()
        (first,) = db.execute("SELECT id FROM jobs WHERE key = 1").fetchone()
    shown = fttui("jobs", "events", first, "--offline", "--json")
    assert (shown.code, "Damaged on the disk (checksum): events of" in shown.err) == (1, True)
    assert "fttui archive sync" in shown.err
    result = fttui("archive", "sync")
    damaged, computed, forgotten = [line for line in result.err.splitlines() if "damaged in the archive" in line]
    assert f"{first} (events)" in damaged
    assert "(checkpoints)" in damaged
    assert "(log)" in damaged
    assert "(file)" in damaged
    assert computed.endswith(f"computed again: the summary of {first}")
    assert "the upload of file-up" in forgotten
    assert "request (gpt-x) that got no response. Its job may exist" in result.err
    assert result.code == 0
    assert [fttui("jobs", "events", job["id"], "--offline", "--json").out for job in filled.jobs] == before
    assert "damaged in the archive" not in (again := fttui("archive", "sync").err)
    assert "gpt-x" in again, "only the cockpit, which searches for the job, forgets a create"
