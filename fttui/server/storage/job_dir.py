"""Directory of a job: the inputs of its trainer, and what the trainer writes (trainers/README.md)."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fttui import atomic
from fttui.own_files import open_own
from fttui.server.storage import kept_events, model_contents
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.disk_space import is_disk_full
from fttui.server.storage.file_operations import link, remove
from fttui.server.storage.progress_file import LARGEST_FILE, ProgressFile
from fttui.server.storage.records import JobRecord

_KEPT = ("job.json", "log", *kept_events.FILENAMES, model_contents.FILENAME)
"""Files of an ended job that stay, besides its models."""
CANCELLED = "cancelled"
"""File that tells a trainer to stop without saving."""
_INPUTS = ("training.jsonl", "validation.jsonl", "start-model")
"""Names of inputs that share their content with other files, and take no room."""


class JobDirectory:
    """Directory at `path`. The object has no state: every answer comes from the files."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.progress = ProgressFile(os.path.join(path, "progress.jsonl"))

    def prepare(self, job: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
        """Write `job.json` and link the inputs. Inputs that are there already are left as they are.

        Args:
            inputs: the path of each input, by its name in the directory.

        Raises:
            OSError: an input is missing, or the disk fails.
        """
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        for name, source in inputs.items():
            if not os.path.exists(self._at(name)):
                link(source, self._at(name))
        self.record(job)

    def record(self, job: Mapping[str, Any]) -> None:
        """Write `job.json`, unless the job has no directory: it ended before it started."""
        if os.path.isdir(self.path):
            atomic.write(self._at("job.json"), json.dumps(job, indent=1).encode())

    def mark_cancelled(self) -> None:
        """Tell the trainer that its state is not needed any more: it should stop without saving."""
        with suppress(OSError):  # without the mark, the trainer saves for nothing
            if os.path.isdir(self.path):
                os.close(open_own(self._at(CANCELLED), os.O_WRONLY | os.O_CREAT))

    def keep_events(self, database: ServiceDatabase, job: JobRecord) -> None:
        """Write the events and samples of an ended job, unless it has no directory or the disk has no room for them."""
        try:
            if os.path.isdir(self.path):
                kept_events.write(self.path, database, job)
        except OSError as error:
            if not is_disk_full(error):
                raise

    def output_sizes(self) -> tuple[int, int]:
        """Return the bytes of all files that the trainer wrote here, and of the largest of them.

        An incomplete file (`NAME.new`) is not counted: the trainer writes it again.
        """
        sizes = [0]
        for folder, _, names in os.walk(self.path):
            for name in names:
                if name in _INPUTS or name.endswith(".new"):
                    continue
                try:
                    sizes.append(os.lstat(os.path.join(folder, name)).st_size)
                except OSError:
                    continue
        return sum(sizes), max(sizes)

    def has_output(self, name: str) -> bool:
        """Return whether `name` is a plain name of a file or directory that the trainer wrote here."""
        plain = name and "/" not in name and "\0" not in name and name not in (".", "..", CANCELLED, *_KEPT)
        return bool(plain) and os.path.exists(self._at(name))

    def exit_code(self) -> int | None:
        """Return the exit code of the last trainer, or None when it was killed together with its shell."""
        try:
            with open(self._at("exit"), encoding="ascii", errors="replace") as file:
                return int(file.read(64))
        except (FileNotFoundError, ValueError):
            return None

    def is_too_large(self, largest_log: int) -> bool:
        """Return whether the log or the progress file is larger than allowed."""
        return self._size("log") > largest_log or self._size("progress.jsonl") > LARGEST_FILE

    def _size(self, name: str) -> int:
        try:
            return os.path.getsize(self._at(name))
        except OSError:
            return 0

    def last_output(self, most: int = 600) -> str:
        """Return the last lines of the log, or of the progress without a log: at most `most` characters."""
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

    def clean_up(self, models: set[str]) -> None:
        """Remove everything except the models, the log, `job.json`, the events and the samples."""
        if not os.path.isdir(self.path):
            return
        for name in os.listdir(self.path):
            if name not in models and name not in _KEPT:
                remove(self._at(name))

    def _at(self, name: str) -> str:
        return os.path.join(self.path, name)
