"""Words for the life of a trainer at an engine."""

import pytest

from fttui.learning.engine_words import engine_words, is_stuck, life_words
from fttui.models.run_state import EngineLife

LAB = EngineLife("lab", "slurm", id="4711")


@pytest.mark.parametrize(
    ("members", "step", "expected"),
    [
        ({"state": "waiting"}, None, "waiting in Slurm"),
        ({"state": "waiting", "reason": "Priority"}, None, "waiting in Slurm: Priority (other jobs are first)"),
        ({"state": "waiting", "reason": "Strange"}, 263, "waiting in Slurm: Strange; goes on after step 263"),
        ({"state": "running", "host": "n2", "attempt": 1}, 9, "on n2"),
        ({"state": "running", "host": "n2", "attempt": 2}, 9, "on n2, attempt 2"),
        ({"state": "unknown", "host": "n2"}, 9, "Slurm does not answer"),
        ({"state": "away", "host": "n2"}, 9, "the directory of its engine does not exist"),
        ({}, 9, ""),
    ],
)
def test_life_has_words(members: dict[str, object], step: int | None, expected: str) -> None:
    assert life_words(LAB._replace(**members), step) == expected


def test_engine_line_has_the_time_left_of_a_running_job() -> None:
    running = LAB._replace(state="running", limit=28800, ends_at=12400.0)
    expected = "lab (Slurm) · job 4711 · 3 h 10 min of 8h 00m left, then it saves and is submitted again"
    assert engine_words(running, 1000) == expected
    assert engine_words(running) == engine_words(running, 13000) == "lab (Slurm) · job 4711"


@pytest.mark.parametrize("reason", ["PartitionTimeLimit", "JobHeldUser", "launch failed requeued held"])
def test_reasons_that_do_not_pass_by_themselves_are_known(reason: str) -> None:
    assert is_stuck(reason)
    assert not is_stuck("Priority")
