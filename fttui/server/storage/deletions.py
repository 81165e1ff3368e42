"""Deletion of jobs and files: the rows first, then the contents.

A mark beside the content is made before the rows are deleted. If the service is killed in between, the next start
finds a mark without a row, and removes the content. A mark with a row means that the rows were not deleted: the mark is
removed.
"""

import os
from collections.abc import Iterable
from contextlib import suppress

from fttui import atomic
from fttui.own_files import open_own
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.file_operations import remove
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import JobRecord

_MARK = ".fttui-deleted"
"""Mark in the directory of a job. The mark of a file is a link to it in `uploads/`, which each start empties."""


def delete_file(database: ServiceDatabase, paths: HomePaths, id: str) -> None:
    """Delete a file and its content."""
    _mark_files(paths, [id])
    database.files.delete(id)
    _remove_files(paths, [id])


def delete_job(database: ServiceDatabase, paths: HomePaths, job: JobRecord) -> bool:
    """Delete an ended job with its events, checkpoints, models and directory, and the files that only it uses.

    No process may use its directory.

    Returns:
        False, with nothing changed, when the job has not ended.
    """
    files = [id for id in dict.fromkeys((job.training_file, job.validation_file, *job.result_files)) if id is not None]
    _mark_files(paths, files)
    _mark_job(paths, job.id)
    try:
        deleted = database.jobs.delete(job, files)
    except BaseException:
        _remove_marks(paths, job.id, files)
        raise
    _remove_files(paths, deleted or [])
    if deleted is not None:
        _remove_job(paths, job.id)
    _remove_marks(paths, job.id, files)
    return deleted is not None


def is_marked(paths: HomePaths, id: str) -> bool:
    """Return whether the directory of a job has the mark."""
    return os.path.lexists(_mark(paths, id))


def finish_deletions(database: ServiceDatabase, paths: HomePaths) -> None:
    """Remove the directories of jobs that a killed service had deleted from the database."""
    for id in os.listdir(paths.jobs):
        if is_marked(paths, id):
            if database.jobs.get(id) is None:
                _remove_job(paths, id)
            else:
                remove(_mark(paths, id))


def _mark(paths: HomePaths, id: str) -> str:
    return os.path.join(paths.job(id), _MARK)


def _mark_job(paths: HomePaths, id: str) -> None:
    """Mark the directory of a job, durably. Without a mark a kill would leave the directory behind."""
    if os.path.isdir(paths.job(id)):
        with suppress(OSError):
            os.close(open_own(_mark(paths, id), os.O_WRONLY | os.O_CREAT))
            atomic.sync_directory(paths.job(id))


def _remove_job(paths: HomePaths, id: str) -> None:
    """Remove the directory of a job. Nobody sees a part of it: it first moves to `uploads/`."""
    trash = os.path.join(paths.uploads, id)
    remove(trash)
    with suppress(FileNotFoundError):  # it ended before it started
        os.rename(paths.job(id), trash)
        atomic.sync_directory(paths.jobs)
    remove(trash)


def _mark_files(paths: HomePaths, ids: Iterable[str]) -> None:
    for id in ids:
        with suppress(OSError):
            os.link(paths.file(id), os.path.join(paths.uploads, id))


def _remove_files(paths: HomePaths, ids: Iterable[str]) -> None:
    for id in ids:
        paths.remove_file(id)
        remove(os.path.join(paths.uploads, id))


def _remove_marks(paths: HomePaths, id: str, files: Iterable[str]) -> None:
    with suppress(OSError):  # the next start removes them
        remove(_mark(paths, id))
        for file in files:
            remove(os.path.join(paths.uploads, file))
