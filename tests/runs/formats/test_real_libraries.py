"""Stores that the real libraries write, held against what these libraries read back (`make test-runs`)."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fttui.runs.formats import FORMATS
from fttui.runs.formats.base import Found, FoundPoint, Reader, Source

pytestmark = [pytest.mark.runs, pytest.mark.xdist_group("runs")]
Values = dict[tuple[str, int], float]
"""Values by metric and step."""
HARD = [3.0, 1.5, math.nan, math.inf, -math.inf, 1e-12, 0.25]


@pytest.fixture(scope="module", autouse=True)
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "HF_HUB_OFFLINE": "1",
            "WANDB_MODE": "offline",
            "WANDB_SILENT": "true",
            "MLFLOW_ALLOW_FILE_STORE": "true",
            "TRACKIO_DIR": str(home / "trackio"),
            "TRACKIO_OFFLINE": "1",
        }.items():
            patch.setenv(name, value)
        patch.chdir(home)
        yield home


def sources(top: Path) -> list[Source]:
    """All sources below a directory, as the index finds them."""
    found = []
    for directory, folders, files in os.walk(top):
        for each in FORMATS:
            found += each.sources(directory, [*folders, *files])
    return found


def reader(source: Source) -> Reader:
    return next(each for each in FORMATS if each.name == source.format).reader(source)


def read(source: Source) -> Found:
    found = reader(source).read()
    assert not found.problems
    return found


def by_metric(points: Iterable[FoundPoint]) -> Values:
    return {(name, point.step): value for point in points for name, value in point.values.items()}


def same(ours: Values, theirs: Values, *, tolerance: float = 0.0) -> None:
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert ours[key] == pytest.approx(value, rel=tolerance, abs=0, nan_ok=True), key


def tree(top: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in top.rglob("*")}


def test_tensorboard_reads_the_same_scalars_while_a_writer_goes_on(tmp_path: Path) -> None:
    import torch
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path / "run"))
    for step, value in enumerate(HARD):
        writer.add_scalar("train/loss", value, step)
    writer.add_histogram("weights", torch.randn(10), 1)
    writer.add_text("note", "hello", 1)
    writer.flush()
    followed = reader(Source("tensorboard", str(tmp_path / "run")))
    points = list(followed.read().points)
    writer.add_scalar("eval/loss", 7.0, 100, new_style=True)
    writer.add_hparams({"lr": 0.1, "optimizer": "adam"}, {"hparam/loss": 1.0})
    writer.close()
    last = followed.read()
    theirs = EventAccumulator(str(tmp_path / "run"), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    scalars = {(tag, e.step): e.value for tag in theirs.Tags()["scalars"] for e in theirs.Scalars(tag)}
    ours = by_metric([*points, *last.points])
    assert ours.pop(("hparam/loss", 0)) == 1.0  # TensorBoard shows it as a run of its own
    assert ours.pop(("eval/loss", 100)) == 7.0  # a tensor, which this reader of TensorBoard does not list as a scalar
    same(ours, scalars)
    times = {point.step: point.time for point in points}
    assert {e.step: e.wall_time for e in theirs.Scalars("train/loss")} == times
    assert last.facts["hyperparameters"] == {"lr": 0.1, "optimizer": "adam"}
    assert [source.path for source in sources(tmp_path)] == [str(tmp_path / "run")]


def test_tensorboard_purges_the_same_steps(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    for first, purge in ((0, None), (5, 5)):
        with SummaryWriter(str(tmp_path), purge_step=purge, filename_suffix=f".{first}") as writer:
            for step in range(first, first + 10, 1 + first):
                writer.add_scalar("loss", float(step + first), step)
    theirs = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0}).Reload()
    (found,) = sources(tmp_path)
    same(by_metric(read(found).points), {("loss", each.step): each.value for each in theirs.Scalars("loss")})


def inspected(file: Path) -> list[dict[str, Any]]:
    """Records of a run file, as the program of W&B reads them."""
    import wandb

    program = Path(wandb.__file__).parent / "bin" / "wandb-core"
    command = [program, "leet", "inspect", "-no-observability", "-json", "-run-file", file, file.parent]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def test_wandb_counts_metrics_by_their_step_metric(tmp_path: Path) -> None:
    script = """if True:
        import sys, wandb
        run = wandb.init(project="p", dir=sys.argv[1])
        run.define_metric("count")
        run.define_metric("*", step_metric="count")
        run.define_metric("late", step_metric="late_count")
        for step in range(3):
            run.log({"loss": step, "count": step * 10})
            run.log({"val": step})
            run.log({"late": step, "late_count": step * 7})
        run.finish()
    """
    subprocess.run([sys.executable, "-c", script, tmp_path], check=True, capture_output=True)
    (found,) = sources(tmp_path)
    values = {("loss", step * 10): step for step in range(3)} | {("val", step * 10): step for step in range(3)}
    same(by_metric(read(found).points), values | {("late", step * 7): step for step in range(3)})


def test_wandb_reads_the_same_history(tmp_path: Path) -> None:
    script = """if True:
        import math, sys, wandb
        run = wandb.init(project="p", name="first", config={"lr": 0.1, "model_name": "gpt2"}, dir=sys.argv[1])
        for step in range(2000):
            hard = [math.nan, math.inf, -math.inf][step % 3]
            run.log({"train/loss": 1 / (step + 1), "hard": hard, "in": {"a": step}})
        run.log({"samples": wandb.Table(columns=["prompt", "completion"], data=[["2+2?", "4"]])})
        print("the last line", flush=True)
        raise ValueError("no data")
    """
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, capture_output=True)
    (source,) = sources(tmp_path)
    found = read(source)
    records = inspected(Path(source.path))
    theirs: Values = {}
    for record in records:
        if record["type"] == "history":
            item = record["history"]["item"]
            numbers = {name: item[name] for name in ("train/loss", "hard", "in.a") if name in item}
            theirs |= {(name, item["_step"]): float(value) for name, value in numbers.items()}
    same(by_metric(found.points), theirs)
    assert len(theirs) == 6000
    (run,) = [record["run"] for record in records if record["type"] == "run"][:1]
    facts = dict(found.facts)
    assert (facts["name"], facts["host"]) == (run["display_name"], run["host"])
    assert facts["hyperparameters"] == {"lr": 0.1, "model_name": "gpt2"}
    assert (facts["status"], facts["error"]) == ("failed", "ValueError: no data")
    assert "the last line" in [line.text for line in found.lines]
    assert [(each.prompt, each.answer) for each in found.samples] == [("2+2?", "4")]


@pytest.mark.parametrize("kind", ["directory", "database"])
def test_mlflow_reads_the_same_metrics(tmp_path: Path, kind: str) -> None:
    import mlflow

    store = tmp_path / "store"
    store.mkdir()
    mlflow.set_tracking_uri(f"file:{store}/mlruns" if kind == "directory" else f"sqlite:///{store}/mlflow.db")
    mlflow.set_experiment("experiment")
    with mlflow.start_run(run_name="good"):
        mlflow.log_params({"lr": 1e-4, "model_name_or_path": "gpt2"})
        for step, value in enumerate(HARD):
            mlflow.log_metric("train/loss", value, step=step)
        mlflow.log_metric("train/loss", 9.0, step=0)  # a resumed training
    mlflow.start_run(run_name="bad")
    mlflow.log_metrics({"loss": 1.0, "accuracy": 0.5}, step=7)
    mlflow.end_run("FAILED")
    mlflow.start_run(run_name="alive")
    found = {each.facts["name"]: each for each in map(read, sources(store))}
    client = mlflow.MlflowClient()
    runs = {
        run.info.run_name: run
        for run in client.search_runs([client.get_experiment_by_name("experiment").experiment_id])
    }
    mlflow.end_run("KILLED")
    assert found.keys() == runs.keys()
    for name, run in runs.items():
        history = [each for metric in run.data.metrics for each in client.get_metric_history(run.info.run_id, metric)]
        largest = sys.float_info.max  # MLflow returns it for an infinity in a database
        theirs = {
            (each.key, each.step): math.copysign(math.inf, each.value) if abs(each.value) == largest else each.value
            for each in sorted(history, key=lambda each: each.timestamp)
        }
        same(by_metric(found[name].points), theirs)
    assert {name: each.facts["status"] for name, each in found.items()} == {
        "good": "succeeded", "bad": "failed", "alive": "running",
    }  # fmt: skip
    assert found["good"].facts["hyperparameters"] == {"lr": 1e-4, "model_name_or_path": "gpt2"}
    assert found["good"].facts["model"] == "gpt2"
    again = {each.facts["name"]: each for each in map(read, sources(store))}
    assert again["alive"].facts["status"] == "cancelled"


def test_trackio_reads_the_same_metrics_while_a_run_goes_on(offline: Path) -> None:
    import trackio
    from trackio.sqlite_storage import SQLiteStorage

    trackio.init(project="project", name="first", config={"lr": 0.1})
    for step, value in enumerate(HARD):
        trackio.log({"train/loss": value, "in": {"a": step}}, step=step)
    trackio.finish()
    trackio.init(project="project", name="second", config={"lr": 0.2})
    trackio.log({"loss": 1.0}, step=5)
    store = offline / "trackio"
    before = tree(store)
    found = {each.facts["name"]: each for each in map(read, sources(store))}
    assert tree(store) == before
    theirs: Values = {}
    for row in SQLiteStorage.get_logs("project", "first"):
        theirs["train/loss", row["step"]] = float(row["train/loss"])
        theirs["in/a", row["step"]] = float(row["in"]["a"])
    same(by_metric(found["first"].points), theirs)
    assert found["first"].facts["hyperparameters"] == {"lr": 0.1}
    trackio.finish()
    again = {each.facts["name"]: each for each in map(read, sources(store))}
    same(by_metric(again["second"].points), {("loss", 5): 1.0})


def test_csv_logger_of_lightning_is_followed_epoch_by_epoch(tmp_path: Path) -> None:
    import lightning
    import torch
    from lightning.pytorch.loggers import CSVLogger

    points: list[FoundPoint] = []
    logged: Values = {}
    followed: list[Reader] = []

    class Model(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self, lr: float = 0.1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.linear = torch.nn.Linear(2, 1)

        def training_step(self, batch: Any, index: int) -> Any:
            loss = (self.linear(batch[0]) ** 2).mean()
            self.log("train_loss", loss, on_step=True, on_epoch=True)
            logged["train_loss_step", self.global_step] = float(loss.detach())
            return loss

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", (self.linear(batch[0]) ** 2).mean())

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.1)

        def on_train_epoch_start(self) -> None:
            if not followed and (found := sources(tmp_path)):
                followed.append(reader(found[0]))
            for each in followed:
                new = each.read()
                points[:] = [*([] if new.restarted else points), *new.points]

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(16, 2)), batch_size=4)
    logger = CSVLogger(str(tmp_path), flush_logs_every_n_steps=1)
    trainer = lightning.Trainer(
        max_epochs=4, logger=logger, log_every_n_steps=1, accelerator="cpu",
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(Model(), data, data)
    new = followed[0].read()
    points = [*([] if new.restarted else points), *new.points]
    whole = read(sources(tmp_path)[0])
    assert by_metric(points) == by_metric(whole.points)
    ours = by_metric(whole.points)
    same({key: value for key, value in ours.items() if key[0] == "train_loss_step"}, logged, tolerance=1e-6)
    assert sum(name == "val_loss" for name, _ in ours) == 4
    assert whole.facts == {"hyperparameters": {"lr": 0.1}}
    (checkpoint,) = whole.checkpoints
    assert (checkpoint.step, checkpoint.size) == (16, Path(checkpoint.path).stat().st_size)


def test_trainer_of_transformers_says_the_same_in_all_its_places(tmp_path: Path) -> None:
    script = """if True:
        import json, sys, torch
        from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments
        model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=1, n_embd=8, vocab_size=32, n_positions=16))
        data = [{"input_ids": torch.arange(8) + n % 8, "labels": torch.arange(8) + n % 8} for n in range(32)]
        arguments = TrainingArguments(sys.argv[1] + "/out", num_train_epochs=2, per_device_train_batch_size=4,
            logging_steps=2, eval_strategy="steps", eval_steps=4, save_steps=8, use_cpu=True, run_name="named",
            report_to=["tensorboard", "wandb", "mlflow", "trackio"], project="transformers")
        trainer = Trainer(model, arguments, train_dataset=data, eval_dataset=data[:8])
        trainer.train()
        json.dump(trainer.state.log_history, open(sys.argv[1] + "/history.json", "w"))
    """
    places = {
        "TENSORBOARD_LOGGING_DIR": str(tmp_path / "tensorboard"),
        "WANDB_DIR": str(tmp_path),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
        "TRACKIO_DIR": str(tmp_path / "trackio"),
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_EXPERIMENT")}
    with (tmp_path / "train.log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-u", "-c", script, str(tmp_path)], check=False, env=environment | places,
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    assert done.returncode == 0, (tmp_path / "train.log").read_text()[-3000:]
    theirs: Values = {}
    for record in json.loads((tmp_path / "history.json").read_text()):
        for name in ("loss", "eval_loss", "grad_norm", "learning_rate"):
            if name in record:
                theirs[name, record["step"]] = record[name]
    # The Trainer's own file is the history that the others are compared with.
    found = {source.format: read(source) for source in sources(tmp_path) if source.format != "trainer_state"}
    assert found.keys() == {"tensorboard", "wandb", "mlflow", "trackio", "log"}
    for name in ("tensorboard", "wandb", "mlflow", "trackio"):
        ours = {
            (metric.removeprefix("train/").replace("eval/", "eval_"), step): value
            for (metric, step), value in by_metric(found[name].points).items()
        }
        same({key: ours[key] for key in ours if key[0] in {name for name, _ in theirs}}, theirs, tolerance=1e-6)
        assert found[name].facts["hyperparameters"]["per_device_train_batch_size"] in (4, "4")
    printed = sorted(value for (metric, _), value in by_metric(found["log"].points).items() if metric == "loss")
    assert printed == pytest.approx(sorted(value for (name, _), value in theirs.items() if name == "loss"), rel=1e-3)
    assert found["log"].facts["total_steps"] == 16
    assert found["wandb"].facts["status"] == "succeeded"
