import math
import re

import pytest

from fttui.learning.alarms import STOPPABLE, check_job
from fttui.learning.finding import JobState
from fttui.learning.kinds import KINDS, Kind
from fttui.learning.run import Run, run_of
from fttui.learning.stop_rule import StopRule
from fttui.models.status import Status
from tests.support import simulated_runs
from tests.support.simulated_runs import real_run, until

NOW = 1_790_000_000.0


def _kinds(state: JobState) -> list[str]:
    return list(check_job(state).kinds())


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("good", []),
        ("lr-x3", []),
        ("diverge-x40", ["diverging"]),
        ("diverge-x100", ["diverging"]),
        ("diverge-x300", ["diverging"]),
        ("diverge-x2000", ["diverging"]),
        ("overfit", ["overfitting"]),
        ("overfit-small-data", ["overfitting"]),
    ],
)
def test_finished_real_run_raises_its_kind_only(name: str, kinds: list[str]) -> None:
    assert _kinds(JobState(real_run(name), Status.SUCCEEDED, has_validation_file=True)) == kinds


def test_healthy_real_runs_raise_nothing_at_any_step() -> None:
    for name in ("good", "lr-x3"):
        run = real_run(name)
        for step in range(5, 271, 5):
            shown = simulated_runs.until(run, step)
            now = shown.times.values[-1]
            assert _kinds(JobState(shown, Status.RUNNING, now, last_event_at=now)) == [], (name, step)


def test_overfitting_message_has_the_numbers_and_the_best_checkpoint() -> None:
    run = simulated_runs.until(real_run("overfit"), 630)
    (alarm,) = check_job(JobState(run, Status.RUNNING, run.times.values[-1])).alarms
    assert alarm.message == (
        "Overfitting: validation rose from 1.74 (step 360) to 1.89 (step 630) "
        "while training fell from 1.60 to 1.12. Best checkpoint: step 360."
    )
    assert alarm.finding.numbers["checkpoint_step"] == 360
    assert alarm.word(is_live=True) == "overfitting"
    assert alarm.word(is_live=False) == "overfit"


@pytest.mark.parametrize(("saved", "best"), [((225, 450, 675), 450), ((225, 400), 225), ((400,), None)])
def test_best_checkpoint_of_an_alarm_has_a_measured_loss_where_one_has(
    saved: tuple[int, ...], best: int | None
) -> None:
    run = real_run("overfit")
    run.checkpoints = saved
    (alarm,) = check_job(JobState(run, Status.SUCCEEDED, has_validation_file=True)).alarms
    assert alarm.finding.numbers.get("checkpoint_step") == best


def test_diverging_message_names_the_learning_rate() -> None:
    state = JobState(real_run("diverge-x300"), Status.SUCCEEDED, learning_rate="× 300")
    (alarm,) = check_job(state).alarms
    assert alarm.message.startswith("Diverging: smoothed training loss rose from ")
    assert alarm.message.endswith("A lower learning rate may help (now × 300).")


def test_loss_that_is_not_a_number_is_counted() -> None:
    points = [(step, {"train_loss": math.nan if step >= 340 else 2.0}, NOW + step) for step in range(1, 349)]
    (alarm,) = check_job(JobState(run_of(points), Status.RUNNING, NOW + 350)).alarms
    assert (alarm.kind, alarm.message) == (Kind.NON_FINITE, "Loss is not a number since step 340 (9 values).")
    assert alarm.since == NOW + 340


def test_single_spikes_do_not_diverge() -> None:
    points = [(step, {"train_loss": 40.0 if step % 25 == 0 else 2.0}, None) for step in range(1, 200)]
    assert "diverging" not in _kinds(JobState(run_of(points), Status.SUCCEEDED))


def test_run_that_diverged_for_a_time_is_not_said_to_diverge_now() -> None:
    losses = [*(8.6 - 0.1 * step for step in range(20)), *[40.0] * 30, *(38.0 * 0.9**step + 2.0 for step in range(80))]
    run = run_of([(step, {"train_loss": loss}, None) for step, loss in enumerate(losses, 1)])
    (alarm,) = check_job(JobState(run, Status.RUNNING)).alarms
    assert alarm.kind == Kind.DIVERGING
    assert alarm.message.startswith("Diverged for a time: smoothed training loss rose from 7.")
    assert "and has fallen to 2.0" in alarm.message
    assert re.fullmatch(r"diverged at step \d+ · rose to \d\S+, now 2\.0\d", alarm.finding.short)


@pytest.mark.parametrize(("silent", "kinds"), [(170, []), (181, ["stalled"])])
def test_job_without_events_for_long_is_stalled(silent: float, kinds: list[str]) -> None:
    run = run_of([(step, {"train_loss": 2.0}, NOW + step) for step in range(1, 30)])
    state = JobState(run, Status.RUNNING, NOW + 29 + silent, last_event_at=NOW + 29)
    assert _kinds(state) == kinds


def test_missing_events_of_an_unreachable_provider_are_no_alarm() -> None:
    run = run_of([(step, {"train_loss": 2.0}, NOW + step) for step in range(1, 30)])
    report = check_job(JobState(run, Status.RUNNING, NOW + 9_000, last_event_at=NOW + 29, is_reachable=False))
    assert (Kind.STALLED, "the provider cannot be reached") in report.skipped
    assert not report.alarms


def test_job_that_waits_longer_than_earlier_ones_is_queued_long() -> None:
    state = JobState(status=Status.QUEUED, now=NOW + 2_520, created_at=NOW, waits=(60.0, 360.0, 10.0))
    (alarm,) = check_job(state).alarms
    assert alarm.message == "Queued for 42 min; your last 3 jobs here waited at most 6 min."


def test_plateau_is_found_in_a_running_job_only() -> None:
    sick = simulated_runs.plateau(3).run
    shown = simulated_runs.until(sick, int(0.85 * (sick.total_steps or 0)))
    now = shown.times.values[-1]
    assert _kinds(JobState(shown, Status.RUNNING, now, last_event_at=now)) == ["plateau"]
    assert _kinds(JobState(shown, Status.SUCCEEDED, now)) == []


def test_rules_that_cannot_be_applied_name_the_reason() -> None:
    run = run_of([(step, {"train_loss": 2.0}, None) for step in range(1, 30)])
    report = check_job(JobState(run, Status.SUCCEEDED, has_validation_file=False))
    assert (Kind.OVERFITTING, "no validation file") in report.skipped


def test_kind_that_is_turned_off_raises_nothing() -> None:
    report = check_job(JobState(real_run("overfit"), Status.SUCCEEDED)).without({"overfitting"})
    assert not report.alarms
    assert (Kind.OVERFITTING, "turned off in [alarms]") in report.skipped


@pytest.mark.parametrize("kind", list(simulated_runs.SICK))
def test_simulated_sick_run_raises_its_kind(kind: str) -> None:
    simulated = simulated_runs.SICK[kind](7)
    total = simulated.run.total_steps or 0
    shown = simulated_runs.until(simulated.run, int(0.88 * total)) if kind == "plateau" else simulated.run
    now = shown.times.values[-1] + (86_400 if kind == "stalled" else 0)
    assert kind in _kinds(JobState(shown, Status.RUNNING, now, last_event_at=shown.times.values[-1]))


def test_kinds_are_those_of_the_contract() -> None:
    contract = "stalled non_finite diverging overfitting plateau queued_long file_expiring model_retiring"
    assert set(KINDS) == set(contract.split())


@pytest.mark.parametrize("name", ["good", "diverge-x40", "diverge-x300", "overfit"])
def test_run_that_grows_is_judged_like_one_that_is_read_at_once(name: str) -> None:
    whole = real_run(name)
    grown = until(whole, 0)
    grown.checkpoints = whole.checkpoints
    points: dict[int, dict[str, float]] = {}
    for metric, series in whole.series.items():
        for step, value in zip(series.steps, series.values, strict=True):
            points.setdefault(int(step), {})[metric] = value
    for step, values in sorted(points.items()):
        grown.add(step, values, NOW + step)
        if step % 9 == 0 or step < 30:
            at_once = run_of(
                ((at, points[at], NOW + at) for at in points if at <= step),
                total_steps=whole.total_steps, n_epochs=whole.n_epochs, checkpoints=whole.checkpoints,
            )  # fmt: skip
            states = [
                JobState(run, Status.RUNNING, NOW + step + 200, last_event_at=NOW + step) for run in (grown, at_once)
            ]
            assert check_job(states[0]) == check_job(states[1]), step


@pytest.mark.parametrize("number", [10_006, 10_145])
def test_healthy_run_is_not_stopped_by_looking_at_it_often(number: int) -> None:
    run = simulated_runs.healthy(number).run
    rule = StopRule(STOPPABLE, True, Run(total_steps=run.total_steps))
    assert not any(rule.add(step, values) and rule.alarms() for step, values in simulated_runs.points_of(run))
