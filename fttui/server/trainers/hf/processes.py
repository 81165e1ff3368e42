"""Several processes that train one model: one a GPU, under torchrun's launcher. They vote on what they do together."""

import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import torch
import torch.distributed
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from fttui.server.trainers.hf.nodes import Member
from fttui.server.trainers.hf.refusal import UNEXPECTED, UNREACHABLE, Refusal
from fttui.server.trainers.protocol import STOPPED

_FAILURE = "failure-"

SHUTDOWN = 50
"""Seconds that the launcher waits for the other processes after one has ended."""


def is_worker() -> bool:
    """Return whether this process is one of several, started by a launcher."""
    return "RANK" in os.environ


def is_main() -> bool:
    """Return whether this process writes the job's files: the only one, or the first of several."""
    return os.environ.get("RANK", "0") == "0"


def world() -> int:
    """Return the number of processes."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def number(devices: int, batch_size: int) -> int:
    """Return how many of the devices can share a batch evenly."""
    return max(count for count in range(1, devices + 1) if batch_size % count == 0)


def launch(count: int, module: str, directory: str) -> int:
    """Run `python -m MODULE DIRECTORY` in `count` processes on this machine. Return the exit code of the trainer.

    Raises:
        Refusal: a process has noted why it failed.
    """
    forget_failures(directory)
    return outcome(directory, run(count, module, directory))


def run(count: int, module: str, directory: str, member: Member | None = None) -> list[int]:
    """Run `python -m MODULE DIRECTORY` in `count` processes on this node. Return the exit codes of those that failed.

    They are negative after a signal. SIGTERM is passed on: the processes, each in a session of its own, save and stop.

    Args:
        member: None for all processes of a job.
    """
    where: dict[str, Any] = {"rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0"}
    if member is not None:
        endpoint = f"{member.address}:{member.port}"
        where = {"rdzv_backend": "static", "rdzv_endpoint": endpoint, "rdzv_configs": {"rank": member.rank}}
    nodes = 1 if member is None else member.nodes
    config = LaunchConfig(
        min_nodes=nodes,
        max_nodes=nodes,
        nproc_per_node=count,
        run_id=str(os.getpid() if member is None else member.port),
        max_restarts=0,  # the service restarts trainers
        monitor_interval=0.2,
        signals_to_handle="SIGTERM,SIGINT",
        shutdown_timeout=SHUTDOWN,
        **where,
    )
    try:
        program, *arguments = command(module, directory)
        elastic_launch(config, program)(*arguments)
    except ChildFailedError as error:
        return [failure.exitcode for failure in error.failures.values()]
    except SignalException:
        return [STOPPED]
    return []


def command(module: str, directory: str) -> tuple[str, ...]:
    """Return the command of a process that trains the job in a directory."""
    return (sys.executable, "-P", "-m", module, directory)


def note_failure(directory: str, failure: Refusal) -> None:
    """Note why this process fails. The launcher decides whether it is the cause, or a different process was killed."""
    with open(os.path.join(directory, f"{_FAILURE}{os.environ['RANK']}"), "w", encoding="utf-8") as file:
        json.dump([failure.code, str(failure), failure.param], file)


def forget_failures(directory: str) -> None:
    """Remove what processes of an earlier start have noted."""
    _noted(directory)


def _noted(directory: str) -> list[Refusal]:
    """Return the noted failures, and remove them."""
    found = []
    for name in sorted(os.listdir(directory)):
        if name.startswith(_FAILURE):
            path = os.path.join(directory, name)
            with open(path, encoding="utf-8") as file, suppress(ValueError):
                found.append(Refusal(*json.load(file)))
            os.remove(path)
    return found


def outcome(directory: str, codes: list[int], *, has_lost: bool = False) -> int:
    """Return the exit code of the trainer for the codes of the processes that failed, negative after a signal.

    Args:
        has_lost: processes of a node ended without a word: it may be lost.

    Raises:
        Refusal: a process has noted the reason.
    """
    noted = _noted(directory)
    certain = [failure for failure in noted if failure.code not in (UNEXPECTED, UNREACHABLE)]
    if certain:
        raise certain[0]
    killed = [128 - code for code in codes if code < 0 and code != -signal.SIGTERM]
    if killed:  # the others failed because of it
        return killed[0]
    if STOPPED in codes:
        return STOPPED
    own = [failure for failure in noted if failure.code == UNEXPECTED]
    if own:
        raise own[0]
    if has_lost:
        return 128 + signal.SIGKILL
    if noted:
        raise noted[0]
    return codes[0] if codes else 0


def agree(*wishes: bool) -> list[bool]:
    """Return, for each wish, whether any process has it. Every process gets the same answer.

    Clocks and signals differ between processes. A process that saves or stops alone would wait for the others for ever.
    """
    if world() == 1:
        return list(wishes)
    device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
    votes = torch.tensor(wishes, dtype=torch.int32, device=device)
    torch.distributed.all_reduce(votes, op=torch.distributed.ReduceOp.MAX)
    return [bool(vote) for vote in votes.tolist()]


def wait_for_all() -> None:
    """Wait until every process is here."""
    if world() > 1:
        torch.distributed.barrier()
