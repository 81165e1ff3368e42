import pytest

from fttui.learning.pace import about, rounded, seconds_per_step, time_left
from fttui.learning.run import run_of


def _run(times: list[float], total: int = 100):
    return run_of([(step, {"train_loss": 1.0}, at) for step, at in enumerate(times, 1)], total_steps=total)


def test_time_left_is_the_pace_times_the_remaining_steps_less_the_time_since_the_last() -> None:
    run = _run([1000 + 2 * step for step in range(1, 51)])
    assert seconds_per_step(run) == pytest.approx(2.0)
    assert time_left(run, 1100) == pytest.approx(100.0)
    assert time_left(run, 1101) == pytest.approx(99.0)


def test_whole_seconds_of_fast_steps_average_out() -> None:
    run = _run([float(int(1000 + 0.3 * step)) for step in range(1, 51)])
    assert seconds_per_step(run) == pytest.approx(0.3, rel=0.1)


def test_pause_of_an_hour_does_not_count() -> None:
    times = [1000.0 + step for step in range(1, 40)] + [5000.0 + step for step in range(1, 12)]
    assert seconds_per_step(_run(times)) == pytest.approx(1.0, rel=0.1)


def test_wait_at_each_checkpoint_counts() -> None:
    at, times = 1000.0, []
    for step in range(1, 61):
        at += 1.0 + (5.0 if step % 10 == 0 else 0.0)
        times.append(at)
    assert seconds_per_step(_run(times)) == pytest.approx(1.5, rel=0.15)


@pytest.mark.parametrize("case", ["length unknown", "too few steps", "should have ended"])
def test_time_left_that_cannot_be_known_is_none(case: str) -> None:
    run = _run([1000.0 + step for step in range(1, 51)])
    if case == "length unknown":
        run.total_steps = None
    if case == "too few steps":
        run = _run([1000.0, 1001.0, 1002.0])
    assert time_left(run, 2000.0 if case == "should have ended" else 1052.0) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "5 s"), (14, "15 s"), (57, "55 s"), (58, "1 min"), (150, "2.5 min"), (580, "9.5 min"), (590, "10 min"),
        (3_500, "58 min"), (3_600, "1 h"), (3_900, "1 h 5 min"), (86_400 * 3 + 7_200, "3 d 2 h"),
    ],
)  # fmt: skip
def test_time_is_rounded_in_steps_that_grow(seconds: float, text: str) -> None:
    assert rounded(seconds) == text
    assert about(seconds) == f"about {text} left"
