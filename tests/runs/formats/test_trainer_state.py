"""Histories of Hugging Face's Trainer: followed by their checkpoints, resumed, rewritten, broken."""

import errno
import json
import math
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from fttui.runs.formats import model_facts
from fttui.runs.formats.base import Found
from fttui.runs.formats.trainer_state import TrainerState, TrainerStateReader
from fttui.runs.formats.training_args import read_settings
from tests.support.hf_runs import end, losses, save, state

HISTORY = losses(range(10, 101, 10))


def reader(run: Path) -> TrainerStateReader:
    sources = TrainerState().sources(str(run), os.listdir(run))
    assert len(sources) == 1
    return TrainerState().reader(sources[0])


def steps(found: Found) -> list[int]:
    return [point.step for point in found.points]


def test_new_checkpoints_bring_only_their_new_steps(tmp_path: Path) -> None:
    save(tmp_path, HISTORY, 50, at=1000.0)
    follow = reader(tmp_path)
    first = follow.read()
    assert steps(first) == [10, 20, 30, 40, 50]
    assert [point.time for point in first.points] == [None] * 4 + [1000.0], "when it was saved, nothing invented"
    assert first.facts["status"] is None
    assert (first.facts["total_steps"], first.facts["epochs"]) == (100, 3)
    assert follow.read() == Found()
    save(tmp_path, HISTORY, 80, at=1600.0)
    second = follow.read()
    assert (steps(second), second.restarted) == ([60, 70, 80], False)
    assert [each.step for each in second.checkpoints] == [80]
    assert second.facts["created_at"] == 0.0, "as fast before the first checkpoint as after it"


def test_end_of_a_training_is_a_line_and_no_loss(tmp_path: Path) -> None:
    save(tmp_path, HISTORY, 50, at=1000.0)
    end(tmp_path, HISTORY, seconds=600.0, at=2000.0)
    found = reader(tmp_path).read()
    assert steps(found) == list(range(10, 101, 10))
    assert [line.text for line in found.lines] == [
        "Training took 10m 00s, mean training loss 1.5, 4 examples per second."
    ]
    assert [found.facts[name] for name in ("status", "created_at", "ended_at")] == ["succeeded", 1400.0, 2000.0]


def test_run_that_reached_its_last_step_has_succeeded_without_a_last_word(tmp_path: Path) -> None:
    save(tmp_path, HISTORY, 100)
    assert reader(tmp_path).read().facts["status"] == "succeeded"


def test_run_resumed_from_a_checkpoint_tells_the_steps_again(tmp_path: Path) -> None:
    save(tmp_path, HISTORY, 80, at=1000.0)
    follow = reader(tmp_path)
    follow.read()
    again = [*HISTORY[:5], *losses(range(60, 101, 10), start=9.0)]
    save(tmp_path, again, 90, at=2000.0)
    found = follow.read()
    assert (steps(found), found.restarted) == ([60, 70, 80, 90], False)
    assert found.points[0].values["loss"] > 8


def test_another_training_in_the_same_place_starts_anew(tmp_path: Path) -> None:
    save(tmp_path, HISTORY, 80, at=1000.0)
    follow = reader(tmp_path)
    follow.read()
    save(tmp_path, losses(range(5, 101, 5), start=7.0), 20, at=2000.0)
    found = follow.read()
    assert (steps(found), found.restarted) == ([5, 10, 15, 20], True)


def test_broken_file_is_named_and_the_checkpoint_before_counts(tmp_path: Path) -> None:
    save(tmp_path, HISTORY, 50, at=1000.0)
    path = end(tmp_path, HISTORY, at=2000.0)
    path.write_text(path.read_text()[:300])
    os.utime(path, (2000, 2000))
    follow = reader(tmp_path)
    found = follow.read()
    assert steps(found) == [10, 20, 30, 40, 50]
    assert found.problems == ["trainer_state.json is not complete."], "the reason is not cut"
    assert follow.read() == Found(), "named once"


def test_complete_records_of_a_single_broken_file_are_read(tmp_path: Path) -> None:
    text = state(HISTORY, 100)
    (tmp_path / "trainer_state.json").write_text(text[: text.index('"step": 60')])
    found = reader(tmp_path).read()
    assert steps(found) == [10, 20, 30, 40, 50]
    assert len(found.problems) == 1


def test_odd_members_cost_only_themselves(tmp_path: Path) -> None:
    history: list[Any] = [
        {"step": 1, "loss": math.nan, "note": "x", "flag": True, "huge": 10**400, "eval_loss": math.inf},
        {"step": "2", "loss": 1.0},
        "text",
        {"loss": 1.0},
        {"step": 3, "loss": 1.0},
    ]
    (tmp_path / "trainer_state.json").write_text(
        json.dumps({"log_history": history, "max_steps": "many", "stateful_callbacks": []})
    )
    found = reader(tmp_path).read()
    assert steps(found) == [1, 3]
    assert found.problems == ["trainer_state.json: 3 records of log_history have no step. Left out."]
    assert math.isnan(found.points[0].values["loss"])
    assert sorted(found.points[0].values) == ["eval_loss", "loss"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[]", " has no object of a training."),
        ('{"log_history": {}}', " has no list log_history."),
        ('{"log_history": ["loss"]}', ": 1 record of log_history has no step. Left out."),
        ('{"log_history": [{"step": "abc", "loss": 1}]}', ": 1 record of log_history has no step. Left out."),
    ],
)
def test_members_of_wrong_types_are_named(tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "trainer_state.json"
    file.write_text(content)
    found = reader(tmp_path).read()
    assert (found.points, found.problems) == ([], [f"{file.name}{problem}"])


def test_checkpoints_have_their_sizes_and_the_best_one_its_mark(tmp_path: Path) -> None:
    save(tmp_path, HISTORY, 50, at=1000.0)
    save(tmp_path, HISTORY, 100, at=2000.0, best_model_checkpoint="/moved/since/checkpoint-50")
    found = reader(tmp_path).read()
    assert [(each.step, each.is_best) for each in found.checkpoints] == [(50, True), (100, False)]
    assert all(each.size > 1000 for each in found.checkpoints)


def test_endless_duration_does_not_lose_the_run(tmp_path: Path) -> None:
    end(tmp_path, HISTORY, seconds=math.inf)
    found = reader(tmp_path).read()
    assert (len(found.points), found.facts["status"]) == (10, "succeeded")
    assert found.lines[0].text.startswith("Training ended, mean")


def test_checkpoints_are_told_again_after_a_restart(tmp_path: Path) -> None:
    save(tmp_path, HISTORY, 50, at=1000.0)
    save(tmp_path, HISTORY, 100, at=2000.0)
    followed = reader(tmp_path)
    followed.read()
    save(tmp_path, losses(range(5, 101, 5), start=7.0), 50, at=3000.0)
    found = followed.read()
    assert found.restarted
    assert [each.step for each in found.checkpoints] == [50, 100]


class TrainingArguments:
    def __init__(self, **members: Any) -> None:
        self.__dict__ = members


class Trap:
    def __reduce__(self) -> Any:
        return os.mkdir, ("trapped",)


def test_settings_come_from_the_files_beside_the_state(tmp_path: Path) -> None:
    folder = save(tmp_path, HISTORY, 50)
    args = {"trap": Trap(), "learning_rate": 2e-5, "num_train_epochs": 3, "per_device_train_batch_size": 8, "seed": 7}
    write_args(folder / "training_args.bin", TrainingArguments(output_dir="/o", run_name="night-1", **args))
    adapter = {"base_model_name_or_path": "Qwen/Qwen3-0.6B", "r": 16, "lora_alpha": 32}
    (folder / "adapter_config.json").write_text(json.dumps(adapter))
    (tmp_path / "README.md").write_text("---\nbase_model: other/model\nmodel_name: card\n---\n# Model\n")
    facts = reader(tmp_path).read().facts
    assert (facts["model"], facts["name"]) == ("Qwen/Qwen3-0.6B", "night-1")
    assert facts["hyperparameters"] == {
        "num_train_epochs": 3,
        "per_device_train_batch_size": 8,
        "learning_rate": 2e-5,
        "seed": 7,
        "lora_rank": 16,
        "lora_alpha": 32,
    }


def test_state_alone_shows_batch_size_and_a_constant_learning_rate(tmp_path: Path) -> None:
    end(tmp_path, HISTORY, train_batch_size=4)
    assert reader(tmp_path).read().facts["derived_settings"] == {
        "per_device_train_batch_size": 4,
        "learning_rate": 1e-4,
    }
    falling = [{**each, "learning_rate": 1e-4 / each["step"]} for each in HISTORY]
    end(tmp_path, falling, train_batch_size=0)
    assert reader(tmp_path).read().facts["derived_settings"] == {}, "the highest logged rate is below the setting"


def test_file_of_another_user_beside_the_state_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: str, most: int) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    end(tmp_path, HISTORY)
    (tmp_path / "adapter_config.json").write_text("{}")
    monkeypatch.setattr(model_facts, "read_file", denied)
    found = reader(tmp_path).read()
    assert steps(found) == steps(reader(tmp_path).read())
    assert found.problems == [f"Cannot read {tmp_path}/adapter_config.json: Permission denied."]


def write_args(path: Path, value: Any) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("training_args/data.pkl", pickle.dumps(value, protocol=2))


def test_settings_are_read_without_running_the_pickle(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "training_args.bin"
    write_args(path, TrainingArguments(before=1, trap=Trap(), after=2.5, yes=True, text="words"))
    found = read_settings(str(path))
    assert found["class"] == "TrainingArguments"
    assert (found["before"], found["after"], found["yes"], found["text"]) == (1, 2.5, True, "words")
    assert not (tmp_path / "trapped").exists()
    for content in (b"", b"PK\x03\x04broken", path.read_bytes()[:-30]):
        path.write_bytes(content)
        assert read_settings(str(path)) == {}
