"""Settings of the whole suite: the marker `slow`, set by path, and the profile of Hypothesis."""

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent
os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks the hub

# The test processes share the cores: more threads of arithmetic in each would spend their time waiting for each other.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# Test processes and the programs that they start keep compiled modules. Without these, each test process rewrites the
# assertions of all modules again, which takes a tenth of the time of all tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# No deadline: a loaded machine must not fail a test.
settings.register_profile("suite", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "long", deadline=None, max_examples=3000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("suite")

SLOW = (
    "contract",
    "crash",
    "terminal",
    "api/test_fault_table.py",
    "api/test_network_table.py",
    "cli/archive",
    "cli/files",
    "cli/jobs",
    "cli/test_doctor.py",
    "cli/test_local.py",
    "cli/test_tour.py",
    "models/test_hostile.py",
    "server/jobs/test_runner.py",
    "server/storage/test_recovery.py",
    "server/test_adoption.py",
    "server/test_control.py",
    "server/test_disk.py",
    "server/test_foreground.py",
    "server/test_idle.py",
    "server/test_lock.py",
    "server/test_start.py",
    "server/test_stop.py",
    "server/trainers",
    "ui/cockpit/test_files.py",
    "ui/cockpit/test_job_actions.py",
    "ui/cockpit/test_log.py",
    "ui/cockpit/test_many.py",
    "ui/cockpit/test_repaint.py",
    "ui/cockpit/test_screen.py",
    "ui/create_form/test_data_check.py",
    "ui/create_form/test_fields.py",
    "ui/create_form/test_screen.py",
    "ui/create_form/test_submission.py",
    "ui/panes",
    "ui/test_app.py",
    "ui/test_every_key.py",
    "ui/test_first_frame.py",
    "ui/test_hostile.py",
    "ui/test_states.py",
)
"""Folders and modules that `make test` leaves out: terminals, services, trainers, commands that send requests, and most
tests of a running cockpit."""


def pytest_xdist_auto_num_workers() -> int:
    """Return the number of test processes for `-n auto`. Tests of processes and terminals mostly wait."""
    cores = os.cpu_count() or 1
    return cores + cores // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    slow = [HERE / name for name in SLOW]
    if missing := [str(path) for path in slow if not path.exists()]:
        raise pytest.UsageError(f"tests/conftest.py marks paths that do not exist: {', '.join(missing)}")
    is_slow = {path: any(path.is_relative_to(other) for other in slow) for path in {item.path for item in items}}
    for item in items:
        if is_slow[item.path]:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Leave modules and collected tests out of each later garbage collection: they exist until the end."""
    gc.collect()
    gc.freeze()
