"""Schema of the service database, as migrations from each version to the next."""

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE file (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, filename TEXT NOT NULL, purpose TEXT NOT NULL,
    bytes INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER
);
CREATE TABLE job (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL,
    created_at INTEGER NOT NULL, finished_at INTEGER, model TEXT NOT NULL, base TEXT NOT NULL, suffix TEXT,
    seed INTEGER NOT NULL, method TEXT NOT NULL, hyperparameters TEXT NOT NULL, training_file TEXT NOT NULL,
    validation_file TEXT, metadata TEXT, fine_tuned_model TEXT, result_files TEXT NOT NULL DEFAULT '[]',
    trained_tokens INTEGER, estimated_finish INTEGER, error TEXT, step INTEGER NOT NULL DEFAULT 0, total_steps INTEGER,
    offset INTEGER NOT NULL DEFAULT 0, result TEXT, failure TEXT, restarts INTEGER NOT NULL DEFAULT 0,
    restart_step INTEGER NOT NULL DEFAULT 0, restart_offset INTEGER NOT NULL DEFAULT 0,
    tidied INTEGER NOT NULL DEFAULT 0,
    turn INTEGER NOT NULL DEFAULT 0  -- place in the queue: rises each time a job joins it
);
CREATE INDEX job_untidied ON job (turn, seq) WHERE tidied = 0;
CREATE TABLE job_metadata (
    key TEXT NOT NULL, value TEXT NOT NULL, job INTEGER NOT NULL, PRIMARY KEY (key, value, job)
) WITHOUT ROWID;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL, created_at INTEGER NOT NULL, level TEXT NOT NULL,
    type TEXT NOT NULL, message TEXT NOT NULL, data TEXT NOT NULL, step INTEGER
);
CREATE INDEX event_by_job ON event (job, seq);
CREATE UNIQUE INDEX event_by_step ON event (job, step) WHERE step IS NOT NULL;
CREATE TABLE checkpoint (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, job INTEGER NOT NULL, step INTEGER NOT NULL,
    created_at INTEGER NOT NULL, model TEXT NOT NULL, metrics TEXT NOT NULL, UNIQUE (job, step)
);
CREATE TABLE model (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, base TEXT NOT NULL,
    job INTEGER NOT NULL, path TEXT NOT NULL
);
CREATE INDEX model_by_job ON model (job);
"""

_UPLOADS = """
CREATE TABLE upload (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, filename TEXT NOT NULL, purpose TEXT NOT NULL,
    bytes INTEGER NOT NULL, mime_type TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    file_expires_after INTEGER, status TEXT NOT NULL, file TEXT
);
CREATE INDEX upload_pending ON upload (expires_at) WHERE status = 'pending';
CREATE TABLE part (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, upload INTEGER NOT NULL, bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX part_by_upload ON part (upload);
ALTER TABLE job ADD COLUMN garbage INTEGER NOT NULL DEFAULT 0;
"""

_SUMS = """
ALTER TABLE meta ADD COLUMN sum INTEGER;
ALTER TABLE file ADD COLUMN sum INTEGER;
ALTER TABLE job ADD COLUMN sum INTEGER;
ALTER TABLE event ADD COLUMN sum INTEGER;
ALTER TABLE checkpoint ADD COLUMN sum INTEGER;
ALTER TABLE model ADD COLUMN sum INTEGER;
ALTER TABLE upload ADD COLUMN sum INTEGER;
ALTER TABLE part ADD COLUMN sum INTEGER;
INSERT INTO meta (key, value) VALUES ('changes', '0');
"""

_STOP = "ALTER TABLE job ADD COLUMN stop TEXT;"

_ALERTS = """
CREATE TABLE alert (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, job INTEGER NOT NULL, channel TEXT NOT NULL,
    event TEXT NOT NULL, message TEXT NOT NULL, facts TEXT NOT NULL, created_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending', next_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, sum INTEGER,
    UNIQUE (job, event, channel)
);
CREATE INDEX alert_pending ON alert (next_at) WHERE state = 'pending';
"""

_STATE = """
ALTER TABLE job ADD COLUMN phase TEXT;
ALTER TABLE job ADD COLUMN environment TEXT;
ALTER TABLE job ADD COLUMN trainer TEXT;
ALTER TABLE job ADD COLUMN source TEXT;
ALTER TABLE job ADD COLUMN estimate TEXT;
"""

_SAMPLES = """
CREATE TABLE samples (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, job INTEGER NOT NULL, step INTEGER NOT NULL,
    created_at INTEGER NOT NULL, samples TEXT NOT NULL, sum INTEGER, UNIQUE (job, step)
);
"""

_ENGINE = """
ALTER TABLE job ADD COLUMN engine TEXT;
ALTER TABLE job ADD COLUMN root TEXT;
ALTER TABLE job ADD COLUMN life TEXT;
CREATE INDEX job_active ON job (turn, seq) WHERE tidied = 0 AND (status != 'queued' OR life IS NOT NULL);
CREATE INDEX job_rooted ON job (root) WHERE root IS NOT NULL;
"""

MIGRATIONS = (_FIRST, _UPLOADS, _SUMS, _STOP, _ALERTS, _STATE, _SAMPLES, _ENGINE)
"""SQL of each version, oldest first. Published entries never change; new ones are appended."""
