"""Cross-hair: moves, ranges, and new points."""

import pytest

from fttui.ui.render.chart.cross_hair import CrossHair

POINTS = [float(step) for step in range(1, 101)]


@pytest.fixture
def cross() -> CrossHair:
    found = CrossHair()
    found.move(-1, POINTS, 1.0)
    return found


def test_first_move_shows_it_at_the_last_point(cross: CrossHair) -> None:
    assert cross.at == 100


@pytest.mark.parametrize(("column", "expected"), [(0.3, 99), (1.0, 99), (5.0, 95)])
def test_move_goes_by_points_or_by_columns_where_points_are_denser(
    cross: CrossHair, column: float, expected: float
) -> None:
    cross.move(-1, POINTS, column)
    assert cross.at == expected
    cross.move(1, POINTS, column)
    assert cross.at == 100


def test_move_over_a_gap_reaches_the_next_point() -> None:
    cross = CrossHair()
    points = [1.0, 2.0, 50.0]
    cross.move(1, points, 5.0)
    cross.move(-1, points, 5.0)
    assert cross.at == 2
    cross.move(-1, points, 5.0)
    assert cross.at == 1
    cross.move(1, points, 5.0)
    assert cross.at == 50


def test_position_stays_with_new_points_and_follows_only_at_the_end(cross: CrossHair) -> None:
    cross.sync([*POINTS, 101.0])
    assert cross.at == 101
    cross.move_by(-50, [*POINTS, 101.0])
    cross.sync([*POINTS, 101.0, 102.0])
    assert cross.at == 51


def test_range_is_shown_and_left(cross: CrossHair) -> None:
    cross.move_by(-60, POINTS)
    assert cross.toggle_range(POINTS)
    cross.move_by(20, POINTS)
    assert not cross.toggle_range(POINTS)
    assert cross.zoom == (40, 60)
    cross.move_to_end(POINTS, last=True)
    assert cross.at == 60
    cross.move(1, POINTS, 1.0)
    assert cross.at == 60
    assert cross.leave_range()
    assert not cross.leave_range()


def test_mark_outside_the_range_leaves_it(cross: CrossHair) -> None:
    cross.zoom = (90, 100)
    assert cross.move_to_mark([10.0, 95.0], POINTS, forward=False)
    assert cross.zoom == (90, 100)
    assert cross.move_to_mark([10.0, 95.0], POINTS, forward=False)
    assert (cross.at, cross.zoom) == (10, None)
    assert not cross.move_to_mark([10.0, 95.0], POINTS, forward=False)


def test_run_without_points_has_no_cross_hair() -> None:
    cross = CrossHair()
    cross.move(1, [], 1.0)
    cross.move_by(5, [])
    cross.move_to_end([], last=True)
    assert not cross.toggle_range([])
    assert cross.at is None
