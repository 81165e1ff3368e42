"""Ages in words."""

import pytest

from fttui.clock import age, duration, freshness


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (7200, "2h"),
        (86400 * 3, "3d"),
        (86400 * 800, "2y"),
    ],
)
def test_an_age_is_one_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "now"), (9.9, "now"), (10, "10s"), (19.9, "10s"), (59, "50s"), (60, "1m"), (7300, "2h")]
)
def test_freshness_does_not_tick(seconds: float, text: str) -> None:
    assert freshness(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(42, "42s"), (185, "3m 05s"), (7800, "2h 10m"), (90000, "1d 1h"), (-1, "0s")]
)
def test_a_duration_has_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text
