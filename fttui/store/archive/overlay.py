"""Copy of an archive that cannot be written, in memory, so that its history stays visible.

Lists and bodies are copied at once. Events and metrics, which may be large, are copied for each job on first use.
"""

import contextlib
import sqlite3

from fttui import sqlite


class Overlay:
    """A memory database over the file that it replaces, which stays attached as `old`."""

    def __init__(self, db: sqlite3.Connection, path: str) -> None:
        """
        Args:
            db: the memory database.
            path: the file that cannot be written.
        """
        self._db = db
        self._path = path
        self._copied: set[int] = set()

    def attach(self) -> None:
        """Attach the file.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        try:
            self._db.execute("ATTACH ? AS old", (sqlite.uri(self._path, "ro"),))
            self._db.execute("SELECT 1 FROM old.profiles LIMIT 1").fetchall()
        except sqlite3.Error:
            # Where SQLite cannot create its lock files, the last checkpoint of the file can still be read.
            self.detach()
            self._db.execute("ATTACH ? AS old", (sqlite.uri(self._path, "ro") + "&immutable=1",))

    def detach(self) -> None:
        """Detach the file, if it is attached."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("DETACH old")

    def copy_profile(self, profile: str) -> int | None:
        """Copy everything of a profile except events, metrics and contents.

        Returns:
            The profile's key, or None for a profile that is not in the file.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        self.attach()
        row = self._db.execute("SELECT key FROM old.profiles WHERE name = ?", (profile,)).fetchone()
        if row is None:
            return None
        with sqlite.transaction(self._db) as db:
            _copy(db, int(row[0]))
        return int(row[0])

    def copy_events(self, job: int) -> None:
        """Copy the events and metrics of a job, once."""
        if job in self._copied:
            return
        self._copied.add(job)
        with contextlib.suppress(sqlite3.Error):
            for table in ("events", "points"):
                columns = _columns(self._db, table)
                sql = f"INSERT OR IGNORE INTO main.{table}({columns}) SELECT {columns} FROM old.{table} WHERE job = ?"
                self._db.execute(sql, (job,))


def _copy(db: sqlite3.Connection, key: int) -> None:
    db.execute("DELETE FROM main.profiles")
    columns = _columns(db, "profiles")
    db.execute(f"INSERT INTO main.profiles({columns}) SELECT {columns} FROM old.profiles")
    # A full disk may hold an archive of an older version, without some tables and columns.
    tables = {name for (name,) in db.execute("SELECT name FROM old.sqlite_master WHERE type = 'table'")}
    for table in tables & {"jobs", "models", "creates", "absent", "deleted", "uploads"}:
        columns = _columns(db, table)
        db.execute(f"INSERT INTO main.{table}({columns}) SELECT {columns} FROM old.{table} WHERE profile = ?", (key,))
    columns = ", ".join(set(_columns(db, "files").split(", ")) - {"content", "content_sum"})
    db.execute(f"INSERT INTO main.files({columns}) SELECT {columns} FROM old.files WHERE profile = ?", (key,))
    for table in tables & {"bodies", "logs", "checkpoints", "synced"}:
        columns = _columns(db, table)
        db.execute(
            f"INSERT INTO main.{table}({columns}) SELECT {columns} FROM old.{table} "
            "WHERE job IN (SELECT key FROM old.jobs WHERE profile = ?)",
            (key,),
        )


def _columns(db: sqlite3.Connection, table: str) -> str:
    """Return the columns of a table of the file, which may be of an older version."""
    return ", ".join(name for _, name, *_ in db.execute(f"PRAGMA old.table_info({table})"))
