"""The trainer in the box: that it learns, and that an interruption changes no number."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fttui.server.jobs.trainer_process import trainer_environment
from fttui.server.trainers.tiny import files, training
from fttui.server.trainers.tiny.examples import END, LONGEST, Unusable, read_pairs, read_supervised
from fttui.server.trainers.tiny.files import Progress
from fttui.server.trainers.tiny.network import Shape, base_weights
from fttui.server.trainers.tiny.training import Diverged, Plan, Training
from tests.server.conftest import example, jsonl, until

SMALL = Shape(width=32, layers=3)
ANSWERS = ["Yes.", "No.", "Maybe so.", "Ask me tomorrow.", "Certainly not.", "Try this: wait."]


def data(directory: Path, name: str, count: int, words: list[str] = ANSWERS) -> str:
    (directory / name).write_bytes(
        jsonl([example(f"{words[number % len(words)]} {number}") for number in range(count)])
    )
    return name


def pairs(directory: Path) -> str:
    lines = [
        {
            "input": {"messages": [{"role": "user", "content": f"Question {number}"}]},
            "preferred_completion": [{"role": "assistant", "content": "Gladly."}],
            "non_preferred_completion": [{"role": "assistant", "content": "NO WAY"}],
        }
        for number in range(12)
    ]
    (directory / "pairs.jsonl").write_bytes(jsonl(lines))
    return "pairs.jsonl"


def order(directory: Path, **members: Any) -> Plan:
    data(directory, "valid.jsonl", 5)
    given = {
        "method": "supervised",
        "training_file": members.pop("training_file", None) or data(directory, "train.jsonl", 12),
        "validation_file": members.pop("validation_file", "valid.jsonl"),
        "model": {"path": members.pop("start_model", None)},
        "seed": 7,
        "hyperparameters": {"n_epochs": 4, "batch_size": 2, "learning_rate_multiplier": 1, "beta": 0.1},
    }
    (directory / "job.json").write_text(json.dumps({**given, **members}))
    return Plan.read(str(directory))


def train(directory: Path, plan: Plan, **members: Any) -> list[dict[str, Any]]:
    Training(str(directory), plan, Progress(str(directory)), shape=SMALL, **members).run()
    return told(directory)


def told(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "progress.jsonl").read_text().splitlines()]


def test_it_learns_and_says_so_step_by_step(tmp_path: Path) -> None:
    lines = train(tmp_path, order(tmp_path))
    metrics = [line for line in lines if line["type"] == "metrics"]
    assert [line["step"] for line in metrics] == list(range(1, 25))
    assert {line["total_steps"] for line in metrics} == {24}
    for name in ("train_loss", "valid_loss", "train_mean_token_accuracy", "valid_mean_token_accuracy"):
        assert all(name in line for line in metrics)
    assert [line["step"] for line in metrics if "full_valid_loss" in line] == [6, 12, 18, 24]
    assert [line["step"] for line in lines if line["type"] == "checkpoint"] == [6, 12, 18, 24]
    assert metrics[0]["train_loss"] == pytest.approx(np.log(262), abs=0.4)
    assert metrics[-1]["train_loss"] < metrics[0]["train_loss"] - 0.5
    assert metrics[-1]["full_valid_loss"] < metrics[0]["valid_loss"] - 0.5


def test_the_same_seed_gives_the_same_numbers_and_another_gives_others(tmp_path: Path) -> None:
    runs = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        directory = tmp_path / name
        directory.mkdir()
        runs.append(train(directory, order(directory, seed=seed)))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_other_data_gives_other_numbers(tmp_path: Path) -> None:
    losses = []
    for name, words in (("a", ANSWERS), ("b", ["0123456789", "abcdefghij"])):
        directory = tmp_path / name
        directory.mkdir()
        file = data(directory, "other.jsonl", 12, words)
        losses.append([line.get("train_loss") for line in train(directory, order(directory, training_file=file))])
    assert all(a != b for a, b in zip(*losses, strict=True) if a is not None)


@pytest.mark.parametrize("method", ["supervised", "dpo"])
def test_an_interrupted_run_tells_the_same_numbers(tmp_path: Path, method: str) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    plans = []
    for directory in (whole, broken):
        directory.mkdir()
        file = pairs(directory) if method == "dpo" else None
        plans.append(order(directory, method=method, training_file=file, validation_file=file))
    expected = train(whole, plans[0])

    class Interrupted(Exception):
        pass

    # Interrupted at many moments, within steps too; what was saved is whatever `save` then kept.
    interruptions = 0
    for patience in (2, 5, 3, 1, 6, 4, 12):
        calls = -24 if method == "dpo" else 0  # what the frozen reference thinks is asked for first

        def pulse(patience: int = patience) -> None:
            nonlocal calls
            calls += 1
            if calls > patience:
                raise Interrupted

        run = None
        try:
            run = Training(str(broken), plans[1], Progress(str(broken)), pulse, shape=SMALL)
            run.run()
        except Interrupted:
            interruptions += 1
            if run is not None:
                run.save()
    assert interruptions > 3
    train(broken, plans[1])
    by_step = {(line["type"], line["step"]): line for line in expected}
    seen = told(broken)
    assert all(line == by_step[line["type"], line["step"]] for line in seen)
    assert {(line["type"], line["step"]) for line in seen} == by_step.keys()
    for name in os.listdir(whole):
        if name.startswith("step-"):
            assert (whole / name).read_bytes() == (broken / name).read_bytes()


def test_dpo_prefers_what_is_preferred(tmp_path: Path) -> None:
    file = pairs(tmp_path)
    plan = order(tmp_path, method="dpo", training_file=file, validation_file=None)
    metrics = [line for line in train(tmp_path, plan) if line["type"] == "metrics"]
    assert metrics[0]["train_loss"] == pytest.approx(np.log(2), abs=1e-4)
    assert metrics[-1]["train_loss"] < 0.6
    assert metrics[-1]["train_mean_reward_margin"] > 0
    assert metrics[-1]["train_preference_accuracy"] == 1


def test_dpo_gradient_is_that_of_its_loss(tmp_path: Path) -> None:
    from fttui.server.trainers.tiny.network import Network
    from fttui.server.trainers.tiny.objectives import Preference

    start = base_weights(SMALL).astype(np.float64)
    objective = Preference(str(tmp_path / pairs(tmp_path)), lambda: None, Network(start, SMALL), beta=0.5)
    random = np.random.default_rng(3)
    flat = start + random.normal(0, 0.02, start.shape)
    network, gradient = Network(flat, SMALL), np.zeros_like(flat)
    objective.measure(network, [0, 1], gradient)
    for index in random.choice(len(flat), 25, replace=False):
        losses = []
        for change in (1e-5, -1e-5):
            flat[index] += change
            losses.append(objective.measure(network, [0, 1]).loss)
            flat[index] -= change
        assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(gradient[index], abs=1e-6)


def test_a_tuned_model_is_a_start(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    lines = train(first, order(first))
    shutil.copy(first / "step-24.bin", second / "start-model")
    again = train(second, order(second, start_model="start-model"))
    full = [line["full_valid_loss"] for line in lines if "full_valid_loss" in line]
    assert again[0]["train_loss"] < lines[0]["train_loss"] - 0.5
    assert again[0]["valid_loss"] == pytest.approx(full[-1], abs=0.5)


def test_a_model_of_another_shape_is_refused(tmp_path: Path) -> None:
    files.save_model(str(tmp_path / "other"), SMALL, base_weights(SMALL))
    with pytest.raises(ValueError, match="none of this trainer's"):
        files.load_model(str(tmp_path / "other"), Shape(width=34, layers=3))


def test_a_loss_without_a_number_ends_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = order(tmp_path)
    monkeypatch.setattr(training, "base_weights", lambda shape: np.full_like(base_weights(shape), np.nan))
    with pytest.raises(Diverged, match="step 1"):
        train(tmp_path, plan)


def test_only_the_assistant_is_learned_and_weights_are_honoured(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "Q"},
        {"role": "assistant", "content": "no", "weight": 0},
        {"role": "user", "content": "Q"},
        {"role": "assistant", "content": "yes", "weight": 1},
    ]
    (tmp_path / "x.jsonl").write_bytes(jsonl([{"messages": messages}]))
    (sequence,) = read_supervised(str(tmp_path / "x.jsonl"))
    learned = [int(sequence.tokens[position + 1]) for position in sequence.learned]
    assert learned == [*b"yes", END]
    assert len(sequence.tokens) == len("SQnoQyes") + 2 * 5


def test_long_examples_are_cut_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(jsonl([example("x" * 3 * LONGEST), example("short")]))
    long, short = read_supervised(str(tmp_path / "x.jsonl"))
    assert len(long.tokens) == LONGEST
    assert long.learned.max() == LONGEST - 2
    assert len(short.learned) == len("short") + 1


def test_tool_calls_and_text_parts_are_read_and_images_refused_by_line(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    parts = [{"type": "text", "text": "Look: "}, {"type": "text", "text": "that"}]
    good = {
        "messages": [{"role": "user", "content": parts}, {"role": "assistant", "tool_calls": [call]}],
        "tools": [{}],
    }
    image = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}
    (tmp_path / "x.jsonl").write_bytes(jsonl([good]))
    (sequence,) = read_supervised(str(tmp_path / "x.jsonl"))
    said = bytes(token for token in sequence.tokens.tolist() if token < 256)
    assert b"Look: that" in said
    assert b'"arguments":"{}"' in said
    (tmp_path / "y.jsonl").write_bytes(jsonl([good, image]))
    with pytest.raises(Unusable, match=r"line 2.*text only.*image_url"):
        read_supervised(str(tmp_path / "y.jsonl"))


def test_a_pair_learns_both_answers_and_not_the_prompt(tmp_path: Path) -> None:
    first = read_pairs(str(tmp_path / pairs(tmp_path)))[0]
    for sequence, answer in ((first.preferred, b"Gladly."), (first.rejected, b"NO WAY")):
        assert [int(sequence.tokens[position + 1]) for position in sequence.learned] == [*answer, END]


def test_the_names_of_the_guide_are_learned_the_same(tmp_path: Path) -> None:
    name = pairs(tmp_path)
    usual = read_pairs(str(tmp_path / name))
    text = (tmp_path / name).read_bytes().replace(b"preferred_completion", b"preferred_output")
    (tmp_path / "guide.jsonl").write_bytes(text)
    for pair, same in zip(usual, read_pairs(str(tmp_path / "guide.jsonl")), strict=True):
        assert pair.preferred.tokens.tolist() == same.preferred.tokens.tolist()
        assert pair.rejected.tokens.tolist() == same.rejected.tokens.tolist()


def command(directory: Path) -> list[str]:
    return [sys.executable, "-m", "fttui.server.trainers.tiny", str(directory)]


def test_the_program_saves_on_sigterm_and_goes_on(tmp_path: Path) -> None:
    order(tmp_path, hyperparameters={"n_epochs": 2, "batch_size": 1, "learning_rate_multiplier": 1})
    progress = tmp_path / "progress.jsonl"
    with subprocess.Popen(command(tmp_path), env=trainer_environment()) as process:
        until(lambda: progress.exists() and progress.read_bytes().count(b"\n") > 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 143
    before = len(told(tmp_path))
    assert subprocess.run(command(tmp_path), env=trainer_environment(), timeout=60).returncode == 0
    lines = told(tmp_path)
    steps = [line["step"] for line in lines if line["type"] == "metrics"]
    assert steps == list(range(1, 25)), "nothing was told twice: the state was saved at the last step"
    assert lines[-1] == {"type": "result", "checkpoint": 24, "trained_tokens": lines[-1]["trained_tokens"]}
    assert before < len(lines)


def test_the_program_says_what_is_wrong(tmp_path: Path) -> None:
    order(tmp_path)
    (tmp_path / "valid.jsonl").write_bytes(
        jsonl([{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}])
    )
    assert subprocess.run(command(tmp_path), timeout=60).returncode == 1
    (line,) = told(tmp_path)
    assert line["type"] == "error"
    assert line["code"] == "invalid_file_format"
    assert line["param"] == "validation_file"
    assert "line 1" in line["message"]
