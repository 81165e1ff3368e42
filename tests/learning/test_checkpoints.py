"""Checkpoints of a run, and the best of them."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from fttui.learning.checkpoints import judged_checkpoints
from fttui.learning.run import Run, run_of
from tests.support.simulated_runs import real_run, until


class Sent(NamedTuple):
    id: str
    step_number: int | None
    created_at: float | None = 1000.0
    fine_tuned_model_checkpoint: str = "ft:m"
    metrics: Mapping[str, float] = {}
    size: int | None = None


def sent(run: Run) -> list[Sent]:
    return [Sent(f"ckpt_{step}", step) for step in run.checkpoints]


def test_overfit_run_names_the_best_checkpoint_and_how_much_worse_the_last_one_is() -> None:
    run = until(real_run("overfit"), 640)
    found = judged_checkpoints(sent(run), run)
    assert [row.step for row in found.rows] == [90, 180, 270, 360, 450, 540, 630]
    assert [row.epoch for row in found.rows] == [1, 2, 3, 4, 5, 6, 7]
    assert found.best is not None
    assert (found.best.step, found.best.valid) == (360, pytest.approx(1.7378))
    assert found.sentences()[:2] == ["Step 360 is best: validation 1.738.", "The last one is 0.149 worse."]
    assert found.sentences()[2] == "Steps 270 and 450 are equal to it within noise (±0.034)."
    assert found.rows[-1].gap == pytest.approx(0.76, abs=0.02)


def test_good_run_is_best_at_its_end() -> None:
    run = real_run("good")
    assert judged_checkpoints(sent(run), run).sentences() == [
        "Step 270 is best: validation 1.659.",
        "It is the last one.",
    ]


def test_last_checkpoint_within_noise_is_equal() -> None:
    run = until(real_run("overfit"), 450)
    assert judged_checkpoints(sent(run), run).sentences()[1] == (
        "The last one is equal within noise (0.025 of ±0.030)."
    )


def test_checkpoints_have_their_own_metrics_where_the_run_has_none() -> None:
    metrics = [{"full_valid_loss": 2.0, "train_loss": 1.0}, {"full_valid_loss": 1.5}, {"full_valid_loss": math.nan}]
    found = judged_checkpoints([Sent(f"c{n}", n, metrics=each) for n, each in enumerate(metrics, 1)], Run())
    assert [(row.valid, row.train, row.gap) for row in found.rows] == [(2.0, 1.0, 1.0), (1.5, None, None), (None,) * 3]
    assert found.sentences() == ["Step 2 is best: validation 1.500."]


def test_validation_loss_of_single_steps_is_smoothed() -> None:
    run = run_of((step, {"valid_loss": 2.0 + (step % 2) / 10}, None) for step in range(1, 201))
    found = judged_checkpoints([Sent("a", 100), Sent("b", 200)], run)
    assert [row.valid for row in found.rows] == pytest.approx([2.05, 2.05], abs=0.02)


def test_rewards_are_better_when_they_are_higher() -> None:
    found = judged_checkpoints(
        [Sent(f"c{n}", n, metrics={"full_valid_mean_reward": n / 10, "train_loss": 1.0}) for n in (7, 9, 8)], Run()
    )
    assert found.sentences() == ["Step 9 is best: validation reward 0.900.", "It is the last one."]
    assert found.rows[0].gap is None


@pytest.mark.parametrize(
    "checkpoints",
    [[], [Sent("a", 10, metrics={"full_valid_loss": 1.0})], [Sent("a", 10), Sent("b", None)]],
    ids=["none", "one", "without validation"],
)
def test_nothing_is_best_without_a_choice(checkpoints: list[Sent]) -> None:
    found = judged_checkpoints(checkpoints, Run())
    assert found.best is None
    assert found.sentences() == []
    assert len(found.rows) == len(checkpoints)
