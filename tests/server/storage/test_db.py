"""The database: what it keeps apart, what it says once, and how it pages."""

import sqlite3
import threading
from typing import Any

import pytest

from fttui.server.storage.db import Db, Metrics, Note, Outcome, Saved
from fttui.server.storage.records import FileRecord, JobRecord, NewJob
from fttui.server.storage.schema import VERSIONS
from fttui.server.storage.sql import UnknownVersion


@pytest.fixture
def db(tmp_path: Any) -> Any:
    db = Db(str(tmp_path / "service.db"))
    yield db
    db.close()


def add(db: Db, now: int = 100, **members: Any) -> JobRecord:
    new = NewJob("base-1", "base-1", "file-1", None, None, 1, "supervised", {"n_epochs": "auto"}, None)
    return db.add_job(new._replace(**members), now)


def run(db: Db, job: JobRecord) -> JobRecord:
    for state in ("queued", "running"):
        assert db.move(job, state, [], 100)
        job = fresh(db, job)
    return job


def fresh(db: Db, job: JobRecord) -> JobRecord:
    found = db.job(job.id)
    assert found is not None
    return found


def step(number: int, total: int = 10) -> Metrics:
    return Metrics(number, total, f"Step {number}/{total}", {"step": number, "train_loss": number / 2})


def test_a_job_comes_back_as_it_was_given(db: Db) -> None:
    job = add(db, metadata={"a": "b"}, suffix="x", validation_file="file-2", hyperparameters={"n_epochs": 3})
    assert db.job(job.id) == job
    assert job.status == "validating_files"
    assert (job.metadata, job.hyperparameters, job.result_files, job.tidied) == ({"a": "b"}, {"n_epochs": 3}, (), False)
    assert [event.message for event in db.events(job, after=None, limit=9)[0]] == [
        "Validating training file: file-1 and validation file: file-2",
        f"Created fine-tuning job: {job.id}",
    ]


def test_a_suffix_that_cannot_stand_in_a_name_is_told(db: Db) -> None:
    job = add(db, suffix="my run: 2/3")
    newest = db.events(job, after=None, limit=9)[0][0]
    assert job.suffix == "my run: 2/3", "it stays what was asked for"
    assert (newest.level, "'my-run-2-3'" in newest.message) == ("warn", True)
    assert [event.level for event in db.events(add(db, suffix="my-run_2.3"), after=None, limit=9)[0]] == ["info"] * 2


def test_a_read_does_not_wait_for_a_write(db: Db) -> None:
    """A commit waits for the disk; a list must not wait for it, and sees what was committed before."""
    job, found = add(db), list[JobRecord]()

    def read() -> None:
        found.extend(db.untidied())

    with db._transaction() as sql:
        sql.execute("UPDATE job SET status = 'queued'")
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(30)
        assert found == [job]
    assert fresh(db, job).status == "queued"


def test_pages_of_jobs(db: Db) -> None:
    ids = [add(db).id for _ in range(5)][::-1]
    seen, after, more = [], None, True
    while more:
        page, more = db.jobs(after=after, limit=2, metadata={})
        seen += [job.id for job in page]
        after = seen[-1]
    assert seen == ids
    assert db.jobs(after=ids[-1], limit=2, metadata={}) == ([], False)
    assert db.jobs(after="ftjob-unknown", limit=2, metadata={}) == ([], False)


def test_filters_of_metadata(db: Db) -> None:
    red, big, both = (
        add(db, metadata={"c": "red"}),
        add(db, metadata={"s": "big", "e": ""}),
        add(db, metadata={"c": "red", "s": "big"}),
    )
    none, empty = add(db), add(db, metadata={})

    def found(**pairs: str) -> list[str]:
        return [job.id for job in db.jobs(after=None, limit=9, metadata=pairs)[0]]

    assert found(c="red") == [both.id, red.id]
    assert found(c="red", s="big") == [both.id]
    assert found(e="") == [big.id]
    assert found(c="blue") == []
    assert found() == [empty.id, none.id, both.id, big.id, red.id]
    without, _ = db.jobs(after=None, limit=9, metadata={}, without_metadata=True)
    assert [job.id for job in without] == [none.id]
    page, more = db.jobs(after=both.id, limit=1, metadata={"c": "red"})
    assert ([job.id for job in page], more) == ([red.id], False)


def test_a_move_happens_only_from_the_state_that_was_seen(db: Db) -> None:
    job = add(db)
    assert db.move(job, "cancelled", [Note("Cancelled")], 101, finished_at=101)
    assert not db.move(job, "queued", [Note("Queued")], 102)
    assert fresh(db, job).status == "cancelled"
    assert fresh(db, job).finished_at == 101
    assert db.events(job, after=None, limit=1)[0][0].message == "Cancelled"


def test_the_queue_is_first_come_first_served_also_after_a_pause(db: Db) -> None:
    first, second = add(db), add(db)
    for job in (second, first):
        db.move(job, "queued", [], 100)
    assert [job.id for job in db.untidied()] == [second.id, first.id]
    second = fresh(db, second)
    db.move(second, "paused", [], 100)
    db.move(fresh(db, second), "queued", [], 100)
    assert [job.id for job in db.untidied()] == [first.id, second.id]


def test_what_is_told_twice_is_kept_once(db: Db) -> None:
    job = run(db, add(db))
    before = len(db.events(job, after=None, limit=99)[0])
    db.ingest(job, [step(1), step(2), Saved(2, "m2", {})], 10, None, 100)
    job = fresh(db, job)
    assert (job.step, job.total_steps, job.offset) == (2, 10, 10)
    db.ingest(job, [step(2), step(3), Saved(2, "m2", {})], 20, 500, 100)
    events, _ = db.events(job, after=None, limit=99)
    assert len(events) - before == 3
    assert len(db.models()) == 1
    assert [data["step"] for data in db.metrics(job)] == [1, 2, 3]
    assert fresh(db, job).estimated_finish == 500


def test_two_readers_of_the_same_progress_do_not_tell_it_twice(db: Db) -> None:
    job = run(db, add(db))
    db.ingest(job, [Note("hello")], 10, None, 100)
    db.ingest(job, [Note("hello")], 10, None, 100)
    assert sum(event.message == "hello" for event in db.events(job, after=None, limit=99)[0]) == 1


def test_nothing_is_taken_in_after_the_end(db: Db) -> None:
    job = run(db, add(db))
    db.move(job, "cancelled", [], 100)
    assert db.ingest(fresh(db, job), [step(1), Outcome({"checkpoint": 1}, False)], 10, None, 100) == []
    assert db.metrics(job) == []
    assert fresh(db, job).result is None


def test_outcomes_are_remembered(db: Db) -> None:
    job = run(db, add(db))
    db.ingest(job, [Outcome({"checkpoint": 4}, False), Outcome({"code": "x"}, True)], 10, None, 100)
    assert fresh(db, job).result == {"checkpoint": 4}
    assert fresh(db, job).failure == {"code": "x"}


def test_the_last_three_checkpoints_stay_and_the_others_are_named_for_removal(db: Db) -> None:
    job = run(db, add(db, suffix="my model/1"))
    gone = db.ingest(
        job, [step(1, 5), *(Saved(number, f"m{number}", {"step": number}) for number in range(1, 6))], 10, None, 100
    )
    assert gone == ["m1", "m2"]
    found, more = db.checkpoints(job, after=None, limit=2)
    assert ([checkpoint.step for checkpoint in found], more) == ([5, 4], True)
    assert [one.step for one in db.checkpoints(job, after=found[-1].id, limit=2)[0]] == [3]
    assert db.checkpoints(job, after="unknown", limit=2) == ([], False)
    assert found[0].model.startswith("ft:base-1:local:my-model-1:")
    assert "ckpt" not in found[0].model
    assert found[1].model.endswith(":ckpt-step-4")
    assert db.model_paths(job) == {"m3", "m4", "m5"}
    db.drop_model(found[0].model)
    assert db.ingest(fresh(db, job), [Saved(6, "m6", {})], 20, None, 100) == ["m3"]


def test_events_page_newest_first_and_their_ids_sort(db: Db) -> None:
    job, other = run(db, add(db)), add(db)
    db.ingest(job, [step(number) for number in range(1, 8)], 10, None, 100)
    seen, after, more = [], None, True
    while more:
        page, more = db.events(job, after=after, limit=3)
        seen += page
        after = page[-1].id
    assert [event.message for event in seen[:7]] == [f"Step {number}/10" for number in range(7, 0, -1)]
    ids = [event.id for event in seen]
    assert ids == sorted(set(ids), reverse=True)
    foreign = db.events(other, after=None, limit=1)[0][0].id
    for unknown in ("ftevent-x", foreign, ids[0][:-1] + "_"):
        assert db.events(job, after=unknown, limit=3) == ([], False)


def test_a_clock_that_jumps_back_does_not_make_events_younger(db: Db) -> None:
    job = add(db, now=1000)
    db.move(job, "queued", [Note("Queued")], 400)
    times = [event.created_at for event in db.events(job, after=None, limit=9)[0]]
    assert times == sorted(times, reverse=True)
    assert min(times) == 1000


def test_success_is_one_transaction(db: Db) -> None:
    job = run(db, add(db))
    result = FileRecord(0, "file-r", "step_metrics.csv", "fine-tune-results", 7, 100)
    assert db.succeed(job, "ft:new", "model", result, 55, 200)
    done = fresh(db, job)
    assert (done.status, done.fine_tuned_model, done.result_files, done.trained_tokens) == (
        "succeeded",
        "ft:new",
        ("file-r",),
        55,
    )
    assert db.file("file-r", 100) is not None
    assert db.model("ft:new") is not None
    assert not db.succeed(job, "ft:other", "model", result._replace(id="file-s"), 55, 200)
    assert db.file("file-s", 100) is None


def test_restarts_are_counted_until_there_is_a_step_forward(db: Db) -> None:
    job = run(db, add(db))
    for expected in (1, 2):
        db.restarted(fresh(db, job), Note("again"), 100)
        assert fresh(db, job).restarts == expected
    db.ingest(fresh(db, job), [step(1)], 10, None, 100)
    db.restarted(fresh(db, job), Note("again"), 100)
    assert (fresh(db, job).restarts, fresh(db, job).restart_step) == (1, 1)


def test_files_page_both_ways_and_expire(db: Db) -> None:
    for number in range(5):
        expires = 150 if number == 2 else None
        db.add_file(FileRecord(0, f"file-{number}", "näme", "batch" if number == 4 else "fine-tune", 1, 100, expires))

    def ids(**members: Any) -> list[str]:
        given = {"after": None, "limit": 9, "purpose": None, "ascending": False, "now": 200}
        return [file.id for file in db.files(**{**given, **members})[0]]

    assert ids() == ["file-4", "file-3", "file-1", "file-0"]
    assert ids(now=149) == ["file-4", "file-3", "file-2", "file-1", "file-0"]
    assert ids(ascending=True, limit=2) == ["file-0", "file-1"]
    assert ids(ascending=True, after="file-1") == ["file-3", "file-4"]
    assert ids(after="file-3") == ["file-1", "file-0"]
    assert ids(purpose="batch") == ["file-4"]
    assert ids(after="unknown") == []
    assert db.file("file-2", 200) is None
    assert db.expired(200) == ["file-2"]
    assert db.file_ids() == {f"file-{number}" for number in range(5)}


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Any) -> None:
    path = str(tmp_path / "service.db")
    Db(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(VERSIONS) + 1}")
    with pytest.raises(UnknownVersion):
        Db(path)


def test_a_file_that_is_no_database_is_disk_trouble(tmp_path: Any) -> None:
    (tmp_path / "service.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(OSError, match="database"):
        Db(str(tmp_path / "service.db"))


def test_a_database_of_an_older_program_is_brought_up_to_date(tmp_path: Any) -> None:
    path = str(tmp_path / "service.db")
    with sqlite3.connect(path) as connection:
        for statement in VERSIONS[0].split(";\n"):
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('salt', 'abcdefabcdef')")
        connection.execute(
            "INSERT INTO job (id, status, created_at, model, base, seed, method, hyperparameters, training_file)"
            " VALUES ('ftjob-old', 'queued', 1, 'm', 'm', 2, 'supervised', '{}', 'file-1')"
        )
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    for _ in range(2):
        db = Db(path)
        found = db.job("ftjob-old")
        assert found is not None
        assert (found.status, found.garbage) == ("queued", 0)
        assert db.overdue_uploads(1) == []
        db.close()
