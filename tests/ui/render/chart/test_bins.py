"""Bins of a series that are kept between drawings."""

import gc
import math
import weakref

from fttui.learning.series import Series
from fttui.ui.render.chart.bins import KEPT, Bin, bins_of


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


def test_bins_of_the_last_drawings_are_kept() -> None:
    drawn = series(10)

    def drawing(columns: int) -> list[Bin]:
        return bins_of(drawn, drawn.values, 0.0, 10.0, columns)

    first = [drawing(columns) for columns in range(KEPT)]
    again = [drawing(columns) for columns in range(KEPT)]
    assert all(one is other for one, other in zip(first, again, strict=True))
    drawing(KEPT)
    assert drawing(0) is not first[0]
    assert drawing(0) == first[0]


def test_kept_bins_do_not_keep_their_series() -> None:
    drawn = series(10)
    bins_of(drawn, drawn.values, 0.0, 10.0, 5)
    seen = weakref.ref(drawn)
    del drawn
    gc.collect()
    assert seen() is None
