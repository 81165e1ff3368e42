"""Supervision of trainers: read their progress, adopt, restart, stop, and end their jobs."""

import logging
import os
import signal
from collections.abc import Callable, Iterable

from fttui.clock import Clock
from fttui.learning.engine_words import engine_title
from fttui.server.jobs.engine_life import EngineLives, interruption_words, job_at_engine, waited_too_long
from fttui.server.jobs.eta import FinishEstimates, PhaseEstimates
from fttui.server.jobs.job_alerts import alarm_alert, end_alert, told_kinds
from fttui.server.jobs.launch import TrainerStarter, job_json
from fttui.server.jobs.model_sums import ModelSums
from fttui.server.jobs.outcomes import Outcomes
from fttui.server.jobs.progress_reports import reports_of, unreadable
from fttui.server.jobs.restarts import Restarts
from fttui.server.jobs.room import DiskRoom
from fttui.server.jobs.stop_rules import StopRules
from fttui.server.jobs.stop_trainer import CANCEL_SECONDS, TrainerStopper, kill, stop_after, stop_all
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.jobs.trainer_limits import TrainerLimits, too_many_unreadable_lines
from fttui.server.jobs.trainer_questions import Check
from fttui.server.launchers.base import EngineUnreachable, JobTrainer, Life, NotNow, State
from fttui.server.launchers.registry import Launchers
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.settings import LARGEST_LOG, Trainer
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.disk_space import is_disk_full
from fttui.server.storage.file_operations import remove
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import JobRecord
from fttui.server.storage.reports import Message
from fttui.server.storage.salvage import record_of

END_SECONDS = 10.0
"""Seconds after its last report in which a trainer has to exit."""
MOST_READS = 8
"""Reads of a living trainer's progress in one look, so that a trainer with much output does not delay other jobs."""


CANCELLED = frozenset({"CANCELLED", "STOPPED"})
"""States in which Slurm and Ray leave a job that somebody cancelled."""

log = logging.getLogger("fttui.server")

_KILLED = 128 + signal.SIGKILL
"""Exit code of a trainer that the kernel killed, but not its shell."""


def _memory_advice(trainer: Trainer | None) -> str:
    """Return what a job can change to need less memory."""
    own = ", micro_batch or max_length, set gradient_checkpointing=true or quantize=4bit"
    return (
        f"lower batch_size{own if trainer is not None and trainer.takes_any_model else ''}, or choose a smaller model"
    )


def _why_alive(job: JobRecord, trainer: JobTrainer) -> str:
    """Return why a trainer may still live, and what helps."""
    if reason := trainer.missing():
        return f"{_lower(reason)}. Mount its disk. If it is lost, make an empty directory there"
    if trainer.life().state.is_known:
        return "its trainer is still stopping. Try again in some seconds"
    title, directory = engine_title(str((job.engine or {}).get("kind"))), trainer.directory.path
    return (
        f"{title} does not answer, and only {title} knows whether its trainer still runs. Try again when it answers. "
        f"If it is gone for good, stop the service, remove {directory}, and try again"
    )


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


class TrainerSupervisor:
    """Trainers of one service. Only one thread at a time may call it.

    A new service needs no memory of the trainers of the last one. It adopts a trainer that is alive by reading its
    progress from the stored offset on. It restarts a trainer that was killed.
    """

    def __init__(
        self,
        database: ServiceDatabase,
        paths: HomePaths,
        catalog: Catalog,
        clock: Clock,
        outcomes: Outcomes,
        room: DiskRoom,
        sums: ModelSums,
        launchers: Launchers,
    ) -> None:
        self._database = database
        self._room = room
        self._sums = sums
        self._paths = paths
        self._catalog = catalog
        self._clock = clock
        self._outcomes = outcomes
        self._launchers = launchers
        self._starter = TrainerStarter(database, paths, catalog, outcomes, launchers)
        self._stopper = TrainerStopper(clock)
        self._limits = TrainerLimits(clock)
        self._estimates = FinishEstimates(clock)
        self._phases = PhaseEstimates(clock)
        self._restarts = Restarts(clock)
        self._rules = StopRules(database)
        self._lives = EngineLives(database, clock)
        self._looked: dict[str, int] = {}
        """Number of the engine's answer at the last look at each job that an engine has."""
        self._answers: list[int | None] = []
        """Numbers of the engines' answers when they were last compared."""
        self._is_changed = False
        """A request has changed a job since then."""

    def trainer(self, job: JobRecord) -> JobTrainer:
        """Return the trainer of a job, alive or not."""
        return self._launchers.trainer(job)

    def have_engines_answered(self, jobs: Iterable[JobRecord]) -> bool:
        """Return whether to look at jobs that engines have: there is a new answer, or a request changed a job.

        Args:
            jobs: one job of each engine that has any.
        """
        answers = [self._launchers.of(job).answer_number() for job in jobs]
        was_same = answers == self._answers and not self._is_changed
        self._answers, self._is_changed = answers, False
        return not was_same

    def is_due(self, job: JobRecord) -> bool:
        """Return whether there is something new about a job: every look finds out for itself, or its engine answered.

        Engines are asked again when their last answer is old.
        """
        trainer = self.trainer(job)
        if job.status == "paused" and job.id in self._looked and not (trainer.is_alive() or job.waits_for_room):
            return False  # an engine is not asked about a job that it does not have
        number = trainer.launcher.answer_number()
        if number is None:
            return True
        if self._looked.get(job.id) == number:
            return False
        self._looked[job.id] = number
        return True

    def reap(self) -> None:
        """Collect the exit status of trainers that have ended."""
        self._launchers.local.reap()

    def launch(self, job: JobRecord) -> None:
        """Start the trainer of a running job, for the first time or again."""
        self._stopper.forget(job.id)
        self._limits.reset(job.id)
        self._estimates.reset(job.id)
        self._phases.reset(job.id)
        self._starter.launch(job)

    def submit(self, job: JobRecord) -> bool:
        """Give the trainer of a queued job to its engine. Return False when the engine does not take it now.

        The job stays `queued` until its engine runs it.

        Raises:
            EngineUnreachable: the engine takes no job now.
        """
        try:
            if self.trainer(job).is_stopping():
                self.stop(job)  # resumed so soon that its last trainer is still saving
                return False
            self.launch(job)
        except (EngineUnreachable, NotNow) as error:
            if self._lives.note_wait(job, str(error)):
                log.warning("job %s waits for its engine: %s", job.id, error)
            if isinstance(error, EngineUnreachable):
                raise
            return False
        except OSError as error:
            if not is_disk_full(error):
                raise
            self._room.wait(job)
            return True
        current = self._database.jobs.get(job.id)
        if current is not None and current.status == "queued":  # else it was refused, and the job has failed
            self._lives.note_submission(job, self.trainer(job).life()._replace(state=State.WAITING))
        return True

    def check(self, job: JobRecord, examples: int, should_stop: Callable[[], bool]) -> Check:
        """Let the trainer check a job before it is queued, in any thread: see `TrainerStarter.check`."""
        return self._starter.check(job, examples, should_stop)

    # Progress

    def read_progress(self, job: JobRecord, *, whole: bool) -> JobRecord:
        """Store new reports of a job's trainer and return the updated job.

        Args:
            whole: read everything; otherwise at most `MOST_READS` pieces, and nothing more once the job is going to
                fail because of unreadable lines.
        """
        reads = 0
        while whole or (reads < MOST_READS and not too_many_unreadable_lines(job)):
            if not self._read_piece(job):
                break
            job = self._database.jobs.get(job.id) or job
            reads += 1
        return job

    def _read_piece(self, job: JobRecord) -> bool:
        """Store one piece of new progress. Return False when there was none."""
        directory = self._launchers.directory(job)
        lines, offset = directory.progress.read(job.offset)
        if offset == job.offset:
            return False
        reports = self._phases.timed(job.id, reports_of(lines, directory.has_output))
        if reports:
            self._limits.note_report(job.id)
        finish, now = self._estimates.estimate(job, reports), int(self._clock.now())
        settings = self._catalog.settings
        verdict = self._rules.apply(job, reports, offset, told_kinds(settings), self._clock.now())
        alerts = [alarm_alert(job, alarm, settings) for alarm in verdict.alarms]
        dropped = self._database.jobs.store_reports(
            job, reports, offset, finish, now, unreadable(lines), best=verdict.best, stop=verdict.stop, alerts=alerts
        )
        for path in dropped:
            remove(os.path.join(directory.path, path))
        return True

    # Running jobs

    def watch(self, job: JobRecord) -> None:
        """Read the progress of a running job, then check its living trainer or handle the exit of its trainer.

        A job that its engine has is watched while it is queued as well.
        """
        trainer = self.trainer(job)
        life = trainer.life()  # before reading, or the last reports could be missed
        if job.engine is not None:
            job = self._lives.note(job, life)
        if job.status == "running":
            job = self.read_progress(job, whole=life.state is State.GONE)
        if life.state is State.GONE:
            self._handle_exit(job, life, trainer.directory.exit_code() if job.status == "running" else None)
        elif life.state is State.RUNNING:
            self._check_living(job, trainer)
        else:
            self._limits.reset(job.id)  # silence counts only while it runs
            if job.stop is not None and life.state is State.WAITING:
                self.stop(job)  # its engine took it off its machine before it was stopped

    def _check_living(self, job: JobRecord, trainer: JobTrainer) -> None:
        """Stop a trainer that broke a limit or whose job a rule stops, and processes that a trainer left behind."""
        reported_end = job.result is not None or job.failure is not None
        # The exit code of a job that its engine has started again is from the time before.
        has_exited = not trainer.launcher.survives and trainer.directory.exit_code() is not None
        if has_exited or (reported_end and self._limits.silence(job.id) > END_SECONDS):
            self._stopper.stop(job.id, trainer, CANCEL_SECONDS)
        elif job.stop is not None:
            self.stop(job)
        elif violation := self._limits.violation(job, trainer.directory, self._catalog.trainer_of(job)):
            if violation.at_once:
                trainer.stop(save=False)
            self._outcomes.fail_trainer(job, violation.reason)
        else:
            self._tell_stall(job)

    def _tell_stall(self, job: JobRecord) -> None:
        """Tell the user once that a living trainer reports nothing."""
        settings, now = self._catalog.settings, self._clock.now()
        alarm = self._rules.stall(job, self._limits.silence(job.id), now, told_kinds(settings))
        if alarm is not None:
            self._database.alerts.add([(job, alarm_alert(job, alarm, settings))], int(now))

    def stop_flood(self, job: JobRecord) -> None:
        """Kill the living trainer of a job if its own output is too large."""
        settings, trainer = self._catalog.trainer_of(job), self.trainer(job)
        if trainer.directory.is_too_large(settings.largest_log if settings else LARGEST_LOG):
            trainer.stop(save=False)

    def _handle_exit(self, job: JobRecord, life: Life, code: int | None) -> None:
        """End the job of a trainer that exited, or restart a trainer that was killed."""
        if job.stop is not None:
            self._outcomes.stop_by_rule(job, job.stop)
        elif job.result is not None:
            self._outcomes.succeed(job, job.result)
        elif self._room.ran_out(job, code):
            self._wait_for_room(job)
        elif job.failure is not None:
            self._outcomes.fail(job, **job.failure)
        elif too_many_unreadable_lines(job):
            self._outcomes.fail_trainer(job, f"wrote {job.garbage} unreadable lines to progress.jsonl")
        elif code == 0:
            self._outcomes.fail_trainer(job, "exited without a result")
        elif code is not None and code < 128:
            self._outcomes.fail_trainer(job, f"exited with code {code}")
        elif life.reason in CANCELLED:
            self._pause_cancelled(job, life)
        elif life.refusal:
            message = f"{job_at_engine(job, life)} could not start: {life.refusal}"
            self._outcomes.fail(job, "trainer_not_started", message)
        elif self._restarts.should_give_up(job):
            reason = f"was killed {job.restarts + 1} times without completing another step"
            if job.engine is not None and not life.attempt:
                why = life.reason or "no reason is known"
                reason = f"was ended {job.restarts + 1} times before it started ({why}). Do the nodes see {job.root}?"
            elif code in (None, _KILLED):
                reason += f". Perhaps it ran out of memory: {_memory_advice(self._catalog.trainer_of(job))}"
            self._outcomes.fail_trainer(job, reason)
        elif self._restarts.is_due(job):
            self._restart(job, life)

    def _restart(self, job: JobRecord, life: Life) -> None:
        """Start the trainer of a running job again, or put the job back into the queue for its engine."""
        now = int(self._clock.now())
        if job.engine is None:
            text = f"The trainer was interrupted after step {job.step}; restarting it from its last saved state"
            self._database.jobs.count_restart(job, Message(text, "warn"), now)
            self.launch(job)
            return
        message = Message(interruption_words(job, life), "warn")
        restarts = 1 if job.step > job.restart_step else job.restarts + (not waited_too_long(life))
        self._database.jobs.move(
            job,
            "queued",
            [message],
            now,
            life=None,
            estimated_finish=None,
            restarts=restarts,
            restart_step=job.step,
            restart_offset=job.offset,
        )

    def _pause_cancelled(self, job: JobRecord, life: Life) -> None:
        """Pause a job that somebody cancelled at its engine. To submit it again would be against their will."""
        text = f"{job_at_engine(job, life)} was cancelled outside fttui. The job is paused: resume it, or cancel it"
        self._database.jobs.move(
            job, "paused", [Message(text, "warn")], int(self._clock.now()), life=None, estimated_finish=None
        )

    def _wait_for_room(self, job: JobRecord) -> None:
        """Pause a job until there is room. If its trainer fails again and again in spite of room, it needs more."""
        self._room.wait(job, for_more=self._room.has_room(job) and self._restarts.should_give_up(job))

    # Other jobs

    def settle_paused(self, job: JobRecord) -> None:
        """Stop the trainer of a paused job, and store its last reports. Continue a job that waits for room."""
        trainer = self.trainer(job)
        alive = trainer.is_alive()
        job = self.read_progress(job, whole=not alive)
        if alive:
            self.stop(job)
        elif self._stopper.forget(job.id):
            trainer.sweep()
        elif job.waits_for_room and self._restarts.is_due(job):
            self._room.proceed(job)

    def clean_up(self, job: JobRecord) -> None:
        """Stop the trainer of an ended job, tell the user, and remove the files that are no longer needed.

        Not before the checksums of its models are written: the job stays unfinished while a thread calculates them.
        """
        trainer = self.trainer(job)
        directory = trainer.directory
        if trainer.is_alive():
            directory.mark_cancelled()
            self._stopper.stop(job.id, trainer, CANCEL_SECONDS)
            return
        trainer.sweep()
        models = self._database.models.paths(job)
        if not self._sums.are_written(directory.path, models):
            return
        now = self._clock.now()
        if (alert := end_alert(job, self._catalog.settings, now)) is not None:
            self._database.alerts.add([(job, alert)], int(now))
        directory.record({**job_json(job), "record": record_of(self._database, job)})
        directory.keep_events(self._database, job)
        directory.clean_up(models)
        self._database.jobs.finish_cleanup(job)
        self._forget(job)

    def _forget(self, job: JobRecord) -> None:
        self._stopper.forget(job.id)
        self._limits.reset(job.id)
        self._estimates.reset(job.id)
        self._phases.reset(job.id)
        self._restarts.forget(job.id)
        self._looked.pop(job.id, None)
        self._room.forget(job.id)
        self._rules.forget(job.id)
        self.trainer(job).forget()

    def kill(self, job: JobRecord) -> str:
        """Kill the trainer of a job whose state is not needed. Return why it may still live; empty when it is gone."""
        trainer = self.trainer(job)
        if trainer.missing() or not kill(trainer, self._clock):
            return _why_alive(job, trainer)
        trainer.sweep()
        self.reap()
        self._forget(job)
        return ""

    def why_untidied(self, job: JobRecord) -> str:
        """Return why the files of an ended job are not in their final state yet, and what helps."""
        trainer = self.trainer(job)
        if trainer.is_alive():
            return _why_alive(job, trainer)
        return "the checksums of its models are not calculated yet. Try again in some seconds"

    def terminate(self, job: JobRecord) -> None:
        """Send SIGTERM to a job's trainer: save and stop. An engine, which may be slow, is told at the next look."""
        self._looked.pop(job.id, None)
        self._is_changed = True
        trainer = self.trainer(job)
        if not trainer.launcher.survives:
            self._stopper.terminate(job.id, trainer)

    def cancel(self, job: JobRecord) -> None:
        """Send SIGTERM to a job's trainer: stop, and save nothing."""
        self._launchers.directory(job).mark_cancelled()
        self.terminate(job)

    def stop(self, job: JobRecord) -> None:
        """Send SIGTERM to a job's trainer, and SIGKILL when it has had the time to save its state."""
        trainer = self.trainer(job)
        self._stopper.stop(job.id, trainer, stop_after(trainer.directory.path))

    def stop_all(self, jobs: Iterable[JobRecord]) -> None:
        """Stop the trainers of these jobs that end with the service, and wait until they are gone."""
        mortal = [job for job in jobs if not self._launchers.of(job).survives]
        stop_all([TrainerProcess(self._launchers.directory(job).path) for job in mortal], self._clock)
        self.reap()
