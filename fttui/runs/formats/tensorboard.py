"""Event files of TensorBoard: `events.out.tfevents.*`.

A file is a sequence of records (TFRecord), each a small protobuf message. The `tensorboard` package reads them as well,
but brings numpy, a protobuf runtime and a web server, and takes a second to import.

TensorBoard counts a directory as a run, with all its event files: a resumed training writes a new one.
"""

import math
import os
import re
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from fttui.runs.formats import crc32c
from fttui.runs.formats.base import Found, FoundLine, Source
from fttui.runs.formats.grown_file import PIECE, GrownFile
from fttui.runs.formats.protobuf import Field, Malformed, fields
from fttui.runs.formats.values import Points, json_object

LARGEST_RECORD = 16 << 20
"""Bytes. Larger records (graphs, images, embeddings) are skipped without reading them."""
_CHECKED = 1 << 12
"""Records of at most so many bytes have their checksum verified. Scalars have 50 bytes."""
LONGEST_TEXT = 20_000
"""Characters of a text summary that are kept as lines."""
_MOST_TEXT_LINES = 200
_MARK = "tfevents."
"""Part of the names of event files."""
_NAME = re.compile(r"tfevents\.(\d{9,11})\.(.+?)(?:\.(\d{1,9})\.\d+)?(?:\.v2|\.profile-empty)?$")
_OF_HPARAMS = re.compile(r"\d{10}\.\d+")
"""Name of the directory that `SummaryWriter.add_hparams` makes below that of its run."""
_HEAD = struct.Struct("<QI")
_SCALARS = {1: "<f", 2: "<d", 3: "<i", 9: "<q", 19: "<e"}
"""Types of tensors with one number: float, double, int32, int64, half."""
_START = 1
"""Status in the `SessionLog` that `SummaryWriter(purge_step=…)` writes."""
_SUMMARY_SUFFIX = "/text_summary"


class Value(NamedTuple):
    """One value of a summary."""

    tag: str
    number: float | None = None
    text: str = ""
    plugin: str = ""
    content: bytes = b""
    """Data of the plugin."""


class TensorBoard:
    """Directories with event files."""

    name = "tensorboard"

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        if not any(_MARK in name for name in names):
            return []
        # The directory of hyperparameters is a part of the run above it.
        return [] if _OF_HPARAMS.fullmatch(os.path.basename(directory)) else [Source(self.name, directory)]

    def watched(self, source: Source) -> list[str]:
        # A directory does not change when a file in it grows. A new file changes the directory.
        try:
            names = os.listdir(source.path)
        except OSError:
            return [source.path]
        newest = max((name for name in names if _MARK in name), key=_age, default="")
        return [source.path, os.path.join(source.path, newest)]

    def reader(self, source: Source) -> "TensorBoardReader":
        return TensorBoardReader(source.path)


class TensorBoardReader:
    """Reader of all event files of a directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._files: dict[str, EventFile] = {}
        self._plugins: dict[str, str] = {}
        """Plugin of each tag. Some writers name it in the first event only."""
        self._reported: set[str] = set()

    def read(self) -> Found:
        restarted = False
        for name in self._names():
            if name not in self._files:
                self._files[name] = EventFile(os.path.join(self._directory, name))
        batch = _Batch(self._plugins)
        budget, more = PIECE, False
        failure: OSError | None = None
        for name in sorted(self._files, key=_age):
            if budget <= 0:
                more = True
                break
            file = self._files[name]
            try:
                events = file.read()
            except OSError as error:
                if isinstance(error, FileNotFoundError) and file.has_begun:
                    restarted = True
                    break
                failure = error
                batch.problems.append(f"{name}: {error.strerror or error}")
                continue
            if events.restarted:
                restarted = True
                break
            budget -= events.size
            more = more or events.more
            batch.problems += [f"{name}: {problem}" for problem in events.problems]
            for event in events.events:
                batch.add(event)
        if restarted:
            self._files, self._plugins = {}, {}
            return self.read()._replace(restarted=True)
        if failure is not None and len(self._files) == 1:
            raise failure
        facts = batch.facts | self._origin()
        problems = [problem for problem in batch.problems if problem not in self._reported]
        self._reported.update(problems)
        return Found(
            purged=batch.purged,
            points=batch.points.list(),
            lines=batch.lines,
            facts=facts,
            problems=problems,
            more=more,
        )

    def _names(self) -> Iterator[str]:
        """Yield paths of event files, relative to the directory."""
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if _MARK in entry.name:
                    yield entry.name
                elif _OF_HPARAMS.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    try:
                        inner = os.listdir(entry.path)
                    except OSError:
                        continue
                    yield from (os.path.join(entry.name, name) for name in inner if _MARK in name)

    def _origin(self) -> dict[str, Any]:
        """Return the facts that the names of the files contain."""
        found = [match for name in sorted(self._files, key=_age) if (match := _NAME.search(name))]
        if not found:
            return {}
        last = found[-1]
        facts: dict[str, Any] = {"created_at": float(found[0][1]), "host": last[2]}
        return facts | ({"pid": int(last[3])} if last[3] else {})


def _age(name: str) -> tuple[int, str]:
    match = _NAME.search(name)
    return int(match[1]) if match else 0, name


class _Batch:
    """Records of one read, put together from events."""

    def __init__(self, plugins: dict[str, str]) -> None:
        self.points = Points()
        self.lines: list[FoundLine] = []
        self.facts: dict[str, Any] = {}
        self.problems: list[str] = []
        self.purged: int | None = None
        """First step of the points that a resumed training has made void."""
        self._plugins = plugins

    def add(self, event: "Event") -> None:
        """Add the values of an event."""
        if event.restarts:
            self.purged = event.step if self.purged is None else min(self.purged, event.step)
            self.points.purge(event.step)
        for value in event.values:
            plugin = self._plugins.get(value.tag) or value.plugin
            if value.plugin and value.tag not in self._plugins and len(self._plugins) < 10_000:
                self._plugins[value.tag] = value.plugin
            if plugin == "hparams":
                self._add_hyperparameters(value.content)
            elif value.number is not None and plugin in ("", "scalars"):
                self.points.add(event.step, value.tag, value.number, event.time)
            elif value.text and plugin == "text":
                self._add_text(event, value)

    def _add_text(self, event: "Event", value: Value) -> None:
        """Keep a text as lines, but the configuration that transformers writes as facts."""
        tag = value.tag.removesuffix(_SUMMARY_SUFFIX)
        record = json_object(value.text) if tag in ("args", "model_config", "peft_config") else None
        if record is None:
            text = f"{tag}: {value.text[:LONGEST_TEXT]}"
            self.lines += [FoundLine(event.time, "info", line) for line in text.splitlines()[:_MOST_TEXT_LINES]]
        elif tag == "args":
            self._hyperparameters().update({name: each for name, each in record.items() if each is not None})
        elif tag == "model_config" and (model := record.get("_name_or_path") or record.get("model_type")):
            self.facts["model"] = model

    def _add_hyperparameters(self, content: bytes) -> None:
        try:
            for field in fields(content):
                if field.number == 3:
                    for entry in fields(field.data):
                        if entry.number == 1:
                            self._add_hyperparameter(entry)
                elif field.number == 4:
                    self._add_end(field)
        except Malformed:
            return

    def _add_hyperparameter(self, entry: Field) -> None:
        name, value = "", None
        for field in fields(entry.data):
            if field.number == 1:
                name = field.text
            elif field.number == 2:
                for kind in fields(field.data):
                    value = {2: kind.real, 3: kind.text, 4: bool(kind.whole)}.get(kind.number)
        if name and value is not None:
            self._hyperparameters()[name] = value

    def _add_end(self, field: Field) -> None:
        end = {each.number: each for each in fields(field.data)}
        # `add_hparams` reports success when it is called, without a time: the training goes on.
        if 2 in end and math.isfinite(end[2].real) and end[2].real > 0:
            self.facts["ended_at"] = end[2].real
            status = {1: "succeeded", 2: "failed"}.get(end[1].whole) if 1 in end else None
            self.facts |= {"status": status} if status else {}

    def _hyperparameters(self) -> dict[str, Any]:
        found: dict[str, Any] = self.facts.setdefault("hyperparameters", {})
        return found


class Event(NamedTuple):
    """A record of an event file, as far as it belongs to a run."""

    step: int
    time: float | None
    values: list[Value]
    restarts: bool = False
    """The training was resumed: what earlier events have of this step and later ones is void."""


class Events(NamedTuple):
    """Events that were appended to a file."""

    events: list[Event]
    restarted: bool = False
    more: bool = False
    problems: Sequence[str] = ()
    size: int = 0
    """Bytes that were read."""


class EventFile:
    """Follower of one event file."""

    def __init__(self, path: str) -> None:
        self._file = GrownFile(path)
        self._rest = b""
        self._is_reported = False
        """The damage of the file was reported."""

    @property
    def has_begun(self) -> bool:
        """True after the first byte was read."""
        return self._file.at > 0

    def read(self) -> Events:
        """Return the events that are new since the last call.

        Raises:
            OSError: the file cannot be read.
        """
        piece = self._file.read()
        if piece.restarted:
            self._rest, self._is_reported = b"", False
        if not piece.data:
            return Events([], piece.restarted, piece.more)
        data, at = self._rest + piece.data, 0
        events: list[Event] = []
        problems: list[str] = []
        more = piece.more
        while len(data) - at >= _HEAD.size:
            size, checksum = _HEAD.unpack_from(data, at)
            if _checksum_of_size(data[at : at + 8]) != checksum:
                self._note(problems, "the file is damaged; records after the damage are not shown")
                # The bytes may still be on their way (network file systems): look at them again after a change.
                self._file.give_back(len(data) - at)
                data, at, more = b"", 0, False
                break
            end = at + _HEAD.size + size + 4
            if size > LARGEST_RECORD:
                self._file.skip(end - len(data))
                data, at = b"", 0
                break
            if end > len(data):
                break
            record = data[at + _HEAD.size : end - 4]
            if size <= _CHECKED and crc32c.masked(record) != int.from_bytes(data[end - 4 : end], "little"):
                self._note(problems, "a record is damaged and was left out")
            else:
                try:
                    event = _event(record)
                    if event.values or event.restarts:
                        events.append(event)
                except Malformed as error:
                    self._note(problems, f"a record was left out: {error}")
            at = end
        self._rest = data[at:]
        return Events(events, piece.restarted, more, problems, len(piece.data))

    def _note(self, problems: list[str], problem: str) -> None:
        """Report the first damage of a file only."""
        if not self._is_reported:
            self._is_reported = True
            problems.append(problem)


@lru_cache(1024)
def _checksum_of_size(size: bytes) -> int:
    return crc32c.masked(size)


_PLAIN = re.compile(
    rb"\t(.{8})(?:\x10([\x80-\xff]{0,9}[\x00-\x7f]))?\*([\x00-\x7f])\n([\x00-\x7f])\n([\x00-\x7f])(.*)\x15(.{4})",
    re.DOTALL,
)
"""Event with the time, the step and one number, as every writer of scalars makes it. The message parser takes three
times as long."""
_DOUBLE, _FLOAT = struct.Struct("<d"), struct.Struct("<f")


def _plain_event(record: bytes) -> Event | None:
    """Return an event of the plain form, or None."""
    found = _PLAIN.fullmatch(record)
    if found is None:
        return None
    time, digits, summary, value, size, tag, number = found.groups()
    if not (size[0] == len(tag) and value[0] == len(tag) + 7 and summary[0] == len(tag) + 9):
        return None
    step = 0
    for digit in reversed(digits or b""):
        step = step << 7 | digit & 127
    (at,) = _DOUBLE.unpack(time)
    text = tag.decode("utf-8", "replace")
    values = [Value(text, _FLOAT.unpack(number)[0])]
    return Event(step if step < 1 << 63 else 0, at if math.isfinite(at) and at > 0 else None, values)


def _event(record: bytes) -> Event:
    if (plain := _plain_event(record)) is not None:
        return plain
    step, time, values, restarts = 0, None, [], False
    for field in fields(record):
        if field.number == 1:
            time = field.real if math.isfinite(field.real) and field.real > 0 else None
        elif field.number == 2:
            step = max(0, field.signed)
        elif field.number == 5:
            values += [_value(each.data) for each in fields(field.data) if each.number == 1]
        elif field.number == 7:
            restarts = any(each.number == 1 and each.whole == _START for each in fields(field.data))
    return Event(step, time, values, restarts)


def _value(message: bytes) -> Value:
    tag = text = plugin = ""
    number, content = None, b""
    for field in fields(message):
        if field.number == 1:
            tag = field.text
        elif field.number == 2:
            number = field.real
        elif field.number == 8:
            number, text = _tensor(field.data)
        elif field.number == 9:
            for data in fields(field.data):
                if data.number == 1:
                    named = {each.number: each for each in fields(data.data)}
                    plugin = named[1].text if 1 in named else ""
                    content = named[2].data if 2 in named else b""
    return Value(tag, number, text, plugin, content)


def _tensor(message: bytes) -> tuple[float | None, str]:
    """Return the number or the text of a tensor with one element."""
    kind, number, text = 0, None, ""
    for field in fields(message):
        if field.number == 1:
            kind = field.whole
        elif field.number == 4 and (form := _SCALARS.get(kind)) and len(field.data) == struct.calcsize(form):
            number = float(struct.unpack(form, field.data)[0])
        elif field.number in (5, 6):
            form = "<f" if field.number == 5 else "<d"
            if not field.data:
                number = field.real
            elif len(field.data) == struct.calcsize(form):
                number = float(struct.unpack(form, field.data)[0])
        elif field.number in (7, 10):
            number = float(field.signed if not field.data else _one_whole(field.data))
        elif field.number == 8:
            text += field.text
    return number, text


def _one_whole(packed: bytes) -> int:
    """Return a packed list of one whole number."""
    return next(fields(b"\x08" + packed)).signed
