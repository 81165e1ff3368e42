"""Stopping trainers: SIGTERM first, so that a trainer saves its state, and SIGKILL when it does not exit in time."""

import json
import os
import signal
import threading
from collections.abc import Iterable
from typing import Protocol

from fttui.clock import Clock, SystemClock
from fttui.server.launchers.base import JobTrainer
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.settings import MOST_STOP_AFTER, STOP_AFTER

CANCEL_SECONDS = 1.0
"""Seconds between SIGTERM and SIGKILL for a trainer whose state is not needed."""

_LARGEST = 4 << 20
"""Bytes of the largest job.json to read."""
KILL_SECONDS = 3.0
"""Seconds to wait for the end of a trainer after SIGKILL."""


class Stoppable(Protocol):
    """Trainer that can be stopped."""

    def stop(self, *, save: bool) -> bool: ...


class TrainerStopper:
    """Stops trainers of single jobs over several looks of the runner, without waiting.

    The times of SIGTERM are lost with the service. The next service sends SIGTERM again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._terminated_at: dict[str, float] = {}

    def terminate(self, id: str, process: Stoppable) -> None:
        """Send SIGTERM to the trainer of a job."""
        if process.stop(save=True):
            self._terminated_at[id] = self._clock.monotonic()

    def stop(self, id: str, process: Stoppable, seconds: float) -> None:
        """Send SIGTERM, or SIGKILL when SIGTERM was sent more than `seconds` ago. Call it until the trainer is gone."""
        if id not in self._terminated_at:
            self.terminate(id, process)
        elif self._clock.monotonic() - self._terminated_at[id] > seconds:
            process.stop(save=False)

    def forget(self, id: str) -> bool:
        """Forget a job. Return whether its trainer was asked to stop."""
        return self._terminated_at.pop(id, None) is not None


def stop_after(path: str) -> float:
    """Return the seconds between SIGTERM and SIGKILL that the trainer of a job directory was promised."""
    try:
        with open(os.path.join(path, "job.json"), "rb") as file:
            seconds = json.loads(file.read(_LARGEST))["stop_after"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return STOP_AFTER
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return float(seconds) if is_number and 0 < seconds <= MOST_STOP_AFTER else STOP_AFTER


def kill(process: JobTrainer, clock: Clock) -> bool:
    """Kill a trainer and wait until it is gone. Return False when it is still alive after `KILL_SECONDS`.

    An engine takes longer, and is asked once.
    """
    deadline = clock.monotonic() + KILL_SECONDS
    pause = threading.Event()
    while process.is_alive():
        if clock.monotonic() > deadline:
            return False
        process.stop(save=False)
        if process.launcher.survives:
            return False
        pause.wait(0.02)
    return True


def stop_all(processes: Iterable[TrainerProcess], clock: Clock | None = None) -> bool:
    """Stop trainers and wait until they are gone. Return whether any was alive."""
    clock = clock or SystemClock()
    every = list(processes)
    alive = unsignalled = [process for process in every if process.is_alive()]
    found = bool(alive)
    began = clock.monotonic()
    allowed = {process.path: stop_after(process.path) for process in alive}
    pause = threading.Event()
    while alive := [process for process in alive if process.is_alive()]:
        unsignalled = [process for process in unsignalled if not process.signal(signal.SIGTERM)]
        for process in alive:
            if clock.monotonic() > began + allowed[process.path]:
                process.signal(signal.SIGKILL)
        pause.wait(0.02)
    for process in every:
        process.kill_leftovers()
    return found
