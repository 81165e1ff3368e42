"""The marker `slow`, set by path."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent

SLOW = (
    "contract",
    "crash",
    "terminal",
    "cli/test_local.py",
    "cli/test_tour.py",
    "server/jobs/test_runner.py",
    "server/test_control.py",
    "server/test_disk.py",
    "ui/test_every_key.py",
    "ui/test_hostile.py",
    "server/trainers/test_tiny_trainer.py",
)
"""Folders and modules that `make test` leaves out: terminals, services, trainers, every key in every pane."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    slow = [HERE / name for name in SLOW]
    if missing := [str(path) for path in slow if not path.exists()]:
        raise pytest.UsageError(f"tests/conftest.py marks paths that do not exist: {', '.join(missing)}")
    for item in items:
        if any(item.path.is_relative_to(path) for path in slow):
            item.add_marker(pytest.mark.slow)
