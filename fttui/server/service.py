"""Service over one home directory, without its sockets: database, files, runner, catalog."""

from dataclasses import dataclass, field

from fttui.clock import Clock, SystemClock
from fttui.server.home import settings_path
from fttui.server.jobs.runner import Runner
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.disk_space import DiskSpace
from fttui.server.storage.file_operations import remove
from fttui.server.storage.paths import HomePaths

LARGEST_FILE = 512 << 20


@dataclass(frozen=True)
class Service:
    """Objects that the routes of the API share. The caller starts and closes the runner."""

    paths: HomePaths
    disk: DiskSpace
    database: ServiceDatabase
    runner: Runner
    catalog: Catalog
    clock: Clock = field(default_factory=SystemClock)
    largest_file: int = LARGEST_FILE
    """Largest size of an uploaded file, in bytes."""

    def now(self) -> int:
        """Return the time in whole Unix seconds."""
        return int(self.clock.now())

    def remove_expired(self) -> None:
        """Remove expired files and uploads."""
        now = self.now()
        for id in self.database.files.expired(now):
            self.database.files.delete(id)
            remove(self.paths.file(id))
        for upload in self.database.uploads.overdue(now):
            parts = self.database.uploads.parts(upload)
            if self.database.uploads.end(upload, "expired"):
                for part in parts:
                    remove(self.paths.part(part.id))

    def base_model(self, model: str) -> tuple[str, tuple[str, ...]] | None:
        """Return the base model of a base model or tuned model, and its methods; None when it cannot be tuned."""
        trainer = self.catalog.trainer(model)
        if trainer is not None:
            return model, trainer.methods
        tuned = self.database.models.get(model)
        trainer = self.catalog.trainer(tuned.base) if tuned else None
        return (tuned.base, trainer.methods) if tuned and trainer else None


def open_service(
    home: str,
    *,
    catalog: Catalog | None = None,
    clock: Clock | None = None,
    largest_file: int = LARGEST_FILE,
) -> Service:
    """Open the service over `home`: create what is missing, remove what a killed service left unfinished.

    The caller holds the lock of the directory, or is the only process that uses it.

    Raises:
        OSError, ServiceError: the directory cannot be used.
    """
    clock = clock or SystemClock()
    catalog = catalog or Catalog(path=settings_path(home))
    paths, disk = HomePaths(home), DiskSpace(home)
    database = ServiceDatabase(paths.database)
    paths.remove_unknown(database.files.ids(), database.uploads.part_ids())
    runner = Runner(database, paths, disk, catalog, clock)
    service = Service(paths, disk, database, runner, catalog, clock, largest_file)
    service.remove_expired()
    disk.keep_reserve()
    return service
