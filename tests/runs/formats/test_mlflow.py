import math
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fttui.runs.formats import foreign_database, mlflow
from fttui.runs.formats.base import Found, Source
from fttui.runs.formats.mlflow import DatabaseReader, DirectoryReader, MLflow
from fttui.runs.formats.trackio import Trackio

TABLES = """
CREATE TABLE runs (run_uuid TEXT, name TEXT, status TEXT, start_time INT, end_time INT, lifecycle_stage TEXT);
CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE metrics (key TEXT, value FLOAT, timestamp INT, run_uuid TEXT, step INT, is_nan INT);
INSERT INTO runs VALUES ('r1', 'first', 'RUNNING', 1700000000000, NULL, 'active');
INSERT INTO runs VALUES ('r2', 'gone', 'FINISHED', 1700000000000, NULL, 'deleted');
INSERT INTO params VALUES ('lr', '0.1', 'r1'), ('epochs', '3', 'r1'), ('base_model', 'gpt2', 'r1');
INSERT INTO metrics VALUES ('loss', 3.0, 1700000001000, 'r1', 1, 0), ('loss', 9.0, 0, 'r2', 1, 0);
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)
    return path


def listing(directory: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in directory.iterdir()}


def losses(found: Found) -> dict[int, float]:
    return {point.step: point.values["loss"] for point in found.points}


def add(connection: sqlite3.Connection, step: int, value: float, is_nan: int = 0) -> None:
    connection.execute("INSERT INTO metrics VALUES ('loss', ?, 1700000002000, 'r1', ?, ?)", (value, step, is_nan))
    connection.commit()


def test_database_is_read_on_from_the_last_row(database: Path) -> None:
    (source,) = MLflow().sources(str(database.parent), [database.name, "notes.db.txt"])
    assert source == Source("mlflow", str(database), "r1")
    reader = MLflow().reader(source)
    found = reader.read()
    assert losses(found) == {1: 3.0}
    assert found.facts == {
        "name": "first",
        "status": "running",
        "created_at": 1.7e9,
        "hyperparameters": {"lr": 0.1, "epochs": 3, "base_model": "gpt2"},
        "model": "gpt2",
    }
    assert reader.read() == Found()
    with closing(sqlite3.connect(database)) as connection:
        add(connection, 2, 0.0, is_nan=1)
        add(connection, 3, -1.7976931348623157e308)
    found = reader.read()
    assert math.isnan(losses(found)[2])
    assert losses(found)[3] == -math.inf


@pytest.mark.parametrize("state", ["closed", "open", "copied", "journal"])
def test_reading_writes_nothing_beside_a_database_in_any_state(database: Path, tmp_path: Path, state: str) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    connection = sqlite3.connect(database)
    with closing(connection):
        if state != "journal":
            connection.execute("PRAGMA journal_mode = WAL")
        if state in ("open", "copied"):
            add(connection, 2, 2.0)
        elif state == "closed":
            add(connection, 2, 2.0)
            connection.close()
        else:  # a writer that crashed in the middle of a transaction
            connection.execute("PRAGMA cache_size = 1")
            connection.execute("PRAGMA cache_spill = 1")
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO params VALUES (?, ?, 'r1')", [("x" * 500, "y" * 500)] * 2000)
        if state == "open":
            watched = tmp_path
        else:
            for name in os.listdir(tmp_path):
                if name.startswith("mlflow.db") and not name.endswith("-shm"):
                    (watched / name).write_bytes((tmp_path / name).read_bytes())
        before = listing(watched)
        assert ("mlflow.db-journal" in before) == (state == "journal")
        found = DatabaseReader(str(watched / "mlflow.db"), "r1").read()
        after = listing(watched)
    assert losses(found) == ({1: 3.0} if state == "journal" else {1: 3.0, 2: 2.0})
    assert len(found.facts["hyperparameters"]) == 3
    assert before == after


def test_database_that_is_replaced_begins_again(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        add(connection, 2, 2.0)
    reader = DatabaseReader(str(database), "r1")
    reader.read()
    database.unlink()
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(TABLES)
        connection.execute("DELETE FROM metrics WHERE run_uuid = 'r2'")
        connection.commit()
    found = reader.read()
    assert (found.restarted, losses(found)) == (True, {1: 3.0})


def test_endless_view_damage_and_other_databases_are_errors_of_the_file(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_database, "DEADLINE", 0.0)
    hostile = tmp_path / "hostile.db"
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS run_name, i AS step FROM n"
    with closing(sqlite3.connect(hostile)) as connection:
        connection.executescript(TABLES.split("INSERT")[0] + f"CREATE VIEW v AS {endless};")
        connection.execute("DROP TABLE metrics")
        connection.execute(f"CREATE VIEW metrics AS {endless}")
        connection.execute("INSERT INTO runs VALUES ('r1', '', 'RUNNING', 0, 0, 'active')")
        connection.commit()
    with pytest.raises(OSError, match=r"hostile\.db"):
        DatabaseReader(str(hostile), "r1").read()
    assert Trackio().sources(str(tmp_path), ["hostile.db"]) == []
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    database.write_bytes(bytes(content))
    with pytest.raises(OSError, match=r"mlflow\.db"):
        DatabaseReader(str(database), "r1").read()
    (tmp_path / "empty.db").touch()
    assert MLflow().sources(str(tmp_path), ["empty.db", "mlflow.db", "gone.db"]) == []


def write_run(directory: Path, status: int = 1) -> None:
    for name in ("metrics/train", "params", "tags"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    (directory / "meta.yaml").write_text(
        f"end_time: null\nlifecycle_stage: active\nrun_name: 'it''s'\nstart_time: 1700000000000\nstatus: {status}\n"
    )


def test_run_in_a_directory_is_followed_metric_by_metric(tmp_path: Path) -> None:
    write_run(tmp_path)
    (tmp_path / "params" / "lr").write_text("1e-4")
    metric = tmp_path / "metrics" / "train" / "loss"
    metric.write_text("1700000001000 3.0 1\n1700000002000 na")
    assert MLflow().sources(str(tmp_path), os.listdir(tmp_path)) == [Source("mlflow", str(tmp_path))]
    reader = DirectoryReader(str(tmp_path))
    found = reader.read()
    assert [(point.step, point.values) for point in found.points] == [(1, {"train/loss": 3.0})]
    assert found.facts == {
        "name": "it's", "status": "running", "created_at": 1.7e9, "hyperparameters": {"lr": 0.0001},
    }  # fmt: skip
    with metric.open("a") as appended:
        appended.write("n 2\nbroken\n1700000003000 inf 3\n")
    write_run(tmp_path, status=4)
    found = reader.read()
    assert math.isnan(found.points[0].values["train/loss"])
    assert found.points[1].values == {"train/loss": math.inf}
    assert found.facts == {"status": "failed"}
    metric.write_text("1700000001000 3.0 1\n")
    assert reader.read().restarted


def test_logged_model_and_experiment_are_no_runs(tmp_path: Path) -> None:
    parts = ["meta.yaml", "metrics", "params", "tags"]
    assert mlflow.MLflow().sources("/mlruns/1/models/m-1", parts) == []
    assert mlflow.MLflow().sources("/mlruns/1", ["meta.yaml", "abc"]) == []
