"""Trainings of tiny models: what is reported and kept, starts from tuned models, failures."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.server.trainers.hf.models import make_model, progress, write_job
from tests.server.trainers.hf.trainer_runs import NO_MEMORY, Kill, run_trainer

pytestmark = pytest.mark.hf

STOPPED, NO_ROOM = 143, 74


def test_training_reports_phases_every_step_samples_and_checkpoints(trained: Path) -> None:
    lines = progress(trained)
    assert lines[0]["type"] == "environment"
    assert lines[0]["device"].startswith("CPU")
    assert lines[0]["versions"].keys() >= {"torch", "transformers", "trl", "peft"}
    phases = [line["phase"] for line in lines if line["type"] == "phase"]
    assert list(dict.fromkeys(phases)) == ["preparing", "loading"]

    first, *steps = progress(trained, "metrics")
    assert first.keys() == {"type", "step", "total_steps", "full_valid_loss", "full_valid_mean_token_accuracy"}
    assert [line["step"] for line in steps] == list(range(1, 13))
    for line in steps:
        names = {"train_loss", "train_mean_token_accuracy", "learning_rate", "grad_norm"}
        assert line.keys() >= names | {"tokens_per_second", "step_seconds", "device_memory_gib"}
        assert ("full_valid_loss" in line) == (line["step"] % 3 == 0)
        assert ("valid_loss" in line) == (line["step"] % 3 != 0)
    assert steps[-1]["full_valid_loss"] < first["full_valid_loss"] - 0.3

    kinds = [(line["type"], line["step"]) for line in lines if line["type"] in ("samples", "checkpoint")]
    ends = [(kind, step) for step in (3, 6, 9, 12) for kind in ("samples", "checkpoint")]
    assert kinds == [("samples", 0), *ends]
    assert lines[-1]["type"] == "result"
    assert lines[-1]["checkpoint"] == 12


def test_checkpoints_within_an_epoch_have_validation_and_samples(tiny_model: Path, tmp_path: Path) -> None:
    settings = {"save_steps": "2", "save_every": "86400"}
    job = write_job(tmp_path / "job", tiny_model, n_epochs=2, settings=settings)
    assert run_trainer(job) == 0, (job / "log").read_text()[-2000:]
    at = [2, 3, 4, 6]
    assert [line["step"] for line in progress(job, "checkpoint")] == at
    assert [line["step"] for line in progress(job, "samples")] == [0, *at]
    assert [line["step"] for line in progress(job, "metrics") if "full_valid_loss" in line] == [0, *at]
    assert all("full_valid_loss" in line["metrics"] for line in progress(job, "checkpoint"))
    assert (job / "step-2" / "adapter_model.safetensors").exists()
    kept = json.loads((job / "samples.json").read_text())
    assert kept == {"prompts": 5, "max_tokens": 64, "everywhere": True}


def test_samples_are_five_answers_to_validation_prompts(trained: Path) -> None:
    first, *_, last = progress(trained, "samples")
    assert len(first["samples"]) == len(last["samples"]) == 5
    sample = last["samples"][0]
    assert sample["prompt"][-1] == {"role": "user", "content": "Question 20?"}
    assert sample["expected"] == "words 20."
    assert sample["finish_reason"] in ("stop", "length")
    assert "<|im_end|>" not in sample["answer"]
    assert [each["answer"] for each in first["samples"]] != [each["answer"] for each in last["samples"]]


def test_checkpoint_is_an_adapter_that_shares_its_blocks_with_the_state(trained: Path, tiny_model: Path) -> None:
    names = {path.name for path in (trained / "step-12").iterdir()}
    assert names >= {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "chat_template.jinja"}
    assert not any(name.startswith(("optimizer", "rng", "training_args", "trainer_state", "README")) for name in names)
    state = trained / "state" / "checkpoint-12" / "adapter_model.safetensors"
    assert os.path.samefile(state, trained / "step-12" / "adapter_model.safetensors")
    assert [path.name for path in (trained / "state").glob("checkpoint-*")] == ["checkpoint-12"]
    config = json.loads((trained / "step-12" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny_model)


def test_dpo_continues_the_adapter_of_a_supervised_job(trained: Path, tiny_model: Path, tmp_path: Path) -> None:
    job = write_job(tmp_path / "dpo", tiny_model, "dpo", start=trained / "step-12", settings={"learning_rate": "0.001"})
    assert run_trainer(job) == 0, (job / "log").read_text()[-2000:]
    first, *steps = progress(job, "metrics")
    assert first["full_valid_loss"] == pytest.approx(0.6931, abs=1e-4)  # the model is its own reference
    assert steps[0]["train_loss"] == pytest.approx(0.6931, abs=1e-4)
    assert steps[-1]["full_valid_loss"] < 0.69
    assert steps[-1]["full_valid_mean_reward_margin"] > 0
    assert steps[-1].keys() >= {"train_preference_accuracy", "full_valid_preference_accuracy"}
    assert not (job / "step-9" / "ref").exists()
    assert progress(job, "samples")[0]["samples"][0]["expected"] == "words 20."


def test_model_with_all_weights_is_trained_further_with_all_weights(tiny_model: Path, tmp_path: Path) -> None:
    settings = {"full_weights": "true"}
    first = write_job(tmp_path / "first", tiny_model, n_epochs=1, settings=settings)
    assert run_trainer(first) == 0, (first / "log").read_text()[-2000:]
    assert (first / "step-3" / "model.safetensors").exists()
    assert (first / "step-3" / "config.json").exists()

    second = write_job(tmp_path / "second", tiny_model, n_epochs=1, start=first / "step-3")
    assert run_trainer(second) == 0, (second / "log").read_text()[-2000:]
    assert (second / "step-3" / "model.safetensors").exists()
    before, after = progress(first, "metrics")[-1], progress(second, "metrics")[0]
    assert after["full_valid_loss"] == pytest.approx(before["full_valid_loss"], rel=1e-5)

    third = write_job(tmp_path / "third", tiny_model, start=first / "step-3", settings={"full_weights": "false"})
    assert run_trainer(third) == 1
    assert "has weights of its own" in progress(third, "error")[0]["message"]


def test_adapter_can_start_a_training_of_all_weights(trained: Path, tiny_model: Path, tmp_path: Path) -> None:
    settings = {"full_weights": "true"}
    job = write_job(tmp_path / "full", tiny_model, "dpo", n_epochs=1, start=trained / "step-12", settings=settings)
    assert run_trainer(job) == 0, (job / "log").read_text()[-2000:]
    assert progress(job, "metrics")[0]["full_valid_loss"] == pytest.approx(0.6931, abs=1e-4)
    assert (job / "step-3" / "model.safetensors").exists()


def test_training_without_validation_file_takes_samples_of_the_training_prompts(
    tiny_model: Path, tmp_path: Path
) -> None:
    job = write_job(tmp_path / "job", tiny_model, n_epochs=1, validation_file=None)
    assert run_trainer(job) == 0, (job / "log").read_text()[-2000:]
    assert [line["step"] for line in progress(job, "metrics")] == [1, 2, 3]
    assert progress(job, "samples")[0]["samples"][0]["prompt"][-1]["content"] == "Question 0?"


def test_full_disk_pauses_the_job_without_a_word(tiny_model: Path, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", tiny_model)
    assert run_trainer(job, largest_file=40_000) == NO_ROOM, (job / "log").read_text()[-2000:]
    assert not progress(job, "error")
    assert run_trainer(job) == 0
    assert progress(job, "result")


def test_cancelled_job_ends_at_once_and_saves_nothing(tiny_model: Path, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", tiny_model)
    (job / "cancelled").touch()
    assert run_trainer(job, Kill("on_step_begin", 4, signal.SIGTERM)) == STOPPED
    assert [line["step"] for line in progress(job, "metrics")] == [0, 1, 2, 3, 4]
    assert [path.name for path in (job / "state").glob("checkpoint-*")] == ["checkpoint-4"]


@pytest.mark.parametrize("devices", ["1", "2"])
def test_out_of_memory_is_reported_with_what_to_lower(devices: str, tiny_model: Path, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", tiny_model, settings={"devices": devices})
    assert run_trainer(job, Kill("on_step_end", 2, NO_MEMORY, rank=int(devices) - 1)) == 1
    (error,) = progress(job, "error")
    assert error["code"] == "out_of_memory"
    assert error["param"] == "micro_batch"
    assert "Lower micro_batch (4) or max_length (2048), set gradient_checkpointing=true" in error["message"]


def test_torch_errors_of_memory_are_recognized() -> None:
    import torch

    from fttui.server.trainers.hf import load

    with pytest.raises(RuntimeError) as error:
        torch.empty(1 << 55, dtype=torch.uint8)
    assert load.is_out_of_memory(error.value)
    assert load.is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not load.is_out_of_memory(RuntimeError("shapes do not fit"))


def test_diverged_training_is_reported(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = make_model(tmp_path / "broken")
    weights = load_file(model / "model.safetensors")
    weights["model.norm.weight"].fill_(float("nan"))
    save_file(weights, model / "model.safetensors", {"format": "pt"})
    job = write_job(tmp_path / "job", model, validation_file=None)
    assert run_trainer(job) == 1
    (error,) = progress(job, "error")
    assert error["code"] == "training_diverged"
    assert "the loss at step 1 is not a finite number" in error["message"]


def test_validation_is_left_after_a_while_when_the_trainer_has_to_stop() -> None:
    from fttui.server.trainers.hf.pace import PATIENCE, Pace, Stopped, StopRequest

    stop = StopRequest()
    pace = Pace(stop, 60)
    pace.on_prediction_step()
    stop.set()
    pace.on_prediction_step()
    assert stop.since is not None
    stop.since -= PATIENCE + 1
    with pytest.raises(Stopped):
        pace.on_prediction_step()
