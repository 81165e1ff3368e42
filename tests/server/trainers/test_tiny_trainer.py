"""The built-in trainer: it learns, and an interruption changes no number."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fttui.server.jobs.trainer_catalog import TINY
from fttui.server.jobs.trainer_environment import trainer_environment
from fttui.server.settings import Settings
from fttui.server.trainers.protocol import PROGRESS, Progress, RunSettings
from fttui.server.trainers.tiny import __main__ as program
from fttui.server.trainers.tiny import job_files, train
from fttui.server.trainers.tiny.dataset import END, MAX_TOKENS, UnusableData, read_pairs, read_supervised
from fttui.server.trainers.tiny.network import Shape, base_weights
from fttui.server.trainers.tiny.train import Diverged, TrainingRun
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


def write_job(directory: Path, **members: Any) -> RunSettings:
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
    return RunSettings.read(str(directory))


def run_training(directory: Path, settings: RunSettings, **members: Any) -> list[dict[str, Any]]:
    TrainingRun(str(directory), settings, Progress(str(directory)), shape=SMALL, **members).run()
    return progress_of(directory)


def progress_of(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "progress.jsonl").read_text().splitlines()]


def test_supervised_run_learns_and_reports_every_step(tmp_path: Path) -> None:
    lines = run_training(tmp_path, write_job(tmp_path))
    base, *metrics = (line for line in lines if line["type"] == "metrics")
    assert base.keys() == {"type", "step", "total_steps", "full_valid_loss", "full_valid_mean_token_accuracy"}
    assert base["full_valid_loss"] == pytest.approx(np.log(262), abs=0.4)
    assert [line["step"] for line in (base, *metrics)] == list(range(25))
    assert {line["total_steps"] for line in (base, *metrics)} == {24}
    for name in ("train_loss", "valid_loss", "train_mean_token_accuracy", "valid_mean_token_accuracy"):
        assert all(name in line for line in metrics)
    assert [line["step"] for line in metrics if "full_valid_loss" in line] == [6, 12, 18, 24]
    assert [line["step"] for line in lines if line["type"] == "checkpoint"] == [6, 12, 18, 24]
    assert metrics[0]["train_loss"] == pytest.approx(np.log(262), abs=0.4)
    assert metrics[-1]["train_loss"] < metrics[0]["train_loss"] - 0.5
    assert metrics[-1]["full_valid_loss"] < metrics[0]["valid_loss"] - 0.5


def test_numbers_depend_on_the_seed_alone(tmp_path: Path) -> None:
    runs = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        directory = tmp_path / name
        directory.mkdir()
        runs.append(run_training(directory, write_job(directory, seed=seed)))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_different_data_gives_different_numbers(tmp_path: Path) -> None:
    losses = []
    for name, words in (("a", ANSWERS), ("b", ["0123456789", "abcdefghij"])):
        directory = tmp_path / name
        directory.mkdir()
        file = data(directory, "other.jsonl", 12, words)
        losses.append(
            [line.get("train_loss") for line in run_training(directory, write_job(directory, training_file=file))]
        )
    assert all(a != b for a, b in zip(*losses, strict=True) if a is not None)


@pytest.mark.parametrize("method", ["supervised", "dpo"])
def test_interrupted_run_gives_the_same_numbers(tmp_path: Path, method: str) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    settings = []
    for directory in (whole, broken):
        directory.mkdir()
        file = pairs(directory) if method == "dpo" else None
        settings.append(write_job(directory, method=method, training_file=file, validation_file=file))
    expected = run_training(whole, settings[0])

    class Interrupted(Exception):
        pass

    # Interrupt at many points, within steps too, and save as the program does.
    interruptions = 0
    for allowed in (2, 5, 3, 1, 6, 4, 12):
        calls = -24 if method == "dpo" else 0  # the reference evaluates all pairs first

        def check_stop(allowed: int = allowed) -> None:
            nonlocal calls
            calls += 1
            if calls > allowed:
                raise Interrupted

        run = None
        try:
            run = TrainingRun(str(broken), settings[1], Progress(str(broken)), check_stop, shape=SMALL)
            run.run()
        except Interrupted:
            interruptions += 1
            if run is not None:
                run.save()
    assert interruptions > 3
    run_training(broken, settings[1])
    by_step = {(line["type"], line["step"]): line for line in expected}
    lines = progress_of(broken)
    assert all(line == by_step[line["type"], line["step"]] for line in lines)
    assert {(line["type"], line["step"]) for line in lines} == by_step.keys()
    for name in os.listdir(whole):
        if name.startswith("step-"):
            assert (whole / name).read_bytes() == (broken / name).read_bytes()


def test_dpo_run_learns_the_preference(tmp_path: Path) -> None:
    file = pairs(tmp_path)
    settings = write_job(tmp_path, method="dpo", training_file=file, validation_file=None)
    metrics = [line for line in run_training(tmp_path, settings) if line["type"] == "metrics"]
    assert metrics[0]["train_loss"] == pytest.approx(np.log(2), abs=1e-4)
    assert metrics[-1]["train_loss"] < 0.6
    assert metrics[-1]["train_mean_reward_margin"] > 0
    assert metrics[-1]["train_preference_accuracy"] == 1


def test_dpo_gradient_equals_finite_differences(tmp_path: Path) -> None:
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


def test_run_starts_from_a_tuned_model(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    lines = run_training(first, write_job(first))
    shutil.copy(first / "step-24.bin", second / "start-model")
    again = run_training(second, write_job(second, start_model="start-model"))
    full = [line["full_valid_loss"] for line in lines if "full_valid_loss" in line]
    assert again[1]["train_loss"] < lines[1]["train_loss"] - 0.5
    assert again[1]["valid_loss"] == pytest.approx(full[-1], abs=0.5)
    assert again[0]["full_valid_loss"] == pytest.approx(full[-1], abs=0.01), "the model to start from is the base"


def test_model_of_a_different_shape_is_refused(tmp_path: Path) -> None:
    job_files.save_model(str(tmp_path / "other"), SMALL, base_weights(SMALL))
    with pytest.raises(ValueError, match="not made by this trainer"):
        job_files.load_model(str(tmp_path / "other"), Shape(width=34, layers=3))


def test_run_without_validation_data_has_no_step_0(tmp_path: Path) -> None:
    lines = run_training(tmp_path, write_job(tmp_path, validation_file=None))
    assert lines[0]["step"] == 1


def test_loss_that_is_not_finite_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = write_job(tmp_path)
    monkeypatch.setattr(train, "base_weights", lambda shape: np.full_like(base_weights(shape), np.nan))
    with pytest.raises(Diverged, match="step 1"):
        run_training(tmp_path, settings)


def test_only_assistant_messages_of_weight_1_are_learned(tmp_path: Path) -> None:
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


def test_long_example_is_cut_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(jsonl([example("x" * 3 * MAX_TOKENS), example("short")]))
    long, short = read_supervised(str(tmp_path / "x.jsonl"))
    assert len(long.tokens) == MAX_TOKENS
    assert long.learned.max() == MAX_TOKENS - 2
    assert len(short.learned) == len("short") + 1


def test_tool_calls_and_text_parts_are_read_and_images_refused(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    parts = [{"type": "text", "text": "Look: "}, {"type": "text", "text": "that"}]
    good = {
        "messages": [{"role": "user", "content": parts}, {"role": "assistant", "tool_calls": [call]}],
        "tools": [{}],
    }
    image = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}
    (tmp_path / "x.jsonl").write_bytes(jsonl([good]))
    (sequence,) = read_supervised(str(tmp_path / "x.jsonl"))
    text = bytes(token for token in sequence.tokens.tolist() if token < 256)
    assert b"Look: that" in text
    assert b'"arguments":"{}"' in text
    (tmp_path / "y.jsonl").write_bytes(jsonl([good, image]))
    with pytest.raises(UnusableData, match=r"line 2.*text only.*image_url"):
        read_supervised(str(tmp_path / "y.jsonl"))


def test_pair_learns_both_answers_but_not_the_prompt(tmp_path: Path) -> None:
    first = read_pairs(str(tmp_path / pairs(tmp_path)))[0]
    for sequence, answer in ((first.preferred, b"Gladly."), (first.rejected, b"NO WAY")):
        assert [int(sequence.tokens[position + 1]) for position in sequence.learned] == [*answer, END]


def test_member_names_of_the_guide_give_the_same_pairs(tmp_path: Path) -> None:
    name = pairs(tmp_path)
    usual = read_pairs(str(tmp_path / name))
    text = (tmp_path / name).read_bytes().replace(b"preferred_completion", b"preferred_output")
    (tmp_path / "guide.jsonl").write_bytes(text)
    for pair, same in zip(usual, read_pairs(str(tmp_path / "guide.jsonl")), strict=True):
        assert pair.preferred.tokens.tolist() == same.preferred.tokens.tolist()
        assert pair.rejected.tokens.tolist() == same.rejected.tokens.tolist()


def command(directory: Path) -> list[str]:
    return [sys.executable, "-m", "fttui.server.trainers.tiny", str(directory)]


def test_program_saves_on_sigterm_and_continues(tmp_path: Path) -> None:
    write_job(tmp_path, hyperparameters={"n_epochs": 2, "batch_size": 1, "learning_rate_multiplier": 1})
    progress = tmp_path / "progress.jsonl"
    with subprocess.Popen(command(tmp_path), env=trainer_environment(TINY, Settings())) as process:
        until(lambda: progress.exists() and progress.read_bytes().count(b"\n") > 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 143
    before = len(progress_of(tmp_path))
    assert subprocess.run(command(tmp_path), env=trainer_environment(TINY, Settings()), timeout=60).returncode == 0
    lines = progress_of(tmp_path)
    steps = [line["step"] for line in lines if line["type"] == "metrics"]
    assert steps == list(range(25)), "no step is repeated: the state was saved at the last step"
    assert lines[-1] == {"type": "result", "checkpoint": 24, "trained_tokens": lines[-1]["trained_tokens"]}
    assert before < len(lines)


def test_program_without_room_exits_74_and_keeps_its_last_state(tmp_path: Path) -> None:
    write_job(tmp_path)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    ended = subprocess.run(
        command(tmp_path), env=trainer_environment(TINY, Settings()), capture_output=True, preexec_fn=limit
    )
    assert (ended.returncode, ended.stderr) == (74, b"")
    assert {line["type"] for line in progress_of(tmp_path)} == {"metrics"}, "no error line: the job waits"
    assert not [path.name for path in tmp_path.iterdir() if path.name.endswith(".new")]
    again = subprocess.run(command(tmp_path), env=trainer_environment(TINY, Settings()), capture_output=True)
    assert again.returncode == 0
    assert progress_of(tmp_path)[-1]["type"] == "result"


def test_program_reports_bad_data(tmp_path: Path) -> None:
    write_job(tmp_path)
    (tmp_path / "valid.jsonl").write_bytes(
        jsonl([{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}])
    )
    assert subprocess.run(command(tmp_path), timeout=60).returncode == 1
    (line,) = progress_of(tmp_path)
    assert line["type"] == "error"
    assert line["code"] == "invalid_file_format"
    assert line["param"] == "validation_file"
    assert "line 1" in line["message"]


def test_damaged_state_is_set_aside_and_the_same_numbers_are_computed_again(tmp_path: Path) -> None:
    whole, damaged = tmp_path / "whole", tmp_path / "damaged"
    for directory in (whole, damaged):
        directory.mkdir()
    expected = run_training(whole, write_job(whole))
    settings = write_job(damaged)
    run = TrainingRun(str(damaged), settings, Progress(str(damaged)), shape=SMALL)
    for _ in range(5):
        run._train_step()
    run.save()
    state = damaged / job_files.STATE
    data = bytearray(state.read_bytes())
    data[len(data) // 2] ^= 1
    state.write_bytes(data)
    (damaged / PROGRESS).unlink()
    message, *lines = run_training(damaged, settings)
    assert lines == expected
    assert message["level"] == "warn"
    assert "state.bin is damaged" in message["message"]
    assert (damaged / "state.bin.damaged").read_bytes() == data


@pytest.mark.parametrize("place", [10, -3])
def test_damaged_model_is_not_loaded(tmp_path: Path, place: int) -> None:
    path = tmp_path / "step-1.bin"
    job_files.save_model(str(path), SMALL, base_weights(SMALL))
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(job_files.Damaged, match=r"step-1\.bin is damaged"):
        job_files.load_model(str(path), SMALL)


def test_models_of_older_versions_have_no_checksum(tmp_path: Path) -> None:
    path, weights = tmp_path / "step-1.bin", base_weights(SMALL)
    header = {"format": "fttui-tiny", "shape": SMALL}
    path.write_bytes(json.dumps(header).encode() + b"\n" + weights.astype(np.float16).tobytes())
    assert np.array_equal(job_files.load_model(str(path), SMALL), weights.astype(np.float16))


def test_program_names_a_damaged_model_to_start_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_job(tmp_path)
    job = json.loads((tmp_path / "job.json").read_text())
    job["model"]["path"] = "start-model"
    (tmp_path / "job.json").write_text(json.dumps(job))
    (tmp_path / "start-model").write_bytes(b"{}\n" + b"\xff" * 7)
    monkeypatch.setattr(program.signal, "signal", lambda number, handler: None)
    assert program.main(str(tmp_path)) == 1
    (line,) = progress_of(tmp_path)
    assert (line["code"], line["param"]) == ("damaged_model", "model")
    assert "start-model is damaged. Start from a different model." in line["message"]
