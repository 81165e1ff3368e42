"""Database of the service: jobs, events, checkpoints, models, files and uploads.

The service answers a request only after the change is committed here. Every public method of a table that changes
something is one transaction. A transaction that touches several tables belongs to the table of its subject, which
passes its connection to the `insert` and `append` methods of the other tables.
"""

from fttui import sqlite
from fttui.server import ids
from fttui.server.home import ServiceError
from fttui.server.storage.checkpoint_table import CheckpointTable
from fttui.server.storage.event_table import EventTable
from fttui.server.storage.file_table import FileTable
from fttui.server.storage.job_table import JobTable
from fttui.server.storage.model_table import ModelTable
from fttui.server.storage.schema import MIGRATIONS
from fttui.server.storage.upload_table import UploadTable

BUSY_SECONDS = 10.0


class ServiceDatabase:
    """Database file at a path, with one object for each table. Safe to use from any thread.

    Raises:
        OSError: from every method of every table, when the disk or the file fails.
    """

    def __init__(self, path: str) -> None:
        """Open the database, create it when it is missing, migrate it when an older program wrote it.

        Raises:
            ServiceError: a newer program wrote it.
        """
        try:
            self._database = sqlite.Database(path, MIGRATIONS, busy_seconds=BUSY_SECONDS)
        except sqlite.NewerVersion as error:
            raise ServiceError(
                f"A newer fttui wrote {path} ({error}).\nUpdate fttui, or set FTTUI_DATA_DIR to another directory."
            ) from None
        self.events = EventTable(self._database, self._salt())
        self.files = FileTable(self._database)
        self.uploads = UploadTable(self._database, self.files)
        self.models = ModelTable(self._database)
        self.checkpoints = CheckpointTable(self._database, self.models)
        self.jobs = JobTable(self._database, self.events, self.checkpoints, self.models, self.files)

    def _salt(self) -> str:
        with self._database.transaction() as sql:
            sql.execute("INSERT OR IGNORE INTO meta VALUES ('salt', ?)", (ids.new_salt(),))
        return str(self._database.rows("SELECT value FROM meta WHERE key = 'salt'")[0][0])

    def close(self) -> None:
        """Merge the write-ahead log into the file and close it."""
        self._database.close()
