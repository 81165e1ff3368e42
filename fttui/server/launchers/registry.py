"""Launchers of one service: the local one, and later one for each engine."""

from fttui.server.launchers.base import JobTrainer, Launcher
from fttui.server.launchers.local import Local
from fttui.server.storage.job_dir import JobDirectory
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import JobRecord


class Launchers:
    """Launchers by what is stored with a job."""

    def __init__(self, paths: HomePaths) -> None:
        self._paths = paths
        self.local = Local()

    def of(self, job: JobRecord) -> Launcher:
        """Return the launcher of a job."""
        return self.local

    def directory(self, job: JobRecord) -> JobDirectory:
        return JobDirectory(self._paths.job(job.id))

    def trainer(self, job: JobRecord) -> JobTrainer:
        """Return the trainer of a job, alive or not."""
        return JobTrainer(self.of(job), self.directory(job))
