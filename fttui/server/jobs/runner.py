"""Takes jobs from one state to the next: checks their data, and sees to their trainers (trainings.py).

The runner is a loop that looks at the database and at the jobs' directories and does what is due. It
remembers nothing that matters, so one that is killed is replaced by one that looks again. `tick` is one look.
"""

import logging
import signal
import threading
from collections.abc import Callable

from fttui.clock import Clock
from fttui.models.auto_hyperparameters import resolve
from fttui.server.jobs.check_queue import CheckQueue
from fttui.server.jobs.outcomes import Endings
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.jobs.training import Trainings
from fttui.server.jobs.training_data import BadData
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.paths import HomePaths, is_no_room
from fttui.server.storage.records import FINAL, JobRecord
from fttui.server.storage.reports import Message

TICK = 0.15
"""Seconds between looks while something goes on."""
REST = 5.0
"""Seconds between looks while nothing does; whoever changes something wakes the runner."""

log = logging.getLogger("fttui.server")


class Runner:
    """Looks after the jobs of one service. Its methods may be called from any thread."""

    def __init__(
        self,
        database: ServiceDatabase,
        paths: HomePaths,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._paths = paths
        self._catalog = catalog
        self._clock = clock
        self._endings = Endings(database, paths, catalog, clock)
        self._trainings = Trainings(database, paths, catalog, clock, self._endings)
        self._lock = threading.RLock()
        self._awake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        # What follows only spares work or times a kill; all of it can be lost.
        self._checks = CheckQueue(paths, self.wake)
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
            self._trainings.save_all(self._database.jobs.unfinished())

    def tick(self) -> bool:
        """Do for every job what is due now. Returns whether anything is going on that needs another look soon."""
        with self._lock:
            self._trainings.reap()
            for job in self._database.jobs.unfinished():
                self._attend(self._advance, job)
            running = sum(job.status == "running" for job in self._database.jobs.unfinished())
            most = self._catalog.settings.max_running
            for job in self._database.jobs.unfinished():
                if job.status == "queued" and running < most:
                    running += self._attend(self._begin, job)
            return any(
                job.status != "paused" or self._trainings.directory(job).is_held()
                for job in self._database.jobs.unfinished()
            )

    def _attend(self, work: Callable[[JobRecord], bool], job: JobRecord) -> bool:
        """Do one job's work; what goes wrong with it must not keep the others waiting."""
        try:
            done = work(job)
        except Exception as error:
            if isinstance(error, OSError) and (self._paths.is_full() or is_no_room(error)):
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
        directory = self._trainings.directory(job)
        if directory.is_held():
            directory.signal(signal.SIGKILL)
            return
        self._paths.give_reserve()
        try:
            self._endings.fail(job, "disk_full", "The disk is full. Make room, and start the job again.")
        except OSError:
            directory.tidy(self._database.models.paths(job))  # the last room to be had: the job cannot go on anyway

    def _advance(self, job: JobRecord) -> bool:
        match job.status:
            case "validating_files":
                self._validate(job)
            case "running":
                self._trainings.watch(job)
            case "paused":
                self._trainings.settle(job)
            case status if status in FINAL:
                self._checks.drop(job.id)
                self._trainings.clear_up(job)
        return True

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
            self._trainings.ask_to_end(job)
        self.wake()
        return done

    def pause(self, id: str) -> bool:
        """Stop a running job's trainer, which saves first. Returns False when the job is not running."""
        with self._lock:
            job = self._fresh(id)
            if job is None or job.status != "running":
                return False
            done = self._database.jobs.move(
                job, "paused", [Message("Fine-tuning job paused")], self._now(), estimated_finish=None
            )
            self._trainings.ask_to_end(job)
        self.wake()
        return done

    def resume(self, id: str) -> bool:
        """Put a paused job at the end of the queue. Returns False when it is not paused."""
        with self._lock:
            job = self._database.jobs.get(id)
            if job is None or job.status != "paused":
                return False
            done = self._database.jobs.move(
                job, "queued", [Message("Fine-tuning job resumed, moving job to queued state")], self._now()
            )
        self.wake()
        return done

    def _fresh(self, id: str) -> JobRecord | None:
        """The job, with everything that its trainer has told so far."""
        job = self._database.jobs.get(id)
        if job is not None and job.status == "running":
            job = self._trainings.catch_up(job, whole=False)
        return job

    # validating_files → queued

    def _validate(self, job: JobRecord) -> None:
        try:
            count = self._checks.examples(job)
        except BadData as error:
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
        note = Message("Files validated, moving job to queued state")
        self._database.jobs.move(job, "queued", [note], self._now(), hyperparameters=resolved)

    # queued → running

    def _begin(self, job: JobRecord) -> bool:
        """Start a queued job. Returns whether it runs now."""
        if self._trainings.directory(job).is_held():
            self._trainings.press(job)  # paused a moment ago: its trainer is still saving
            return False
        if not self._database.jobs.move(job, "running", [Message("Fine-tuning job started")], self._now()):
            return False
        self._trainings.launch(job)
        return True
