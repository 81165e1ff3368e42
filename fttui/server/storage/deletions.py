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
_TRASH = ".deleted-"
"""Beginning of the name of a directory that is being removed, on the disk of an engine."""


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
    _mark_job(paths, job)
    try:
        deleted = database.jobs.delete(job, files)
    except BaseException:
        _remove_marks(paths, job, files)
        raise
    _remove_files(paths, deleted or [])
    if deleted is not None:
        _remove_job(paths, job.id, job.root)
    _remove_marks(paths, job, files)
    return deleted is not None


def is_marked(paths: HomePaths, id: str, root: str | None = None) -> bool:
    """Return whether the directory of a job has the mark."""
    return os.path.lexists(_mark(paths, id, root))


def finish_deletions(database: ServiceDatabase, paths: HomePaths, roots: Iterable[str] = ()) -> None:
    """Remove the directories of jobs that a killed service had deleted from the database.

    Args:
        roots: more parents of directories, on disks of engines. One that cannot be read is left for the next start.
    """
    for root in (None, *roots):
        with suppress(*((OSError,) if root else ())):
            for id in os.listdir(root or paths.jobs):
                if id.startswith(_TRASH):
                    remove(paths.job(id, root))
                elif is_marked(paths, id, root):
                    if database.jobs.get(id) is None:
                        _remove_job(paths, id, root)
                    else:
                        remove(_mark(paths, id, root))


def _mark(paths: HomePaths, id: str, root: str | None) -> str:
    return os.path.join(paths.job(id, root), _MARK)


def _mark_job(paths: HomePaths, job: JobRecord) -> None:
    """Mark the directory of a job, durably. Without a mark a kill would leave the directory behind."""
    if os.path.isdir(paths.job(job.id, job.root)):
        with suppress(OSError):
            os.close(open_own(_mark(paths, job.id, job.root), os.O_WRONLY | os.O_CREAT))
            atomic.sync_directory(paths.job(job.id, job.root))


def _remove_job(paths: HomePaths, id: str, root: str | None) -> None:
    """Remove the directory of a job. Nobody sees a part of it: it is renamed first, on its own disk."""
    trash = os.path.join(paths.uploads, id) if root is None else os.path.join(root, _TRASH + id)
    remove(trash)
    with suppress(FileNotFoundError):  # it ended before it started
        os.rename(paths.job(id, root), trash)
        atomic.sync_directory(root or paths.jobs)
    remove(trash)


def _mark_files(paths: HomePaths, ids: Iterable[str]) -> None:
    for id in ids:
        with suppress(OSError):
            os.link(paths.file(id), os.path.join(paths.uploads, id))


def _remove_files(paths: HomePaths, ids: Iterable[str]) -> None:
    for id in ids:
        paths.remove_file(id)
        remove(os.path.join(paths.uploads, id))


def _remove_marks(paths: HomePaths, job: JobRecord, files: Iterable[str]) -> None:
    with suppress(OSError):  # the next start removes them
        remove(_mark(paths, job.id, job.root))
        for file in files:
            remove(os.path.join(paths.uploads, file))
