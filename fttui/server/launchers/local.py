"""Launcher of processes on this machine. They end with the service, after they have saved their state."""

import subprocess

from fttui.server.launchers.base import GONE, Launch, Life, State
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.storage.job_dir import JobDirectory


class Local:
    """Trainers as processes on this machine."""

    survives = False
    hides_secrets = True

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []

    def answer_number(self) -> None:
        return None

    def start(self, directory: JobDirectory, launch: Launch) -> None:
        child = TrainerProcess(directory.path).start(launch.command, launch.environment)
        if child is not None:
            self._children.append(child)

    def life(self, directory: JobDirectory) -> Life:
        return Life(State.RUNNING) if TrainerProcess(directory.path).is_alive() else GONE

    def stop(self, directory: JobDirectory, *, save: bool) -> bool:
        return TrainerProcess(directory.path).stop(save=save)

    def sweep(self, directory: JobDirectory) -> None:
        TrainerProcess(directory.path).kill_leftovers()

    def forget(self, directory: JobDirectory) -> None:
        """Do nothing: the lock of a directory tells everything."""

    def reap(self) -> None:
        """Collect the exit status of trainers that have ended."""
        self._children = [child for child in self._children if child.poll() is None]
