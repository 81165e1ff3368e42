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
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from fttui.clock import Clock
from fttui.server import datacheck, names, results
from fttui.server.catalog import Catalog
from fttui.server.db import Db, Fact, Metrics, Note
from fttui.server.defaults import resolve
from fttui.server.jobdir import JobDirectory
from fttui.server.places import Places, remove, write_durably
from fttui.server.progress import facts_of
from fttui.server.records import FINAL, FileRecord, JobRecord

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
MOST_RESTARTS = 3
"""A trainer that is killed this often, and the last time before it said anything, is not started again."""
MOST_RESTARTS_IN_PLACE = 20
"""The same for one that says something each time, and never gets a step further."""

log = logging.getLogger("fttui.server")


class Runner:
    """Looks after the jobs of one service. Its methods may be called from any thread."""

    def __init__(
        self,
        db: Db,
        places: Places,
        catalog: Catalog,
        clock: Clock,
        *,
        max_running: int = 1,
        plain_results: bool = False,
    ) -> None:
        self._db = db
        self._places = places
        self._catalog = catalog
        self._clock = clock
        self._max_running = max_running
        self._plain_results = plain_results
        self._lock = threading.RLock()
        self._awake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._checker = ThreadPoolExecutor(1, thread_name_prefix="data-check")
        # What follows only spares work or times a kill; all of it can be lost.
        self._checks: dict[str, Future[int]] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._asked_to_end: dict[str, float] = {}
        self._pace: dict[str, tuple[float, int]] = {}

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
        self._checker.shutdown(wait=True, cancel_futures=True)
        if save:
            self._save_all()

    def _save_all(self) -> None:
        running = [self._directory(job) for job in self._db.untidied() if self._directory(job).is_held()]
        for directory in running:
            directory.signal(signal.SIGTERM)
        deadline = self._clock.monotonic() + PATIENCE
        waiting = threading.Event()
        while (running := [directory for directory in running if directory.is_held()]) != []:
            self._reap()
            if self._clock.monotonic() > deadline:
                for directory in running:
                    directory.signal(signal.SIGKILL)
            waiting.wait(0.02)
        self._reap()

    def tick(self) -> bool:
        """Do for every job what is due now. Returns whether anything is going on that needs another look soon."""
        with self._lock:
            self._reap()
            for job in self._db.untidied():
                self._attend(self._advance, job)
            running = sum(job.status == "running" for job in self._db.untidied())
            for job in self._db.untidied():
                if job.status == "queued" and running < self._max_running:
                    running += self._attend(self._begin, job)
            return any(job.status != "paused" or job.id in self._asked_to_end for job in self._db.untidied())

    def _attend(self, work: Callable[[JobRecord], bool], job: JobRecord) -> bool:
        """Do one job's work; what goes wrong with it must not keep the others waiting."""
        try:
            return work(job)
        except Exception:
            log.exception("job %s could not be looked after, and will be again", job.id)
            return False

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
            now = self._now()
            ended = {"finished_at": now, "estimated_finish": None}
            done = self._db.move(job, "cancelled", [Note("Fine-tuning job cancelled")], now, **ended)
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
            self._ingest(job)
            job = self._db.job(id)
        return job

    # validating_files → queued

    def _validate(self, job: JobRecord) -> None:
        check = self._checks.get(job.id)
        if check is None:
            check = self._checks[job.id] = self._checker.submit(self._examples, job)
            check.add_done_callback(lambda done: self.wake())
        if not check.done():
            return
        del self._checks[job.id]
        try:
            count = check.result()
        except datacheck.BadData as error:
            self._fail(job, error.code, str(error), error.param)
            return
        except FileNotFoundError:
            self._fail_deleted(job)
            return
        except OSError as error:
            self._fail(job, "unreadable_file", f"A file could not be read: {error.strerror or error}.")
            return
        resolved = resolve(job.hyperparameters, count)
        note = Note("Files validated, moving job to queued state")
        self._db.move(job, "queued", [note], self._now(), hyperparameters=resolved)

    def _examples(self, job: JobRecord) -> int:
        def stopped() -> bool:
            return self._closed.is_set()

        for id, param in ((job.validation_file, "validation_file"), (job.training_file, "training_file")):
            if id is not None:
                count = datacheck.check(self._places.file(id), job.method, param, stopped)
        if stopped():
            raise RuntimeError("the service ends; the next one checks again")
        return count

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
        if trainer is None:
            self._fail(job, "model_not_available", f"No trainer here can train {job.base} any more.", "model")
            return
        inputs = {"training.jsonl": self._places.file(job.training_file)}
        if job.validation_file:
            inputs["validation.jsonl"] = self._places.file(job.validation_file)
        if job.model != job.base:
            model = self._db.model(job.model)
            if model is None and not directory.holds(START_MODEL):
                self._fail(job, "model_not_available", f"The model {job.model} was deleted meanwhile.", "model")
                return
            inputs[START_MODEL] = self._places.model(model) if model else ""
        self._asked_to_end.pop(job.id, None)
        self._pace.pop(job.id, None)
        try:
            directory.prepare(_order(job), inputs)
            child = directory.start(trainer.command)
        except FileNotFoundError:
            self._fail_deleted(job)
        except OSError as error:
            self._fail(job, "trainer_not_started", f"The trainer could not be started: {error.strerror or error}.")
        else:
            if child is not None:
                self._children[job.id] = child

    # running → succeeded | failed

    def _watch(self, job: JobRecord) -> None:
        directory = self._directory(job)
        alive = directory.is_held()  # before reading: what a trainer says last must not be missed
        while self._ingest(job):
            job = self._db.job(job.id) or job
        if alive:
            if directory.log_is_huge():
                directory.signal(signal.SIGKILL)
                self._fail(job, "trainer_failed", "The trainer filled its log and was ended." + _quoted(directory))
            return
        code = directory.exit_code()
        if job.result is not None:
            self._finish(job, job.result)
        elif job.failure is not None:
            self._fail(job, **job.failure)
        elif code == 0:
            self._fail(job, "trainer_failed", "The trainer ended without a result." + _quoted(directory))
        elif code is not None and code < 128:
            self._fail(job, "trainer_failed", f"The trainer ended with exit code {code}." + _quoted(directory))
        elif _is_stuck(job):
            message = f"The trainer was killed {job.restarts + 1} times without a step forward."
            self._fail(job, "trainer_failed", message + _quoted(directory))
        else:
            again = f"The trainer was interrupted after step {job.step} and goes on from its last saved state"
            self._db.restarted(job, Note(again, "warn"), self._now())
            self._launch(job)

    def _ingest(self, job: JobRecord) -> bool:
        """Make events of what the trainer has told since. Returns whether there was anything, so maybe more."""
        directory = self._directory(job)
        lines, offset = directory.read(job.offset)
        if offset == job.offset:
            return False
        facts = facts_of(lines, directory.holds)
        finish = self._estimate(job, facts)
        for path in self._db.ingest(job, facts, offset, finish, self._now()):
            remove(os.path.join(directory.path, path))
        return True

    def _estimate(self, job: JobRecord, facts: list[Fact]) -> int | None:
        """When the job will be done, from the pace of this run of its trainer; None while nothing was measured."""
        told = [(fact.step, fact.total_steps) for fact in facts if isinstance(fact, Metrics) and fact.total_steps]
        if not told:
            return job.estimated_finish
        (step, total), moment = told[-1], self._clock.monotonic()
        began, first = self._pace.setdefault(job.id, (moment, step))
        if step <= first:
            return job.estimated_finish
        return int(self._clock.now() + (moment - began) / (step - first) * max(0, total - step)) + 1

    def _finish(self, job: JobRecord, result: dict[str, Any]) -> None:
        step, path = result.get("checkpoint"), result.get("path")
        checkpoint = self._db.checkpoint(job, step) if step is not None else None
        if checkpoint is None and path is None:
            self._fail(job, "trainer_failed", "The trainer's result names no model." + _quoted(self._directory(job)))
            return
        model = names.tuned_model(job.base, job.suffix, None) if checkpoint is None else checkpoint.model
        csv = results.csv_of(self._db.metrics(job))
        id = names.new_id("file-", 22)
        write_durably(self._places.file(id), csv if self._plain_results else results.encoded(csv))
        now = self._now()
        file = FileRecord(0, id, results.FILENAME, "fine-tune-results", len(csv), now)
        tokens = result.get("trained_tokens") or 0
        if not self._db.succeed(job, model, path if checkpoint is None else None, file, tokens, now):
            remove(self._places.file(id))

    def _fail(self, job: JobRecord, code: str, message: str, param: str | None = None) -> None:
        error = {"code": code, "message": message, "param": param}
        note = Note(message, "error", {"error_code": code, "error_param": param})
        now = self._now()
        self._db.move(job, "failed", [note], now, error=error, finished_at=now, estimated_finish=None)

    def _fail_deleted(self, job: JobRecord) -> None:
        gone = [
            (param, id)
            for param, id in (("training_file", job.training_file), ("validation_file", job.validation_file))
            if id is not None and self._db.file(id, self._now()) is None
        ]
        param, id = gone[0] if gone else ("training_file", job.training_file)
        message = f"The {param.replace('_', ' ')} {id} was deleted before the job could use it."
        self._fail(job, f"deleted_{param}", message, param)

    # paused, and the ends

    def _settle(self, job: JobRecord) -> None:
        """See to it that a paused job's trainer goes, and take in what it still says."""
        alive = self._directory(job).is_held()
        while self._ingest(job):
            job = self._db.job(job.id) or job
        if alive:
            self._press(job, PATIENCE)
        else:
            self._asked_to_end.pop(job.id, None)

    def _clear_up(self, job: JobRecord) -> None:
        """See to it that an ended job's trainer goes, and then its data."""
        self._checks.pop(job.id, None)
        directory = self._directory(job)
        if directory.is_held():
            self._press(job, MERCY)
            return
        directory.tidy(self._db.model_paths(job))
        self._db.tidied(job)
        for known in (self._asked_to_end, self._pace):
            known.pop(job.id, None)

    def _ask_to_end(self, job: JobRecord) -> None:
        self._asked_to_end[job.id] = self._clock.monotonic()
        self._directory(job).signal(signal.SIGTERM)

    def _press(self, job: JobRecord, patience: float) -> None:
        """Ask a trainer to end, and end it when it does not."""
        if job.id not in self._asked_to_end:
            self._ask_to_end(job)
        elif self._clock.monotonic() - self._asked_to_end[job.id] > patience:
            self._directory(job).signal(signal.SIGKILL)


def _is_stuck(job: JobRecord) -> bool:
    """Whether starting the trainer once more would only be the same again."""
    if job.step > job.restart_step:
        return False
    told = job.offset > job.restart_offset
    return job.restarts >= (MOST_RESTARTS_IN_PLACE if told else MOST_RESTARTS)


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


def _quoted(directory: JobDirectory) -> str:
    words = directory.last_words()
    return f" Its last words:\n{words}" if words else ""
