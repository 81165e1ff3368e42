"""An interruption at any moment changes no number: same losses at every step, same bytes of every model."""

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.server.trainers.hf.models import progress, write_job
from tests.server.trainers.hf.trainer_runs import Kill, run_trainer
from tests.support import fake_srun

pytestmark = pytest.mark.hf

KILL, TERM = signal.SIGKILL, signal.SIGTERM
MEASURED = ("step_seconds", "tokens_per_second", "device_memory_gib")
STOPPED = 143

LORA = {"method": "supervised"}
CASES: dict[str, tuple[dict[str, Any], list[Kill]]] = {
    "adapter": (
        LORA,
        [
            Kill("on_step_begin", 0, KILL),
            Kill("on_step_end", 2, KILL),
            Kill("on_save", 3, KILL),  # the state is written, but not complete
            Kill("on_log", 5, KILL),
            Kill("on_evaluate", 6, KILL),
            Kill("on_step_begin", 7, TERM),
        ],
    ),
    "adapter, states at the ends of epochs alone": (
        {**LORA, "settings": {"save_every": "86400"}},
        [Kill("on_step_end", 5, KILL), Kill("on_save", 6, KILL), Kill("on_step_end", 6, TERM)],
    ),
    "adapter, checkpoints within epochs": (
        {**LORA, "settings": {"save_steps": "2", "save_every": "86400"}},
        [
            Kill("on_step_end", 1, KILL),
            Kill("on_save", 2, KILL),
            Kill("on_evaluate", 4, KILL),
            Kill("on_step_begin", 7, TERM),
        ],
    ),
    "all weights, accumulated": (
        {**LORA, "settings": {"full_weights": "true", "micro_batch": "1"}},
        [Kill("on_substep_end", 4, KILL), Kill("on_step_begin", 5, TERM)],
    ),
    "packed": (
        {**LORA, "settings": {"packing": "true", "max_length": "256"}, "batch_size": 1},
        [Kill("on_step_end", 4, KILL), Kill("on_step_begin", 5, TERM)],
    ),
    "DPO": ({"method": "dpo"}, [Kill("on_save", 4, KILL), Kill("on_step_begin", 5, TERM)]),
    "DPO, all weights": ({"method": "dpo", "settings": {"full_weights": "true"}}, [Kill("on_step_end", 4, KILL)]),
    "two processes": (
        {**LORA, "settings": {"devices": "2"}},
        [
            Kill("on_step_end", 2, KILL, rank=1),
            Kill("on_save", 3, KILL, rank=0),
            Kill("on_step_begin", 5, TERM, rank=1),
            Kill("on_step_begin", 7, TERM, rank=1, to_trainer=True),
        ],
    ),
}
TWO_NODES = [
    Kill("on_save", 3, KILL, rank=0),
    Kill("on_step_begin", 7, TERM, rank=1, to_trainer=True),
]


@pytest.mark.parametrize("name", CASES)
def test_interrupted_training_gives_the_same_numbers(name: str, tiny_model: Path, tmp_path: Path) -> None:
    members, kills = CASES[name]
    whole = write_job(tmp_path / "whole", tiny_model, **members)
    broken = write_job(tmp_path / "broken", tiny_model, **members)
    assert run_trainer(whole) == 0, (whole / "log").read_text()[-2000:]
    interrupt(broken, kills)
    check_same(whole, broken)


def test_training_on_two_nodes_gives_the_numbers_of_two_processes(tiny_model: Path, tmp_path: Path) -> None:
    whole = write_job(tmp_path / "whole", tiny_model, settings={"devices": "2"})
    broken = write_job(tmp_path / "broken", tiny_model, engine="slurm")
    assert run_trainer(whole) == 0, (whole / "log").read_text()[-2000:]
    interrupt(broken, TWO_NODES, fake_srun.install(tmp_path / "bin"))
    check_same(whole, broken)
    assert all(line["device"].endswith(" on each of 2 nodes") for line in progress(broken, "environment"))


def interrupt(directory: Path, kills: list[Kill], variables: Mapping[str, str] | None = None) -> None:
    """Train a job with interruptions."""
    for kill in kills:
        code = run_trainer(directory, kill, variables=variables)
        expected = {STOPPED} if kill.signal == TERM else {-KILL, 128 + KILL}
        assert code in expected, (directory / "log").read_text()[-2000:]
    assert run_trainer(directory, variables=variables) == 0, (directory / "log").read_text()[-2000:]


def check_same(whole: Path, broken: Path) -> None:
    """Check that an interrupted training has the numbers and models of an undisturbed one."""
    expected_metrics, metrics = numbers(whole), numbers(broken)
    assert metrics == expected_metrics
    assert list(expected_metrics) == list(range(len(expected_metrics)))
    assert progress(broken, "result") == progress(whole, "result")
    assert not progress(broken, "error")
    steps = {line["step"] for line in progress(whole, "checkpoint")}
    assert steps == {line["step"] for line in progress(broken, "checkpoint")}
    for step in steps:
        for path in (whole / f"step-{step}").glob("*.safetensors"):
            assert path.read_bytes() == (broken / f"step-{step}" / path.name).read_bytes()
    assert answers(broken) == answers(whole)


def numbers(directory: Path) -> dict[int, dict[str, float]]:
    """Return the metrics of each step. A step that was reported again must have the same."""
    found: dict[int, dict[str, float]] = {}
    for line in progress(directory, "metrics"):
        values = {name: value for name, value in line.items() if name not in ("type", *MEASURED)}
        assert found.setdefault(line["step"], values) == values
    return dict(sorted(found.items()))


def answers(directory: Path) -> dict[int, Any]:
    """Return the samples of each step, each reported for the first time."""
    found: dict[int, Any] = {}
    for line in progress(directory, "samples"):
        found.setdefault(line["step"], [sample["answer"] for sample in line["samples"]])
    return dict(sorted(found.items()))
