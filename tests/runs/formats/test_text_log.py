import math
from pathlib import Path

import pytest

from fttui.runs.formats.text_log import MetricSearch, TextLogReader, TextLogs

NAMED = [
    ("iter 100: loss 2.3456, time 123.45ms, mfu 12.34%", 100, {"loss": 2.3456, "time": 123.45, "mfu": 12.34}),
    ("step 100: train loss 2.3001, val loss 2.4002", 100, {"train_loss": 2.3001, "val_loss": 2.4002}),
    ("Epoch 3/10 - loss: 0.345 - val_loss: 0.4 - lr: 1e-4", 3, {"loss": 0.345, "val_loss": 0.4, "lr": 1e-4}),
    ("[2026-01-01 10:00:00] step 10/100 | loss=1.23 | grad norm: 0.5", 10, {"loss": 1.23, "grad_norm": 0.5}),
    ("Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.297470", 60640, {"Loss": 2.29747, "epoch": 1.0}),
    ("step:7/10 val_loss:10.8 train_time:12ms", 7, {"val_loss": 10.8, "train_time": 12.0}),
    ("{'loss': 1.5, 'learning_rate': 5e-05, 'global_step': 20}", 20, {"loss": 1.5, "learning_rate": 5e-05}),
]


@pytest.mark.parametrize(("line", "step", "values"), NAMED)
def test_line_of_a_common_form_has_metrics(line: str, step: int, values: dict[str, float]) -> None:
    assert MetricSearch().look(line) == (step, values)


@pytest.mark.parametrize(
    "line",
    [
        "step 5: downloading 20 files",
        "INFO: total loss of 5 files",
        "epoch done",
        "{'train_runtime': '7.08', 'train_loss': '3.036', 'epoch': '2'}",
        " 12%|█▏        | 2/16 [00:02<00:18,  1.35s/it]",
        "step " + "9" * 10_000 + " loss 1",
        "Train Epoch: 999999999 [1/999999999999 (0%)]\tLoss: 1.0",
        # Lines that take minutes when a repetition in a pattern has no limit.
        "loss step" + " " * 3000 + "x",
        "step 1 loss" + " " * 3000,
        "x/1%|" * 800,
    ],
)
def test_other_line_has_no_metrics(line: str) -> None:
    assert MetricSearch().look(line) is None


def test_steps_that_start_again_in_each_epoch_are_counted_on() -> None:
    search = MetricSearch()
    lines = [f"epoch {epoch} batch {batch}/20 loss 1.0" for epoch in (1, 2, 3) for batch in (10, 20)]
    assert [found.step for line in lines if (found := search.look(line))] == [10, 20, 30, 40, 50, 60]


def test_dictionary_of_transformers_takes_its_step_from_the_progress_bar(tmp_path: Path) -> None:
    path = tmp_path / "nohup.out"
    path.write_text(
        "\r 12%|█  | 2/16 [00:02<00:18,  1.35s/it]\r       \r{'loss': '3.047', 'epoch': '0.25'}\n"
        "\r 25%|█  | 4/16 [00:02<00:18,  1.35s/it]\r100%|██| 1/1 [00:00<00:00, 9.35it/s]\n"
        "\r                  \r{'eval_loss': 3.0, 'epoch': 0.5}\n"
        "\r                  \r{'loss': '3.0', 'epoch': '0.75'}\n"
    )
    found = TextLogReader(str(path)).read()
    assert [(point.step, point.values) for point in found.points] == [
        (2, {"loss": 3.047, "epoch": 0.25}),
        (4, {"eval_loss": 3.0, "epoch": 0.5}),
        (6, {"loss": 3.0, "epoch": 0.75}),  # the bar was not drawn in between
    ]
    assert found.facts == {"total_steps": 16}


def test_traceback_is_the_error_of_a_failed_run_until_the_training_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_text(
        "step 1 loss 2\nTraceback (most recent call last):\n  File 'a.py', line 1\n    loss()\n"
        "torch.OutOfMemoryError: CUDA out of memory. Tried\n"
    )
    reader = TextLogReader(str(path))
    found = reader.read()
    assert found.facts == {"status": "failed", "error": "torch.OutOfMemoryError: CUDA out of memory. Tried"}
    assert found.lines[-1].level == "error"
    with path.open("a") as file:
        file.write("WARNING: resumed\nstep 2 loss nan\n")
    found = reader.read()
    assert found.facts == {"status": "running", "error": ""}
    assert [line.level for line in found.lines] == ["warn", "info"]
    assert math.isnan(found.points[0].values["loss"])


def test_pattern_of_the_profile_replaces_the_common_forms(tmp_path: Path) -> None:
    path = tmp_path / "my.log"
    path.write_text("it=3 L:0.5 step 9 loss 1\nit=4 L:x\n")
    logs = TextLogs(r"it=(?P<step>\d+) L:(?P<loss>\S+)")
    (source,) = logs.sources(str(tmp_path), ["my.log", "install.log", "gone.log"])
    assert [(point.step, point.values) for point in logs.reader(source).read().points] == [(3, {"loss": 0.5})]


@pytest.mark.parametrize("pattern", ["(", "loss (?P<loss>.*)", "(?P<step>a{99999999999})"])
def test_pattern_that_cannot_work_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="expression"):
        TextLogs(pattern)


def test_log_without_metrics_is_no_source_unless_its_name_says_training(tmp_path: Path) -> None:
    for name in ("app.log", "train.log", "steps.log"):
        (tmp_path / name).write_text("step 1 loss 2\n" if name == "steps.log" else "hello\n")
    found = TextLogs().sources(str(tmp_path), ["app.log", "train.log", "steps.log", "debug.log"])
    assert [Path(source.path).name for source in found] == ["steps.log", "train.log"]


def test_carriage_returns_codes_and_bytes_of_any_kind_never_break_a_log(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_bytes(b"\x1b[2K\rstep 1 loss 2\x1b[0m\n" + bytes(range(256)) * 50 + b"\nstep 2 loss 1\n")
    assert [point.step for point in TextLogReader(str(path)).read().points] == [1, 2]
