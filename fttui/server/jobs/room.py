"""Room on the disk for running jobs. A job without room pauses with a message and continues when there is room.

Nothing of a job is removed to make room, and a living trainer is left alone: it keeps what it has not saved yet.
"""

import os
from typing import Any

from fttui.clock import Clock
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.settings import LEAST_FREE, LEAST_ROOM
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.disk_space import NO_ROOM, DiskSpace
from fttui.server.storage.job_dir import JobDirectory
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import DISK_FULL, JobRecord
from fttui.server.storage.reports import Message
from fttui.text import size_words

EX_IOERR = 74
"""Exit code of a trainer that could not write to its disk (sysexits.h)."""
_SIGNS = tuple(map(os.strerror, NO_ROOM))
"""Error texts of the operating system that mean a full disk, as a trainer reports them."""


class DiskRoom:
    """Jobs of one service that wait for room. The room that a job needs is computed from its directory."""

    def __init__(
        self, database: ServiceDatabase, paths: HomePaths, disk: DiskSpace, catalog: Catalog, clock: Clock
    ) -> None:
        self._database = database
        self._paths = paths
        self._disk = disk
        self._catalog = catalog
        self._clock = clock
        self._more: dict[str, int] = {}
        """Bytes that must be free before a job continues that failed with less, by job."""

    def needed(self, job: JobRecord) -> int:
        """Return the free bytes that a job needs to start or continue.

        Files that the job has already written need no more room, except a second copy of the largest one: a saved
        state is replaced by a complete new file.
        """
        trainer = self._catalog.trainer_of(job)
        total = trainer.room if trainer else LEAST_ROOM
        used, largest = JobDirectory(self._paths.job(job.id, job.root)).output_sizes()
        return max(LEAST_FREE + max(total - used, largest), self._more.get(job.id, 0))

    def has_room(self, job: JobRecord) -> bool:
        """Return whether the disk, and the user's quota, have the room that a job needs."""
        return self._disk.of(job.root).has_room(self.needed(job))

    def ran_out(self, job: JobRecord, code: int | None) -> bool:
        """Return whether the trainer of a job ended because it had no room.

        Args:
            code: exit code of the trainer; None when it was killed.
        """
        if self._disk.of(job.root).is_full() or (code == EX_IOERR and job.failure is None):
            return True
        if code is None or code == 0:
            return False
        said = (
            str((job.failure or {}).get("message", "")) + JobDirectory(self._paths.job(job.id, job.root)).last_output()
        )
        return any(sign in said for sign in _SIGNS)

    def forget(self, id: str) -> None:
        """Forget a job that has ended, or that its user resumed."""
        self._more.pop(id, None)

    def wait(self, job: JobRecord, *, for_more: bool = False) -> None:
        """Pause a queued or running job until there is room. If necessary, the reserve has the room for this itself.

        Args:
            for_more: wait until there is more room than now, because now is not enough.

        Raises:
            OSError: not even that could be stored. The job stays as it is.
        """
        free = self._disk.of(job.root).free() or 0
        if for_more:
            self._more[job.id] = free + LEAST_FREE
        text = _sentence(job, self.needed(job), free)
        error = {"code": DISK_FULL, "message": text, "param": None}
        members: dict[str, Any] = {"error": error, "failure": None, "estimated_finish": None}
        if job.status == "running":
            restarts = job.restarts + 1 if job.step <= job.restart_step else 1
            members |= {"restarts": restarts, "restart_step": job.step, "restart_offset": job.offset}

        def store() -> None:
            self._database.jobs.move(job, "paused", [Message(text, "warn")], int(self._clock.now()), **members)

        try:
            store()
        except OSError:
            if not self._disk.release_reserve():
                raise
            store()

    def proceed(self, job: JobRecord) -> bool:
        """Continue a job that waits for room. A job whose training has ended needs no trainer any more.

        Returns:
            False when there is no room yet.
        """
        if not self.has_room(job):
            return False
        to = "running" if job.result is not None or job.stop is not None else "queued"
        message = Message("There is room on the disk again; the job continues")
        return self._database.jobs.move(job, to, [message], int(self._clock.now()), error=None, failure=None, life=None)


def _sentence(job: JobRecord, need: int, free: int) -> str:
    then = f"continues by itself when {size_words(need)} are free; {size_words(free)} are free now"
    if job.status == "running":
        after = f" after step {job.step}" if job.step else ""
        return f"The disk has no room for the job. The job is paused{after} and {then}."
    return f"The disk has too little room for the job. The job is paused before it starts, and {then}."
