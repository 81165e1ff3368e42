"""Formats whose modules are imported when a directory has one of their files."""

import os
from pathlib import Path

import pytest

from fttui.runs.formats import FORMATS
from fttui.runs.formats.checkpoint_names import step_of
from fttui.runs.formats.csv_table import CsvTable
from fttui.runs.formats.json_lines import JsonLines
from fttui.runs.formats.mlflow import MLflow
from fttui.runs.formats.tensorboard import TensorBoard
from fttui.runs.formats.text_log import TextLogs
from fttui.runs.formats.trackio import Trackio
from fttui.runs.formats.trainer_state import TrainerState
from fttui.runs.formats.wandb import Wandb
from tests.runs.formats.test_hostile import FILES
from tests.runs.formats.test_mlflow import write_run

REAL = (TrainerState(), Wandb(), MLflow(), Trackio(), TensorBoard(), CsvTable(), JsonLines(), TextLogs())
NAMES = (
    *("metrics.csv", "metrics.tsv", "metrics.jsonl", "metrics.ndjson", "train.log", "slurm-1.out", "log.txt", "x.err"),
    *("run-1.wandb", "events.out.tfevents.1700000000.host", "checkpoint-5", "trainer_state.json"),
    *("a.db", "a.sqlite", "a.sqlite3"),
)
"""Names of files that a format reads: of each ending one."""


def test_formats_have_the_names_of_the_real_ones_in_their_order() -> None:
    assert [late.name for late in FORMATS] == [real.name for real in REAL]


@pytest.mark.parametrize("name", FILES)
def test_sources_are_those_of_the_real_format(tmp_path: Path, name: str) -> None:
    file, content = FILES[name]
    if name == "mlflow":
        write_run(tmp_path)
    (tmp_path / file).write_bytes(content)
    names = os.listdir(tmp_path)
    found = [late.sources(str(tmp_path), names) for late in FORMATS]
    assert found == [real.sources(str(tmp_path), names) for real in REAL]
    assert any(found)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_of_a_format_is_looked_at(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"step": 1, "loss": 2.0}\n' if name.endswith("json") else "step,loss\n1,2.0\n")
    for late, real in zip(FORMATS, REAL, strict=True):
        assert late.sources(str(tmp_path), [name]) == real.sources(str(tmp_path), [name])


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("checkpoint-500", 500),
        ("checkpoint-0", 0),
        ("checkpoint-", None),
        ("checkpoint-5x", None),
        ("my-checkpoint-5", None),
        ("checkpoint-1234567890123", None),
    ],
)
def test_step_of_a_checkpoint_is_in_its_name(name: str, step: int | None) -> None:
    assert step_of(name) == step
