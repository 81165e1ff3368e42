"""The archive: everything once fetched for a profile, kept in SQLite on the user's disk.

`Archive` only composes: `jobs`, `events`, `samples`, `files`, `creates` and `routes` each hold the queries of their
tables, `database` holds the connections and handles the faults of the disk.
"""

from collections.abc import Callable
from typing import TypeVar

from fttui.store.archive.creates import PendingCreates
from fttui.store.archive.damage import Damage
from fttui.store.archive.database import Database
from fttui.store.archive.events import ArchiveEvents
from fttui.store.archive.files import ArchiveFiles
from fttui.store.archive.jobs import ArchiveJobs
from fttui.store.archive.routes import AbsentRoutes
from fttui.store.archive.samples import ArchiveSamples
from fttui.store.archive.worker import Worker

T = TypeVar("T")


class Archive:
    """The part of the archive that belongs to one profile. One event loop owns it."""

    def __init__(self, path: str, profile: str, *, worker: Worker | None = None) -> None:
        """Open the archive at `path`. Never raises: see `Database`.

        Args:
            path: the file; an empty path means memory.
            profile: the profile whose rows are read and written.
            worker: runs the writes; None for a thread.
        """
        self.database = Database(path, profile, worker=worker)
        self.jobs = ArchiveJobs(self.database)
        self.events = ArchiveEvents(self.database)
        self.samples = ArchiveSamples(self.database)
        self.files = ArchiveFiles(self.database)
        self.creates = PendingCreates(self.database)
        self.routes = AbsentRoutes(self.database)

    @property
    def path(self) -> str:
        """Path of the file. Empty while the archive is in memory."""
        return self.database.path

    @property
    def notices(self) -> list[str]:
        """Messages for the user: a file set aside, a disk that cannot be written."""
        return self.database.notices

    @property
    def was_broken(self) -> bool:
        """True once damage was found after the file was opened: what was read before may be incomplete."""
        return self.database.generation > 0

    @property
    def damage(self) -> Damage:
        """Damage found in what was read."""
        return self.database.damage

    def profiles(self) -> list[str]:
        """Return the keys of all profiles that have jobs in the archive."""
        sql = "SELECT DISTINCT p.name FROM profiles p JOIN jobs j ON j.profile = p.key"
        return [name for (name,) in self.database.query(sql)]

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run `work` in the thread that writes, so that decoding and encoding do not delay keys."""
        return await self.database.in_thread(work)

    async def settle(self) -> None:
        """Set aside a file that a read found to be broken, and start a new one."""
        await self.database.write(lambda db, profile: None)

    async def compact(self) -> None:
        """Return unused space to the disk, unless another process uses the file."""
        await self.database.compact()

    async def close(self) -> None:
        """Finish pending writes and close the file."""
        await self.database.close()
