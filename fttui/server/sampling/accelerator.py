"""Use of the accelerator by jobs: a sampler must not take memory from a job that trains on the same one."""

from fttui.server.jobs.trainer_catalog import TINY, Catalog
from fttui.server.settings import Trainer
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.records import JobRecord

CPU = "CPU"
"""Beginning of the device that a trainer reports when it uses no accelerator."""


class Accelerator:
    """Accelerator of this machine. One device is assumed: trainers do not report which of several they use."""

    def __init__(self, database: ServiceDatabase, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog

    def occupant(self, trainer: Trainer) -> str | None:
        """Return the job that trains on the accelerator of this trainer's sampler, in words; None for none."""
        if _is_tiny(trainer):
            return None
        for job in self._database.jobs.unfinished():
            if job.status == "running" and job.root is None and self._uses_accelerator(job):
                return f"{job.suffix} ({job.id})" if job.suffix else job.id
        return None

    def _uses_accelerator(self, job: JobRecord) -> bool:
        """Return False for a job on the CPU. A trainer that has not reported its device yet may take any."""
        trainer = self._catalog.trainer_of(job)
        if trainer is not None and _is_tiny(trainer):
            return False
        device = (job.environment or {}).get("device", "")
        return not str(device).startswith(CPU)


def _is_tiny(trainer: Trainer) -> bool:
    return trainer.command == TINY.command
