"""CSV files with a column of steps: Lightning's CSVLogger, Keras, Ultralytics, and hand-written ones."""

import csv
import os
import re
from collections.abc import Sequence
from typing import Any

from fttui.bounded import read_file
from fttui.runs.formats import peek, plain_yaml, values
from fttui.runs.formats.base import Found, FoundCheckpoint, Source
from fttui.runs.formats.grown_file import GrownLines
from fttui.runs.formats.wandb import is_inside_run

_ENDINGS = (".csv", ".tsv")
_SURE = re.compile(r"(?:metrics|progress|history|results|train(?:ing)?[_-]?(?:log|metrics)|log)\.(?:csv|tsv)")
"""Names that an empty file is taken for a log by."""
_CHECKPOINT = re.compile(r"(?:.*[-_=])?step=?[-_]?(\d+).*\.ckpt")
_MOST_CHECKPOINTS = 1000


class CsvTable:
    """Files with the endings `.csv` and `.tsv` whose first line names a column of steps."""

    name = "csv"

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        if not names or is_inside_run(directory):
            return []
        return [Source(self.name, path) for path in peek.logs(directory, names, _ENDINGS, _SURE, _is_log)]

    def watched(self, source: Source) -> list[str]:
        return [source.path]

    def reader(self, source: Source) -> "CsvReader":
        return CsvReader(source.path)


def _is_log(lines: list[str]) -> bool:
    names, separator = _header(lines[0])
    counting = values.step_name(names)
    if counting is None or len(names) < 2:
        return False
    rows = [row for line in lines[1:20] if (row := _cells(line, separator))]
    numbers = [
        name
        for index, name in enumerate(names)
        if name not in (counting, values.time_name(names))
        and any(index < len(row) and values.number(row[index]) is not None for row in rows)
    ]
    place = names.index(counting)
    return not rows or (bool(numbers) and all(place < len(row) for row in rows))


def _header(line: str) -> tuple[list[str], str]:
    """Return the names of the columns and their separator."""
    line = line.lstrip("\ufeff").removeprefix("# ")
    separator = max(",;\t", key=line.count)
    return [name.strip() for name in _cells(line, separator)], separator


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


class CsvReader:
    """Reader of one table."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = GrownLines(path)
        self._names: list[str] = []
        self._separator = ","
        self._step = self._time = ""
        """Columns of the step and of the time."""
        self._settings: dict[str, Any] | None = None
        self._checkpoints: dict[str, int] = {}
        """Sizes of the checkpoints that are known, by path."""
        self._is_reported = False

    def read(self) -> Found:
        new = self._file.read()
        if new.restarted:
            self._names, self._settings, self._checkpoints, self._is_reported = [], None, {}, False
        points, skipped = values.Points(), new.too_long
        for line in new.lines:
            text = line.decode("utf-8", "replace")
            if not self._names:
                self._begin(text)
            elif text.strip() and not self._add(points, text):
                skipped += 1
        problems = []
        if skipped and not self._is_reported:
            self._is_reported = True
            name = os.path.basename(self._path)
            problems.append(f"{name}: a row without a step, or with missing columns, was left out")
        checkpoints = self._new_checkpoints()
        return Found(
            restarted=new.restarted,
            points=points.list(),
            checkpoints=checkpoints,
            facts=self._new_facts(),
            problems=problems,
            more=new.more,
        )

    def _begin(self, line: str) -> None:
        if line.strip():
            self._names, self._separator = _header(line)
            self._step = values.step_name(self._names) or ""
            self._time = values.time_name(self._names) or ""

    def _add(self, points: values.Points, line: str) -> bool:
        """Add a row. Return False for a row that cannot be read."""
        cells = _cells(line, self._separator)
        if len(cells) != len(self._names):
            # A program that starts again often appends its header again.
            return False
        row = dict(zip(self._names, cells, strict=True))
        if row.get(self._step) == self._step:
            return True
        if (at := values.step(row.get(self._step))) is None:
            return False
        time = values.moment(row.get(self._time))
        for name, cell in row.items():
            if name != self._step and not (name == self._time and time is not None):
                value = values.number(cell)
                if value is not None:
                    points.add(at, name, value, time)
        return True

    def _new_facts(self) -> dict[str, Any]:
        """Return the hyperparameters that Lightning writes beside the table, when they are new."""
        try:
            text = read_file(os.path.join(os.path.dirname(self._path), "hparams.yaml"), 1 << 20)
        except OSError:
            return {}
        settings = plain_yaml.parse(text.decode("utf-8", "replace"))
        if not settings or settings == self._settings:
            return {}
        self._settings = settings
        model = values.model_of(settings)
        return {"hyperparameters": settings} | ({"model": model} if model else {})

    def _new_checkpoints(self) -> list[FoundCheckpoint]:
        """Return the checkpoints that Lightning writes beside the table, as far as they are new."""
        try:
            with os.scandir(os.path.join(os.path.dirname(self._path), "checkpoints")) as entries:
                found = {
                    entry.path: (int(match[1]), entry.stat(follow_symlinks=False).st_size)
                    for entry, _ in zip(entries, range(_MOST_CHECKPOINTS), strict=False)
                    if (match := _CHECKPOINT.fullmatch(entry.name)) and len(match[1]) < 16
                }
        except OSError:
            return []
        new = {path: each for path, each in found.items() if self._checkpoints.get(path) != each[1]}
        self._checkpoints |= {path: size for path, (_, size) in new.items()}
        in_order = sorted(new.items(), key=lambda each: each[1])
        return [FoundCheckpoint(path, step, size) for path, (step, size) in in_order]
