"""Database of the service: jobs, events, checkpoints, models and files; pages, transactions and migrations."""

import math
import sqlite3
from typing import Any

import pytest

from fttui.server.home import ServiceError
from fttui.server.jobs.launch import job_json
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.records import FileRecord, JobRecord, NewJob
from fttui.server.storage.reports import FinalReport, Message, Samples, SavedCheckpoint, StepMetrics
from fttui.server.storage.schema import MIGRATIONS


@pytest.fixture
def db(tmp_path: Any) -> Any:
    db = ServiceDatabase(str(tmp_path / "service.db"))
    yield db
    db.close()


def add(db: ServiceDatabase, now: int = 100, **members: Any) -> JobRecord:
    new = NewJob("base-1", "base-1", "file-1", None, None, 1, "supervised", {"n_epochs": "auto"}, None)
    return db.jobs.add(new._replace(**members), now)


def run(db: ServiceDatabase, job: JobRecord) -> JobRecord:
    for state in ("queued", "running"):
        assert db.jobs.move(job, state, [], 100)
        job = fresh(db, job)
    return job


def fresh(db: ServiceDatabase, job: JobRecord) -> JobRecord:
    found = db.jobs.get(job.id)
    assert found is not None
    return found


def step(number: int, total: int = 10) -> StepMetrics:
    return StepMetrics(number, total, f"Step {number}/{total}", {"step": number, "train_loss": number / 2})


def test_a_new_job_is_stored_with_its_first_events(db: ServiceDatabase) -> None:
    job = add(db, metadata={"a": "b"}, suffix="x", validation_file="file-2", hyperparameters={"n_epochs": 3})
    assert db.jobs.get(job.id) == job
    assert job.status == "validating_files"
    assert (job.metadata, job.hyperparameters, job.result_files, job.tidied) == ({"a": "b"}, {"n_epochs": 3}, (), False)
    assert [event.message for event in db.events.page(job, after=None, limit=9)[0]] == [
        "Validating training file: file-1 and validation file: file-2",
        f"Created fine-tuning job: {job.id}",
    ]


def test_settings_that_the_trainer_in_the_box_lacks_give_a_warning(db: ServiceDatabase) -> None:
    metadata = {"fttui.lora_r": "8", "fttui.sweep": "a1", "fttui.slurm.time": "2:00", "team": "x"}
    job = add(db, base="fttui-tiny-1", metadata=metadata)
    newest = db.events.page(job, after=None, limit=9)[0][0]
    assert (newest.level, newest.message) == ("warn", "fttui-tiny-1 does not use: lora_r")
    assert job_json(job)["settings"] == {"lora_r": "8"}


def test_a_suffix_unfit_for_model_names_is_kept_and_gives_a_warning(db: ServiceDatabase) -> None:
    job = add(db, suffix="my run: 2/3")
    newest = db.events.page(job, after=None, limit=9)[0][0]
    assert job.suffix == "my run: 2/3", "the suffix of the job is not changed"
    assert (newest.level, "'my-run-2-3'" in newest.message) == ("warn", True)
    assert [event.level for event in db.events.page(add(db, suffix="my-run_2.3"), after=None, limit=9)[0]] == [
        "info"
    ] * 2


def test_job_pages_cover_every_job_once(db: ServiceDatabase) -> None:
    ids = [add(db).id for _ in range(5)][::-1]
    seen, after, more = [], None, True
    while more:
        page, more = db.jobs.page(after=after, limit=2, metadata={})
        seen += [job.id for job in page]
        after = seen[-1]
    assert seen == ids
    assert db.jobs.page(after=ids[-1], limit=2, metadata={}) == ([], False)
    assert db.jobs.page(after="ftjob-unknown", limit=2, metadata={}) == ([], False)


def test_metadata_filters_select_jobs(db: ServiceDatabase) -> None:
    red, big, both = (
        add(db, metadata={"c": "red"}),
        add(db, metadata={"s": "big", "e": ""}),
        add(db, metadata={"c": "red", "s": "big"}),
    )
    none, empty = add(db), add(db, metadata={})

    def found(**pairs: str) -> list[str]:
        return [job.id for job in db.jobs.page(after=None, limit=9, metadata=pairs)[0]]

    assert found(c="red") == [both.id, red.id]
    assert found(c="red", s="big") == [both.id]
    assert found(e="") == [big.id]
    assert found(c="blue") == []
    assert found() == [empty.id, none.id, both.id, big.id, red.id]
    without, _ = db.jobs.page(after=None, limit=9, metadata={}, without_metadata=True)
    assert [job.id for job in without] == [none.id]
    page, more = db.jobs.page(after=both.id, limit=1, metadata={"c": "red"})
    assert ([job.id for job in page], more) == ([red.id], False)


def test_a_status_changes_only_from_the_expected_status(db: ServiceDatabase) -> None:
    job = add(db)
    assert db.jobs.move(job, "cancelled", [Message("Cancelled")], 101, finished_at=101)
    assert not db.jobs.move(job, "queued", [Message("Queued")], 102)
    assert fresh(db, job).status == "cancelled"
    assert fresh(db, job).finished_at == 101
    assert db.events.page(job, after=None, limit=1)[0][0].message == "Cancelled"


def test_a_resumed_job_goes_to_the_end_of_the_queue(db: ServiceDatabase) -> None:
    first, second = add(db), add(db)
    for job in (second, first):
        db.jobs.move(job, "queued", [], 100)
    assert [job.id for job in db.jobs.unfinished()] == [second.id, first.id]
    second = fresh(db, second)
    db.jobs.move(second, "paused", [], 100)
    db.jobs.move(fresh(db, second), "queued", [], 100)
    assert [job.id for job in db.jobs.unfinished()] == [first.id, second.id]


def test_repeated_reports_are_stored_once(db: ServiceDatabase) -> None:
    job = run(db, add(db))
    before = len(db.events.page(job, after=None, limit=99)[0])
    samples = [Samples(at, [{"prompt": [], "expected": None, "answer": text}]) for at, text in ((0, "a"), (2, "b"))]
    db.jobs.store_reports(job, [step(1), step(2), *samples, SavedCheckpoint(2, "m2", {})], 10, None, 100)
    job = fresh(db, job)
    assert (job.step, job.total_steps, job.offset) == (2, 10, 10)
    again = samples[1]._replace(samples=[])
    db.jobs.store_reports(job, [step(2), again, step(3), SavedCheckpoint(2, "m2", {})], 20, 500, 100)
    events, _ = db.events.page(job, after=None, limit=99)
    assert len(events) - before == 3
    assert len(db.models.all()) == 1
    assert [(one.step, one.samples) for one in db.samples.every(job)] == list(samples)
    assert [data["step"] for data in db.events.metrics(job)] == [1, 2, 3]
    assert fresh(db, job).estimated_finish == 500


def test_two_readers_of_the_same_progress_store_it_once(db: ServiceDatabase) -> None:
    job = run(db, add(db))
    db.jobs.store_reports(job, [Message("hello")], 10, None, 100)
    db.jobs.store_reports(job, [Message("hello")], 10, None, 100)
    assert sum(event.message == "hello" for event in db.events.page(job, after=None, limit=99)[0]) == 1


def test_reports_after_the_end_of_a_job_are_dropped(db: ServiceDatabase) -> None:
    job = run(db, add(db))
    db.jobs.move(job, "cancelled", [], 100)
    assert db.jobs.store_reports(fresh(db, job), [step(1), FinalReport({"checkpoint": 1}, False)], 10, None, 100) == []
    assert db.events.metrics(job) == []
    assert fresh(db, job).result is None


def test_final_reports_are_stored_with_the_job(db: ServiceDatabase) -> None:
    job = run(db, add(db))
    db.jobs.store_reports(job, [FinalReport({"checkpoint": 4}, False), FinalReport({"code": "x"}, True)], 10, None, 100)
    assert fresh(db, job).result == {"checkpoint": 4}
    assert fresh(db, job).failure == {"code": "x"}


@pytest.mark.parametrize("name", ["full_valid_loss", "valid_loss"])
def test_checkpoint_with_the_lowest_validation_loss_is_kept_too(db: ServiceDatabase, name: str) -> None:
    job = run(db, add(db))
    losses = {1: 1.9, 2: 1.7, 3: 1.8, 4: 1.9, 5: 2.0, 6: 2.1, 7: 1.6, 8: 2.2, 9: 2.3, 10: 2.4, 11: math.nan}
    for number, loss in losses.items():
        saved = SavedCheckpoint(number, f"m{number}", {"step": number, name: loss, "train_loss": 1 / number})
        db.jobs.store_reports(fresh(db, job), [saved], number, None, 100)
        if number == 6:
            assert db.checkpoints.steps(job) == [2, 4, 5, 6]
    assert db.checkpoints.steps(job) == [7, 9, 10, 11]
    assert db.models.paths(job) == {"m7", "m9", "m10", "m11"}


def test_three_checkpoints_are_kept_and_older_paths_returned(db: ServiceDatabase) -> None:
    job = run(db, add(db, suffix="my model/1"))
    gone = db.jobs.store_reports(
        job,
        [step(1, 5), *(SavedCheckpoint(number, f"m{number}", {"step": number}) for number in range(1, 6))],
        10,
        None,
        100,
    )
    assert gone == ["m1", "m2"]
    found, more = db.checkpoints.page(job, after=None, limit=2)
    assert ([checkpoint.step for checkpoint in found], more) == ([5, 4], True)
    assert [one.step for one in db.checkpoints.page(job, after=found[-1].id, limit=2)[0]] == [3]
    assert db.checkpoints.page(job, after="unknown", limit=2) == ([], False)
    assert found[0].model.startswith("ft:base-1:local:my-model-1:")
    assert "ckpt" not in found[0].model
    assert found[1].model.endswith(":ckpt-step-4")
    assert db.models.paths(job) == {"m3", "m4", "m5"}
    db.models.delete(found[0].model)
    assert db.jobs.store_reports(fresh(db, job), [SavedCheckpoint(6, "m6", {})], 20, None, 100) == ["m3"]


def test_events_are_paged_newest_first_and_ids_sort_by_age(db: ServiceDatabase) -> None:
    job, other = run(db, add(db)), add(db)
    db.jobs.store_reports(job, [step(number) for number in range(1, 8)], 10, None, 100)
    seen, after, more = [], None, True
    while more:
        page, more = db.events.page(job, after=after, limit=3)
        seen += page
        after = page[-1].id
    assert [event.message for event in seen[:7]] == [f"Step {number}/10" for number in range(7, 0, -1)]
    ids = [event.id for event in seen]
    assert ids == sorted(set(ids), reverse=True)
    foreign = db.events.page(other, after=None, limit=1)[0][0].id
    for unknown in ("ftevent-x", foreign, ids[0][:-1] + "_"):
        assert db.events.page(job, after=unknown, limit=3) == ([], False)


def test_event_times_never_decrease_when_the_clock_jumps_back(db: ServiceDatabase) -> None:
    job = add(db, now=1000)
    db.jobs.move(job, "queued", [Message("Queued")], 400)
    times = [event.created_at for event in db.events.page(job, after=None, limit=9)[0]]
    assert times == sorted(times, reverse=True)
    assert min(times) == 1000


def test_success_stores_job_file_and_model_in_one_transaction(db: ServiceDatabase) -> None:
    job = run(db, add(db))
    result = FileRecord(0, "file-r", "step_metrics.csv", "fine-tune-results", 7, 100)
    assert db.jobs.succeed(job, "ft:new", "model", result, 55, 200)
    done = fresh(db, job)
    assert (done.status, done.fine_tuned_model, done.result_files, done.trained_tokens) == (
        "succeeded",
        "ft:new",
        ("file-r",),
        55,
    )
    assert db.files.get("file-r", 100) is not None
    assert db.models.get("ft:new") is not None
    assert not db.jobs.succeed(job, "ft:other", "model", result._replace(id="file-s"), 55, 200)
    assert db.files.get("file-s", 100) is None


def test_restarts_are_counted_until_a_new_step(db: ServiceDatabase) -> None:
    job = run(db, add(db))
    for expected in (1, 2):
        db.jobs.count_restart(fresh(db, job), Message("again"), 100)
        assert fresh(db, job).restarts == expected
    db.jobs.store_reports(fresh(db, job), [step(1)], 10, None, 100)
    db.jobs.count_restart(fresh(db, job), Message("again"), 100)
    assert (fresh(db, job).restarts, fresh(db, job).restart_step) == (1, 1)


def test_files_are_paged_in_both_orders_without_expired_files(db: ServiceDatabase) -> None:
    for number in range(5):
        expires = 150 if number == 2 else None
        db.files.add(FileRecord(0, f"file-{number}", "näme", "batch" if number == 4 else "fine-tune", 1, 100, expires))

    def ids(**members: Any) -> list[str]:
        given = {"after": None, "limit": 9, "purpose": None, "ascending": False, "now": 200}
        return [file.id for file in db.files.page(**{**given, **members})[0]]

    assert ids() == ["file-4", "file-3", "file-1", "file-0"]
    assert ids(now=149) == ["file-4", "file-3", "file-2", "file-1", "file-0"]
    assert ids(ascending=True, limit=2) == ["file-0", "file-1"]
    assert ids(ascending=True, after="file-1") == ["file-3", "file-4"]
    assert ids(after="file-3") == ["file-1", "file-0"]
    assert ids(purpose="batch") == ["file-4"]
    assert ids(after="unknown") == []
    assert db.files.get("file-2", 200) is None
    assert db.files.expired(200) == ["file-2"]
    assert db.files.ids() == {f"file-{number}" for number in range(5)}


def test_a_database_of_a_newer_program_is_refused(tmp_path: Any) -> None:
    path = str(tmp_path / "service.db")
    ServiceDatabase(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(ServiceError, match="newer fttui"):
        ServiceDatabase(path)


def test_a_database_of_the_first_version_is_migrated(tmp_path: Any) -> None:
    path = str(tmp_path / "service.db")
    with sqlite3.connect(path) as connection:
        for statement in MIGRATIONS[0].split(";\n"):
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('salt', 'abcdefabcdef')")
        connection.execute(
            "INSERT INTO job (id, status, created_at, model, base, seed, method, hyperparameters, training_file)"
            " VALUES ('ftjob-old', 'queued', 1, 'm', 'm', 2, 'supervised', '{}', 'file-1')"
        )
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    for _ in range(2):
        db = ServiceDatabase(path)
        found = db.jobs.get("ftjob-old")
        assert found is not None
        assert (found.status, found.garbage) == ("queued", 0)
        assert db.uploads.overdue(1) == []
        assert db.samples.page(found, after=None, limit=9) == ([], False)
        db.close()
