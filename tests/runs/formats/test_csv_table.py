import errno
import math
import os
from pathlib import Path

import pytest

from fttui.runs.formats import peek
from fttui.runs.formats.base import FoundPoint
from fttui.runs.formats.csv_table import CsvReader, CsvTable


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_file_of_another_user_is_a_source_where_its_name_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(peek.os, "open", denied)
    found = CsvTable().sources("/o", ["metrics.csv", "secret.csv"])
    assert [source.path for source in found] == ["/o/metrics.csv"]


def test_rows_of_one_step_are_one_point_and_new_columns_begin_again(tmp_path: Path) -> None:
    path = write(tmp_path / "metrics.csv", "epoch,step,train_loss\n0,1,0.5\n0,1,\n0,3,nan\n")
    reader = CsvReader(str(path))
    first, second = reader.read().points
    assert first == FoundPoint(1, None, {"epoch": 0.0, "train_loss": 0.5})
    assert math.isnan(second.values["train_loss"])
    write(path, "epoch,step,train_loss,val_loss\n0,1,0.5,\n0,3,nan,\n0,3,,0.25\n")
    found = reader.read()
    assert found.restarted
    assert found.points[1].values["val_loss"] == 0.25


def test_hyperparameters_and_checkpoints_of_lightning_are_read_beside_the_table(tmp_path: Path) -> None:
    path = write(tmp_path / "metrics.csv", "step,loss\n1,0.5\n")
    write(tmp_path / "hparams.yaml", "lr: 0.1\nmodel_name: 'gpt2'\nlayers:\n- 1\nnested:\n  a: 2\nname: null\n")
    write(tmp_path / "checkpoints" / "epoch=0-step=10.ckpt", "x" * 7)
    write(tmp_path / "checkpoints" / "last.ckpt", "x")
    reader = CsvReader(str(path))
    found = reader.read()
    assert found.facts == {"hyperparameters": {"lr": 0.1, "model_name": "gpt2", "name": None}, "model": "gpt2"}
    assert [(each.step, each.size) for each in found.checkpoints] == [(10, 7)]
    write(tmp_path / "checkpoints" / "epoch=1-step=20.ckpt", "x")
    found = reader.read()
    assert ([each.step for each in found.checkpoints], found.facts) == ([20], {})


def test_broken_rows_are_left_out_and_named_once(tmp_path: Path) -> None:
    rows = "7,0.5,9\n,0.5\n-1,0.5\n1.5,0.5\nstep,loss\n\n1e400,1\n8,0.25\n"
    reader = CsvReader(str(write(tmp_path / "log.csv", "step,loss\n" + rows)))
    found = reader.read()
    assert found.points == [FoundPoint(8, None, {"loss": 0.25})]
    assert found.problems == ["log.csv: a row without a step, or with missing columns, was left out"]


def test_times_are_read_in_seconds_and_as_dates_and_durations_stay_numbers(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv", "\ufeffStep;timestamp;time;loss\n1;2026-11-28T18:00:00+00:00;3.5;1\n2;1795888801;4;1\n"
    )
    assert [(point.time, point.values["time"]) for point in CsvReader(str(path)).read().points] == [
        (1795888800.0, 3.5),
        (1795888801.0, 4.0),
    ]


@pytest.mark.parametrize(
    ("name", "text", "is_log"),
    [
        ("any.csv", "step,loss\n1,2\n", True),
        ("any.tsv", "epoch\tval_loss\n1\t2\n", True),
        ("metrics.csv", "", True),
        ("data.csv", "", False),
        ("data.csv", "prompt,answer\na,b\n", False),
        ("data.csv", "step,text\n1,hello\n", False),
        ("metrics.csv", "name,value\nrouge,1\n", False),
        ("data.csv", "\x00\xff\x00", False),
    ],
)
def test_table_is_a_log_when_it_counts_steps(tmp_path: Path, name: str, text: str, is_log: bool) -> None:
    write(tmp_path / name, text)
    os.mkfifo(tmp_path / "pipe.csv")
    found = CsvTable().sources(str(tmp_path), ["pipe.csv", "gone.csv", name])
    assert [Path(source.path).name for source in found] == [name] * is_log
