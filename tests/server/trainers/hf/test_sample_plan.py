"""Samples that fit into a share of the time of a run."""

from pathlib import Path

import pytest

from fttui.server.trainers.hf.sample_plan import Pace, Plan, plan


@pytest.mark.parametrize(
    ("seconds", "checkpoints", "expected"),
    [
        (1000.0, 3, Plan(5, 64, everywhere=True)),
        (4 * (0.2 + 20 * 0.01), 3, Plan(5, 20, everywhere=True)),
        (4 * (0.04 + 16 * 0.01), 3, Plan(1, 16, everywhere=True)),
        (2 * (0.2 + 30 * 0.01), 30, Plan(5, 30, everywhere=False)),
        (2 * (0.04 + 16 * 0.01), 1, Plan(1, 16, everywhere=True)),
        (2 * (0.04 + 15 * 0.01), 3, Plan(0, 16, everywhere=False)),
        (-1.0, 3, Plan(0, 16, everywhere=False)),
    ],
)
def test_the_largest_plan_that_fits_is_chosen(seconds: float, checkpoints: int, expected: Plan) -> None:
    pace = Pace(prompts=0.2, token=0.01)
    found = plan(seconds + 1e-9, checkpoints, 5, pace)
    assert found == expected
    rounds = checkpoints + 1 if found.everywhere else 2
    taken = rounds * (pace.prompts * found.prompts / 5 + pace.token * found.max_tokens) if found.prompts else 0
    assert taken <= max(seconds, 0) + 1e-6


def test_a_plan_is_kept_with_the_job(tmp_path: Path) -> None:
    assert Plan.read(str(tmp_path)) is None
    Plan(4, 33, everywhere=False).write(str(tmp_path))
    found = Plan.read(str(tmp_path))
    assert found == Plan(4, 33, everywhere=False)
    assert (found.includes(is_end=True), found.includes(is_end=False)) == (True, False)
    assert not Plan(0, 16, everywhere=True).includes(is_end=True)
    (tmp_path / "samples.json").write_text("[")
    assert Plan.read(str(tmp_path)) is None
