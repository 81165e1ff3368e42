"""Several nodes of one Slurm allocation. Standard library only.

Slurm starts a job's command on the first node. There, the trainer starts itself on every node by one `srun`, and these
members start the processes. The first one waits, and reports how they ended.
"""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import NamedTuple

from fttui.server.trainers.hf.refusal import Refusal
from fttui.server.trainers.protocol import STOPPED

_PROCESSES, _PORT = "FTTUI_NODE_PROCESSES", "FTTUI_NODE_PORT"
"""Variables of a member: the processes on each node, and the port of the first node at which the members meet."""
_CODES = "codes-"
_SCANCEL_SECONDS = 20.0


class Member(NamedTuple):
    """Trainer on one of several nodes, which starts the processes of its node."""

    rank: int
    """Number of its node. The first one, 0, has the process that writes the job's files."""
    nodes: int
    processes: int
    """Processes on each node."""
    address: str
    """Address of the first node."""
    port: int
    """Port of the first node at which the members meet."""


def member() -> Member | None:
    """Return the member that this process is; None if the trainer on the first node did not start it."""
    if _PORT not in os.environ:
        return None
    return Member(
        rank=int(os.environ["SLURM_NODEID"]),
        nodes=int(os.environ["SLURM_JOB_NUM_NODES"]),
        processes=int(os.environ[_PROCESSES]),
        address=os.environ["SLURM_LAUNCH_NODE_IPADDR"],  # at which Slurm reaches the first node as well
        port=int(os.environ[_PORT]),
    )


def count(engine: str | None) -> int:
    """Return the number of nodes of a job.

    Args:
        engine: kind of its engine; None for a job of this machine.
    """
    return int(os.environ.get("SLURM_JOB_NUM_NODES", "1")) if engine == "slurm" else 1


def share(batch_size: int, nodes: int) -> int:
    """Return the examples of a batch that each node gets.

    Raises:
        Refusal: the nodes cannot share a batch evenly.
    """
    if batch_size % nodes:
        message = (
            f"The job has {nodes} nodes, which cannot share a batch of {batch_size} evenly. "
            f"Choose a batch_size that is a multiple of {nodes}, or another number of nodes."
        )
        raise Refusal("invalid_setting", message, "batch_size")
    return batch_size // nodes


class Ended(NamedTuple):
    """End of the members."""

    codes: list[int]
    """Exit codes of the processes that failed, negative after a signal."""
    has_lost: bool = False
    """A member ended without a note: with its node, or because `srun` ended it after another one."""


def launch(nodes: int, processes: int, command: Sequence[str], directory: str) -> Ended:
    """Run a member's command on every node, and wait for the end.

    SIGTERM is passed on to all nodes: `srun` would answer it by killing them.

    Args:
        processes: number of processes on each node.
    """
    asked: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        words = ["scancel", "--signal=TERM", os.environ["SLURM_JOB_ID"]]  # the members, not the batch script
        with suppress(OSError, subprocess.TimeoutExpired):  # without a controller, the last saved state has to do
            subprocess.run(words, timeout=_SCANCEL_SECONDS, check=False)

    _noted(directory)
    signal.signal(signal.SIGTERM, stop)
    words = ["srun", f"--nodes={nodes}", f"--ntasks={nodes}", "--ntasks-per-node=1", "--cpu-bind=none"]
    words.append("--kill-on-bad-exit=1")  # the other members would wait for ever
    variables = {**os.environ, _PROCESSES: str(processes), _PORT: str(_free_port())}
    step = subprocess.run([*words, *command], env=variables, stdin=subprocess.DEVNULL, check=False)
    if not step.returncode:
        return Ended([])
    if asked:
        return Ended([STOPPED])
    noted = _noted(directory)
    return Ended([code for codes in noted for code in codes] or [step.returncode], len(noted) < nodes)


def note_codes(directory: str, member: Member, codes: list[int]) -> None:
    """Note how the processes of a member ended. `srun` returns one number for all nodes."""
    with open(os.path.join(directory, f"{_CODES}{member.rank}"), "w", encoding="ascii") as file:
        json.dump(codes, file)


def _noted(directory: str) -> list[list[int]]:
    """Return the exit codes that each member noted, and remove them."""
    found: list[list[int]] = []
    for name in sorted(os.listdir(directory)):
        if name.startswith(_CODES):
            path = os.path.join(directory, name)
            with open(path, encoding="ascii") as file, suppress(ValueError):
                found.append(json.load(file))
            os.remove(path)
    return found


def _free_port() -> int:
    """Return a port of this node that is free. Jobs may share a node."""
    with socket.create_server(("", 0)) as server:
        return int(server.getsockname()[1])
