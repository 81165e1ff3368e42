"""Kinds of alarms that the clock raises, for all jobs of a profile at once.

Only few jobs can have one: live jobs, jobs whose training file the provider deletes soon, and jobs of a base model that
it shuts down. The others are not looked at, and nothing is requested.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from fttui.learning.clock_rules import file_expiring, model_retiring, queued_long
from fttui.learning.finding import Finding, JobState
from fttui.learning.kinds import Kind
from fttui.models.file import File, Model
from fttui.models.job import training_file_of
from fttui.models.raw_json import decode
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.store.archive.archive import Archive
from fttui.store.event_logs import LogRead
from fttui.store.job_alarms import EARLIER_JOBS


class ClockFacts(NamedTuple):
    """Facts that decide about the alarms of all jobs at one moment."""

    now: float = 0.0
    waits: tuple[float, ...] = ()
    """Seconds that the newest jobs waited in the queue."""
    files: frozenset[str] = frozenset()
    """Files that the provider deletes soon."""
    models: frozenset[str] = frozenset()
    """Base models that the provider shuts down soon, or has shut down."""

    @classmethod
    def read(cls, archive: Archive, now: float) -> "ClockFacts":
        """Read the facts of a profile from its archive."""
        files = map(File.read, map(decode, archive.files.expiring()))
        models = map(Model.read, map(decode, archive.files.retiring()))
        return cls(
            now,
            tuple(archive.jobs.waits("", EARLIER_JOBS)),
            frozenset(
                file.id
                for file in files
                if isinstance(file_expiring(JobState(now=now, file_expires_at=file.expires_at)), Finding)
            ),
            frozenset(
                model.id
                for model in models
                if isinstance(model_retiring(JobState(now=now, model_shuts_down_at=model.shuts_down_at)), Finding)
            ),
        )

    def waits_long(self, row: JobRow) -> bool:
        """Tell whether a job waits much longer in the queue than others did."""
        if row.status is not Status.QUEUED:
            return False
        state = JobState(status=row.status, now=self.now, created_at=row.created_at, waits=self.waits)
        return isinstance(queued_long(state), Finding)

    def added_to(self, row: JobRow, raw: Any) -> JobRow:
        """Return a row with the kinds that the clock raises, apart from `stalled`, which needs the log of the job.

        Args:
            raw: JSON of the job.
        """
        has = (
            (Kind.QUEUED_LONG, self.waits_long(row)),
            (Kind.FILE_EXPIRING, bool(self.files) and training_file_of(raw) in self.files),
            (Kind.MODEL_RETIRING, row.model in self.models),
        )
        return row.with_alarms(",".join(kind.value for kind, is_raised in has if is_raised))


class ClockAlarms:
    """Checks of all jobs of a profile by the clock."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._files: frozenset[str] = frozenset()
        self._on_files: list[str] = []
        self._newest_job = 0

    def read(self, now: float) -> ClockFacts:
        """Read the facts, and the jobs of files that are deleted soon. Reads much JSON, so call it in a thread."""
        facts = ClockFacts.read(self._archive, now)
        if facts.files != self._files:
            self._files, self._on_files, self._newest_job = facts.files, [], 0
        if facts.files:
            # A job keeps its training file, so only new jobs are searched again.
            more, self._newest_job = self._archive.jobs.trained_on(facts.files, self._newest_job)
            self._on_files = [*self._on_files, *more]
        return facts

    def kinds(
        self, facts: ClockFacts, rows: Mapping[str, JobRow], live: Iterable[str], logs: Mapping[str, LogRead]
    ) -> dict[str, str]:
        """Return the kinds of the jobs that have any, with commas between, by job.

        Args:
            facts: the newest ones.
            rows: all jobs.
            live: jobs that have not ended.
            logs: logs that were read. Without one, a job is not stalled.
        """
        found: dict[str, list[str]] = {}
        present = [rows[id] for id in live]
        running = (row.id for row in present if row.status is Status.RUNNING)
        for kind, ids in (
            (Kind.STALLED, [id for id in running if id in logs and logs[id].is_silent]),
            (Kind.QUEUED_LONG, [row.id for row in present if facts.waits_long(row)]),
            (Kind.FILE_EXPIRING, self._on_files),
            (Kind.MODEL_RETIRING, _with_models(rows, facts.models)),
        ):
            for id in ids:
                found.setdefault(id, []).append(kind.value)
        return {id: ",".join(kinds) for id, kinds in found.items() if id in rows}

    def added_to(self, rows: list[JobRow], now: float) -> list[JobRow]:
        """Return rows with these kinds, apart from `stalled`, which needs the logs."""
        live = [row.id for row in rows if row.status.is_live and not row.gone]
        found = self.kinds(self.read(now), {row.id: row for row in rows}, live, {})
        return [row.with_alarms(found.get(row.id, "")) for row in rows] if found else rows


def _with_models(rows: Mapping[str, JobRow], models: Collection[str]) -> list[str]:
    return [row.id for row in rows.values() if row.model in models] if models else []
