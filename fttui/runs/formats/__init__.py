"""Formats of runs that other programs started, a module each. A module is imported when its files are found."""

from fttui.runs.formats.base import Format
from fttui.runs.formats.late import LateFormat
from fttui.runs.formats.peek import DATABASES

FORMATS: tuple[Format, ...] = (
    LateFormat("trainer_state", ("trainer_state.json", "checkpoint-"), "trainer_state:TrainerState"),
    LateFormat("wandb", (".wandb",), "wandb:Wandb"),
    LateFormat("mlflow", ("meta.yaml", *DATABASES), "mlflow:MLflow"),
    LateFormat("trackio", DATABASES, "trackio:Trackio"),
    LateFormat("tensorboard", ("tfevents.",), "tensorboard:TensorBoard"),
    LateFormat("csv", (".csv", ".tsv"), "csv_table:CsvTable"),
    LateFormat("jsonl", (".jsonl", ".ndjson"), "json_lines:JsonLines"),
    LateFormat("log", (".log", ".out", ".err", ".txt"), "text_log:TextLogs"),
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
