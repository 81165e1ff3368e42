"""What a deletion affects."""

from fttui.core.affected import kept_checkpoints, without_dropped
from fttui.learning.checkpoints import judged_checkpoints
from fttui.learning.run import Run
from fttui.models.checkpoint import Checkpoint

LOSSES = {90: 1.9, 180: 1.7, 270: 1.8, 360: 1.9, 450: 2.0}


def checkpoints(losses: dict[int, float]) -> list[Checkpoint]:
    return [
        Checkpoint.read(
            {
                "id": f"c{step}",
                "step_number": step,
                "fine_tuned_model_checkpoint": f"m{step}",
                "metrics": {"full_valid_loss": loss},
            }
        )
        for step, loss in losses.items()
    ]


def test_embedded_service_has_the_newest_checkpoints_and_the_best() -> None:
    every = checkpoints(LOSSES)
    assert [one.id for one in kept_checkpoints(every)] == ["c180", "c270", "c360", "c450"]
    assert [row.step for row in without_dropped(judged_checkpoints(every, Run())).rows] == [180, 270, 360, 450]


def test_few_checkpoints_are_all_kept() -> None:
    every = checkpoints({90: 1.9, 180: 1.7})
    assert kept_checkpoints(every) == every
    assert without_dropped(judged_checkpoints(every, Run())) == judged_checkpoints(every, Run())
