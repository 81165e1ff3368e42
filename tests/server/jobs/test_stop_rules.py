"""Jobs that a rule stops (`fttui.stop_on`), in the database and with real processes."""

import math
import signal
from collections.abc import Iterator

import pytest

from fttui.server.jobs.stop_rules import StopRules, Verdict
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.service import Service, open_service
from fttui.server.storage.records import JobRecord
from fttui.server.storage.reports import Report, SavedCheckpoint, StepMetrics
from tests.server.conftest import add_job, messages, run_until, until

STOPPED = (
    "Stopped by the rule overfitting at step 100: validation 1.40, best 1.00 at step 60. "
    "Kept the checkpoint of step 60."
)


def job_of(service: Service, id: str) -> JobRecord:
    job = service.database.jobs.get(id)
    assert job is not None
    return job


def running(service: Service, stop_on: str = "overfitting") -> JobRecord:
    """Add a job whose trainer is not started."""
    id = add_job(service, metadata={"fttui.stop_on": stop_on} if stop_on else None)
    assert service.database.jobs.move(job_of(service, id), "running", [], 100)
    return job_of(service, id)


def point(step: int, loss: object, valid: object = None, total: int = 600) -> StepMetrics:
    losses = {"train_loss": loss, "full_valid_loss": valid}
    data = {"step": step, "total_steps": total, **{name: at for name, at in losses.items() if at is not None}}
    return StepMetrics(step, total, f"Step {step}", data)


def overfitting(last: int) -> Iterator[Report]:
    """Yield reports whose validation loss is lowest at step 60, with a checkpoint every 20 steps."""
    for step in range(1, last + 1):
        loss = 3 / (1 + step / 50) + 0.001 * (step % 2)
        yield point(step, loss, None if step % 20 else 1 + abs(step - 60) / 100)
        if step % 20 == 0:
            yield SavedCheckpoint(step, f"model-{step}", {"step": step})


def store(service: Service, rules: StopRules, job: JobRecord, reports: list[Report]) -> JobRecord:
    """Apply the rules to reports and store them, as the supervisor does."""
    offset = job.offset + 10
    verdict = rules.apply(job, reports, offset)
    service.database.jobs.store_reports(job, reports, offset, None, 100, best=verdict.best, stop=verdict.stop)
    return job_of(service, job.id)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_decision_is_the_same_however_the_reports_arrive(service: Service, size: int) -> None:
    job, rules = running(service), StopRules(service.database)
    reports = list(overfitting(160))
    for start in range(0, len(reports), size):
        job = store(service, rules, job, reports[start : start + size])
    assert job.stop is not None
    assert (job.stop["rule"], job.stop["step"], job.stop["checkpoint"]) == ("overfitting", 100, 60)
    assert [message for message in messages(service, job.id) if "rule" in message] == [STOPPED]


def test_a_new_service_decides_the_same(service: Service) -> None:
    job = running(service)
    reports = list(overfitting(160))
    for start in range(0, len(reports), 9):  # each piece is read by another service
        job = store(service, StopRules(service.database), job, reports[start : start + 9])
    assert job.stop is not None
    assert (job.stop["step"], job.stop["checkpoint"]) == (100, 60)
    assert messages(service, job.id).count(STOPPED) == 1


def test_the_best_checkpoint_is_kept_besides_the_newest(service: Service) -> None:
    with_rule, without = running(service, "plateau"), running(service, "")
    rules = StopRules(service.database)
    for job in (with_rule, without):
        job = store(service, rules, job, list(overfitting(200)))
        assert job.stop is None
        best = [60] if job.id == with_rule.id else []
        assert service.database.checkpoints.steps(job) == [*best, 160, 180, 200]


def test_a_job_without_rules_is_not_watched(service: Service) -> None:
    rules = StopRules(service.database)
    assert rules.apply(running(service, ""), list(overfitting(160)), 10) == Verdict()


def test_only_chosen_rules_stop_a_job(service: Service) -> None:
    rules = StopRules(service.database)
    job = store(service, rules, running(service, "non_finite,diverging"), list(overfitting(160)))
    assert job.stop is None
    reports: list[Report] = [point(161, "NaN"), point(162, math.pi)]
    job = store(service, rules, job, reports)
    assert job.stop is not None
    assert job.stop["message"] == (
        "Stopped by the rule non_finite at step 161: loss is not a number since step 161 (1 value). "
        "Kept the checkpoint of step 60."
    )


def test_a_trainer_that_ended_before_the_decision_is_not_said_to_be_stopped(service: Service) -> None:
    from fttui.server.storage.reports import FinalReport

    reports = [*overfitting(160), FinalReport({"checkpoint": 160, "trained_tokens": 9}, failed=False)]
    job = store(service, StopRules(service.database), running(service), reports)
    assert job.stop is not None
    assert job.stop["message"].startswith("The rule overfitting applied at step 100: validation")


def test_a_job_that_overfits_stops_and_succeeds_with_its_best_checkpoint(service: Service) -> None:
    id = add_job(service, "overfits", metadata={"fttui.stop_on": "overfitting"})
    run_until(service, id, "succeeded", "failed", "cancelled")
    job = job_of(service, id)
    assert job.status == "succeeded"
    assert job.fine_tuned_model is not None
    assert job.fine_tuned_model.endswith(":ckpt-step-60")
    assert job.result is None
    assert job.step < 600
    assert job.trained_tokens is None
    assert len(job.result_files) == 1
    told = messages(service, id)
    assert told.count(STOPPED) == 1
    assert told[-2:] == [f"New fine-tuned model created: {job.fine_tuned_model}", "The job has successfully completed"]
    until(lambda: not service.runner.tick())
    model = service.database.models.get(job.fine_tuned_model)
    assert model is not None
    with open(service.paths.model(model)) as file:
        assert file.read() == "60"


@pytest.mark.parametrize("trainer", ["alive", "killed"])
def test_a_service_killed_after_the_decision_leaves_the_stop_to_the_next(
    service: Service, home: str, trainer: str
) -> None:
    id = add_job(service, "overfits", metadata={"fttui.stop_on": "overfitting"})
    run_until(service, id, "running")
    process = TrainerProcess(service.paths.job(id))

    def decided() -> bool:
        """Read the progress as the runner does, and go no further."""
        return service.runner._supervisor.read_progress(job_of(service, id), whole=False).stop is not None

    until(decided)
    assert process.is_alive()
    if trainer == "killed":
        until(lambda: process.signal(signal.SIGKILL) or not process.is_alive())
    # The first service does nothing more, as if it were killed.
    successor = open_service(home, catalog=service.catalog)
    run_until(successor, id, "succeeded", "failed", "cancelled")
    job = job_of(successor, id)
    assert job.status == "succeeded"
    assert (job.fine_tuned_model or "").endswith(":ckpt-step-60")
    told = messages(successor, id)
    assert told.count(STOPPED) == 1
    assert not any("interrupted" in message for message in told)
    until(lambda: not successor.runner.tick())
    assert not process.is_alive()
    successor.runner.close(save=True)
    successor.database.close()


def test_a_paused_job_with_a_decision_ends_when_it_is_resumed(service: Service) -> None:
    job = store(service, StopRules(service.database), running(service), list(overfitting(160)))
    assert service.runner.pause(job.id)
    assert service.runner.resume(job.id)
    run_until(service, job.id, "succeeded")
    assert not TrainerProcess(service.paths.job(job.id)).is_alive()


@pytest.mark.parametrize(("failure", "status"), [(None, "cancelled"), ({"code": "x", "message": "Bad."}, "failed")])
def test_a_stopped_job_without_a_checkpoint_has_no_model(service: Service, failure: object, status: str) -> None:
    from fttui.server.storage.reports import FinalReport

    reports: list[Report] = [point(1, 2.0), point(2, "NaN")]
    if isinstance(failure, dict):
        reports.append(FinalReport({**failure, "param": None}, failed=True))
    job = store(service, StopRules(service.database), running(service, "non_finite"), reports)
    run_until(service, job.id, "succeeded", "failed", "cancelled")
    assert job_of(service, job.id).status == status
    assert "No checkpoint was saved so far." in " ".join(messages(service, job.id))
