"""Runs of the trainer in processes that end themselves at a chosen event.

The libraries take seconds to import. A fork server imports them once, and each run is a fork of it.
"""

import functools
import importlib
import json
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

KILLS = "FTTUI_TEST_KILLS"
TRAINER = "FTTUI_TEST_TRAINER"
"""Variable with the id of the first process."""
THIS = "tests.server.trainers.hf.trainer_runs"
ROOT = Path(__file__).parents[4]


NO_MEMORY = 0
"""Instead of a signal: the process runs out of memory."""


class Kill(NamedTuple):
    """Signal that a process sends itself when an event of a step begins, before the trainer's own callbacks."""

    event: str
    step: int
    signal: int
    rank: int | None = None
    """Rank of the process; None for all."""
    to_trainer: bool = False
    """Send it to the first process of the trainer instead, and wait until it has passed it on."""


def run_trainer(
    directory: Path,
    kill: Kill | None = None,
    *,
    largest_file: int | None = None,
    variables: Mapping[str, str] | None = None,
) -> int:
    """Train the job in a directory in a process of its own. Return the exit code, negative after a signal.

    Args:
        largest_file: bytes that a file may have, which stands for a full disk.
        variables: more variables of the environment.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fttui.server.trainers.hf.train"])
    process = context.Process(target=_child, args=(str(directory), kill, largest_file, variables or {}))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _child(directory: str, kill: Kill | None, largest_file: int | None, variables: Mapping[str, str]) -> None:
    os.environ.update(variables)
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    log = os.open(os.path.join(directory, "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ[KILLS] = json.dumps(kill)
    os.environ[TRAINER] = str(os.getpid())
    os.environ["PYTHONPATH"] = str(ROOT)
    sys.exit(_run(directory))


def _run(directory: str) -> int:
    """Run the trainer with a callback that ends its process."""
    program = importlib.import_module("fttui.server.trainers.hf.__main__")
    training = importlib.import_module("fttui.server.trainers.hf.train")
    importlib.import_module("fttui.server.trainers.hf.sample_plan").SHARE = 1e6  # so short a run would have no samples
    program.MODULE = THIS  # type: ignore[attr-defined]
    kill = json.loads(os.environ[KILLS])
    if kill is not None:
        training.train = functools.partial(training.train, extra=[_killer(Kill(*kill))])  # type: ignore[attr-defined]
    return int(program.run(directory))


def _killer(kill: Kill) -> object:
    from transformers import TrainerCallback

    def end(self: object, args: object, state: object, control: object, **_: object) -> None:
        if state.global_step == kill.step and kill.rank in (None, int(os.environ.get("RANK", "0"))):  # type: ignore[attr-defined]
            if kill.signal == NO_MEMORY:
                raise MemoryError
            if not kill.to_trainer:
                os.kill(os.getpid(), kill.signal)
                return
            signal.pthread_sigmask(signal.SIG_BLOCK, [kill.signal])
            os.kill(int(os.environ[TRAINER]), kill.signal)
            signal.sigwait([kill.signal])
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [kill.signal])
            os.kill(os.getpid(), kill.signal)

    return type("Killer", (TrainerCallback,), {kill.event: end})()


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1]))
