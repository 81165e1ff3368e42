"""Bins of a series that are kept between drawings."""

import gc
import math

from fttui.learning.series import Series
from fttui.ui.render.chart import bins
from fttui.ui.render.chart.bins import KEPT, bins_of


def series(number: int) -> Series:
    return Series((step, math.sin(step)) for step in range(number))


def test_kept_bins_are_those_of_a_new_series_while_it_grows() -> None:
    grown = series(50)
    for number in range(50, 200, 7):
        for step in range(len(grown), number):
            grown.append(step, math.nan if step % 50 == 0 else math.sin(step))
        fresh = Series(zip(grown.steps, grown.values, strict=True))
        fresh.gaps = list(grown.gaps)
        for weight in (0.0, 0.9):
            for x1 in (60.0, 200.0):
                found = bins_of(grown, grown.smoothed(weight), 0.0, x1, 40)
                assert found == bins_of(fresh, fresh.smoothed(weight), 0.0, x1, 40)
                assert bins_of(grown, grown.smoothed(weight), 0.0, x1, 40) is found


def test_bins_are_kept_for_a_few_drawings_and_as_long_as_the_series() -> None:
    drawn = series(10)
    for columns in range(2, 20):
        bins_of(drawn, drawn.values, 0.0, 10.0, columns)
    assert len(bins._kept[drawn]) == KEPT
    before = len(bins._kept)
    del drawn
    gc.collect()
    assert len(bins._kept) < before
