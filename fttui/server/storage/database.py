"""Database of the service: jobs, events, checkpoints, samples, models, files, uploads and alerts.

The service answers a request only after the change is committed here. Every public method of a table that changes
something is one transaction. A transaction that touches several tables belongs to the table of its subject, which
passes its connection to the `insert` and `append` methods of the other tables.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from fttui import sqlite
from fttui.server import ids
from fttui.server.home import ServiceError
from fttui.server.storage import checksums
from fttui.server.storage.alert_table import AlertTable
from fttui.server.storage.checkpoint_table import CheckpointTable
from fttui.server.storage.event_table import EventTable
from fttui.server.storage.file_table import FileTable
from fttui.server.storage.job_table import JobTable
from fttui.server.storage.journal import Journal
from fttui.server.storage.model_table import ModelTable
from fttui.server.storage.sample_table import SampleTable
from fttui.server.storage.schema import MIGRATIONS
from fttui.server.storage.upload_table import UploadTable

BUSY_SECONDS = 10.0


class ServiceDatabase:
    """Database file at a path, with one object for each table. Safe to use from any thread.

    Raises:
        OSError: from every method of every table, when the disk or the file fails.
    """

    def __init__(self, path: str, journal: Journal | None = None) -> None:
        """Open the database, create it when it is missing, migrate it when an older program wrote it.

        Args:
            journal: gets every change.

        Raises:
            ServiceError: a newer program wrote it.
        """
        self.path = path
        try:
            self._database = sqlite.Database(
                path, MIGRATIONS, busy_seconds=BUSY_SECONDS, prepare=checksums.install, log=journal
            )
        except sqlite.NewerVersion as error:
            raise ServiceError(
                f"A newer fttui wrote {path} ({error}).\nUpdate fttui, or set FTTUI_DATA_DIR to another directory."
            ) from None
        self.events = EventTable(self._database, self._salt())
        self.files = FileTable(self._database)
        self.uploads = UploadTable(self._database, self.files)
        self.models = ModelTable(self._database)
        self.checkpoints = CheckpointTable(self._database, self.models)
        self.samples = SampleTable(self._database)
        self.alerts = AlertTable(self._database)
        self.jobs = JobTable(
            self._database, self.events, self.checkpoints, self.samples, self.models, self.files, self.alerts
        )

    def _salt(self) -> str:
        with self._database.transaction() as sql:
            if not sql.execute("SELECT 1 FROM meta WHERE key = 'salt'").fetchall():
                sql.execute("INSERT INTO meta (key, value) VALUES ('salt', ?)", (ids.new_salt(),))
        return str(self._database.rows("SELECT value FROM meta WHERE key = 'salt'")[0][0])

    def restore(self, table: str, rows: Iterable[Mapping[str, Any]]) -> list[int]:
        """Add rows as they were, in one transaction. Return their `seq`."""
        added = []
        with self._database.transaction() as sql:
            for row in rows:
                values = [
                    json.dumps(value) if isinstance(value, dict | list | tuple) else value for value in row.values()
                ]
                marks = ", ".join("?" * len(values))
                done = sql.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", values)
                added.append(done.lastrowid or 0)
        return added

    @property
    def number(self) -> int:
        """Number of changes so far."""
        return int(self._database.rows("SELECT value FROM meta WHERE key = 'changes'")[0][0])

    @property
    def is_corrupt(self) -> bool:
        """True once SQLite has found damage in the open database."""
        return self._database.is_corrupt

    def copy_to(self, path: str) -> None:
        """Write what is committed to a new database file."""
        self._database.copy_to(path)

    def paused(self) -> AbstractContextManager[None]:
        """Let no change begin during the block."""
        return self._database.paused()

    def close(self) -> None:
        """Merge the write-ahead log into the file and close it."""
        self._database.close()
