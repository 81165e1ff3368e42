"""Takes jobs from one state to the next: checks their data, starts their trainers, and tells what these tell.

The runner is a loop that looks at the database and at the jobs' directories and does what is due. It
remembers nothing that matters, so one that is killed is replaced by one that looks again. `tick` is one look.
"""

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from fttui.clock import Clock
from fttui.models.automatic import resolve
from fttui.server import datacheck
from fttui.server.catalog import HANG_AFTER, LARGEST_LOG, Catalog
from fttui.server.checks import Checks
from fttui.server.db import Db, Note
from fttui.server.endings import Endings
from fttui.server.jobdir import JobDirectory
from fttui.server.pace import Pace
from fttui.server.places import Places, is_no_room, remove
from fttui.server.progress import facts_of, unreadable
from fttui.server.records import FINAL, JobRecord
from fttui.server.restarts import Restarts

TICK = 0.15
"""Seconds between looks while something goes on."""
REST = 5.0
"""Seconds between looks while nothing does; whoever changes something wakes the runner."""
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

log = logging.getLogger("fttui.server")


class Runner:
    """Looks after the jobs of one service. Its methods may be called from any thread."""

    def __init__(
        self,
        db: Db,
        places: Places,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._db = db
        self._places = places
        self._catalog = catalog
        self._clock = clock
        self._endings = Endings(db, places, catalog, clock)
        self._lock = threading.RLock()
        self._awake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        # What follows only spares work or times a kill; all of it can be lost.
        self._checks = Checks(places, self.wake)
        self._pace = Pace(clock)
        self._restarts = Restarts(clock)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._asked_to_end: dict[str, float] = {}
        self._troubles: dict[str, str] = {}

    # Life

    def start(self) -> None:
        """Look after the jobs from now on, in a thread."""
        self._thread = threading.Thread(target=self._run, name="runner", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at once: something has changed."""
        self._awake.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._awake.clear()
            try:
                busy = self.tick()
            except Exception:
                log.exception("the runner could not do its work, and tries again")
                busy = False
            self._awake.wait(TICK if busy else REST)

    def close(self, *, save: bool) -> None:
        """Look after nothing any more. With `save`, trainers save and stop first; without, they go on."""
        self._closed.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join()
        self._checks.close()
        if save:
            self._save_all()

    def _save_all(self) -> None:
        every = [self._directory(job) for job in self._db.untidied()]
        running = [directory for directory in every if directory.is_held()]
        unasked = running
        deadline = self._clock.monotonic() + PATIENCE
        waiting = threading.Event()
        while (running := [directory for directory in running if directory.is_held()]) != []:
            self._reap()
            unasked = [directory for directory in unasked if not directory.signal(signal.SIGTERM)]
            if self._clock.monotonic() > deadline:
                for directory in running:
                    directory.signal(signal.SIGKILL)
            waiting.wait(0.02)
        self._reap()
        for directory in every:
            directory.end_strays()

    def tick(self) -> bool:
        """Do for every job what is due now. Returns whether anything is going on that needs another look soon."""
        with self._lock:
            self._reap()
            for job in self._db.untidied():
                self._attend(self._advance, job)
            running = sum(job.status == "running" for job in self._db.untidied())
            most = self._catalog.settings.max_running
            for job in self._db.untidied():
                if job.status == "queued" and running < most:
                    running += self._attend(self._begin, job)
            return any(job.status != "paused" or self._directory(job).is_held() for job in self._db.untidied())

    def _attend(self, work: Callable[[JobRecord], bool], job: JobRecord) -> bool:
        """Do one job's work; what goes wrong with it must not keep the others waiting."""
        try:
            done = work(job)
        except Exception as error:
            if isinstance(error, OSError) and (self._places.is_full() or is_no_room(error)):
                self._give_up(job)
            # Said once, not seven times a second while a disk is full.
            if self._troubles.get(job.id) != repr(error):
                self._troubles[job.id] = repr(error)
                log.exception("job %s could not be looked after, and will be again", job.id)
            return False
        self._troubles.pop(job.id, None)
        return done

    def _give_up(self, job: JobRecord) -> None:
        """The disk is full, and what becomes of this job cannot be stored: end it, with the room that was kept back.

        Its trainer goes first, or it would take that room too.
        """
        directory = self._directory(job)
        if directory.is_held():
            directory.signal(signal.SIGKILL)
            return
        self._places.give_reserve()
        try:
            self._endings.fail(job, "disk_full", "The disk is full. Make room, and start the job again.")
        except OSError:
            directory.tidy(self._db.model_paths(job))  # the last room to be had: the job cannot go on anyway

    def _advance(self, job: JobRecord) -> bool:
        match job.status:
            case "validating_files":
                self._validate(job)
            case "running":
                self._watch(job)
            case "paused":
                self._settle(job)
            case status if status in FINAL:
                self._clear_up(job)
        return True

    def _reap(self) -> None:
        self._children = {id: child for id, child in self._children.items() if child.poll() is None}

    def _directory(self, job: JobRecord) -> JobDirectory:
        return JobDirectory(self._places.job(job.id))

    def _now(self) -> int:
        return int(self._clock.now())

    # What people ask for

    def cancel(self, id: str) -> bool:
        """End a job. Returns False when it was not in a state that can end; its trainer is gone soon after."""
        with self._lock:
            job = self._fresh(id)
            if job is None or job.status in FINAL:
                return False
            done = self._endings.cancel(job)
            self._ask_to_end(job)
        self.wake()
        return done

    def pause(self, id: str) -> bool:
        """Stop a running job's trainer, which saves first. Returns False when the job is not running."""
        with self._lock:
            job = self._fresh(id)
            if job is None or job.status != "running":
                return False
            done = self._db.move(job, "paused", [Note("Fine-tuning job paused")], self._now(), estimated_finish=None)
            self._ask_to_end(job)
        self.wake()
        return done

    def resume(self, id: str) -> bool:
        """Put a paused job at the end of the queue. Returns False when it is not paused."""
        with self._lock:
            job = self._db.job(id)
            if job is None or job.status != "paused":
                return False
            done = self._db.move(
                job, "queued", [Note("Fine-tuning job resumed, moving job to queued state")], self._now()
            )
        self.wake()
        return done

    def _fresh(self, id: str) -> JobRecord | None:
        """The job, with everything that its trainer has told so far."""
        job = self._db.job(id)
        if job is not None and job.status == "running":
            job = self._catch_up(job, whole=False)
        return job

    # validating_files → queued

    def _validate(self, job: JobRecord) -> None:
        try:
            count = self._checks.examples(job)
        except datacheck.BadData as error:
            self._endings.fail(job, error.code, str(error), error.param)
            return
        except FileNotFoundError:
            self._endings.fail_deleted(job)
            return
        except OSError as error:
            self._endings.fail(job, "unreadable_file", f"A file could not be read: {error.strerror or error}.")
            return
        if count is None:
            return
        resolved = resolve(job.hyperparameters, count)
        note = Note("Files validated, moving job to queued state")
        self._db.move(job, "queued", [note], self._now(), hyperparameters=resolved)

    # queued → running

    def _begin(self, job: JobRecord) -> bool:
        """Start a queued job. Returns whether it runs now."""
        if self._directory(job).is_held():
            self._press(job, PATIENCE)  # paused a moment ago: its trainer is still saving
            return False
        if not self._db.move(job, "running", [Note("Fine-tuning job started")], self._now()):
            return False
        self._launch(job)
        return True

    def _launch(self, job: JobRecord) -> None:
        """Start the trainer of a running job, for the first time or again."""
        directory = self._directory(job)
        trainer = self._catalog.trainer(job.base)
        if trainer is None or job.method not in trainer.methods:
            how = "" if trainer is None else f" with the method {job.method}"
            self._endings.fail(
                job, "model_not_available", f"No trainer here can train {job.base}{how} any more.", "model"
            )
            return
        inputs = {"training.jsonl": self._places.file(job.training_file)}
        if job.validation_file:
            inputs["validation.jsonl"] = self._places.file(job.validation_file)
        if job.model != job.base:
            model = self._db.model(job.model)
            if model is None and not directory.holds(START_MODEL):
                self._endings.fail(job, "model_not_available", f"The model {job.model} was deleted meanwhile.", "model")
                return
            inputs[START_MODEL] = self._places.model(model) if model else ""
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

    # running → succeeded | failed

    def _watch(self, job: JobRecord) -> None:
        directory = self._directory(job)
        alive = directory.is_held()  # before reading: what a trainer says last must not be missed
        job = self._catch_up(job, whole=not alive)
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
            self._db.restarted(job, Note(again, "warn"), self._now())
            self._launch(job)

    def _watch_living(self, job: JobRecord, directory: JobDirectory) -> None:
        """End a trainer that is out of its mind, or of which only remains are left."""
        trainer = self._catalog.trainer(job.base)
        hang_after, largest_log = (trainer.hang_after, trainer.largest_log) if trainer else (HANG_AFTER, LARGEST_LOG)
        silence = self._pace.silence(job.id)
        said_its_last = job.result is not None or job.failure is not None
        if directory.exit_code() is not None or (said_its_last and silence > PATIENCE):
            self._press(job, MERCY)
        elif job.garbage > MOST_GARBAGE:
            self._endings.blame(job, f"wrote {job.garbage} lines of progress that cannot be read, and was ended")
        elif directory.is_flooded(largest_log):
            directory.signal(signal.SIGKILL)
            self._endings.blame(job, "filled its log and was ended")
        elif silence > hang_after:
            self._endings.blame(job, f"made no progress for {hang_after:.0f} seconds and was ended")

    def _catch_up(self, job: JobRecord, *, whole: bool) -> JobRecord:
        """The job with what its trainer has told since; all of it if `whole`, else what one look may cost."""
        reads = 0
        while (whole or reads < MOST_READS) and self._ingest(job):
            job = self._db.job(job.id) or job
            reads += 1
        return job

    def _ingest(self, job: JobRecord) -> bool:
        """Make events of what the trainer has told since. Returns whether there was anything, so maybe more."""
        directory = self._directory(job)
        lines, offset = directory.read(job.offset)
        if offset == job.offset:
            return False
        facts = facts_of(lines, directory.holds)
        if facts:
            self._pace.heard(job.id)
        finish = self._pace.finish(job, facts)
        for path in self._db.ingest(job, facts, offset, finish, self._now(), unreadable(lines)):
            remove(os.path.join(directory.path, path))
        return True

    # paused, and the ends

    def _settle(self, job: JobRecord) -> None:
        """See to it that a paused job's trainer goes, and take in what it still says."""
        alive = self._directory(job).is_held()
        job = self._catch_up(job, whole=not alive)
        if alive:
            self._press(job, PATIENCE)
        elif self._asked_to_end.pop(job.id, None) is not None:
            self._directory(job).end_strays()

    def _clear_up(self, job: JobRecord) -> None:
        """See to it that an ended job's trainer goes, and then its data."""
        self._checks.forget(job.id)
        directory = self._directory(job)
        if directory.is_held():
            self._press(job, MERCY)
            return
        directory.end_strays()
        directory.tidy(self._db.model_paths(job))
        self._db.tidied(job)
        self._asked_to_end.pop(job.id, None)
        self._pace.forget(job.id)
        self._restarts.forget(job.id)

    def _ask_to_end(self, job: JobRecord) -> None:
        if self._directory(job).signal(signal.SIGTERM):
            self._asked_to_end[job.id] = self._clock.monotonic()

    def _press(self, job: JobRecord, patience: float) -> None:
        """Ask a trainer to end, and end it when it does not."""
        if job.id not in self._asked_to_end:
            self._ask_to_end(job)
        elif self._clock.monotonic() - self._asked_to_end[job.id] > patience:
            self._directory(job).signal(signal.SIGKILL)


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
