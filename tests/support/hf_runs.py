"""Output directories as Hugging Face's Trainer writes them."""

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]


def losses(steps: Iterable[int], *, start: float = 2.0) -> list[dict[str, Any]]:
    """Return records of the training loss, which falls with the steps."""
    return [{"step": step, "epoch": step / 100, "loss": start - step / 1000, "learning_rate": 1e-4} for step in steps]


def state(history: Sequence[Record], step: int, *, total: int = 100, **more: Any) -> str:
    """Return the content of a `trainer_state.json`."""
    members = {
        "best_model_checkpoint": None,
        "epoch": 3.0 * step / total,
        "global_step": step,
        "is_local_process_zero": True,
        "log_history": list(history),
        "max_steps": total,
        "num_train_epochs": 3,
        **more,
    }
    return json.dumps(members, indent=2)


def save(run: Path, history: Sequence[Record], step: int, *, total: int = 100, at: float = 0.0, **more: Any) -> Path:
    """Write a checkpoint with the history up to its step."""
    folder = run / f"checkpoint-{step}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "trainer_state.json"
    path.write_text(state([each for each in history if each["step"] <= step], step, total=total, **more))
    (folder / "model.safetensors").write_bytes(b"x" * 1000)
    if at:
        os.utime(path, (at, at))
        os.utime(folder, (at, at))
    return folder


def end(run: Path, history: Sequence[Record], *, seconds: float = 60.0, at: float = 0.0, **more: Any) -> Path:
    """Write the state that the Trainer leaves at the end of a training."""
    run.mkdir(parents=True, exist_ok=True)
    last = history[-1]["step"]
    summary = {"step": last, "epoch": 3.0, "train_runtime": seconds, "train_loss": 1.5, "train_samples_per_second": 4.0}
    path = run / "trainer_state.json"
    path.write_text(state([*history, summary], last, total=last, **more))
    if at:
        os.utime(path, (at, at))
    return path


def from_curve(run: Path, curve: Path) -> None:
    """Write a recorded curve as the output of a training with four checkpoints."""
    with curve.open() as file:
        rows = list(csv.DictReader(file))
    history: list[dict[str, Any]] = []
    for row in rows:
        step = int(row["step"])
        history.append({"step": step, "loss": float(row["train_loss"]), "learning_rate": 1e-4})
        if row["full_valid_loss"]:
            history.append({"step": step, "eval_loss": float(row["full_valid_loss"]), "eval_runtime": 1.0})
    last = int(rows[-1]["step"])
    times = {int(row["step"]): float(row["created_at"]) for row in rows}
    for part in (1, 2, 3, 4):
        save(run, history, last * part // 4, total=last, at=times[last * part // 4])
    end(run, history, seconds=times[last] - times[1] + 1, at=times[last])
