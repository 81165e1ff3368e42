"""Deletion of jobs: killed at any point it is whole or has not happened, and no repair brings a deleted job back."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.service import Service, open_service
from fttui.server.storage import deletions
from fttui.server.storage.records import FileRecord, JobRecord
from fttui.server.storage.reports import SavedCheckpoint
from fttui.server.storage.salvage import record_of
from tests.server.conftest import FAKE, add_file, add_job
from tests.server.storage.test_recovery import contents, empty, remove, reopened


class Killed(BaseException):
    """The end of the process at a point of the program."""


@pytest.fixture
def service(home: str) -> Service:
    """Service that each test closes itself."""
    return open_service(home, catalog=Catalog([FAKE]))


@pytest.fixture
def ended(service: Service) -> str:
    """Id of a job that has ended and is cleaned up, with a model, a checkpoint and three files."""
    jobs, now = service.database.jobs, service.now()
    id = add_job(service, validation_file=add_file(service), metadata={"a": "b"})
    for state in ("queued", "running"):
        assert jobs.move(job_of(service, id), state, [], now)
    checkpoint = SavedCheckpoint(1, "step-1", {})
    jobs.store_reports(job_of(service, id), [checkpoint], 9, None, now)
    result = FileRecord(0, "file-r", "step_metrics.csv", "fine-tune-results", 7, now)
    assert jobs.succeed(job_of(service, id), "ft:new", "model", result, 55, now)
    jobs.finish_cleanup(job_of(service, id))
    Path(service.paths.file("file-r")).write_bytes(b"results")
    directory = Path(service.paths.job(id))
    directory.mkdir()
    record = {"id": id, "record": record_of(service.database, job_of(service, id))}
    (directory / "job.json").write_text(json.dumps(record))
    (directory / "model").write_bytes(b"weights")
    (directory / "step-1").mkdir()
    (directory / "step-1" / "weights").write_bytes(b"weights")
    return id


def job_of(service: Service, id: str) -> JobRecord:
    job = service.database.jobs.get(id)
    assert job is not None
    return job


def is_gone(service: Service, id: str) -> bool:
    """Return whether nothing is left of the job, in the database and on the disk."""
    paths = service.paths
    rows = service.database.jobs.get(id) or service.database.models.all() or service.database.files.ids()
    found = [name for folder in (paths.jobs, paths.files, paths.uploads) for name in os.listdir(folder)]
    return not rows and not found and not os.path.exists(paths.unknown)


POINTS = [
    (deletions, "_mark_files"),
    (deletions, "_mark_job"),
    (deletions, "_remove_files"),
    (deletions, "_remove_job"),
    (deletions, "_remove_marks"),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(len(POINTS)))
def test_a_deletion_killed_at_any_point_is_whole_or_has_not_happened(
    service: Service, ended: str, monkeypatch: pytest.MonkeyPatch, number: int, after: bool
) -> None:
    module, name = POINTS[number]
    work: Callable[..., None] = getattr(module, name)
    before = contents(service)

    def killed(*arguments: object) -> None:
        if after:
            work(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, name, killed)
        patch.setattr(deletions, "_remove_marks", killed)
        with pytest.raises(Killed):
            service.runner.delete(ended)
    again = reopened(service, lambda path: None, killed=True)
    if number < 2:
        assert contents(again) == before
        assert os.listdir(again.paths.uploads) == []
        assert deletions.is_marked(again.paths, ended) is False
    else:
        assert is_gone(again, ended)
    assert again.notices == ()
    again.database.close()


def test_a_deletion_that_cannot_be_stored_changes_nothing(
    service: Service, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("the disk is full")

    before = contents(service)
    with monkeypatch.context() as patch:
        patch.setattr(service.database.jobs, "delete", fail)
        with pytest.raises(OSError, match="full"):
            service.runner.delete(ended)
    assert contents(service) == before
    assert deletions.is_marked(service.paths, ended) is False
    assert service.runner.delete(ended) == ""
    assert is_gone(service, ended)
    service.close()


@pytest.mark.parametrize("damage", [empty, remove])
def test_a_database_rebuilt_from_copy_and_journal_has_no_deleted_job(
    service: Service, ended: str, damage: Callable[[str], None]
) -> None:
    service.copy.make()
    assert service.runner.delete(ended) == ""
    again = reopened(service, damage, killed=True)
    assert is_gone(again, ended)
    assert any("rebuilt" in notice for notice in again.notices)
    again.database.close()


def test_a_deleted_job_whose_directory_is_left_does_not_come_back_from_it(
    service: Service, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(deletions, "_remove_job", killed)
        with pytest.raises(Killed):
            service.runner.delete(ended)

    def lose_everything(path: str) -> None:
        remove(path)
        shutil.rmtree(Path(path).parent / "copy")

    again = reopened(service, lose_everything)
    assert is_gone(again, ended)
    again.database.close()
