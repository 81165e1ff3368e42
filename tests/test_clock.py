"""Formatting of ages and durations."""

from fttui.clock import age, duration, freshness


def test_age_has_one_unit() -> None:
    seconds = (-5, 0, 59.9, 60, 3599, 7200, 86400 * 3, 86400 * 800)
    assert [age(value) for value in seconds] == ["0s", "0s", "59s", "1m", "59m", "2h", "3d", "2y"]


def test_freshness_has_coarse_steps() -> None:
    seconds = (0, 9.9, 10, 19.9, 59, 60, 7300)
    assert [freshness(value) for value in seconds] == ["now", "now", "10s", "10s", "50s", "1m", "2h"]


def test_duration_has_two_units() -> None:
    seconds = (42, 185, 7800, 90000, -1)
    assert [duration(value) for value in seconds] == ["42s", "3m 05s", "2h 10m", "1d 1h", "0s"]
