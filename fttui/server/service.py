"""Everything that the routes of one service share."""

from dataclasses import dataclass, field

from fttui.clock import Clock, SystemClock
from fttui.server.home import settings_path
from fttui.server.jobs.runner import Runner
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.paths import HomePaths, remove

LARGEST_FILE = 512 << 20


@dataclass(frozen=True)
class Service:
    """One service over one home directory, without its sockets. Its runner is started by whoever opens it."""

    paths: HomePaths
    database: ServiceDatabase
    runner: Runner
    catalog: Catalog
    clock: Clock = field(default_factory=SystemClock)
    largest_file: int = LARGEST_FILE
    """Bytes that an uploaded file may have."""

    def now(self) -> int:
        """Whole Unix seconds."""
        return int(self.clock.now())

    def drop_expired(self) -> None:
        """Forget the files and uploads whose time is over."""
        now = self.now()
        for id in self.database.files.expired(now):
            self.database.files.delete(id)
            remove(self.paths.file(id))
        for upload in self.database.uploads.overdue(now):
            parts = self.database.uploads.parts(upload)
            if self.database.uploads.end(upload, "expired"):
                for part in parts:
                    remove(self.paths.part(part.id))

    def origin(self, model: str) -> tuple[str, tuple[str, ...]] | None:
        """The base model that `model` is or descends from, and the methods to tune it; None when it cannot be."""
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
    """The service over `home`, made when it is missing, cleared of what a killed one left half done.

    The caller holds the home's lock, or is the only one who knows of it.

    Raises:
        OSError: the home cannot be used.
    """
    clock = clock or SystemClock()
    catalog = catalog or Catalog(path=settings_path(home))
    paths = HomePaths(home)
    database = ServiceDatabase(paths.database)
    paths.sweep(database.files.ids(), database.uploads.part_ids())
    runner = Runner(database, paths, catalog, clock)
    service = Service(paths, database, runner, catalog, clock, largest_file)
    service.drop_expired()
    paths.keep_reserve()
    return service
