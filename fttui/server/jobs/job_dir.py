"""A job's directory: what the trainer gets, what it writes, and whether it still lives (trainers/README.md).

The service takes the directory's lock and hands it on to the process that it starts. So the lock is held
exactly as long as something of the trainer lives, whatever language it is written in, whoever starts and
dies meanwhile; and no directory ever has two trainers.
"""

import fcntl
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from fttui.server.storage.paths import link, remove, write_durably

# Writes the group's id before anything else runs, and the exit code after: a service that was killed
# meanwhile finds both. The trap makes the shell outlive a SIGTERM to the group until the trainer has ended.
_LAUNCH = """
echo $$ >pid.new && mv pid.new pid || exit 125
trap : TERM
nice -n 5 "$@"
code=$?
echo $code >exit.new && mv exit.new exit
"""

LONGEST_READ = 1 << 20
"""Bytes of progress taken in at once."""
LARGEST_PROGRESS = 1 << 30
"""Bytes of progress beyond which a trainer is out of its mind."""

JOB_VARIABLE = "FTTUI_JOB_DIR"
"""Names the job's directory in the environment of its trainer, and of all that the trainer starts."""

_OURS = ("job.json", "log")
"""What stays of a job that has ended, beside its models."""

_SECRET = ("OPENAI_", "AZURE_OPENAI_")


class JobDirectory:
    """The directory at `path`. Nothing is remembered here: every answer comes from the files."""

    def __init__(self, path: str) -> None:
        self.path = path

    def _at(self, name: str) -> str:
        return os.path.join(self.path, name)

    def prepare(self, job: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
        """Lay out `job.json` and the inputs, given as name → source. Doing so again changes nothing.

        Raises:
            OSError: a source is gone, or the disk refuses.
        """
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        for name, source in inputs.items():
            if not os.path.exists(self._at(name)):
                link(source, self._at(name))
        write_durably(self._at("job.json"), json.dumps(job, indent=1).encode())

    def start(self, command: Sequence[str]) -> "subprocess.Popen[bytes] | None":
        """Start a trainer in its own session; None when one is alive already.

        Raises:
            OSError: no process could be started.
        """
        lock = self._lock()
        if lock is None:
            return None
        try:
            self._mend()
            for name in ("pid", "exit"):
                remove(self._at(name))
            log = os.open(self._at("log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                return subprocess.Popen(
                    ["/bin/sh", "-c", _LAUNCH, "fttui-trainer", *command, self.path],
                    cwd=self.path,
                    env={**_environment(), JOB_VARIABLE: self.path},
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

    def _lock(self) -> int | None:
        """The lock, as a file descriptor that holds it; None when somebody else does."""
        lock = os.open(self._at("lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        except BaseException:
            os.close(lock)
            raise
        return lock

    def is_held(self) -> bool:
        """Whether a trainer, or something it started, is alive."""
        if not os.path.exists(self._at("lock")):
            return False
        lock = self._lock()
        if lock is None:
            return True
        os.close(lock)
        return False

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to everything the trainer is, if it lives. Returns whether it was sent.

        The group's id is looked at only while the lock is held, so it cannot have passed to strangers.
        """
        if not self.is_held():
            return False
        try:
            os.killpg(int(self._text("pid")), number)
        except (ValueError, ProcessLookupError, PermissionError):
            return False  # started a moment ago, perhaps: the next try finds it
        return True

    def exit_code(self) -> int | None:
        """What the last trainer ended with; None when it was killed together with its launcher."""
        try:
            return int(self._text("exit"))
        except ValueError:
            return None

    def read(self, offset: int) -> tuple[list[Any], int]:
        """Whole lines of progress from byte `offset` on, decoded, and where the next one begins.

        A line that is not JSON comes as None. A line still being written is left for the next time.
        """
        try:
            with open(self._at("progress.jsonl"), "rb") as file:
                file.seek(offset)
                data = file.read(LONGEST_READ)
        except FileNotFoundError:
            return [], offset
        end = data.rfind(b"\n") + 1
        if not end and len(data) == LONGEST_READ:
            return [None], offset + LONGEST_READ  # a line without end is no line
        return [_decoded(line) for line in data[:end].splitlines() if line.strip()], offset + end

    def _mend(self) -> None:
        """Cut off a last line that a kill tore, or the next trainer's first line would be lost in it."""
        try:
            file = os.open(self._at("progress.jsonl"), os.O_RDWR)
        except FileNotFoundError:
            return
        try:
            end = os.lseek(file, 0, os.SEEK_END)
            tail = os.pread(file, LONGEST_READ, max(0, end - LONGEST_READ))
            torn = len(tail) - (tail.rfind(b"\n") + 1)
            if torn:
                os.ftruncate(file, end - torn)
        finally:
            os.close(file)

    def is_flooded(self, largest_log: int) -> bool:
        """Whether the trainer has written more than is good for the disk."""
        return self._size("log") > largest_log or self._size("progress.jsonl") > LARGEST_PROGRESS

    def _size(self, name: str) -> int:
        try:
            return os.path.getsize(self._at(name))
        except OSError:
            return 0

    def last_words(self, most: int = 600) -> str:
        """The end of what the trainer said, at most so many characters: of its log, or else of its progress."""
        return self._end_of("log", most) or self._end_of("progress.jsonl", most)

    def _end_of(self, name: str, most: int) -> str:
        try:
            with open(self._at(name), "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 8192))
                lines = file.read().decode("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        text = ""
        for line in reversed(lines):
            if text and len(line) + len(text) + 1 > most:
                break
            text = f"{line[:most]}\n{text}" if text else line[:most]
        return text

    def end_strays(self) -> None:
        """Kill what the trainer started and neither its group nor its lock know of: workers in sessions of their own.

        They are found by the variable that names this directory, where the system shows the environment of processes.
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

    def holds(self, name: str) -> bool:
        """Whether a trainer may mean `name`: a plain name of something it wrote in here."""
        plain = name and "/" not in name and "\0" not in name and name not in (".", "..", *_OURS)
        return bool(plain) and os.path.exists(self._at(name))

    def tidy(self, models: set[str]) -> None:
        """Remove what is of no use once the job has ended: all but its models, its log and what it was asked."""
        if not os.path.isdir(self.path):
            return
        for name in os.listdir(self.path):
            if name not in models and name not in _OURS:
                remove(self._at(name))

    def _text(self, name: str) -> str:
        try:
            with open(self._at(name), encoding="ascii", errors="replace") as file:
                return file.read(64).strip()
        except FileNotFoundError:
            return ""


def _decoded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _environment() -> dict[str, str]:
    """The service's environment without keys, with one thread for arithmetic."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}
    one = (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    )
    # glibc: keep freed arrays instead of giving their pages back, which costs a trainer a fifth of its time.
    thrift = {"MALLOC_MMAP_THRESHOLD_": str(256 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
    return {**kept, **dict.fromkeys(one, "1"), **thrift}
