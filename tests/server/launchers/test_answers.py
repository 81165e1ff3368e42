"""Answers of an engine, kept for some seconds."""

from collections.abc import Callable

import pytest

from fttui.server.launchers.answers import Answers, NoAnswer
from tests.support.clock import FakeClock


@pytest.mark.parametrize(
    ("took", "is_away", "pause"),
    [
        (0.1, False, 5),
        (2, False, 20),
        (0.1, True, 5),
        (9, True, 18),  # squeue tries for so long to reach a controller that was stopped
    ],
)
def test_pause_after_a_question_follows_from_its_time(took: float, is_away: bool, pause: float) -> None:
    clock = FakeClock()

    def ask() -> str:
        clock.advance(took)
        if is_away:
            raise NoAnswer("connection refused")
        return "jobs"

    answers = Answers(ask, clock, start=lambda work: work())
    answers.number()
    clock.advance(pause - took - 0.01)
    assert answers.number() == 1
    clock.advance(0.02)
    answers.number()
    assert answers.number() == 2


def test_a_question_whose_thread_cannot_be_started_is_asked_again() -> None:
    def refuse(work: Callable[[], None]) -> None:
        starts.append(work)
        if len(starts) == 1:
            raise RuntimeError("can't start new thread")
        work()

    starts: list[Callable[[], None]] = []
    answers = Answers(lambda: "jobs", FakeClock(), start=refuse)
    with pytest.raises(RuntimeError):
        answers.number()
    answers.number()
    assert answers.number() == 1
