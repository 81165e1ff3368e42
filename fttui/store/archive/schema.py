"""Tables of the archive, by version. Standard library only: the first frame imports this module."""

from collections.abc import Sequence

from fttui.lean_typing import Any
from fttui.models.row import JobRow
from fttui.models.summary import Summary

APPLICATION_ID = 0x66747475
"""SQLite application id of an archive."""

_V1 = """
CREATE TABLE profiles(
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    as_of REAL,                 -- last fetch of the newest page of the list
    complete INTEGER NOT NULL DEFAULT 0,  -- the whole list was walked once
    cursor TEXT,                -- where an unfinished walk of the list continues, else NULL
    walked_at REAL              -- last walk of the whole list in one run
);
CREATE TABLE jobs(
    key INTEGER PRIMARY KEY,
    profile INTEGER NOT NULL,
    id TEXT NOT NULL,
    -- list columns, cleaned text
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
    -- bookkeeping of the store
    digest INTEGER NOT NULL,    -- digest of the JSON in bodies
    due INTEGER NOT NULL,       -- changed since its events were last fetched
    first_seen REAL NOT NULL,
    last_seen REAL NOT NULL,    -- last change, not last poll
    gone_at REAL,
    UNIQUE(profile, id)
);
CREATE INDEX jobs_newest ON jobs(profile, created_at DESC, id);
-- Separate from the columns, so that reading the list does not read every body.
CREATE TABLE bodies(job INTEGER PRIMARY KEY, raw TEXT NOT NULL);
CREATE TABLE logs(
    job INTEGER PRIMARY KEY,
    cursor TEXT,                -- oldest event known while older ones may exist, else NULL
    step INTEGER,               -- newest progress read from events
    total_steps INTEGER,
    loss REAL
);
CREATE TABLE events(
    job INTEGER NOT NULL,
    seq INTEGER NOT NULL,       -- rises from old to new; older pages get lower numbers, down to negative
    id TEXT NOT NULL,
    created_at REAL,
    level TEXT NOT NULL,
    type TEXT NOT NULL,
    message TEXT NOT NULL,
    data TEXT NOT NULL,         -- JSON as sent, or empty
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
-- Create tokens: written before the request, deleted when its outcome is known.
CREATE TABLE creates(
    profile INTEGER NOT NULL,
    token TEXT NOT NULL,
    body TEXT NOT NULL,
    asked_at REAL NOT NULL,
    UNIQUE(profile, token)
);
"""

_V2 = """
-- Jobs with complete history, and the digest of the JSON that this is true for.
CREATE TABLE synced(job INTEGER PRIMARY KEY, digest INTEGER NOT NULL);
-- Routes that the provider does not have, trusted until `until` (Unix seconds).
CREATE TABLE absent(
    profile INTEGER NOT NULL,
    route TEXT NOT NULL,
    until REAL NOT NULL,
    UNIQUE(profile, route)
);
"""

_V3 = """
-- Rank among jobs of the same second: higher is newer in the provider's order.
ALTER TABLE jobs ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
DROP INDEX jobs_newest;
CREATE INDEX jobs_newest ON jobs(profile, created_at DESC, place DESC, id);
-- Jobs deleted from the archive, so that open cockpits remove them.
CREATE TABLE deleted(
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    profile INTEGER NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL            -- Unix seconds
);
CREATE INDEX deleted_by ON deleted(profile, number);
"""

_V4 = """
-- Uploads by the SHA-256 of their content (hexadecimal).
CREATE TABLE uploads(
    profile INTEGER NOT NULL,
    digest TEXT NOT NULL,
    id TEXT NOT NULL,
    UNIQUE(profile, digest)
);
"""


def _member(path: str) -> str:
    """Return SQL for a number or `auto` in a job's JSON as text, or NULL. Different text is not clean."""
    value = f"json_extract(bodies.raw, '{path}')"
    return (
        f"(SELECT CASE WHEN json_valid(bodies.raw) THEN CASE WHEN typeof({value}) IN ('integer', 'real') "
        f"OR {value} = 'auto' THEN CAST({value} AS TEXT) END END FROM bodies WHERE bodies.job = jobs.key)"
    )


def _setting(name: str) -> str:
    """Return SQL for a hyperparameter, as `_member`."""
    methods = ("supervised", "dpo", "reinforcement")
    places = [*(f"$.method.{method}.hyperparameters" for method in methods), "$.hyperparameters"]
    return f"coalesce({', '.join(_member(f'{place}.{name}') for place in places)})"


_V5 = f"""
-- Settings for the list, as text: a number, `auto` or empty.
ALTER TABLE jobs ADD COLUMN epochs TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN rate TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN batch TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN seed TEXT NOT NULL DEFAULT '';
UPDATE jobs SET epochs = coalesce({_setting("n_epochs")}, ''), batch = coalesce({_setting("batch_size")}, ''),
    rate = coalesce({_setting("learning_rate_multiplier")}, {_setting("learning_rate")}, ''),
    seed = coalesce({_member("$.seed")}, '');
-- Time of a step in Unix seconds. NULL for steps recorded before this version, and from result files.
ALTER TABLE points ADD COLUMN at REAL;
-- Numbers by which a run is judged: see models/summary.py.
CREATE TABLE summaries(
    job INTEGER PRIMARY KEY,
    metric TEXT NOT NULL,
    last REAL,
    last_step INTEGER,
    best REAL,
    best_step INTEGER,
    train REAL,
    train_last REAL,
    noise REAL NOT NULL,
    not_finite INTEGER NOT NULL,
    alarms TEXT NOT NULL        -- kinds with commas between
);
"""

_V6 = """
-- Mark that the jobs of a sweep share, or empty. Different text than printable ASCII is not clean.
ALTER TABLE jobs ADD COLUMN sweep TEXT NOT NULL DEFAULT '';
UPDATE jobs SET sweep = coalesce((
    SELECT json_extract(raw, '$.metadata."fttui.sweep"') FROM bodies WHERE bodies.job = jobs.key AND json_valid(raw)
    AND typeof(json_extract(raw, '$.metadata."fttui.sweep"')) = 'text'
    AND json_extract(raw, '$.metadata."fttui.sweep"') NOT GLOB '*[^ -~]*'
), '');
"""

_V7 = """
-- Checksums of the row without the key of its job or profile. NULL in rows of older versions: see `unsummed`.
ALTER TABLE events ADD COLUMN sum INTEGER;
ALTER TABLE points ADD COLUMN sum INTEGER;
ALTER TABLE checkpoints ADD COLUMN sum INTEGER;
ALTER TABLE files ADD COLUMN raw_sum INTEGER;
ALTER TABLE files ADD COLUMN content_sum INTEGER;
-- Jobs of older versions whose rows may have no checksums. They get them in the background.
CREATE TABLE unsummed(job INTEGER PRIMARY KEY);
INSERT INTO unsummed SELECT key FROM jobs;
"""

_V8 = """
-- Work before the next step, in short, or empty.
ALTER TABLE jobs ADD COLUMN phase TEXT NOT NULL DEFAULT '';
"""

_V9 = """
-- Loss of the base model: see models/summary.py. NULL for jobs without step 0.
ALTER TABLE summaries ADD COLUMN base REAL;
"""

_V10 = """
-- State of the connection after the last failed poll, and its beginning in Unix seconds. NULL after a successful one.
ALTER TABLE profiles ADD COLUMN failure TEXT;
ALTER TABLE profiles ADD COLUMN failed_at REAL;
"""

_V11 = """
CREATE TABLE samples(
    job INTEGER NOT NULL,
    step INTEGER NOT NULL,
    id TEXT NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY(job, step)
) WITHOUT ROWID;
"""

_V12 = """
-- Checksum of the row without the key of its job. NULL in rows of version 11.
ALTER TABLE samples ADD COLUMN sum INTEGER;
"""

_V13 = """
-- Checksums of the row without the key of its job or profile. NULL in rows of older versions: they get them in the
-- background.
ALTER TABLE logs ADD COLUMN sum INTEGER;
ALTER TABLE summaries ADD COLUMN sum INTEGER;
ALTER TABLE models ADD COLUMN sum INTEGER;
ALTER TABLE uploads ADD COLUMN sum INTEGER;
ALTER TABLE creates ADD COLUMN sum INTEGER;
"""

_V14 = """
-- Amount that the provider billed, and its currency. NULL and empty without one.
ALTER TABLE jobs ADD COLUMN cost REAL;
ALTER TABLE jobs ADD COLUMN currency TEXT NOT NULL DEFAULT '';
"""

MIGRATIONS = (_V1, _V2, _V3, _V4, _V5, _V6, _V7, _V8, _V9, _V10, _V11, _V12, _V13, _V14)
"""SQL of each version. Entry N brings an archive from version N to version N + 1."""

VERSION = len(MIGRATIONS)

OF_JOBS = ("bodies", "logs", "events", "points", "checkpoints", "samples", "synced", "summaries", "unsummed")
"""Tables with rows of jobs."""
OF_PROFILES = ("jobs", "files", "models", "creates", "absent", "deleted", "uploads")
"""Tables with rows of profiles."""
TABLES = ("profiles", *OF_PROFILES, *OF_JOBS)

SUMMARY_COLUMNS = "metric, last, last_step, best, best_step, train, train_last, noise, not_finite, base, alarms"
"""Columns of `summaries`, which their checksum covers: the members of a `Summary`, then the alarms."""
ROW_COLUMNS = (
    "id, status_text, model, suffix, method, fine_tuned_model, created_at, finished_at, trained_tokens, "
    "step, total_steps, loss, gone_at IS NOT NULL, fault, epochs, rate, batch, seed, sweep, phase, "
    f"cost, currency, {SUMMARY_COLUMNS}"
)
"""Columns of `JOBS` for `row_of`."""
JOBS = "jobs LEFT JOIN summaries ON summaries.job = jobs.key"
"""Tables with the columns of rows."""
UNREAD_END = (
    "(due AND NOT EXISTS (SELECT 1 FROM events WHERE events.job = jobs.key AND events.created_at >= jobs.finished_at))"
)
"""Condition for jobs that have ended, but whose events end before that: their steps and losses are not the last."""
EVENT_COLUMNS = "seq, id, created_at, level, type, message, data, raw"
"""Columns that the checksum of an event covers."""
POINT_COLUMNS = "step, measured, at"
"""Columns that the checksum of a point covers."""
CHECKPOINT_COLUMNS = "id, step, created_at, raw"
"""Columns that the checksum of a checkpoint covers."""
SAMPLE_COLUMNS = "step, id, raw"
"""Columns that the checksum of samples covers."""
LOG_COLUMNS = "cursor, step, total_steps, loss"
"""Columns that the checksum of the state of a log covers."""
MODEL_COLUMNS = "id, raw"
"""Columns that the checksum of a model covers."""
UPLOAD_COLUMNS = "digest, id"
"""Columns that the checksum of an upload covers."""
CREATE_COLUMNS = "token, body, asked_at"
"""Columns that the checksum of a create covers."""
NEWEST_FIRST = "created_at DESC, place DESC, id"
"""Default order of a list."""


def row_of(columns: Sequence[Any]) -> JobRow:
    """Return a row from the values of `ROW_COLUMNS`. Further values are ignored."""
    summary = Summary() if columns[22] is None else Summary._make(columns[22:32])
    return JobRow._make((*columns[:12], bool(columns[12]), *columns[13:22], summary, columns[32] or "", ""))


def beside(path: str) -> str:
    """Return the path to use while the archive at `path` belongs to a newer fttui."""
    stem, dot, suffix = path.rpartition(".")
    return f"{stem}-v{VERSION}.{suffix}" if dot and "/" not in suffix else f"{path}-v{VERSION}"
