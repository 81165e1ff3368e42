"""A check of the files of a job that is about to be created: the cockpit's form and `jobs create` ask the same."""

from collections.abc import Mapping
from typing import Any, Protocol

from fttui.data import rules
from fttui.data.check import check_file
from fttui.data.lines import Progress, Stopped, never
from fttui.data.report import Report


class Asked(Protocol):
    """What must be known of the job: a `JobSpec` has it."""

    @property
    def model(self) -> str: ...
    @property
    def method(self) -> str | None: ...
    @property
    def grader(self) -> dict[str, Any] | None: ...
    @property
    def hyperparameters(self) -> Mapping[str, Any]: ...


def check_job(
    spec: Asked,
    training: str | None,
    validation: str | None,
    *,
    place: str,
    own_prices: str | None,
    progress: Progress | None = None,
    stopped: Stopped = never,
) -> Report:
    """Check the files that lie on this disk, and work out what the job would be.

    Args:
        training, validation: their paths; None for a file that is at the provider already. One of them is given.
        place: who trains: see `check_file`.

    Raises:
        OSError: a file cannot be read.
        BadPrices: the person's own price file is not as it should be.
    """
    report = check_file(
        training or validation or "",
        method=spec.method or "supervised",
        model=spec.model,
        grader=spec.grader,
        validation=validation if training else None,
        n_epochs=spec.hyperparameters.get("n_epochs"),
        batch_size=spec.hyperparameters.get("batch_size"),
        place=place,
        own_prices=own_prices,
        fewest=rules.FEWEST_EXAMPLES if training else 1,
        progress=progress,
        stopped=stopped,
    )
    # A validation file alone says nothing about the run.
    return report if training else report._replace(plan=None)
