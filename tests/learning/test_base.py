"""The base model at step 0: the curve begins with it, and nothing else takes it for a result of the training."""

import pytest

from fttui.learning.alarms import check_job
from fttui.learning.checkpoints import judged_checkpoints
from fttui.learning.finding import JobState
from fttui.learning.pace import seconds_per_step, time_left
from fttui.learning.run import run_of
from fttui.learning.stop_rule import StopRule
from fttui.learning.summary import summarize
from fttui.learning.words import gain_words, progress_parts
from fttui.models.status import Status
from fttui.models.summary import Summary
from tests.support.simulated_runs import real_run, with_base

NAMES = ("good", "overfit", "overfit-small-data", "diverge-x40", "diverge-x300")
BASE = 5.61


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("base", [BASE, 0.5])
def test_base_model_changes_no_other_number(name: str, base: float) -> None:
    plain = real_run(name)
    run = with_base(plain, base)
    assert (run.base_value(), run.whole.steps[0]) == (base, 0)
    assert summarize(run)._replace(base=None) == summarize(plain)
    assert run.noise() == plain.noise()
    now = plain.times.values[-1]
    for status in (Status.RUNNING, Status.SUCCEEDED):
        states = [JobState(each, status, now, has_validation_file=True) for each in (run, plain)]
        assert check_job(states[0]) == check_job(states[1])
    assert seconds_per_step(run) == seconds_per_step(plain)
    assert judged_checkpoints([], run) == judged_checkpoints([], plain)
    assert (run.last_step, run.epoch, run.epoch_ends) == (plain.last_step, plain.epoch, plain.epoch_ends)


def test_gain_is_base_minus_best_and_judged_against_noise() -> None:
    plain = real_run("good")
    best = summarize(plain).best
    assert best is not None
    summary = summarize(with_base(plain, BASE))
    assert summary.gain == pytest.approx(BASE - best)
    assert (summary.has_gained, summary.has_lost) == (True, False)
    summary = summarize(with_base(plain, best + summary.noise))
    assert (summary.has_gained, summary.has_lost) == (False, False)
    summary = summarize(with_base(plain, 0.5))
    assert summary.gain == pytest.approx(0.5 - best)
    assert (summary.has_gained, summary.has_lost) == (False, True)
    assert summary.best_step != 0, "the base model is no checkpoint"
    assert summarize(plain).gain is None


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (5.61, "+3.951, base model 5.610"),
        (1.669, "+0.010, base model 1.669, equal within noise (±0.040)"),
        (1.5, "-0.159, worse than the base model (1.500)"),
        (None, ""),
    ],
)
def test_words_about_the_gain_say_what_noise_allows(base: float | None, words: str) -> None:
    assert gain_words(Summary("full_valid_loss", 1.7, 270, 1.659, 180, noise=0.02, base=base)) == words


def test_only_a_loss_of_the_same_kind_is_a_gain() -> None:
    steps = [(step, {"train_loss": 3.0, "valid_loss": 3.0}, None) for step in range(1, 20)]
    summary = summarize(run_of([(0, {"full_valid_loss": BASE}, None), *steps]))
    assert (summary.metric, summary.base, summary.gain) == ("valid_loss", BASE, None)
    alone = summarize(run_of([(0, {"full_valid_loss": BASE}, None)]))
    assert (alone.metric, alone.best, alone.last, alone.base) == ("", None, None, BASE)


def test_run_that_counts_its_steps_from_0_has_no_base_model() -> None:
    run = run_of([(step, {"train_loss": 2.0 - step / 10, "full_valid_loss": 2.0}, None) for step in range(5)])
    assert run.base_value() is None
    assert summarize(run).best_step == 0


def test_time_left_begins_with_the_first_step() -> None:
    run = run_of(
        [(0, {"full_valid_loss": BASE}, 1000.0)] + [(step, {"train_loss": 2.0}, 1100.0 + step) for step in range(1, 4)],
        total_steps=10,
    )
    assert time_left(run, 1103.0) is None, "three steps are too few"
    run.add(4, {"train_loss": 2.0}, 1104.0)
    assert time_left(run, 1104.0) == pytest.approx(6.0)
    assert progress_parts(run_of([(0, {"full_valid_loss": BASE}, 1.0)], total_steps=9), summarize(run), 2.0) == []


def test_checkpoints_without_whole_validation_are_judged_by_single_steps() -> None:
    class Sent:
        id, step_number, created_at, fine_tuned_model_checkpoint, metrics, size = "c", 10, 0.0, "m", {}, None

    steps = [(step, {"train_loss": 3.0, "valid_loss": 3.0}, None) for step in range(1, 20)]
    found = judged_checkpoints([Sent(), Sent()], run_of([(0, {"full_valid_loss": BASE}, None), *steps]))
    assert found.metric == "valid_loss"
    assert found.best is not None
    assert found.best.step == 10


def test_stop_rules_do_not_look_at_step_0() -> None:
    rule = StopRule(("overfitting", "plateau"))
    assert not rule.add(0, {"full_valid_loss": 0.1})
    assert rule.add(1, {"train_loss": 5.0})
