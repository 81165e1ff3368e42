"""Runner: moves jobs from status to status, in a thread of the service.

The runner is a loop. Each look (`tick`) reads the unfinished jobs from the database and does the work that is due:
validate data, start and watch trainers, clean up. The state of jobs is in the database and in their directories only,
so a new service continues where a killed one stopped.
"""

import logging
import threading
from collections.abc import Callable, Sequence

from fttui.clock import Clock
from fttui.learning.estimates import estimate_words
from fttui.models.auto_hyperparameters import resolve
from fttui.server.jobs.check_queue import CheckQueue
from fttui.server.jobs.model_sums import ModelSums
from fttui.server.jobs.outcomes import Outcomes
from fttui.server.jobs.prune import Pruned, prunable, prune
from fttui.server.jobs.queue_watch import QueueWatch
from fttui.server.jobs.room import DiskRoom
from fttui.server.jobs.supervisor import TrainerSupervisor
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.jobs.trainer_questions import Refused
from fttui.server.jobs.training_data import BadData
from fttui.server.launchers.base import EngineUnreachable
from fttui.server.launchers.registry import Launchers
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.deletions import delete_job
from fttui.server.storage.disk_space import DiskSpace, is_disk_full
from fttui.server.storage.event_table import STARTED
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import FINAL, JobRecord
from fttui.server.storage.reports import Message

BUSY_INTERVAL = 0.15
"""Seconds between looks while a job needs attention."""
IDLE_INTERVAL = 5.0
"""Seconds between looks while no job does. A request that changes something, or an answer of an engine, wakes it."""
MOST_SUBMISSIONS = 20
"""Jobs that are submitted to an engine in `IDLE_INTERVAL`, to spare it. No other job is looked at meanwhile."""
MOST_PASSED = 20
"""Jobs at the head of the queue that are passed by those behind them in one look, because they cannot start yet."""

log = logging.getLogger("fttui.server")


class Runner:
    """Runs the jobs of one service. Its methods may be called from any thread."""

    def __init__(
        self,
        database: ServiceDatabase,
        paths: HomePaths,
        disk: DiskSpace,
        catalog: Catalog,
        clock: Clock,
        launchers: Launchers,
    ) -> None:
        self._database = database
        self._paths = paths
        self._disk = disk
        self._catalog = catalog
        self._clock = clock
        self._outcomes = Outcomes(database, paths, disk, catalog, clock)
        self._room = DiskRoom(database, paths, disk, catalog, clock)
        self._sums = ModelSums(self.wake)
        self._supervisor = TrainerSupervisor(
            database, paths, catalog, clock, self._outcomes, self._room, self._sums, launchers
        )
        self._checks = CheckQueue(database.models, paths, self._supervisor.check, self.wake)
        self._queue = QueueWatch(database, catalog, clock)
        self._launchers = launchers
        launchers.on_answer(self.wake)
        self._not_before: dict[str, float] = {}
        """Times before which an engine gets no job, by the root of its jobs."""
        self._last_errors: dict[str, str] = {}
        """Last error of each job that could not be processed, to log each error once."""
        self._lock = threading.RLock()
        self._awake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    # Life

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="runner", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at the jobs at once."""
        self._awake.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._awake.clear()
            try:
                busy = self.tick()
            except Exception:
                log.exception("the runner failed; trying again in %.0f s", IDLE_INTERVAL)
                busy = False
            self._awake.wait(BUSY_INTERVAL if busy else IDLE_INTERVAL)

    def close(self, *, save: bool) -> None:
        """Stop the thread.

        Args:
            save: stop the trainers too, which save their state; otherwise they keep running.
        """
        self._closed.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join()
        self._checks.close()
        self._sums.close()
        if save:
            self._supervisor.stop_all(self._database.jobs.unfinished())

    # Looks

    def tick(self) -> bool:
        """Do the work that is due for every job. Return whether a job needs another look soon."""
        with self._lock:
            self._supervisor.reap()
            jobs = self._database.jobs.attended()
            if self._supervisor.have_engines_answered(self._database.jobs.one_of_each_engine()):
                jobs += self._database.jobs.at_engines()
            for job in jobs:
                self._process(self._look, job)
            for root in self._database.jobs.queued_roots():
                if root is None:
                    self._start_here()
                else:
                    self._submit(root)
            self._queue.check()
            return None in self._database.jobs.queued_roots() or any(
                map(self._needs_attention, self._database.jobs.attended())
            )

    def _needs_attention(self, job: JobRecord) -> bool:
        """Return whether a job needs another look before its engine answers."""
        if job.engine is not None and job.status != "validating_files":
            return False
        return job.status != "paused" or self._supervisor.trainer(job).is_alive()

    def _start_here(self) -> None:
        """Start jobs in the queue for this machine, as many as may train at the same time."""
        running = self._database.jobs.count_running()
        most = self._catalog.settings.max_running
        if running < most:
            for job in self._database.jobs.next_queued(None, most - running + MOST_PASSED):
                if running < most:
                    running += self._process(self._begin, job)

    def _submit(self, root: str) -> None:
        """Submit jobs in the queue for an engine, as many as it may have, and not too many in one look."""
        if not self._may_submit(root):
            return
        some = self._database.jobs.next_queued(root, MOST_SUBMISSIONS)
        submitted = self._database.jobs.count_submitted(root)
        are_held = len(some) == MOST_SUBMISSIONS
        for job in some:
            engine = self._launchers.engine(job)
            if engine is None or submitted >= engine.max_submitted or not self._may_submit(root):
                break
            was_taken = self._process(self._give, job)
            submitted += was_taken
            are_held |= not was_taken
        if are_held:
            self._hold(root)

    def _may_submit(self, root: str) -> bool:
        """Return whether an engine gets jobs again, after it got many or did not take one."""
        return self._clock.monotonic() >= self._not_before.get(root, float("-inf"))

    def _hold(self, root: str | None) -> None:
        """Give an engine no more jobs for a while."""
        if root is not None:
            self._not_before[root] = self._clock.monotonic() + IDLE_INTERVAL

    def _give(self, job: JobRecord) -> bool:
        """Give a job to its engine. Return False when the engine does not take it now; it may take the next one."""
        if not self._room.has_room(job):
            self._room.wait(job)
            return False
        try:
            return self._supervisor.submit(job)
        except EngineUnreachable:
            self._hold(job.root)
            return False

    def _process(self, work: Callable[[JobRecord], bool], job: JobRecord) -> bool:
        """Do some work for a job. An error is logged and does not affect the other jobs."""
        try:
            done = work(job)
        except Exception as error:
            if isinstance(error, OSError) and (self._disk.is_full() or is_disk_full(error)):
                self._pause_on_full_disk(job.id)
            if self._last_errors.get(job.id) != repr(error):
                self._last_errors[job.id] = repr(error)
                log.exception("job %s could not be processed; trying again", job.id)
            return False
        if done:
            self._last_errors.pop(job.id, None)
        return done

    def _pause_on_full_disk(self, id: str) -> None:
        """Pause a running job whose changes could not be stored. If that cannot be stored either, nothing changes.

        A living trainer is left alone, unless its own output fills the disk: its reports are in its directory, and what
        it has not saved would be lost.
        """
        job = self._database.jobs.get(id)
        if job is None or job.status != "running":
            return
        if self._supervisor.trainer(job).is_alive():
            self._supervisor.stop_flood(job)
            return
        try:
            self._room.wait(job)
        except OSError as error:
            log.warning("job %s waits for room on the disk: %s", id, error)

    def _look(self, job: JobRecord) -> bool:
        """Do the work that is due for a job. Return whether there was any."""
        is_due = job.status == "validating_files" or self._supervisor.is_due(job)
        if is_due:
            self._advance(job)
        return is_due

    def _advance(self, job: JobRecord) -> None:
        match job.status:
            case "validating_files":
                self._validate(job)
            case "running" | "queued":
                self._supervisor.watch(job)
            case "paused":
                self._supervisor.settle_paused(job)
            case status if status in FINAL:
                self._checks.drop(job.id)
                self._supervisor.clean_up(job)

    def _validate(self, job: JobRecord) -> None:
        """Move a job from `validating_files` to `queued` once its data and its settings are checked."""
        try:
            checked = self._checks.result(job)
        except (BadData, Refused) as error:
            self._outcomes.fail(job, error.code, str(error), error.param)
            return
        except FileNotFoundError:
            self._outcomes.fail_deleted_file(job)
            return
        except OSError as error:
            self._outcomes.fail(job, "unreadable_file", f"A file could not be read: {error.strerror or error}.")
            return
        if checked is None:
            return
        resolved = resolve(job.hyperparameters, checked.examples)
        words = estimate_words(checked.trainer.estimate)
        messages = [Message(f"Checked by the trainer: {words}")] if words else []
        messages += [Message(text, "warn") for text in checked.trainer.warnings]
        messages.append(Message("Files validated, moving job to queued state"))
        estimate = checked.trainer.estimate or None
        self._database.jobs.move(job, "queued", messages, self._now(), hyperparameters=resolved, estimate=estimate)

    def _begin(self, job: JobRecord) -> bool:
        """Move a job from `queued` to `running`. Return whether it runs now."""
        if self._supervisor.trainer(job).is_alive():
            self._supervisor.stop(job)  # resumed so soon that its last trainer is still saving
            return False
        if not self._room.has_room(job):
            self._room.wait(job)
            return False
        if not self._database.jobs.move(job, "running", [Message(STARTED)], self._now()):
            return False
        if job.stop is None:
            self._supervisor.launch(job)
        return True

    def _now(self) -> int:
        return int(self._clock.now())

    # Requests of clients

    def cancel(self, id: str) -> bool:
        """Cancel a job. Its trainer is stopped soon after. Return False when the job has ended already."""
        with self._lock:
            job = self._current(id)
            if job is None or job.status in FINAL:
                return False
            done = self._outcomes.cancel(job)
            self._supervisor.cancel(job)
        self.wake()
        return done

    def delete(self, id: str) -> str:
        """Delete an ended job with its directory. Return the reason when that is impossible, else an empty string."""
        with self._lock:
            job = self._current(id)
            if job is None:
                return "it does not exist any more"
            if job.status not in FINAL:
                return f'it has status "{job.status}". Cancel it first'
            self._checks.drop(id)
            if reason := self._supervisor.kill(job):
                return reason
            self._last_errors.pop(id, None)
            return "" if delete_job(self._database, self._paths, job) else "its status has changed. Try again"

    def prune(self, ids: Sequence[str] | None, *, dry_run: bool) -> list[Pruned]:
        """Remove what only resuming needs from the checkpoints of ended jobs; None for all of them.

        Args:
            dry_run: remove nothing.
        """
        if ids is None:
            with self._lock:
                ids = self._database.jobs.ended()
        return [self._prune(id, dry_run=dry_run) for id in dict.fromkeys(ids)]

    def _prune(self, id: str, *, dry_run: bool) -> Pruned:
        with self._lock:
            job = self._database.jobs.get(id)
            if job is None:
                return Pruned(id, [], "it does not exist")
            if job.status not in FINAL:
                return Pruned(id, [], f'it has status "{job.status}", and only ended jobs are pruned')
            if not job.tidied:
                return Pruned(id, [], self._supervisor.why_untidied(job))
            found = prunable(self._database, self._paths, job)
            if not dry_run:
                prune(self._paths.job(id, job.root), found)
            return Pruned(id, found)

    def pause(self, id: str) -> bool:
        """Pause a running job. Its trainer saves its state and stops. Return False when the job is not running."""
        with self._lock:
            job = self._current(id)
            if job is None or job.status != "running":
                return False
            message = Message("Fine-tuning job paused")
            done = self._database.jobs.move(job, "paused", [message], self._now(), estimated_finish=None)
            self._supervisor.terminate(job)
        self.wake()
        return done

    def resume(self, id: str) -> bool:
        """Put a paused job at the end of the queue. Return False when the job is not paused."""
        with self._lock:
            job = self._database.jobs.get(id)
            if job is None or job.status != "paused":
                return False
            self._room.forget(id)
            message = Message("Fine-tuning job resumed, moving job to queued state")
            done = self._database.jobs.move(job, "queued", [message], self._now(), error=None, failure=None, life=None)
        self.wake()
        return done

    def _current(self, id: str) -> JobRecord | None:
        """Return a job, with the newest reports of its trainer stored."""
        job = self._database.jobs.get(id)
        if job is not None and job.status == "running":
            job = self._supervisor.read_progress(job, whole=False)
        return job
