"""`trainer_state.json` of Hugging Face's Trainer, and of everything built on it: TRL, Unsloth, Axolotl, LLaMA-Factory.

The Trainer writes the whole history anew with each checkpoint, and once more at its end. The newest file that can be
read counts. Settings come from the files beside it.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence

from fttui.bounded import read_file
from fttui.clock import duration
from fttui.lean_typing import Any, NamedTuple
from fttui.runs.formats import values
from fttui.runs.formats.base import Found, FoundCheckpoint, FoundLine, FoundPoint, Source
from fttui.runs.formats.checkpoint_names import step_of
from fttui.runs.formats.model_facts import ModelFacts

FILE = "trainer_state.json"
LARGEST = 256 << 20
"""Bytes of a history that is read: two million steps."""
MOST_FILES = 10_000
"""Files of a checkpoint whose sizes are added up."""
_HISTORY = '"log_history": ['
_SUMMARY = "train_runtime"
"""Member of the last record, with numbers about the whole training."""


class TrainerState:
    """Output directories with `trainer_state.json` or `checkpoint-*`, and single checkpoints."""

    name = "trainer_state"

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        if FILE in names:
            return [Source(self.name, os.path.join(directory, FILE))]
        steps = [step for name in names if (step := step_of(name)) is not None]
        # The newest checkpoint is the file to watch; the reader looks at all of them.
        return [Source(self.name, os.path.join(directory, f"checkpoint-{max(steps)}", FILE))] if steps else []

    def watched(self, source: Source) -> list[str]:
        return [source.path]

    def reader(self, source: Source) -> "TrainerStateReader":
        directory, name = os.path.split(os.path.dirname(source.path))
        is_inside = step_of(name) is not None
        return TrainerStateReader(directory if is_inside else os.path.join(directory, name))


class _File(NamedTuple):
    """A file with the history of a run, as it is on the disk."""

    changed: int
    """Time of its last change in nanoseconds."""
    step: int
    """Step of its checkpoint, -1 for the file beside the checkpoints."""
    path: str
    size: int


class TrainerStateReader:
    """Reader of one output directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._facts = ModelFacts(directory)
        self._tried: tuple[_File, ...] = ()
        self._records: list[int] = []
        """Digests of the records that were handed over."""
        self._sizes: dict[int, tuple[int, int, bool]] = {}
        """Change time, size and mark of the checkpoints that were handed over, by step."""

    def read(self) -> Found:
        names = os.listdir(self._directory)
        steps = sorted(step for name in names if (step := step_of(name)) is not None)
        files = tuple(sorted(self._files(steps), reverse=True))
        if files == self._tried:
            return Found()
        problems: list[str] = []
        state, path = self._newest(files, problems)
        self._tried = files
        times = {file.step: file.changed / 1e9 for file in files if file.step >= 0}
        latest = files[0].changed / 1e9 if files else None
        records = _records_of(state, self._name(path or FILE), problems)
        restarted, points, lines, ended = self._news(records, times, latest)
        if restarted:
            self._sizes.clear()
        facts = {**self._facts.read(steps), **_facts_of(state)}
        facts["derived_settings"] = _settings_of(state, records)
        problems += self._facts.problems
        facts |= self._end(state, ended, latest)
        facts["created_at"] = self._start(state, ended, latest, times)
        checkpoints = list(self._checkpoints(steps, times, state))
        return Found(restarted, points, lines, checkpoints, (), facts, problems)

    def _files(self, steps: Sequence[int]) -> Iterator[_File]:
        for step in (-1, *steps):
            folder = self._directory if step < 0 else os.path.join(self._directory, f"checkpoint-{step}")
            path = os.path.join(folder, FILE)
            try:
                status = os.stat(path)
            except OSError:
                continue
            yield _File(status.st_mtime_ns, step, path, status.st_size)

    def _newest(self, files: Sequence[_File], problems: list[str]) -> tuple[Mapping[str, Any], str]:
        """Return content and path of the newest file that can be read, else what is left of a broken one."""
        left: tuple[Mapping[str, Any], str] = {}, ""
        for file in files:
            name = self._name(file.path)
            try:
                text = read_file(file.path, LARGEST).decode("utf-8", "replace")
            except OSError as error:
                problems.append(f"Cannot read {name}: {error.strerror or error}.")
                continue
            try:
                state = json.loads(text)
            except (ValueError, RecursionError):
                problems.append(f"{name} is not complete.")
                left = left if left[0] else (_salvaged(text), file.path)
                continue
            if isinstance(state, dict):
                return state, file.path
            problems.append(f"{name} has no object of a training.")
        return left

    def _name(self, path: str) -> str:
        """Return a path as problems name it: below the directory of the run, so that the reason is not cut."""
        return os.path.relpath(path, self._directory)

    def _news(
        self, records: Sequence[Mapping[str, Any]], times: Mapping[int, float], latest: float | None
    ) -> tuple[bool, list[FoundPoint], list[FoundLine], Mapping[str, Any]]:
        digests = [hash(repr(each)) for each in records]
        same = 0
        for old, new in zip(self._records, digests, strict=False):
            if old != new:
                break
            same += 1
        restarted = bool(self._records) and bool(records) and same == 0
        points: list[FoundPoint] = []
        lines: list[FoundLine] = []
        for record in records[same:]:
            step = _whole(record.get("step"))
            if step is None:
                continue  # named by `_records_of`
            if _SUMMARY in record:
                lines.append(FoundLine(latest, "info", _summary(record)))
                continue
            numbers = {
                name: number
                for name in record
                if name != "step" and (number := values.number(record[name])) is not None
            }
            if numbers:
                points.append(FoundPoint(step, times.get(step), numbers))
        if records:
            self._records = digests
        ended: Mapping[str, Any] = next((record for record in reversed(records) if _SUMMARY in record), {})
        return restarted, points, lines, ended

    def _end(self, state: Mapping[str, Any], ended: Mapping[str, Any], latest: float | None) -> dict[str, Any]:
        control = state.get("stateful_callbacks")
        stops = _member(_member(_member(control, "TrainerControl"), "args"), "should_training_stop") is True
        step, most = _whole(state.get("global_step")), _whole(state.get("max_steps"))
        if ended or stops or (step is not None and most and step >= most):
            return {"status": "succeeded", "ended_at": latest}
        return {"status": None, "ended_at": None}

    def _start(
        self, state: Mapping[str, Any], ended: Mapping[str, Any], latest: float | None, times: Mapping[int, float]
    ) -> float | None:
        """Return when the run began: by its duration, else by the oldest file that is left of it."""
        seconds = values.number(ended.get(_SUMMARY))
        if seconds is not None and latest is not None and 0 < seconds < latest:
            return latest - seconds
        first = min(times.items(), default=None)
        found = [*times.values(), *([latest] if latest is not None else [])]
        if first is not None and len(times) > 1:
            # The steps before the first checkpoint took about as long as those between two checkpoints.
            last = max(times.items())
            if last[0] > first[0] and last[1] > first[1]:
                found.append(first[1] - (last[1] - first[1]) / (last[0] - first[0]) * first[0])
        return min(found, default=None)

    def _checkpoints(
        self, steps: Sequence[int], times: Mapping[int, float], state: Mapping[str, Any]
    ) -> Iterator[FoundCheckpoint]:
        best = os.path.basename(str(state.get("best_model_checkpoint") or "").rstrip("/"))
        for step in steps:
            path = os.path.join(self._directory, f"checkpoint-{step}")
            try:
                changed = os.stat(path).st_mtime_ns
            except OSError:
                continue
            known = self._sizes.get(step)
            is_best = best == f"checkpoint-{step}"
            is_complete = step in times
            size = known[1] if known and known[0] == changed and is_complete else _size(path)
            if (changed, size, is_best) != known:
                self._sizes[step] = (changed, size, is_best)
                yield FoundCheckpoint(path, step, size, is_best)


def _records_of(state: Mapping[str, Any], name: str, problems: list[str]) -> list[Mapping[str, Any]]:
    """Return the records of a history, and name those that are left out.

    Args:
        name: path of the file as problems name it.
    """
    history = state.get("log_history")
    if not isinstance(history, list):
        if state:
            problems.append(f"{name} has no list log_history.")
        return []
    records: list[Mapping[str, Any]] = [each for each in history if isinstance(each, dict)]
    left_out = len(history) - sum(_whole(each.get("step")) is not None for each in records)
    if left_out:
        words = "1 record of log_history has" if left_out == 1 else f"{left_out} records of log_history have"
        problems.append(f"{name}: {words} no step. Left out.")
    return records


def _facts_of(state: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "total_steps": _whole(state.get("max_steps")) or None,
        "epochs": state.get("num_train_epochs"),
        "trained_tokens": _whole(state.get("num_input_tokens_seen")) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _settings_of(state: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the settings that a state shows, for a run without files that name its settings.

    The learning rate is the highest logged one. It counts only if it was logged twice: the highest value of a schedule
    that falls from its first step on is below the setting.
    """
    rates = [rate for record in records if (rate := values.number(record.get("learning_rate")))]
    is_setting = bool(rates) and rates.count(max(rates)) > 1
    found = {
        "per_device_train_batch_size": _whole(state.get("train_batch_size")) or None,
        "learning_rate": max(rates) if is_setting else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _salvaged(text: str) -> dict[str, Any]:
    """Return the complete records of a history that ends in the middle."""
    start = text.find(_HISTORY)
    if start < 0:
        return {}
    decoder, at, records = json.JSONDecoder(), start + len(_HISTORY), list[Any]()
    while True:
        while at < len(text) and text[at] in ", \r\n\t":
            at += 1
        try:
            record, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return {"log_history": records}
        records.append(record)


def _summary(record: Mapping[str, Any]) -> str:
    seconds, loss, pace = (
        values.number(record.get(name)) for name in (_SUMMARY, "train_loss", "train_samples_per_second")
    )
    is_told = seconds is not None and 0 <= seconds < math.inf
    parts = [f"Training took {duration(seconds)}" if seconds is not None and is_told else "Training ended"]
    if loss is not None:
        parts.append(f"mean training loss {loss:.4g}")
    if pace is not None:
        parts.append(f"{pace:.4g} examples per second")
    return ", ".join(parts) + "."


def _size(path: str) -> int:
    """Return the bytes of all files in a directory, at most `MOST_FILES` of them."""
    total, files, folders = 0, 0, [path]
    while folders and files < MOST_FILES:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None
