"""Options of `fttui jobs create` and `fttui jobs clone`."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from fttui.cli import completion
from fttui.cli.flags import EngineOption, Number, Pair, Percent, StopKinds
from fttui.models.hyperparameters import RANGES, SEED

F = TypeVar("F", bound=Callable[..., Any])


def job_options(function: F) -> F:
    """Add the options that describe a job, apart from its model and training file."""
    numbers = {name: Number(range) for name, range in RANGES.items()}
    for option in reversed(
        [
            click.option(
                "--validation-file",
                metavar="ID|PATH",
                shell_complete=completion.data_files,
                help="A file id, or a file to upload.",
            ),
            click.option(
                "--hold-out",
                type=Percent(),
                metavar="N%",
                help="Hold out a part of the training file for validation, in two new files beside it.",
            ),
            click.option("--suffix", metavar="S", help="Text to add to the name of the tuned model."),
            click.option(
                "--seed",
                type=Number(SEED),
                multiple=True,
                metavar="N",
                help="Seed; the same seed and data give the same run at the embedded service, a similar one elsewhere. "
                "Several seeds repeat the run.",
            ),
            click.option(
                "--method", type=click.Choice(["supervised", "dpo", "reinforcement"]), help="Training method."
            ),
            click.option(
                "--n-epochs", type=numbers["n_epochs"], multiple=True, metavar="N|auto", help="Passes over the data."
            ),
            click.option(
                "--batch-size",
                type=numbers["batch_size"],
                multiple=True,
                metavar="N|auto",
                help="Examples in a training step.",
            ),
            click.option(
                "--learning-rate-multiplier",
                type=numbers["learning_rate_multiplier"],
                multiple=True,
                metavar="X|auto",
                help="Factor of the default learning rate.",
            ),
            click.option(
                "--beta",
                type=numbers["beta"],
                multiple=True,
                metavar="X|auto",
                help="DPO: how close to stay to the base model.",
            ),
            click.option(
                "--hyperparameter",
                type=Pair(),
                multiple=True,
                metavar="NAME=VALUE",
                help="Any training setting of the provider or trainer. NAME=8,16 gives it several values.",
            ),
            click.option(
                "--option",
                type=EngineOption(),
                multiple=True,
                metavar="KIND.NAME=VALUE",
                help="Option of the job's engine, such as slurm.time=2:00:00.",
            ),
            click.option("--grader", type=click.Path(), metavar="FILE", help="Reinforcement: the grader, as JSON."),
            click.option(
                "--metadata", type=Pair(), multiple=True, metavar="K=V", help="Label of the job; may be repeated."
            ),
            click.option("--wandb-project", metavar="P", help="Report the run to Weights & Biases."),
            click.option(
                "--stop-on",
                type=StopKinds(),
                metavar="KIND,...",
                help="Embedded service: stop the job on these alarms.",
            ),
            click.option("--force", is_flag=True, help="Upload data even if the check finds errors."),
            click.option("--wait", is_flag=True, help="Wait until the job ends. Exit with 0 only if it succeeded."),
            click.option(
                "--yes", "-y", is_flag=True, help="Create a sweep without asking; required without a terminal."
            ),
            click.option("--results", metavar="DIR", help="With --wait: download the result files to DIR, as CSV."),
        ]
    ):
        function = option(function)
    return function
