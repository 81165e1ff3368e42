"""Formats of runs that other programs started, a module each. A module is imported when its files are found."""

from fttui.runs.formats.base import Format
from fttui.runs.formats.late import LateFormat
from fttui.runs.formats.peek import DATABASES


def _trainer_state() -> Format:
    from fttui.runs.formats.trainer_state import TrainerState

    return TrainerState()


def _wandb() -> Format:
    from fttui.runs.formats.wandb import Wandb

    return Wandb()


def _mlflow() -> Format:
    from fttui.runs.formats.mlflow import MLflow

    return MLflow()


def _trackio() -> Format:
    from fttui.runs.formats.trackio import Trackio

    return Trackio()


def _tensorboard() -> Format:
    from fttui.runs.formats.tensorboard import TensorBoard

    return TensorBoard()


def _csv_table() -> Format:
    from fttui.runs.formats.csv_table import CsvTable

    return CsvTable()


def _json_lines() -> Format:
    from fttui.runs.formats.json_lines import JsonLines

    return JsonLines()


def _text_logs() -> Format:
    from fttui.runs.formats.text_log import TextLogs

    return TextLogs()


FORMATS: tuple[Format, ...] = (
    LateFormat("trainer_state", ("trainer_state.json", "checkpoint-"), _trainer_state),
    LateFormat("wandb", (".wandb",), _wandb),
    LateFormat("mlflow", ("meta.yaml", *DATABASES), _mlflow),
    LateFormat("trackio", DATABASES, _trackio),
    LateFormat("tensorboard", ("tfevents.",), _tensorboard),
    LateFormat("csv", (".csv", ".tsv"), _csv_table),
    LateFormat("jsonl", (".jsonl", ".ndjson"), _json_lines),
    LateFormat("log", (".log", ".out", ".err", ".txt"), _text_logs),
)
"""All formats. Where two sources of a run have the same metric or fact, the first wins."""
BY_NAME = tuple(format for format in FORMATS if format.name in ("trainer_state", "wandb", "tensorboard"))
"""Formats whose sources are found without opening a file."""


def formats(log_pattern: str = "") -> tuple[Format, ...]:
    """Return all formats, with the pattern of a profile for the lines of logs.

    Raises:
        ValueError: the pattern is no regular expression, or has no group `step`.
    """
    if not log_pattern:
        return FORMATS
    from fttui.runs.formats.text_log import TextLogs

    return (*FORMATS[:-1], TextLogs(log_pattern))
