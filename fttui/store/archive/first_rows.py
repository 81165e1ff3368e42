"""What the first frame shows, straight from the archive's file. Standard library only, read-only, and quick.

Any failure means "nothing there": the archive proper will judge the file a moment later.
"""

import sqlite3

from fttui.models.row import EventRow, JobRow
from fttui.store.archive.schema import APPLICATION_ID, NEWEST_FIRST, ROW_COLUMNS, VERSION, beside


def first_rows(path: str, profile: str, limit: int = 100) -> tuple[list[JobRow], float | None]:
    """The newest jobs of a profile in the default order of the list, and when the provider last confirmed it."""
    found = _ask(
        path,
        # The joined side is one row; it is repeated, which costs less than asking twice.
        f"SELECT {ROW_COLUMNS}, p.as_of FROM profiles p LEFT JOIN jobs ON jobs.profile = p.key WHERE p.name = ? "
        f"ORDER BY {NEWEST_FIRST} LIMIT ?",
        (profile, limit),
    )
    as_of = found[0][14] if found else None
    rows = [
        JobRow._make((*columns[:12], bool(columns[12]), columns[13], "")) for columns in found if columns[0] is not None
    ]
    return rows, as_of


def ids_ending(path: str, profile: str, end: str) -> list[str]:
    """The jobs of a profile whose id ends with a text, newest first."""
    found = _ask(
        path,
        "SELECT id FROM jobs WHERE profile = (SELECT key FROM profiles WHERE name = ?) AND substr(id, -length(?)) = ? "
        f"ORDER BY {NEWEST_FIRST}",
        (profile, end, end),
    )
    return [id for (id,) in found]


def first_log(path: str, profile: str, job_id: str, limit: int = 50) -> list[EventRow]:
    """The newest events of a job, oldest first."""
    found = _ask(
        path,
        "SELECT seq, id, created_at, level, type, message, data FROM events WHERE job = (SELECT key FROM jobs WHERE "
        "profile = (SELECT key FROM profiles WHERE name = ?) AND id = ?) ORDER BY seq DESC LIMIT ?",
        (profile, job_id, limit),
    )
    return [EventRow._make(columns) for columns in reversed(found)]


def first_files(path: str, profile: str, limit: int = 100) -> list[tuple[str, str]]:
    """Ids and JSON of the files last seen: for completion in the shell."""
    found = _ask(
        path,
        "SELECT id, coalesce(raw, '') FROM files WHERE profile = (SELECT key FROM profiles WHERE name = ?) "
        "ORDER BY last_seen DESC, id LIMIT ?",
        (profile, limit),
    )
    return [(id, raw) for id, raw in found]


def _ask(path: str, sql: str, values: tuple[str | int, ...]) -> list[tuple]:  # type: ignore[type-arg]
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
            return db.execute(sql, values).fetchall() if (owner, version) == (APPLICATION_ID, VERSION) else []
        except Exception:
            return []
        finally:
            db.close()
    return []


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
