"""The trainers of jobs: started, heard, judged by what they say and do, and ended.

What is remembered here only spares work or times a kill; all of it can be lost.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Iterable
from typing import Any

from fttui.clock import Clock
from fttui.server.jobs.eta import Pace
from fttui.server.jobs.job_dir import JobDirectory
from fttui.server.jobs.outcomes import Endings
from fttui.server.jobs.progress import facts_of, unreadable
from fttui.server.jobs.restarts import Restarts
from fttui.server.jobs.trainer_catalog import HANG_AFTER, LARGEST_LOG, Catalog
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.paths import HomePaths, remove
from fttui.server.storage.records import JobRecord
from fttui.server.storage.reports import Message

MERCY = 1.0
"""Seconds between SIGTERM and SIGKILL for a trainer whose job was cancelled."""
PATIENCE = 10.0
"""The same where the trainer is to save its state."""
START_MODEL = "start-model"
"""What the model to go on from is called in a job's directory."""
EX_IOERR = 74
"""The exit code of a trainer that could not write (sysexits.h): the disk was full, perhaps."""
MOST_GARBAGE = 10
"""Lines of progress that cannot be read and are passed over; a trainer that writes more is ended."""
MOST_READS = 8
"""Reads of one living trainer's progress in one look, so that one that floods it does not keep the others waiting."""


class Trainings:
    """The trainers of one service. Its methods are called by one thread at a time."""

    def __init__(
        self, database: ServiceDatabase, paths: HomePaths, catalog: Catalog, clock: Clock, endings: Endings
    ) -> None:
        self._database = database
        self._paths = paths
        self._catalog = catalog
        self._clock = clock
        self._endings = endings
        self._pace = Pace(clock)
        self._restarts = Restarts(clock)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._asked_to_end: dict[str, float] = {}

    def directory(self, job: JobRecord) -> JobDirectory:
        """Where the job's trainer works."""
        return JobDirectory(self._paths.job(job.id))

    def reap(self) -> None:
        """Let go of trainers that have ended."""
        self._children = {id: child for id, child in self._children.items() if child.poll() is None}

    def launch(self, job: JobRecord) -> None:
        """Start the trainer of a running job, for the first time or again."""
        directory = self.directory(job)
        trainer = self._catalog.trainer(job.base)
        if trainer is None or job.method not in trainer.methods:
            how = "" if trainer is None else f" with the method {job.method}"
            self._endings.fail(
                job, "model_not_available", f"No trainer here can train {job.base}{how} any more.", "model"
            )
            return
        inputs = {"training.jsonl": self._paths.file(job.training_file)}
        if job.validation_file:
            inputs["validation.jsonl"] = self._paths.file(job.validation_file)
        if job.model != job.base:
            model = self._database.models.get(job.model)
            if model is None and not directory.holds(START_MODEL):
                self._endings.fail(job, "model_not_available", f"The model {job.model} was deleted meanwhile.", "model")
                return
            inputs[START_MODEL] = self._paths.model(model) if model else ""
        self._asked_to_end.pop(job.id, None)
        self._pace.forget(job.id)
        directory.end_strays()
        try:
            directory.prepare(_order(job), inputs)
            child = directory.start(trainer.command)
        except FileNotFoundError:
            self._endings.fail_deleted(job)
        except OSError as error:
            self._endings.fail(
                job, "trainer_not_started", f"The trainer could not be started: {error.strerror or error}."
            )
        else:
            if child is not None:
                self._children[job.id] = child

    def catch_up(self, job: JobRecord, *, whole: bool) -> JobRecord:
        """The job with what its trainer has told since; all of it if `whole`, else what one look may cost."""
        reads = 0
        while (whole or reads < MOST_READS) and self._ingest(job):
            job = self._database.jobs.get(job.id) or job
            reads += 1
        return job

    def _ingest(self, job: JobRecord) -> bool:
        """Make events of what the trainer has told since. Returns whether there was anything, so maybe more."""
        directory = self.directory(job)
        lines, offset = directory.read(job.offset)
        if offset == job.offset:
            return False
        facts = facts_of(lines, directory.holds)
        if facts:
            self._pace.heard(job.id)
        finish = self._pace.finish(job, facts)
        for path in self._database.jobs.store_reports(
            job, facts, offset, finish, int(self._clock.now()), unreadable(lines)
        ):
            remove(os.path.join(directory.path, path))
        return True

    def watch(self, job: JobRecord) -> None:
        """See how a running job's trainer does: take in what it says, end the job with it, or start it again."""
        directory = self.directory(job)
        alive = directory.is_held()  # before reading: what a trainer says last must not be missed
        job = self.catch_up(job, whole=not alive)
        if alive:
            self._watch_living(job, directory)
            return
        code = directory.exit_code()
        if job.result is not None:
            self._endings.succeed(job, job.result)
        elif job.failure is not None:
            self._endings.fail(job, **job.failure)
        elif job.garbage > MOST_GARBAGE:
            self._endings.blame(job, f"wrote {job.garbage} lines of progress that cannot be read")
        elif code == EX_IOERR:
            self._endings.blame(job, "could not write to its disk")
        elif code == 0:
            self._endings.blame(job, "ended without a result")
        elif code is not None and code < 128:
            self._endings.blame(job, f"ended with exit code {code}")
        elif self._restarts.are_in_vain(job):
            self._endings.blame(job, f"was killed {job.restarts + 1} times without a step forward")
        elif self._restarts.is_due(job):
            again = f"The trainer was interrupted after step {job.step} and goes on from its last saved state"
            self._database.jobs.count_restart(job, Message(again, "warn"), int(self._clock.now()))
            self.launch(job)

    def _watch_living(self, job: JobRecord, directory: JobDirectory) -> None:
        """End a trainer that is out of its mind, or of which only remains are left."""
        trainer = self._catalog.trainer(job.base)
        hang_after, largest_log = (trainer.hang_after, trainer.largest_log) if trainer else (HANG_AFTER, LARGEST_LOG)
        silence = self._pace.silence(job.id)
        said_its_last = job.result is not None or job.failure is not None
        if directory.exit_code() is not None or (said_its_last and silence > PATIENCE):
            self.press(job, MERCY)
        elif job.garbage > MOST_GARBAGE:
            self._endings.blame(job, f"wrote {job.garbage} lines of progress that cannot be read, and was ended")
        elif directory.is_flooded(largest_log):
            directory.signal(signal.SIGKILL)
            self._endings.blame(job, "filled its log and was ended")
        elif silence > hang_after:
            self._endings.blame(job, f"made no progress for {hang_after:.0f} seconds and was ended")

    def settle(self, job: JobRecord) -> None:
        """See to it that a paused job's trainer goes, and take in what it still says."""
        alive = self.directory(job).is_held()
        job = self.catch_up(job, whole=not alive)
        if alive:
            self.press(job)
        elif self._asked_to_end.pop(job.id, None) is not None:
            self.directory(job).end_strays()

    def clear_up(self, job: JobRecord) -> None:
        """See to it that an ended job's trainer goes, and then its data."""
        directory = self.directory(job)
        if directory.is_held():
            self.press(job, MERCY)
            return
        directory.end_strays()
        directory.tidy(self._database.models.paths(job))
        self._database.jobs.finish_cleanup(job)
        self._asked_to_end.pop(job.id, None)
        self._pace.forget(job.id)
        self._restarts.forget(job.id)

    def ask_to_end(self, job: JobRecord) -> None:
        """Tell a job's trainer to save and stop."""
        if self.directory(job).signal(signal.SIGTERM):
            self._asked_to_end[job.id] = self._clock.monotonic()

    def press(self, job: JobRecord, patience: float | None = None) -> None:
        """Ask a trainer to end, and end it when it does not; in `PATIENCE` seconds unless told otherwise."""
        patience = PATIENCE if patience is None else patience
        if job.id not in self._asked_to_end:
            self.ask_to_end(job)
        elif self._clock.monotonic() - self._asked_to_end[job.id] > patience:
            self.directory(job).signal(signal.SIGKILL)

    def save_all(self, jobs: Iterable[JobRecord]) -> None:
        """Let all trainers save and stop, and end those that do not."""
        every = [self.directory(job) for job in jobs]
        running = [directory for directory in every if directory.is_held()]
        unasked = running
        deadline = self._clock.monotonic() + PATIENCE
        waiting = threading.Event()
        while (running := [directory for directory in running if directory.is_held()]) != []:
            self.reap()
            unasked = [directory for directory in unasked if not directory.signal(signal.SIGTERM)]
            if self._clock.monotonic() > deadline:
                for directory in running:
                    directory.signal(signal.SIGKILL)
            waiting.wait(0.02)
        self.reap()
        for directory in every:
            directory.end_strays()


def _order(job: JobRecord) -> dict[str, Any]:
    """What a trainer is asked to do: the content of its `job.json`."""
    return {
        "protocol": 1,
        "id": job.id,
        "model": {"id": job.model, "base": job.base, "path": START_MODEL if job.model != job.base else None},
        "method": job.method,
        "hyperparameters": job.hyperparameters,
        "seed": job.seed,
        "suffix": job.suffix,
        "training_file": "training.jsonl",
        "validation_file": "validation.jsonl" if job.validation_file else None,
    }
