"""Formats of runs that other programs started, a module each."""

from fttui.runs.formats.base import Format
from fttui.runs.formats.csv_table import CsvTable
from fttui.runs.formats.json_lines import JsonLines
from fttui.runs.formats.mlflow import MLflow
from fttui.runs.formats.tensorboard import TensorBoard
from fttui.runs.formats.text_log import TextLogs
from fttui.runs.formats.trackio import Trackio
from fttui.runs.formats.trainer_state import TrainerState
from fttui.runs.formats.wandb import Wandb

FORMATS: tuple[Format, ...] = (
    *(TrainerState(), Wandb(), MLflow(), Trackio(), TensorBoard(), CsvTable(), JsonLines(), TextLogs()),
)
"""All formats. Where two sources of a run have the same metric or fact, the first wins."""
BY_NAME = tuple(format for format in FORMATS if format.name in ("trainer_state", "wandb", "tensorboard"))
"""Formats whose sources are found without opening a file."""


def formats(log_pattern: str = "") -> tuple[Format, ...]:
    """Return all formats, with the pattern of a profile for the lines of logs.

    Raises:
        ValueError: the pattern is no regular expression, or has no group `step`.
    """
    return (*FORMATS[:-1], TextLogs(log_pattern)) if log_pattern else FORMATS
