"""SQLite files: whole transactions, reads beside them, versions, and failures by kind."""

import errno
import os
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fttui import sqlite

MIGRATIONS = (
    "CREATE TABLE fruit(name TEXT UNIQUE);\nCREATE TABLE tree(name TEXT);\n",
    "ALTER TABLE fruit ADD COLUMN colour TEXT;\n",
)
BIG_INSERT = "INSERT INTO tree VALUES (zeroblob(1000000))"


def test_a_created_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = str(tmp_path / "odd ?#% name.db")
    before = os.umask(0)
    try:
        sqlite.connect(path, create=True).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_connect_without_create_never_makes_a_file(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite.connect(str(tmp_path / "absent.db"))
    assert sqlite.is_unavailable(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_transaction_changes_nothing() -> None:
    connection = sqlite.connect_memory()
    sqlite.migrate(connection, MIGRATIONS)

    def insert_and_fail() -> None:
        with sqlite.transaction(connection):
            connection.execute("INSERT INTO tree VALUES ('oak')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        insert_and_fail()
    assert connection.execute("SELECT * FROM tree").fetchall() == []
    with sqlite.transaction(connection):
        connection.execute("INSERT INTO tree VALUES ('oak')")
    assert connection.execute("SELECT * FROM tree").fetchall() == [("oak",)]


def test_migrate_runs_only_the_missing_steps(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    connection = sqlite.connect(path, create=True)
    sqlite.migrate(connection, MIGRATIONS[:1], application_id=77)
    connection.execute("INSERT INTO fruit VALUES ('plum')")
    for _ in range(2):
        sqlite.migrate(connection, MIGRATIONS, application_id=77)
    assert connection.execute("SELECT * FROM fruit").fetchall() == [("plum", None)]
    assert (sqlite.version(connection), sqlite.owner(connection)) == (2, 77)
    connection.close()


def test_migrate_leaves_a_newer_file_unchanged() -> None:
    connection = sqlite.connect_memory()
    connection.execute("PRAGMA user_version = 3")
    with pytest.raises(sqlite.NewerVersion, match="version 3, this program knows 2"):
        sqlite.migrate(connection, MIGRATIONS, application_id=77)
    assert (sqlite.version(connection), sqlite.owner(connection)) == (3, 0)


def test_a_failed_migration_keeps_the_last_whole_version() -> None:
    connection = sqlite.connect_memory()
    with pytest.raises(sqlite3.OperationalError):
        sqlite.migrate(connection, (MIGRATIONS[0], "ALTER TABLE tree ADD COLUMN age TEXT;\nNONSENSE;\n"))
    assert sqlite.version(connection) == 1
    connection.execute("INSERT INTO tree VALUES ('oak')")


def test_connections_that_migrate_at_once_all_succeed(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    connections = [sqlite.connect(path, create=True) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda connection: sqlite.migrate(connection, MIGRATIONS), connections))
    assert [sqlite.version(connection) for connection in connections] == [2] * 4
    for connection in connections:
        connection.close()


def test_kinds_of_failure(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    connection = sqlite.connect(path, create=True)
    sqlite.migrate(connection, MIGRATIONS)

    other = sqlite.connect(path, busy_seconds=0.01)
    with pytest.raises(sqlite3.Error) as locked, sqlite.transaction(connection), sqlite.transaction(other):
        pass
    assert sqlite.is_unavailable(locked.value)

    connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(sqlite3.Error) as full, sqlite.transaction(connection):
        connection.execute(BIG_INSERT)
    assert sqlite.is_full(full.value)
    assert sqlite.is_unavailable(full.value)
    assert not sqlite.is_corrupt(full.value)

    (tmp_path / "not.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(sqlite3.Error) as corrupt:
        sqlite.version(sqlite.connect(str(tmp_path / "not.db")))
    assert sqlite.is_corrupt(corrupt.value)
    assert not sqlite.is_unavailable(corrupt.value)


def test_a_read_does_not_wait_for_a_transaction_and_sees_committed_rows(tmp_path: Path) -> None:
    database = sqlite.Database(str(tmp_path / "x.db"), MIGRATIONS)
    found: list[object] = []

    def read() -> None:
        found.append([row["name"] for row in database.rows("SELECT name FROM tree")])

    with database.transaction() as connection:
        connection.execute("INSERT INTO tree VALUES ('oak')")
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(30)
    read()
    assert found == [[], ["oak"]]
    database.close()


def test_a_database_raises_os_error_for_the_disk_and_not_for_the_program(tmp_path: Path) -> None:
    database = sqlite.Database(str(tmp_path / "x.db"), MIGRATIONS)
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.execute("INSERT INTO fruit(name) VALUES ('plum'), ('plum')")
    with pytest.raises(OSError, match=r"x\.db: attempt to write a readonly database"):
        database.rows("DELETE FROM fruit")
    with database.transaction() as connection:
        connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(OSError, match=r"x\.db: database or disk is full") as full, database.transaction() as connection:
        connection.execute(BIG_INSERT)
    assert full.value.errno == errno.ENOSPC
    database.close()
    (tmp_path / "not.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(OSError, match=r"not\.db: file is not a database"):
        sqlite.Database(str(tmp_path / "not.db"), MIGRATIONS)


def test_closing_merges_the_log_into_the_file(tmp_path: Path) -> None:
    database = sqlite.Database(str(tmp_path / "x.db"), MIGRATIONS)
    with database.transaction() as connection:
        connection.execute("INSERT INTO tree VALUES ('oak')")
    database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["x.db"]
