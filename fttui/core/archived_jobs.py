"""Jobs of an archive as a comparison needs them, without loading the whole archive as a store does."""

from fttui.clock import Clock
from fttui.core.reader import NotArchived
from fttui.learning.alarms import Report
from fttui.learning.run import Run
from fttui.models.file import File
from fttui.models.job import Job
from fttui.models.raw_json import decode
from fttui.models.row import JobRow
from fttui.store.archive.archive import Archive
from fttui.store.job_alarms import JobAlarms
from fttui.store.job_details import JobDetails
from fttui.store.runs import Runs


class ArchivedJobs:
    """A `JobSource` over an archive."""

    def __init__(self, archive: Archive, clock: Clock, *, are_read: bool) -> None:
        """
        Args:
            are_read: the logs of the jobs were read just now.
        """
        self._archive = archive
        self._read_at = clock.now() if are_read else None
        self._details = JobDetails(archive)
        self._runs = Runs(archive, self._details)
        self._alarms = JobAlarms(archive, clock, self._details, self._runs)

    def row(self, id: str) -> JobRow:
        """Return the row of a job.

        Raises:
            NotArchived: the archive does not have the job.
        """
        row = self._archive.jobs.row(id)
        if row is None:
            raise NotArchived(id)
        return row

    def job(self, id: str) -> Job | None:
        return self._details.job(id)

    def run(self, id: str) -> Run:
        return self._runs.run(id)

    def alarms(self, id: str) -> Report:
        return self._alarms.report(self.row(id), log_read_at=self._read_at)

    def file(self, id: str) -> File | None:
        text = self._archive.files.get(id)
        return None if text is None else File.read(decode(text))

    def file_digest(self, file: str) -> str:
        return self._archive.files.digest(file)
