"""The archive's tables and how older ones become them. Text only, so that the first frame can look at it."""

APPLICATION_ID = 0x66747475
"""Says that a SQLite file is an archive of fttui's."""

_V1 = """
CREATE TABLE profiles(
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    as_of REAL,                 -- when the provider last confirmed the newest page of its list
    complete INTEGER NOT NULL DEFAULT 0,  -- its whole list was walked once
    cursor TEXT,                -- where the walk of its list goes on; NULL when nothing is left
    walked_at REAL              -- when the whole list was last seen in one go
);
CREATE TABLE jobs(
    key INTEGER PRIMARY KEY,
    profile INTEGER NOT NULL,
    id TEXT NOT NULL,
    -- the columns of a list, already clean
    status_text TEXT NOT NULL,
    model TEXT NOT NULL,
    suffix TEXT NOT NULL,
    method TEXT NOT NULL,
    fine_tuned_model TEXT NOT NULL,
    created_at REAL,
    finished_at REAL,
    trained_tokens INTEGER,
    step INTEGER,
    total_steps INTEGER,
    loss REAL,
    fault TEXT NOT NULL,
    -- what only the store knows
    digest INTEGER NOT NULL,    -- of the JSON in bodies
    due INTEGER NOT NULL,       -- it changed and its events have not been read since
    first_seen REAL NOT NULL,
    last_seen REAL NOT NULL,    -- last change seen, not last poll
    gone_at REAL,
    UNIQUE(profile, id)
);
CREATE INDEX jobs_newest ON jobs(profile, created_at DESC, id);
-- Apart from the columns, so that a list is read without reading through every body.
CREATE TABLE bodies(job INTEGER PRIMARY KEY, raw TEXT NOT NULL);
CREATE TABLE logs(
    job INTEGER PRIMARY KEY,
    cursor TEXT,                -- the oldest event known while older ones may exist; else NULL
    step INTEGER,               -- the newest progress that events told
    total_steps INTEGER,
    loss REAL
);
CREATE TABLE events(
    job INTEGER NOT NULL,
    seq INTEGER NOT NULL,       -- rises from old to new; older pages get falling, even negative ones
    id TEXT NOT NULL,
    created_at REAL,
    level TEXT NOT NULL,
    type TEXT NOT NULL,
    message TEXT NOT NULL,
    data TEXT NOT NULL,         -- JSON as sent, empty when there is none
    raw TEXT NOT NULL,          -- the whole event as sent
    PRIMARY KEY(job, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX events_id ON events(job, id);
CREATE TABLE points(
    job INTEGER NOT NULL,
    step INTEGER NOT NULL,
    measured TEXT NOT NULL,     -- JSON object of finite numbers by clean name
    PRIMARY KEY(job, step)
) WITHOUT ROWID;
CREATE TABLE checkpoints(
    job INTEGER NOT NULL,
    id TEXT NOT NULL,
    step INTEGER,
    created_at REAL,
    raw TEXT NOT NULL,
    PRIMARY KEY(job, id)
) WITHOUT ROWID;
CREATE TABLE files(
    profile INTEGER NOT NULL,
    id TEXT NOT NULL,
    raw TEXT,
    content BLOB,
    last_seen REAL NOT NULL,
    UNIQUE(profile, id)
);
CREATE TABLE models(
    profile INTEGER NOT NULL,
    id TEXT NOT NULL,
    raw TEXT NOT NULL,
    last_seen REAL NOT NULL,
    UNIQUE(profile, id)
);
-- Written before a job is asked for, taken away when its fate is known: create exactly once.
CREATE TABLE creates(
    profile INTEGER NOT NULL,
    token TEXT NOT NULL,
    body TEXT NOT NULL,
    asked_at REAL NOT NULL,
    UNIQUE(profile, token)
);
"""

_V2 = """
-- Jobs whose whole history is here, and the JSON for which that was found.
CREATE TABLE synced(job INTEGER PRIMARY KEY, digest INTEGER NOT NULL);
-- Routes that a provider lacks, and until when (Unix seconds) that is believed.
CREATE TABLE absent(
    profile INTEGER NOT NULL,
    route TEXT NOT NULL,
    until REAL NOT NULL,
    UNIQUE(profile, route)
);
"""

_V3 = """
-- Where jobs of one second stand among each other: higher is newer in the provider's order.
ALTER TABLE jobs ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
DROP INDEX jobs_newest;
CREATE INDEX jobs_newest ON jobs(profile, created_at DESC, place DESC, id);
-- Jobs that a person deleted from the archive, so that a cockpit which is open hears of it.
CREATE TABLE deleted(
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    profile INTEGER NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL            -- Unix seconds
);
CREATE INDEX deleted_by ON deleted(profile, number);
"""

_V4 = """
-- Files that were uploaded from here, by the SHA-256 of what they held (hexadecimal).
CREATE TABLE uploads(
    profile INTEGER NOT NULL,
    digest TEXT NOT NULL,
    id TEXT NOT NULL,
    UNIQUE(profile, digest)
);
"""

MIGRATIONS = (_V1, _V2, _V3, _V4)
"""Each brings an archive from the version that is its index to the next one."""

VERSION = len(MIGRATIONS)

OF_JOBS = ("bodies", "logs", "events", "points", "checkpoints", "synced")
"""Tables whose rows belong to a job."""
OF_PROFILES = ("jobs", "files", "models", "creates", "absent", "deleted", "uploads")
"""Tables whose rows belong to a profile."""
TABLES = ("profiles", *OF_PROFILES, *OF_JOBS)

ROW_COLUMNS = (
    "id, status_text, model, suffix, method, fine_tuned_model, created_at, finished_at, trained_tokens, "
    "step, total_steps, loss, gone_at IS NOT NULL, fault"
)
"""The members of a JobRow, in its order."""
NEWEST_FIRST = "created_at DESC, place DESC, id"
"""The default order of a list."""


def beside(path: str) -> str:
    """The archive that is used while a newer fttui's lies at `path`."""
    stem, dot, suffix = path.rpartition(".")
    return f"{stem}-v{VERSION}.{suffix}" if dot and "/" not in suffix else f"{path}-v{VERSION}"
