"""Checksums of rows: they reveal bits that changed on the disk where SQLite itself notices nothing.

Every table except `job_metadata`, which repeats a member of `job`, has a column `sum`. Triggers of the connection for
writing keep it up to date. They are not part of the file.
"""

import json

from fttui import sqlite
from fttui.checksums import add_function
from fttui.sqlite import Connection


def install(connection: Connection, changed: bool) -> None:
    """Keep the checksums of every row that this connection writes.

    Args:
        changed: the schema was new or migrated: the checksums of all rows are calculated again.
    """
    add_function(connection)
    connection.execute("PRAGMA temp_store = MEMORY")
    for table, columns in _tables(connection).items():
        new = ", ".join(f"NEW.{name}" for name in columns)
        for event, name in (("INSERT", "added"), (f"UPDATE OF {', '.join(columns)}", "changed")):
            connection.execute(
                f"CREATE TEMP TRIGGER {table}_{name} AFTER {event} ON main.{table} BEGIN"
                f" UPDATE {table} SET sum = row_sum({new}) WHERE rowid = NEW.rowid; END"
            )
    if changed:
        with sqlite.transaction(connection):
            for table, columns in _tables(connection).items():
                connection.execute(f"UPDATE {table} SET sum = row_sum({', '.join(columns)})")


def damage(connection: Connection) -> str:
    """Return what is wrong with the database; an empty string when every page and every row is sound.

    Raises:
        sqlite.Error: the file cannot be read to the end.
    """
    for (line,) in connection.execute("PRAGMA integrity_check(1)").fetchall():
        if line != "ok":
            return " ".join(str(line).split()).strip("* ")
    add_function(connection)
    for table, columns in _tables(connection).items():
        wrong = f"SELECT rowid FROM {table} WHERE sum IS NOT row_sum({', '.join(columns)}) LIMIT 1"
        if found := connection.execute(wrong).fetchone():
            return f"the checksum of row {found[0]} of the table {table} is wrong"
    return "" if _has_all_metadata(connection) else "the metadata of a job is incomplete"


def _has_all_metadata(connection: Connection) -> bool:
    """Return whether `job_metadata` has exactly the metadata of the jobs."""
    rows = connection.execute("SELECT seq, metadata FROM job WHERE metadata IS NOT NULL").fetchall()
    expected = {(seq, *pair) for seq, metadata in rows for pair in json.loads(metadata).items()}
    return expected == set(map(tuple, connection.execute("SELECT job, key, value FROM job_metadata").fetchall()))


def _tables(connection: Connection) -> dict[str, list[str]]:
    """Return the tables with checksums, and the columns that they cover."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    columns = {name: [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')] for (name,) in names}
    return {table: [name for name in every if name != "sum"] for table, every in columns.items() if "sum" in every}
