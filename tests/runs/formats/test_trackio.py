import math
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from fttui.runs.formats.mlflow import MLflow
from fttui.runs.formats.trackio import Trackio, TrackioReader

TRACKIO = """
CREATE TABLE metrics (id INTEGER PRIMARY KEY, run_id TEXT, timestamp TEXT, run_name TEXT, step INT, metrics TEXT);
CREATE TABLE configs (id INTEGER PRIMARY KEY, run_id TEXT, run_name TEXT, config TEXT, created_at TEXT);
CREATE TABLE alerts (id INTEGER PRIMARY KEY, run_id TEXT, timestamp TEXT, run_name TEXT, title TEXT, text TEXT,
                     level TEXT, step INT);
CREATE TABLE traces (id TEXT, run_id TEXT, timestamp TEXT, run_name TEXT, step INT, messages TEXT);
INSERT INTO configs VALUES (1, 'a', 'one', '{"lr": 0.1, "_Username": null}', '2026-11-28T18:00:00+00:00');
INSERT INTO metrics VALUES (1, 'a', '2026-11-28T18:00:01+00:00', 'one', 0,
                            '{"loss": 3.0, "x": {"y": "NaN"}, "t": "hi"}');
INSERT INTO metrics VALUES (2, 'b', '2026-11-28T18:00:01+00:00', 'two', 0, '{"loss": 9.0}');
INSERT INTO alerts VALUES (1, 'a', '2026-11-28T18:00:01+00:00', 'one', 'Loss', 'is high', 'error', 0);
INSERT INTO traces VALUES ('t', 'a', 'never', 'one', 4,
                           '[{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]');
"""


def test_project_of_trackio_has_a_source_for_each_run(tmp_path: Path) -> None:
    path = tmp_path / "project.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TRACKIO)
    sources = Trackio().sources(str(tmp_path), os.listdir(tmp_path))
    assert [source.key for source in sources] == ["a", "b"]
    assert MLflow().sources(str(tmp_path), os.listdir(tmp_path)) == []
    reader = TrackioReader(*sources[0][1:])
    found = reader.read()
    assert found.points[0].values.pop("loss") == 3.0
    assert math.isnan(found.points[0].values["x/y"])
    assert found.facts == {"name": "one", "created_at": 1795888800.0, "hyperparameters": {"lr": 0.1}}
    assert [(line.level, line.text) for line in found.lines] == [("error", "Loss: is high")]
    assert [(sample.step, sample.prompt, sample.answer) for sample in found.samples] == [(4, "2+2?", "4")]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO metrics VALUES (3, 'a', '', 'one', 1, '{\"loss\": 2.0, \"train/global_step\": 50}'),"
            " (4, 'a', '', '', 2, '[')"
        )
        connection.commit()
    found = reader.read()
    assert [(point.step, point.values) for point in found.points] == [(50, {"loss": 2.0, "train/global_step": 50.0})]
    assert (found.lines, found.samples) == ([], [])
