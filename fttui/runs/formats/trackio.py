"""Stores of trackio: an SQLite file a project, with one row a step.

The `trackio` package depends on pandas and Gradio, and creates its directories when it is imported.
"""

from collections.abc import Sequence
from typing import Any

from fttui import sqlite
from fttui.runs.formats import console, foreign_database
from fttui.runs.formats.base import Found, FoundLine, FoundSample, Source
from fttui.runs.formats.values import Points, flat, global_step, json_object, json_value, model_of, moment, number, step

MOST_RUNS = 10_000
"""Runs of a project that are listed."""
_MOST_ROWS = 20_000
"""Rows of a read."""
_MOST_SAMPLES = 500
_LEVELS = {"error": "error", "warn": "warn"}


class Trackio:
    """Files `PROJECT.db`."""

    name = "trackio"

    def __init__(self) -> None:
        self._ids = foreign_database.RunIds(_runs)

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        paths = foreign_database.in_directory(directory, names)
        return [Source(self.name, path, run) for path in paths for run in self._ids.of(path)]

    def watched(self, source: Source) -> list[str]:
        return foreign_database.watched(source.path)

    def reader(self, source: Source) -> "TrackioReader":
        return TrackioReader(source.path, source.key)


def _key(connection: sqlite.Connection) -> str | None:
    """Return the column that identifies a run; None if the database is no store of trackio."""
    columns = foreign_database.columns(connection, "metrics")
    if not {"run_name", "step", "metrics"} <= columns:
        return None
    return "run_id" if "run_id" in columns else "run_name"  # versions before 0.20 had names only


def _runs(connection: sqlite.Connection) -> list[str]:
    """Return the ids of the runs in a database; none if it is no store of trackio."""
    if (key := _key(connection)) is None:
        return []
    tables = [table for table in ("configs", "metrics") if key in foreign_database.columns(connection, table)]
    rows = connection.execute(
        " UNION ".join(f"SELECT {key} FROM {table}" for table in tables) + " LIMIT ?", (MOST_RUNS,)
    )
    return [str(row[0]) for row in rows]


class TrackioReader:
    """Reader of one run of a project."""

    def __init__(self, path: str, run: str) -> None:
        self._database = foreign_database.Follower(path)
        self._run = run
        self._last: dict[str, int] = {}
        """Number of the last row that was read, by table."""

    def read(self) -> Found:
        return self._database.read(self._found)

    def _found(self, connection: sqlite.Connection) -> Found:
        key = _key(connection)
        if key is None:
            return Found(problems=["the database is no store of trackio any more"])
        (last,) = connection.execute("SELECT max(rowid) FROM metrics").fetchone()
        restarted = self._last.get("metrics", 0) > (last or 0)
        if restarted:
            self._last = {}
        points, facts = Points(), self._facts(connection, key)
        rows = self._rows(connection, key, "metrics", ("timestamp", "step", "run_name", "metrics"))
        for time, at, name, text in rows:
            facts.setdefault("name", str(name))
            record = flat(json_object(text) or {})
            counted = global_step(record)
            if counted is None and (counted := step(at)) is None:
                continue
            for metric, value in record.items():
                if (real := number(value)) is not None:
                    points.add(counted, metric, real, moment(time))
        return Found(
            restarted=restarted,
            points=points.list(),
            lines=self._alerts(connection, key),
            samples=self._samples(connection, key),
            facts=facts,
            more=len(rows) == _MOST_ROWS,
        )

    def _facts(self, connection: sqlite.Connection, key: str) -> dict[str, Any]:
        if key not in foreign_database.columns(connection, "configs"):
            return {}
        row = connection.execute(
            f"SELECT run_name, config, created_at FROM configs WHERE {key} = ?", (self._run,)
        ).fetchone()
        if row is None:
            return {}
        config = json_object(row[1]) or {}
        created = moment(config.get("_Created")) or moment(row[2])
        settings = {name: value for name, value in config.items() if not name.startswith("_")}
        facts = {"name": str(row[0]), "created_at": created, "hyperparameters": settings, "model": model_of(config)}
        return {name: value for name, value in facts.items() if value}

    def _rows(
        self, connection: sqlite.Connection, key: str, table: str, names: Sequence[str], most: int = _MOST_ROWS
    ) -> list[tuple[Any, ...]]:
        """Return columns of the rows of the run that are new; none if the table or a column does not exist."""
        if not {key, *names} <= foreign_database.columns(connection, table):
            return []
        rows = connection.execute(
            f"SELECT rowid, {', '.join(names)} FROM {table} WHERE {key} = ? AND rowid > ? ORDER BY rowid LIMIT ?",
            (self._run, self._last.get(table, 0), most),
        ).fetchall()
        if rows:
            self._last[table] = rows[-1][0]
        return [row[1:] for row in rows]

    def _alerts(self, connection: sqlite.Connection, key: str) -> list[FoundLine]:
        rows = self._rows(connection, key, "alerts", ("timestamp", "level", "title", "text"))
        return [
            FoundLine(
                moment(time),
                _LEVELS.get(str(level), "info"),
                ": ".join(str(part) for part in (title, text) if part)[: console.LONGEST],
            )
            for time, level, title, text in rows
        ]

    def _samples(self, connection: sqlite.Connection, key: str) -> list[FoundSample]:
        """Return the traces: conversations that the training logged."""
        found = []
        for time, at, text in self._rows(connection, key, "traces", ("timestamp", "step", "messages"), _MOST_SAMPLES):
            listed = json_value(text)
            messages = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
            texts = [str(each.get("content") or "") for each in messages]
            if len(texts) > 1 and messages[-1].get("role") == "assistant" and (counted := step(at)) is not None:
                found.append(FoundSample(counted, moment(time), texts[-2], texts[-1]))
        return found
