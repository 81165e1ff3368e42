"""Sparkline."""

import pytest

from fttui.ui.render.sparkline import spark


def test_a_falling_curve_falls() -> None:
    assert spark([3, 2, 1, 0], 2) == "⠑⢄"


def test_a_flat_curve_is_drawn_at_the_bottom() -> None:
    assert spark([1, 1, 1, 1], 5) == "⣀⣀"


@pytest.mark.parametrize("count", [2, 3, 7, 40, 1000])
def test_a_curve_never_exceeds_its_width(count: int) -> None:
    assert 1 <= len(spark([float(n) for n in range(count)], 12)) <= 12


def test_fewer_than_two_points_give_an_empty_curve() -> None:
    assert spark([], 10) == ""
    assert spark([1.0], 10) == ""


def test_a_steep_start_does_not_flatten_the_rest() -> None:
    losses = [9.0, 7.0, *(2.0 - n / 20 for n in range(20))]
    assert len(set(spark(losses, 11))) > 4


def test_non_finite_values_are_left_out() -> None:
    assert spark([float("nan"), 3, 2, float("inf"), 1, 0], 2) == spark([3, 2, 1, 0], 2)
