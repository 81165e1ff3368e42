"""Rows for the first frame and for shell completion, read from the archive's file. Standard library only.

A file that cannot be read yields no rows: `set_aside` checks it when the archive is opened. A file of an older version
is read too: it is migrated only when the archive is opened.
"""

import _sqlite3 as sqlite3  # `sqlite3` itself also imports `datetime`, which takes a millisecond
from collections.abc import Sequence

from fttui.models.row import EventRow, JobRow
from fttui.store.archive.schema import (
    APPLICATION_ID,
    JOBS,
    MIGRATIONS,
    NEWEST_FIRST,
    ROW_COLUMNS,
    TABLES,
    UNREAD_END,
    VERSION,
    beside,
    row_of,
)

_MOST_IDS = 500
"""Most ids in one query."""


def first_rows(path: str, profile: str, limit: int = 100) -> tuple[list[JobRow], float | None]:
    """Return the newest jobs of a profile in the default order, and the time of the last fetch of the list."""
    found = _query(
        path,
        # Repeating the profile's one row costs less than a second query.
        f"SELECT {ROW_COLUMNS}, p.as_of FROM profiles p LEFT JOIN jobs ON jobs.profile = p.key "
        "LEFT JOIN summaries ON summaries.job = jobs.key WHERE p.name = ? "
        f"ORDER BY {NEWEST_FIRST} LIMIT ?",
        (profile, limit),
    )
    as_of = found[0][-1] if found else None
    return [row_of(columns) for columns in found if columns[0] is not None], as_of


def rows_named(path: str, profile: str, name: str, end: str) -> list[JobRow]:
    """Return the jobs of a profile with this id or suffix, or with this end of their id, newest first."""
    found = _query(
        path,
        f"SELECT {ROW_COLUMNS} FROM {JOBS} WHERE profile = (SELECT key FROM profiles WHERE name = ?) "
        f"AND (id = ? OR suffix = ? OR substr(id, -length(?)) = ?) ORDER BY {NEWEST_FIRST}",
        (profile, name, name, end, end),
    )
    return [row_of(columns) for columns in found]


def read_rows(path: str, profile: str, ids: Sequence[str] | None = None) -> dict[str, JobRow]:
    """Return jobs of a profile by id, all if `ids` is None, whose log was read since their end.

    The numbers of other jobs are those of a moment before their end.
    """
    of_profile = "profile = (SELECT key FROM profiles WHERE name = ?)"
    sql = f"SELECT {ROW_COLUMNS} FROM {JOBS} WHERE {of_profile} AND NOT {UNREAD_END}"
    if ids is None:
        return {row.id: row for row in map(row_of, _query(path, sql, (profile,)))}
    found: dict[str, JobRow] = {}
    for start in range(0, len(ids), _MOST_IDS):
        part = tuple(ids[start : start + _MOST_IDS])
        columns = _query(path, f"{sql} AND id IN ({', '.join('?' * len(part))})", (profile, *part))
        found |= {row.id: row for row in map(row_of, columns)}
    return found


def counts_by_profile(path: str) -> dict[str, tuple[dict[str, int], float | None]]:
    """Return, for each profile, the number of listed jobs by status, and the time of the last fetch of the list."""
    found = _query(
        path,
        "SELECT p.name, p.as_of, jobs.status_text, count(*) FROM profiles p JOIN jobs ON jobs.profile = p.key "
        "WHERE jobs.gone_at IS NULL GROUP BY p.key, jobs.status_text ORDER BY p.key, count(*) DESC",
        (),
    )
    counts: dict[str, tuple[dict[str, int], float | None]] = {}
    for name, as_of, status, number in found:
        counts.setdefault(name, ({}, as_of))[0][status] = number
    return counts


def failures_by_profile(path: str) -> dict[str, tuple[str, float]]:
    """Return, for each profile whose last poll failed, the state of its connection and its beginning."""
    found = _query(path, "SELECT name, failure, failed_at FROM profiles WHERE failure IS NOT NULL", ())
    return {name: (state, at) for name, state, at in found}


def list_walked(path: str, profile: str) -> float | None:
    """Return the time until which every job of a profile is known. None if its list was never read to its end."""
    found = _query(path, "SELECT as_of FROM profiles WHERE name = ? AND complete", (profile,))
    return found[0][0] if found else None


def first_log(path: str, profile: str, job_id: str, limit: int = 50) -> list[EventRow]:
    """Return the newest events of a job, oldest first."""
    found = _query(
        path,
        "SELECT seq, id, created_at, level, type, message, data FROM events WHERE job = (SELECT key FROM jobs WHERE "
        "profile = (SELECT key FROM profiles WHERE name = ?) AND id = ?) ORDER BY seq DESC LIMIT ?",
        (profile, job_id, limit),
    )
    return [EventRow._make(columns) for columns in reversed(found)]


def first_files(path: str, profile: str, limit: int = 100) -> list[tuple[str, str]]:
    """Return id and JSON of the files last seen."""
    found = _query(
        path,
        "SELECT id, coalesce(raw, '') FROM files WHERE profile = (SELECT key FROM profiles WHERE name = ?) "
        "ORDER BY last_seen DESC, id LIMIT ?",
        (profile, limit),
    )
    return [(id, raw) for id, raw in found]


def _query(path: str, sql: str, values: tuple[str | int, ...]) -> list[tuple]:  # type: ignore[type-arg]
    for candidate in (path, beside(path)):
        try:
            db = sqlite3.connect(f"file:{_quoted(candidate)}?mode=ro", uri=True, timeout=0.05)
        except Exception:
            return []
        try:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                continue
            (owner,) = db.execute("PRAGMA application_id").fetchone()
            if owner != APPLICATION_ID or version < 1:
                return []
            if version < VERSION:
                _add_missing(db)
            return db.execute(sql, values).fetchall()
        except Exception:
            return []
        finally:
            db.close()
    return []


def _add_missing(db: sqlite3.Connection) -> None:
    """Let queries see the tables of an older version with the columns of this one: views that only `db` has."""
    present = sqlite3.connect(":memory:")
    for migration in MIGRATIONS:
        present.executescript(migration)
    for table in TABLES:
        held = {name for _, name, *_ in db.execute(f"PRAGMA main.table_info({table})")}
        missing = [
            f"{default or 'NULL'} AS {name}"
            for _, name, _, _, default, _ in present.execute(f"PRAGMA table_info({table})")
            if name not in held
        ]
        if missing:
            columns = ", ".join(["*", *missing] if held else missing)
            db.execute(f"CREATE TEMP VIEW {table} AS SELECT {columns} {f'FROM main.{table}' if held else 'WHERE 0'}")
    present.close()


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
