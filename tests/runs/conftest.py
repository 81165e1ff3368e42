"""Tests marked `runs` need the libraries of `libraries.txt`, and are skipped without them."""

import importlib.util

import pytest

LIBRARIES = ("torch", "transformers", "tensorboard", "wandb", "mlflow", "trackio", "lightning")
HAS_LIBRARIES = all(importlib.util.find_spec(name) for name in LIBRARIES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not HAS_LIBRARIES:
        skip = pytest.mark.skip(reason="needs the libraries that write runs (make test-runs)")
        for item in items:
            if item.get_closest_marker("runs"):
                item.add_marker(skip)
