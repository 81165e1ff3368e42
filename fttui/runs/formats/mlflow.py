"""Stores of MLflow: a directory a run (`mlruns/EXPERIMENT/RUN`), or an SQLite file with all runs (`mlflow.db`).

Both are plain. The `mlflow` package reads them too, but takes seconds to import, and migrates an old database when it
opens it.
"""

import math
import os
from collections.abc import Sequence
from typing import Any

from fttui import sqlite
from fttui.bounded import read_file
from fttui.runs.formats import foreign_database, plain_yaml
from fttui.runs.formats.base import Found, Reader, Source
from fttui.runs.formats.grown_file import PIECE, GrownLines
from fttui.runs.formats.values import Points, model_of, moment, number, step

MOST_RUNS = 10_000
"""Runs of a database that are listed."""
_MOST_FILES = 2000
"""Metrics, parameters and tags of a run that are read."""
_MOST_ROWS = 20_000
"""Rows of a read."""
_LARGEST_TEXT = 64 << 10
_STATUSES = {
    "1": "running",
    "2": "running",
    "3": "succeeded",
    "4": "failed",
    "5": "cancelled",
    "RUNNING": "running",
    "SCHEDULED": "running",
    "FINISHED": "succeeded",
    "FAILED": "failed",
    "KILLED": "cancelled",
}
_INFINITE = 1.7976931348623157e308
"""Number that MLflow stores in a database for infinity."""


class MLflow:
    """Runs in directories and in databases."""

    name = "mlflow"

    def __init__(self) -> None:
        self._ids = foreign_database.RunIds(_runs)

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        if "meta.yaml" in names and "metrics" in names and "params" in names:
            # A logged model has the same parts as a run.
            is_model = os.path.basename(os.path.dirname(directory)) == "models"
            return [] if is_model else [Source(self.name, directory)]
        paths = foreign_database.in_directory(directory, names)
        return [Source(self.name, path, run) for path in paths for run in self._ids.of(path)]

    def watched(self, source: Source) -> list[str]:
        if source.key:
            return foreign_database.watched(source.path)
        # The first value of a metric changes only the directory that gets its file.
        top = os.path.join(source.path, "metrics")
        paths = [os.path.join(top, name) for name in _files(top)]
        return [os.path.join(source.path, "meta.yaml"), *sorted({top, *map(os.path.dirname, paths)}), *paths]

    def reader(self, source: Source) -> Reader:
        return DatabaseReader(source.path, source.key) if source.key else DirectoryReader(source.path)


class DirectoryReader:
    """Reader of a run in a directory: a file for the facts, and one for each metric, parameter and tag."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._metrics: dict[str, GrownLines] = {}
        self._parameters: dict[str, str] = {}
        self._facts: dict[str, Any] = {}

    def read(self) -> Found:
        facts = self._new_facts()
        points, problems = Points(), []
        budget, more = PIECE, False
        for name in _files(os.path.join(self._directory, "metrics")):
            if name not in self._metrics:
                self._metrics[name] = GrownLines(os.path.join(self._directory, "metrics", name))
            if budget <= 0:
                more = True
                break
            try:
                new = self._metrics[name].read()
            except OSError as error:
                problems.append(f"metric {name}: {error.strerror or error}")
                continue
            if new.restarted:
                self._metrics, self._parameters, self._facts = {}, {}, {}
                return self.read()._replace(restarted=True)
            more = more or new.more
            for line in new.lines:
                budget -= len(line)
                _add(points, name, line)
        return Found(points=points.list(), facts=facts, problems=problems, more=more)

    def _new_facts(self) -> dict[str, Any]:
        """Return the facts that changed since the last read."""
        meta = plain_yaml.parse(_text(os.path.join(self._directory, "meta.yaml")))
        facts = _facts(meta.get("run_name"), meta.get("status"), meta.get("start_time"), meta.get("end_time"))
        top = os.path.join(self._directory, "params")
        for name in _files(top):
            # MLflow refuses to change a parameter.
            if not self._parameters.get(name):
                self._parameters[name] = _text_or_nothing(os.path.join(top, name))
        facts |= _parameters(self._parameters)
        new = {name: value for name, value in facts.items() if self._facts.get(name) != value}
        self._facts = facts
        return new


def _files(top: str) -> list[str]:
    """Return the names of metrics or parameters. A name with slashes is a file in directories."""
    found: list[str] = []
    for directory, _, files in os.walk(top):
        found += [os.path.relpath(os.path.join(directory, name), top) for name in files]
        if len(found) > _MOST_FILES:
            break
    return sorted(found)[:_MOST_FILES]


def _add(points: Points, name: str, line: bytes) -> None:
    """Add a line of a metric: `time value step`. Very old versions wrote no step."""
    parts = line.decode("utf-8", "replace").split()
    if len(parts) < 2:
        return
    value, at = number(parts[1]), step(parts[2]) if len(parts) > 2 else 0
    if value is not None and at is not None:
        points.add(at, name, value, moment(parts[0]))


def _text(path: str) -> str:
    return read_file(path, _LARGEST_TEXT).decode("utf-8", "replace")


def _text_or_nothing(path: str) -> str:
    try:
        return _text(path)
    except OSError:
        return ""


def _facts(name: object, status: object, start: object, end: object) -> dict[str, Any]:
    found = {
        "name": name,
        "status": _STATUSES.get(str(status)),
        "created_at": moment(start),
        "ended_at": moment(end),
    }
    return {key: value for key, value in found.items() if value}


def _parameters(texts: dict[str, str]) -> dict[str, Any]:
    if not texts:
        return {}
    found = {name: _plain(text) for name, text in texts.items()}
    model = model_of(found)
    return {"hyperparameters": found} | ({"model": model} if model else {})


def _plain(text: str) -> object:
    """Return a parameter as a number where it is one. MLflow keeps all parameters as text."""
    value = number(text)
    if value is None or not math.isfinite(value):
        return text
    return int(value) if text.strip().lstrip("+-").isdigit() else value


def _runs(connection: sqlite.Connection) -> list[str]:
    """Return the ids of the runs in a database, newest first; none if it is no store of MLflow."""
    if not {"run_uuid", "lifecycle_stage"} <= foreign_database.columns(connection, "runs"):
        return []
    rows = connection.execute(
        "SELECT run_uuid FROM runs WHERE lifecycle_stage = 'active' ORDER BY start_time DESC LIMIT ?", (MOST_RUNS,)
    )
    return [str(row[0]) for row in rows]


class DatabaseReader:
    """Reader of one run in a database."""

    def __init__(self, path: str, run: str) -> None:
        self._database = foreign_database.Follower(path)
        self._run = run
        self._last = 0
        """Number of the last row that was read."""

    def read(self) -> Found:
        return self._database.read(self._found)

    def _found(self, connection: sqlite.Connection) -> Found:
        run = connection.execute(
            "SELECT name, status, start_time, end_time FROM runs WHERE run_uuid = ?", (self._run,)
        ).fetchone()
        if run is None:
            return Found(problems=["the run is no longer in the database"])
        rows = connection.execute("SELECT key, value FROM params WHERE run_uuid = ? LIMIT ?", (self._run, _MOST_FILES))
        facts = _facts(*run) | _parameters({str(key): str(value) for key, value in rows})
        (last,) = connection.execute("SELECT max(rowid) FROM metrics").fetchone()
        restarted = self._last > (last or 0)
        if restarted:
            self._last = 0  # another database under the same name
        metrics = connection.execute(
            "SELECT rowid, key, value, timestamp, step, is_nan FROM metrics"
            " WHERE run_uuid = ? AND rowid > ? ORDER BY rowid LIMIT ?",
            (self._run, self._last, _MOST_ROWS),
        ).fetchall()
        points = Points()
        for row, key, value, time, at, is_nan in metrics:
            self._last = row
            if isinstance(value, int | float) and (counted := step(at)) is not None:
                infinite = math.copysign(math.inf, value) if abs(value) == _INFINITE else value
                points.add(counted, str(key), math.nan if is_nan else float(infinite), moment(time))
        return Found(restarted=restarted, points=points.list(), facts=facts, more=len(metrics) == _MOST_ROWS)
