"""Overhead of the trainer for open models over plain TRL: `python -m tests.benchmarks.hf_overhead`.

Trains the same model on the same tokens twice in one run, step by step in turns: each pair of steps runs at almost the
same time, so a change in the load of the machine changes both. The difference is what the callbacks cost: metrics
lines, decisions, and votes. Validation and saved states are left out of both.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Measure, and print the time of a step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--steps", type=int, default=60)
    given = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        plain, ours = measure(Path(folder), given.hidden, given.layers, given.steps)
    ratios = [b / a for a, b in zip(plain, ours, strict=True)]
    print(f"plain TRL   {1000 * statistics.median(plain):8.1f} ms a step")
    print(f"trainer hf  {1000 * statistics.median(ours):8.1f} ms a step")
    print(f"overhead    {100 * (statistics.median(ratios) - 1):8.1f} % (median of {len(ratios)} pairs of steps)")


def measure(folder: Path, hidden: int, layers: int, steps: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each step of both, without the first ones."""
    from tests.server.trainers.hf.models import make_model, write_job

    model = make_model(folder / "model", hidden=hidden, layers=layers)
    settings = {"save_every": "86400", "lora_dropout": "0"}
    words = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "word " * 50}]}
    members: dict[str, Any] = {"n_epochs": 1, "batch_size": 4, "validation_file": None}
    job = write_job(folder / "job", model, settings=settings, training=[words] * (4 * steps), **members)
    turns = Turns()
    found: dict[str, list[float]] = {}
    threads = [
        threading.Thread(target=lambda: found.update(ours=_ours(job, turns))),
        threading.Thread(target=lambda: found.update(plain=_plain(folder / "plain", model, job, turns))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    warm = 5
    count = min(map(len, found.values()))
    return found["plain"][warm:count], found["ours"][warm:count]


class Turns:
    """Lets two trainings make one step each in turns."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)
        self._lock = threading.Lock()

    def callback(self, seconds: list[float]) -> Any:
        """Return a callback that waits for its turn before each step, and notes the time of the step."""
        from transformers import TrainerCallback

        turns = self

        class Turn(TrainerCallback):
            def __init__(self) -> None:
                self.began: float | None = None

            def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                if self.began is not None:
                    seconds.append(time.perf_counter() - self.began)
                    turns._lock.release()
                if state.global_step < state.max_steps:
                    turns._barrier.wait()
                    turns._lock.acquire()
                    self.began = time.perf_counter()

            def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                turns._lock.release()

        return Turn()


def _ours(job: Path, turns: Turns) -> list[float]:
    from fttui.server.trainers.hf.pace import StopRequest
    from fttui.server.trainers.hf.train import train
    from fttui.server.trainers.protocol import Progress, RunSettings

    seconds: list[float] = []
    turn = turns.callback(seconds)
    train(str(job), RunSettings.read(str(job)), Progress(str(job)), StopRequest(), extra=[turn])
    return seconds


def _plain(folder: Path, model: Path, job: Path, turns: Turns) -> list[float]:
    """Train like a script that uses TRL directly, with its log after every step."""
    import torch
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, PrinterCallback
    from trl import SFTConfig, SFTTrainer

    from fttui.server.trainers.hf.dataset import prepare
    from fttui.server.trainers.hf.load import load_tokenizer
    from fttui.server.trainers.hf.masks import masks_of

    seconds: list[float] = []
    tokenizer = load_tokenizer(str(model), "model")
    rows = prepare(masks_of(tokenizer, "model"), str(job / "training.jsonl"), "supervised", "training_file", 2048).rows
    torch.set_num_threads(1)
    config = SFTConfig(
        output_dir=str(folder),
        num_train_epochs=1,
        per_device_train_batch_size=4,
        learning_rate=2e-4,
        max_length=2048,
        gradient_checkpointing=False,
        bf16=False,
        logging_strategy="steps",
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
    )
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
        args=config,
        train_dataset=rows,
        processing_class=tokenizer,
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
        callbacks=[turns.callback(seconds)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return seconds


if __name__ == "__main__":
    main()
