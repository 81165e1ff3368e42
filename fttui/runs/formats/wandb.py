"""Run files of Weights & Biases: `run-ID.wandb`, written for online and offline runs.

A file is a log in the format of LevelDB with one protobuf message a record. The `wandb` package does not read it in
Python (its program `wandb-core` does), and is larger than fttui with all its dependencies.
"""

import json
import math
import os
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fttui.bounded import read_file
from fttui.runs.formats import console, peek, values
from fttui.runs.formats.base import Found, FoundLine, FoundSample, Source
from fttui.runs.formats.grown_file import GrownFile
from fttui.runs.formats.protobuf import Malformed, fields
from fttui.runs.formats.wandb_axes import StepAxes

_MAGIC = b":W&B\xe1\xbe"
_START = 7
"""Bytes before the first record."""
_BLOCK = 32_768
_CHUNK = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
MOST_FILES = 1000
LARGEST_RECORD = 32 << 20
"""Bytes. Larger records are left out."""
_LARGEST_TABLE = 4 << 20
_MOST_SAMPLES = 200
"""Rows of a table that are read as samples."""
_FILE = re.compile(r"run-(.+)\.wandb")
_INSIDE = re.compile(r"/(?:offline-)?run-\d{8}_\d{6}-[^/]+/(?:files|logs)(?:/|$)")
_PROMPTS = ("prompt", "prompts", "question", "input", "instruction")
_ANSWERS = ("completion", "completions", "answer", "response", "output", "generation", "prediction")
_EXPECTED = ("expected", "reference", "target", "label", "ground_truth")


def is_inside_run(directory: str) -> bool:
    """Return whether a directory is a part of a run of W&B. Its logs and tables belong to the run file."""
    return "run-" in directory and bool(_INSIDE.search(directory))


class Wandb:
    """Directories `wandb/run-*` and `wandb/offline-run-*`."""

    name = "wandb"

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        found = peek.ending(names, (".wandb",), MOST_FILES)
        return [Source(self.name, os.path.join(directory, name)) for name in found if _FILE.fullmatch(name)]

    def watched(self, source: Source) -> list[str]:
        return [source.path]

    def reader(self, source: Source) -> "WandbReader":
        return WandbReader(source.path)


class WandbReader:
    """Reader of one run file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = GrownFile(path)
        self._log = _Log()
        self._run = _Run(os.path.dirname(path))

    def read(self) -> Found:
        piece = self._file.read()
        if piece.restarted:
            self._log, self._run = _Log(), _Run(os.path.dirname(self._path))
        batch = self._run.batch()
        for record in self._log.records(piece.data):
            try:
                batch.add(record)
            except Malformed as error:
                self._log.note(f"a record was left out: {error}")
        return Found(
            restarted=piece.restarted,
            points=batch.points.list(),
            lines=batch.lines,
            samples=batch.samples,
            facts=batch.facts,
            problems=self._log.new_problems(),
            more=piece.more,
        )


class _Log:
    """Records of a file in the log format of LevelDB: chunks in blocks of 32 kB."""

    def __init__(self) -> None:
        self._rest = b""
        self._at = 0
        """Place of the rest in the file."""
        self._parts: list[bytes] | None = None
        """Chunks of a record whose last chunk has not been read."""
        self._problems: list[str] = []
        self._is_reported = self._is_other = False

    def note(self, problem: str) -> None:
        """Report the first problem of a file only: damage causes many."""
        if not self._is_reported:
            self._is_reported = True
            self._problems.append(problem)

    def new_problems(self) -> list[str]:
        """Return the problems since the last call."""
        found, self._problems = self._problems, []
        return found

    def records(self, data: bytes) -> Iterator[bytes]:
        """Yield the records that end in the bytes appended to the file."""
        if self._is_other or not data:
            return
        data = self._rest + data
        at = 0
        if self._at == 0:
            if len(data) < _START:
                self._rest = data
                return
            if not data.startswith(_MAGIC):
                self._is_other = True
                self.note("not a run file of W&B")
                return
            at = _START
        while True:
            left = _BLOCK - (self._at + at) % _BLOCK
            if left < _CHUNK.size:
                at += left  # filled with zeros
                continue
            if len(data) - at < _CHUNK.size:
                break
            checksum, size, kind = _CHUNK.unpack_from(data, at)
            if size > left - _CHUNK.size or not _FULL <= kind <= _LAST:
                if len(data) - at < left and not any(data[at:]):
                    break  # zeros at the end: space that is not written yet
                if len(data) - at < left:
                    break  # the rest of the block is not there: nothing to skip to
                self._damaged()
                at += left
                continue
            end = at + _CHUNK.size + size
            if end > len(data):
                break
            chunk = data[at + _CHUNK.size : end]
            if zlib.crc32(chunk, zlib.crc32(bytes([kind]))) != checksum:
                self._damaged()
                at += min(left, max(0, len(data) - at))
                continue
            at = end
            if (record := self._joined(kind, chunk)) is not None:
                yield record
        self._rest = data[at:]
        self._at += at

    def _damaged(self) -> None:
        self._parts = None
        self.note("the file is damaged; records were left out")

    def _joined(self, kind: int, chunk: bytes) -> bytes | None:
        """Return the record that a chunk completes."""
        if kind == _FULL:
            self._parts = None
            return chunk
        if kind == _FIRST:
            self._parts = [chunk]
        elif self._parts is not None:
            self._parts.append(chunk)
            if sum(map(len, self._parts)) > LARGEST_RECORD:
                self._parts = None
                self.note("a record is too large and was left out")
            elif kind == _LAST:
                record, self._parts = b"".join(self._parts), None
                return record
        return None


class _Item(NamedTuple):
    """A value of a history, summary or configuration."""

    path: list[str]
    """Names from the outside to the inside."""
    value: Any


def _item(message: bytes) -> _Item:
    key, nested, text = "", [], ""
    for field in fields(message):
        if field.number == 1:
            key = field.text
        elif field.number == 2:
            nested.append(field.text)
        elif field.number == 16:
            text = field.text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return _Item(nested or [key], value)


class _Run:
    """Facts about a run that later records need."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.hyperparameters: dict[str, Any] = {}
        self.created_at: float | None = None
        self.axes = StepAxes()
        self.unfinished = ""
        """Console output after the last line end."""
        self.errors = console.ErrorWatch()

    def batch(self) -> "_Batch":
        """Return an empty batch of records."""
        return _Batch(self)


class _Batch:
    """Records of one read, put together from messages."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self.points = values.Points()
        self.lines: list[FoundLine] = []
        self.samples: list[FoundSample] = []
        self.facts: dict[str, Any] = {}

    def add(self, record: bytes) -> None:
        """Add a record.

        Raises:
            Malformed: the record is no message.
        """
        for field in fields(record):
            match field.number:
                case 2:
                    self._add_history(field.data)
                case 4 | 13:
                    self._add_output(field.data)
                case 5:
                    self._add_configuration(field.data)
                case 10:
                    self._add_alert(field.data)
                case 12:
                    self._run.axes.define(field.data)
                case 17:
                    self._add_run(field.data)
                case 18:
                    self._add_exit(field.data)
                case 26:
                    self._add_environment(field.data)

    def _add_history(self, message: bytes) -> None:
        found: dict[str, Any] = {}
        for field in fields(message):
            if field.number == 1:
                (name, *inner), value = _item(field.data)
                if not inner:
                    found[name] = value
                elif isinstance(outer := found.setdefault(name, {}), dict):
                    outer[".".join(inner)] = value
            elif field.number == 2:
                found.setdefault("_step", next((each.signed for each in fields(field.data) if each.number == 1), 0))
        at = values.global_step(found)
        if at is None:
            at = values.step(found.get("_step"))
        if at is None:
            return
        time = values.moment(found.get("_timestamp"))
        plain = {name: value for name, value in found.items() if not isinstance(value, dict) or "_type" not in value}
        record, axes = values.flat(plain, "."), self._run.axes
        axes.take(record)
        for name, value in record.items():
            if name.startswith("_") or axes.is_axis(name) or (number := values.number(value)) is None:
                continue
            own = axes.step(name)
            self.points.add(at if own is None else own, name, number, time)
        for value in found.values():
            if isinstance(value, dict) and value.get("_type") in ("table-file", "table"):
                self._add_table(at, time, value.get("path"))

    def _add_table(self, at: int, time: float | None, path: object) -> None:
        """Read a table of prompts and answers, which trainers log as samples."""
        if not isinstance(path, str) or not path or os.path.isabs(path) or ".." in path.split("/"):
            return
        try:
            table = json.loads(read_file(os.path.join(self._run.directory, "files", path), _LARGEST_TABLE))
        except (OSError, ValueError, RecursionError):
            return  # an online run may have moved it
        columns, rows = (table.get("columns"), table.get("data")) if isinstance(table, dict) else (None, None)
        if not isinstance(columns, list) or not isinstance(rows, list):
            return
        known = {name.lower(): index for index, name in enumerate(columns) if isinstance(name, str)}
        prompt, answer, expected = (_first(known, names) for names in (_PROMPTS, _ANSWERS, _EXPECTED))
        if prompt is None or answer is None:
            return
        for row in rows[:_MOST_SAMPLES]:
            if isinstance(row, list) and len(row) == len(columns):
                wanted = "" if expected is None else _text(row[expected])
                self.samples.append(FoundSample(at, time, _text(row[prompt]), _text(row[answer]), wanted))

    def _add_output(self, message: bytes) -> None:
        text, time = "", None
        for field in fields(message):
            if field.number == 3:
                text = field.text
            elif field.number == 2:
                time = _timestamp(field.data)
        *whole, rest = (self._run.unfinished + text).split("\n")
        self._run.unfinished = rest[-console.LONGEST * 4 :]
        for raw in whole:
            if (line := console.line(raw, time)) is not None:
                self.lines.append(line)
                self._run.errors.add(line.text)

    def _add_configuration(self, message: bytes) -> None:
        known = self._run.hyperparameters
        for field in fields(message):
            if field.number not in (1, 2):
                continue
            path, value = _item(field.data)
            name = ".".join(path)
            if name.startswith("_") and name != "_name_or_path":
                continue  # of W&B itself
            if field.number == 2:
                known.pop(name, None)
            elif name:
                known[name] = value
        if known:
            self.facts["hyperparameters"] = dict(known)
        if model := values.model_of(known):
            self.facts["model"] = model

    def _add_alert(self, message: bytes) -> None:
        found = {field.number: field.text for field in fields(message)}
        level = {"ERROR": "error", "WARN": "warn"}.get(found.get(3, ""), "info")
        text = ": ".join(part for part in (found.get(1, ""), found.get(2, "")) if part)
        if text:
            self.lines.append(FoundLine(None, level, text[: console.LONGEST]))

    def _add_run(self, message: bytes) -> None:
        for field in fields(message):
            if field.number == 4:
                self._add_configuration(field.data)
            elif field.number == 8 and field.data:
                self.facts["name"] = field.text
            elif field.number == 13 and field.data:
                self.facts["host"] = field.text
            elif field.number == 17 and (time := _timestamp(field.data)) is not None:
                self._run.created_at = self.facts["created_at"] = time
        self.facts.setdefault("status", "running")

    def _add_environment(self, message: bytes) -> None:
        for field in fields(message):
            if field.number == 12 and field.data:
                self.facts["host"] = field.text

    def _add_exit(self, message: bytes) -> None:
        found = {field.number: field for field in fields(message)}
        code = found[1].signed if 1 in found else 0
        # 255 is the code that W&B writes for ctrl+c and for a run without a regular end.
        self.facts["status"] = "failed" if code else "succeeded"
        if code:
            self.facts["error"] = self._run.errors.error or f"exit code {code}"
        runtime = found[2].signed if 2 in found else 0
        if self._run.created_at is not None and runtime > 0:
            self.facts["ended_at"] = self._run.created_at + runtime


def _timestamp(message: bytes) -> float | None:
    found = {field.number: field.signed for field in fields(message)}
    seconds = found.get(1, 0) + found.get(2, 0) / 1e9
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _first(known: dict[str, int], names: Sequence[str]) -> int | None:
    return next((known[name] for name in names if name in known), None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
