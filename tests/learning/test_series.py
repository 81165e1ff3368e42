import math
import random

import pytest

from fttui.learning.run import run_of
from fttui.learning.series import Series, smoothed_noise, weight_for
from fttui.learning.summary import summarize
from fttui.models.summary import Summary


def test_value_that_is_not_finite_is_a_gap_and_is_counted() -> None:
    series = Series([(1, 2.0), (2, math.nan), (3, math.inf), (4, 1.0)])
    assert (series.steps, series.values) == ([1, 4], [2.0, 1.0])
    assert series.not_finite == [2, 3]
    assert series.gaps == [1]


def test_repeated_step_is_ignored() -> None:
    assert Series([(1, 2.0), (2, 3.0), (2, 9.0), (1, 9.0), (3, 4.0)]).values == [2.0, 3.0, 4.0]


def test_smoothed_series_starts_without_bias_and_grows_with_new_points() -> None:
    series = Series([(1, 4.0), (2, 4.0)])
    assert series.smoothed(0.9) == pytest.approx([4.0, 4.0])
    series.append(3, 1.0)
    whole = Series([(1, 4.0), (2, 4.0), (3, 1.0)])
    assert series.smoothed(0.9) == whole.smoothed(0.9)
    assert series.smoothed(0.9)[2] == pytest.approx((4 * 0.81 + 4 * 0.9 + 1) / 2.71)


def test_weight_grows_with_the_expected_length_and_does_not_change_while_points_arrive() -> None:
    assert [weight_for(points) for points in (10, 29, 30, 99, 399, 2_999, 100_000)] == [0, 0, 0.6, 0.6, 0.8, 0.95, 0.99]
    run = run_of([(step, {"train_loss": 1.0}, None) for step in range(1, 21)], total_steps=300)
    assert run.weight(run.train) == weight_for(300)


@pytest.mark.parametrize("trend", [0.0, -0.02])
def test_noise_is_that_of_single_values_without_trend_and_spikes(trend: float) -> None:
    chance = random.Random(1)
    series = Series((step, 5 + trend * step + chance.gauss(0, 0.1)) for step in range(1, 400))
    series.values[350] = 50.0
    assert series.noise() == pytest.approx(0.1, rel=0.2)


def test_noise_of_a_smoothed_series_matches_its_spread() -> None:
    chance = random.Random(2)
    series = Series((step, chance.gauss(0, 1)) for step in range(20_000))
    smoothed = series.smoothed(0.8)[100:]
    spread = math.sqrt(sum(value * value for value in smoothed) / len(smoothed))
    assert smoothed_noise(1.0, 0.8) == pytest.approx(spread, rel=0.05)


def test_summary_prefers_the_whole_validation_file() -> None:
    points = [(step, {"train_loss": 4.0 - step / 100, "valid_loss": 3.0}, None) for step in range(1, 101)]
    points += [(50, {"full_valid_loss": 1.9}, None), (100, {"full_valid_loss": 2.1}, None)]
    summary = summarize(run_of(points, total_steps=100))
    assert (summary.metric, summary.last, summary.last_step) == ("full_valid_loss", 2.1, 100)
    assert (summary.best, summary.best_step) == (1.9, 50)
    assert summary.gap == pytest.approx(2.1 - summary.train)


def test_summary_without_validation_is_judged_by_smoothed_training_loss() -> None:
    chance = random.Random(3)
    run = run_of((step, {"train_loss": 4 - step / 100 + chance.gauss(0, 0.3)}, None) for step in range(1, 200))
    summary = summarize(run)
    assert summary.metric == "train_loss"
    assert summary.last == summary.train == run.smoothed(run.train)[-1]
    assert summary.gap is None
    assert summary.is_last_best


def test_summary_of_a_run_without_losses_has_no_numbers() -> None:
    assert summarize(run_of([(1, {"reward": 1.0}, None)])).last is None


def test_epochs_come_from_the_length_of_the_run() -> None:
    run = run_of([(step, {"train_loss": 1.0}, None) for step in range(1, 91)], total_steps=270, n_epochs=3)
    assert run.epoch_ends == [90, 180, 270]
    assert run.epoch == 1
    run.add(91, {"train_loss": 1.0})
    assert run.epoch == 2


def test_newest_loss_that_is_not_finite_is_none_and_the_best_stays() -> None:
    losses = [1.8, 1.6, 1.7, 1.6, 1.5, math.nan]
    run = run_of([(step, {"train_loss": loss, "valid_loss": loss}, None) for step, loss in enumerate(losses, 1)])
    summary = summarize(run)
    assert (summary.last, summary.last_step, summary.best, summary.train, summary.train_last) == (
        None, 5, 1.5, None, 1.5,
    )  # fmt: skip
    assert (summary.is_lost, summary.is_train_lost, summary.gap) == (True, True, None)
    run.add(7, {"train_loss": 1.4, "valid_loss": 1.4})
    assert (summarize(run).is_lost, summarize(run).is_train_lost) == (False, False)
    never = summarize(run_of([(1, {"train_loss": math.nan}, None)]))
    assert (never.metric, never.is_lost, never.is_train_lost) == ("", True, True)
    assert not Summary().is_lost
