"""Service over one home directory, without its sockets: database, files, runner, catalog."""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from fttui.clock import Clock, SystemClock
from fttui.server.alerts.sender import AlertSender
from fttui.server.home import settings_path, starting_path
from fttui.server.jobs.base_models import ChosenModel, DownloadSizes, choose_model
from fttui.server.jobs.runner import Runner
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.jobs.trainer_environment import trainer_environment
from fttui.server.jobs.trainer_questions import Description, Descriptions
from fttui.server.launchers.ray_cluster import RayCluster
from fttui.server.launchers.registry import Launchers
from fttui.server.launchers.slurm_queue import Queue
from fttui.server.sampling.accelerator import Accelerator
from fttui.server.sampling.host import SamplerHost
from fttui.server.settings import LEAST_FREE, Engine, Trainer
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.deletions import delete_file, finish_deletions
from fttui.server.storage.disk_space import DiskSpace
from fttui.server.storage.journal import Journal
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.recovery import recover, write_seal
from fttui.server.storage.safety_copy import SafetyCopy
from fttui.server.storage.salvage import salvage
from fttui.server.storage.start_progress import StartProgress
from fttui.text import clean_line

LARGEST_FILE = 512 << 20

log = logging.getLogger("fttui.server")


@dataclass(frozen=True)
class Service:
    """Objects that the routes of the API share. The caller starts and closes runner and alerts,
    and tends and closes samplers."""

    paths: HomePaths
    disk: DiskSpace
    database: ServiceDatabase
    runner: Runner
    catalog: Catalog
    launchers: Launchers
    copy: SafetyCopy
    """Copy of the database."""
    alerts: AlertSender
    samplers: SamplerHost
    clock: Clock = field(default_factory=SystemClock)
    largest_file: int = LARGEST_FILE
    """Largest size of an uploaded file, in bytes."""
    descriptions: Descriptions = field(default_factory=Descriptions)
    download_sizes: DownloadSizes = field(default_factory=DownloadSizes)
    notices: tuple[str, ...] = ()
    """Messages for the user about a database that was lost or damaged."""

    def now(self) -> int:
        """Return the time in whole Unix seconds."""
        return int(self.clock.now())

    def remove_expired(self) -> None:
        """Remove expired files and uploads."""
        now = self.now()
        for id in self.database.files.expired(now):
            self.delete_file(id)
        for upload in self.database.uploads.overdue(now):
            parts = self.database.uploads.parts(upload)
            if self.database.uploads.end(upload, "expired"):
                for part in parts:
                    self.paths.remove_part(part.id)

    def delete_file(self, id: str) -> None:
        """Delete a file and its content."""
        delete_file(self.database, self.paths, id)

    def close(self) -> None:
        """Copy the database, if that takes little time, and close it."""
        wrong = ""
        try:
            wrong = self.copy.make_last()
        except OSError as error:
            log.warning("no copy of the database can be made: %s", error)
        self.database.close()
        self.disk.keep_reserve(at_end=True)
        if not wrong and not self.database.is_corrupt:
            with suppress(OSError):
                write_seal(self.paths)

    def description(self, trainer: Trainer) -> Description | None:
        """Return what a trainer says of itself. Slow at the first call. None when it says nothing."""
        return self.descriptions.of(trainer, self.catalog.settings)

    def download_size(self, chosen: ChosenModel) -> int | None:
        """Return the bytes that the hub sends for a base model; None when it does not say. Slow at the first call."""
        environment = trainer_environment(chosen.trainer, self.catalog.settings, commands=False)
        return self.download_sizes.of(chosen.base, environment)

    def choose_model(self, model: str, *, is_owner: bool = True) -> ChosenModel:
        """Return the model that a request names: see `base_models.choose_model`."""
        return choose_model(model, self.catalog, self.database, is_owner=is_owner)


def open_service(
    home: str,
    *,
    catalog: Catalog | None = None,
    clock: Clock | None = None,
    largest_file: int = LARGEST_FILE,
    queue: Queue | None = None,
    cluster: Callable[[Engine], RayCluster] | None = None,
) -> Service:
    """Open the service over `home`: create what is missing, remove what a killed service left unfinished.

    The caller holds the lock of the directory, or is the only process that uses it.

    Args:
        queue: Slurm's queue, if it is not the one of this machine.
        cluster: returns the Ray cluster of an engine, if it is not reached by its address.

    Raises:
        OSError, ServiceError: the directory cannot be used.
    """
    clock = clock or SystemClock()
    catalog = catalog or Catalog(path=settings_path(home))
    paths, disk = HomePaths(home), DiskSpace(home)
    launchers = Launchers(paths, clock, lambda: catalog.settings, queue, cluster)
    if not disk.has_room(LEAST_FREE):
        disk.release_reserve()  # the database needs some room to be opened
    journal = Journal(paths.journal)
    progress = StartProgress(starting_path(home))
    recovered = recover(paths, journal, progress.tick)
    database = ServiceDatabase(paths.database, journal)
    notices = recovered.notices
    if recovered.is_empty:
        notices += salvage(paths, database, int(clock.now()), launchers.roots())
    finish_deletions(database, paths, {*database.jobs.roots(), *launchers.roots()})
    kept = paths.tidy(database.files.ids(), database.uploads.part_ids(), is_complete=recovered.is_complete)
    if kept:
        names = [os.path.basename(path) for path in kept]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        notices.append(
            f"The service's database does not know {len(names)} contents. "
            + clean_line(f"They are kept in {paths.unknown}: {', '.join(names[:5])}{more}")
        )
    copy = SafetyCopy(database, paths.copy, journal, clock, recovered.copied)
    if recovered.needs_copy:
        try:
            copy.make(progress.tick)
        except OSError as error:
            log.warning("no copy of the database can be made: %s", error)
    for notice in notices:
        log.warning("%s", notice)
    runner = Runner(database, paths, disk, catalog, clock, launchers)
    alerts = AlertSender(database, lambda: catalog.settings, clock)
    samplers = SamplerHost(clock, lambda: catalog.settings, Accelerator(database, catalog).occupant)
    service = Service(
        paths,
        disk,
        database,
        runner,
        catalog,
        launchers,
        copy,
        alerts,
        samplers,
        clock,
        largest_file,
        notices=tuple(notices),
    )
    service.remove_expired()
    disk.keep_reserve()
    progress.end()
    return service
