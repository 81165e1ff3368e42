"""Interface of all launchers. A launcher knows where a trainer runs, and its job does not.

Launchers have no memory that matters: what they need to find a trainer again is in the job's directory and at the
engine, so a new service continues with the trainers of the last one.
"""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from fttui.server.launchers.submission_files import last_submission, stopped_number
from fttui.server.settings import STOP_AFTER, Engine
from fttui.server.storage.job_dir import JobDirectory


class State(StrEnum):
    """State of a trainer's life."""

    GONE = "gone"
    """It does not run, and nothing will start it."""
    WAITING = "waiting"
    """The engine has it, and has not started it yet."""
    RUNNING = "running"
    UNKNOWN = "unknown"
    """The engine does not answer. That says nothing about the trainer."""
    AWAY = "away"
    """The engine's directory does not exist, so its files say nothing about the trainer."""

    @property
    def is_known(self) -> bool:
        """False when it cannot be told now whether the trainer lives."""
        return self not in (State.UNKNOWN, State.AWAY)


class Life(NamedTuple):
    """Life of a trainer, as its launcher knows it."""

    state: State
    host: str = ""
    """Machine that it runs on; empty for this machine."""
    reason: str = ""
    """Reason why it waits, why it ended, or why its state is unknown, in the engine's word."""
    attempt: int = 0
    """Number of times that the engine has started it."""
    id: str = ""
    """Id that the engine has given it."""
    seconds_left: int | None = None
    """Seconds until the engine ends it; None without a limit."""
    limit: int | None = None
    """Seconds that the engine lets it run; None without a limit."""
    refusal: str = ""
    """Reason why it is gone and will never run, in the engine's words."""


GONE = Life(State.GONE)


class Launch(NamedTuple):
    """Trainer to start. It gets the job's directory as the last argument of its command."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    """All variables of a process on this machine."""
    listed: Mapping[str, str] = {}
    """Variables of a process elsewhere. They may be written to the disk."""
    secrets: Mapping[str, str] = {}
    """More variables of a process elsewhere. Their values must not be written to the disk."""
    options: tuple[str, ...] = ()
    """Options for the engine, in its own words; later ones replace earlier ones."""
    setup: str = ""
    """Lines of shell before the trainer, for an engine."""
    stop_after: float = STOP_AFTER
    """Seconds that the trainer needs to save its state."""
    runtime_env: Mapping[str, Any] = {}
    """Environment that Ray makes for the trainer, in Ray's words."""


class Launcher(Protocol):
    """Place where trainers run."""

    @property
    def survives(self) -> bool:
        """True when trainers go on without the service."""

    @property
    def hides_secrets(self) -> bool:
        """True when nobody but the user can read the variables of trainers, so that they get well-known secrets too."""

    def answer_number(self) -> int | None:
        """Return the number of the engine's newest answer, and ask again in the background if it is old.

        None when every call of `life` finds the present state.
        """

    def start(self, directory: JobDirectory, launch: Launch) -> None:
        """Start the trainer of a directory, unless it lives: once, however often it is called.

        Raises:
            LaunchRefused: the engine refuses it, and says why.
            EngineUnreachable: the engine does not answer; try again later.
            NotNow: the engine does not take this trainer now.
            OSError: the directory cannot be written, or the process cannot be started.
        """

    def life(self, directory: JobDirectory) -> Life:
        """Return whether the trainer lives. Cheap: the engine's newest answer is used."""

    def stop(self, directory: JobDirectory, *, save: bool) -> bool:
        """Stop a living trainer. Return whether it was told to.

        Args:
            save: let it save its state and exit; otherwise end it at once.
        """

    def sweep(self, directory: JobDirectory) -> None:
        """End what a trainer that is gone left behind."""

    def forget(self, directory: JobDirectory) -> None:
        """Drop what is known in memory of a directory whose job has ended."""


class LaunchRefused(Exception):
    """The engine refuses a trainer. The message has its reason."""


class EngineUnreachable(Exception):
    """The engine does not answer."""


class NotNow(Exception):
    """The engine takes this trainer later, perhaps. It may take others meanwhile."""


class JobTrainer:
    """Trainer of one job: its launcher, applied to its directory."""

    def __init__(
        self,
        launcher: Launcher,
        directory: JobDirectory,
        engine: Engine | None = None,
        *,
        was_submitted: bool = False,
    ) -> None:
        """
        Args:
            engine: engine of the job; None for this machine.
            was_submitted: the engine has the trainer, or had it, so the parent of its directory was made.
        """
        self.launcher = launcher
        self.directory = directory
        self.engine = engine
        self._was_submitted = was_submitted

    def start(self, launch: Launch) -> None:
        self.launcher.start(self.directory, launch)

    def missing(self) -> str:
        """Return a sentence without its end if a directory of the engine does not exist; empty when all do.

        Its disk is not mounted then. What is missing on it says nothing, and nothing may be made in its place.
        """
        if self.engine is None:
            return ""
        # The engine's directory itself may be where its disk is mounted, and is empty without it.
        made = [os.path.dirname(self.directory.path)] if self._was_submitted else []
        for path in (self.engine.directory, *made):
            if not os.path.isdir(path):
                return f"The directory {path} of the engine {self.engine.name} does not exist"
        return ""

    def life(self) -> Life:
        if reason := self.missing():
            return Life(State.AWAY, reason=reason)
        return self.launcher.life(self.directory)

    def is_alive(self) -> bool:
        """Return whether the trainer lives, waits for its start, or may live."""
        return self.life().state is not State.GONE

    def is_stopping(self) -> bool:
        """Return whether the service has told a trainer at an engine to stop that still lives.

        Raises:
            EngineUnreachable: it is not known whether it lives.
        """
        last = last_submission(self.directory)
        if last is None or not last.id:
            return False  # what cannot be told to stop is found again by its launcher
        self.launcher.answer_number()  # asks the engine, if it was never asked
        life = self.life()
        if not life.state.is_known:
            raise EngineUnreachable(life.reason or "it has not answered yet")
        return life.state is not State.GONE and stopped_number(self.directory) == last.number

    def stop(self, *, save: bool) -> bool:
        return self.launcher.stop(self.directory, save=save)

    def sweep(self) -> None:
        self.launcher.sweep(self.directory)

    def forget(self) -> None:
        self.launcher.forget(self.directory)
