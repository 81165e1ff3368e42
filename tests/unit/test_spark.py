"""A curve in one line."""

import pytest

from fttui.ui.spark import spark


def test_a_falling_curve_falls() -> None:
    assert spark([3, 2, 1, 0], 2) == "⠑⢄"


def test_a_flat_curve_lies_at_the_bottom() -> None:
    assert spark([1, 1, 1, 1], 5) == "⣀⣀"


@pytest.mark.parametrize("count", [2, 3, 7, 40, 1000])
def test_it_never_takes_more_than_its_cells(count: int) -> None:
    assert 1 <= len(spark([float(n) for n in range(count)], 12)) <= 12


def test_too_little_is_nothing() -> None:
    assert spark([], 10) == ""
    assert spark([1.0], 10) == ""
