"""Tests of the trainer for open models. Those marked `hf` need the extra `hf`, and are skipped without it."""

import importlib.util
import os
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
HAS_TORCH = all(importlib.util.find_spec(name) for name in ("torch", "transformers", "trl", "peft"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not HAS_TORCH:
        skip = pytest.mark.skip(reason="needs the extra hf (make test-hf)")
        for item in items:
            if item.get_closest_marker("hf"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two layers with a ChatML template."""
    from tests.server.trainers.hf.models import make_model

    return make_model(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="session")
def trained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a job that has trained an adapter which changes the answers."""
    from tests.server.trainers.hf.models import write_job
    from tests.server.trainers.hf.trainer_runs import run_trainer

    settings = {"learning_rate": "0.02", "lora_dropout": "0", "max_length": "512"}
    directory = write_job(tmp_path_factory.mktemp("jobs") / "trained", tiny_model, n_epochs=4, settings=settings)
    assert run_trainer(directory) == 0, (directory / "log").read_text()
    return directory
