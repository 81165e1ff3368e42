"""Process of a trainer on this machine: start, lock, signals, exit code.

The service takes the lock of the job's directory and passes it to the process that it starts. The process and its
children inherit the lock, so it is held exactly as long as any of them lives, in whatever language the trainer is
written. Two consequences: a directory never has two trainers, and a new service adopts the living trainer of a service
that was killed, because it finds the lock held.
"""

import fcntl
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from fttui.own_files import open_own
from fttui.server.storage.file_operations import remove
from fttui.server.storage.progress_file import ProgressFile

# Writes the process group's id before the trainer runs, and the exit code afterwards, so that a new service finds both.
# `set -C`: files that exist, such as links, are not written. The trap keeps the shell alive when SIGTERM is sent to the
# group, until the trainer has ended. The process that becomes the trainer writes the id, so that it exists before
# anybody can send a signal.
_START_SCRIPT = """
trap : TERM
sh -c 'set -C; echo $PPID >pid.new && mv pid.new pid || exit 125; exec nice -n 5 "$@"' fttui-trainer "$@"
code=$?
set -C
echo $code >exit.new && mv exit.new exit
"""

JOB_VARIABLE = "FTTUI_JOB_DIR"
"""Environment variable with the job's directory, inherited by every process that the trainer starts."""


class TrainerProcess:
    """Trainer of the job directory at `path`. The object has no state: every answer comes from the files."""

    def __init__(self, path: str) -> None:
        self.path = path

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes] | None":
        """Start a trainer in a session of its own. Return None when a trainer is alive already.

        Args:
            command: the trainer's command, which gets the directory as its last argument.
            environment: all variables of the trainer.

        Raises:
            OSError: the process could not be started.
        """
        lock = self._take_lock()
        if lock is None:
            return None
        try:
            ProgressFile(self._at("progress.jsonl")).drop_torn_line()
            for name in ("pid", "exit", "pid.new", "exit.new"):
                remove(self._at(name))
            log = open_own(self._at("log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                return subprocess.Popen(
                    ["/bin/sh", "-c", _START_SCRIPT, "fttui-trainer", *command, self.path],
                    cwd=self.path,
                    env={**environment, JOB_VARIABLE: self.path},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=(lock,),
                )
            finally:
                os.close(log)
        finally:
            os.close(lock)

    def _take_lock(self) -> int | None:
        """Return a file descriptor that holds the lock, or None when another process holds it."""
        lock = open_own(self._at("lock"), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        except BaseException:
            os.close(lock)
            raise
        return lock

    def is_alive(self) -> bool:
        """Return whether the trainer, or a process that it started, is alive."""
        if not os.path.exists(self._at("lock")):
            return False
        lock = self._take_lock()
        if lock is None:
            return True
        os.close(lock)
        return False

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to the process group of a living trainer. Return whether it was sent.

        The id of the group is read only while the lock is held: later the id could belong to a foreign process.
        """
        if not self.is_alive():
            return False
        try:
            os.killpg(int(self._read("pid")), number)
        except (ValueError, ProcessLookupError, PermissionError):
            return False  # the process was started a moment ago and has not written its id yet
        return True

    def stop(self, *, save: bool) -> bool:
        """Send SIGTERM to a living trainer, or SIGKILL when its state is not needed. Return whether it was sent."""
        return self.signal(signal.SIGTERM if save else signal.SIGKILL)

    def kill_leftovers(self) -> None:
        """Kill processes that left the trainer's group and closed its lock, for example workers in their own sessions.

        They are found by `FTTUI_JOB_DIR` in their environment, on systems with /proc.
        """
        mark = f"{JOB_VARIABLE}={self.path}".encode()
        try:
            processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        except OSError:
            return
        for process in processes:
            if process == os.getpid():
                continue
            try:
                with open(f"/proc/{process}/environ", "rb") as file:
                    if mark in file.read().split(b"\0"):
                        os.kill(process, signal.SIGKILL)
            except OSError:
                continue

    def _at(self, name: str) -> str:
        return os.path.join(self.path, name)

    def _read(self, name: str) -> str:
        try:
            with open(self._at(name), encoding="ascii", errors="replace") as file:
                return file.read(64).strip()
        except FileNotFoundError:
            return ""
