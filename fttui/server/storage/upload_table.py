"""Uploads in parts, until they are completed, cancelled or expired."""

from fttui.server.storage.file_table import FileTable
from fttui.server.storage.records import FileRecord, PartRecord, UploadRecord
from fttui.sqlite import Database

_UPLOAD = "SELECT " + ", ".join(UploadRecord._fields) + " FROM upload "
_PART = "SELECT " + ", ".join(PartRecord._fields) + " FROM part "


class UploadTable:
    """Uploads and the parts of pending uploads."""

    def __init__(self, database: Database, files: FileTable) -> None:
        self._database = database
        self._files = files

    def add(self, upload: UploadRecord) -> None:
        """Add an upload. The database assigns its `seq`."""
        with self._database.transaction() as sql:
            marks = ", ".join("?" * (len(upload) - 1))
            sql.execute(f"INSERT INTO upload ({', '.join(UploadRecord._fields[1:])}) VALUES ({marks})", upload[1:])

    def get(self, id: str) -> UploadRecord | None:
        rows = self._database.rows(_UPLOAD + "WHERE id = ?", (id,))
        return UploadRecord(*rows[0]) if rows else None

    def add_part(self, part: PartRecord, upload: UploadRecord, max_bytes: int, now: int) -> bool:
        """Add a part whose content is on the disk already.

        Returns:
            False, with nothing changed, when the upload has ended or would have more than `max_bytes` bytes.
        """
        with self._database.transaction() as sql:
            return bool(
                sql.execute(
                    "INSERT INTO part (id, upload, bytes, created_at) SELECT ?, seq, ?, ? FROM upload"
                    " WHERE seq = ? AND status = 'pending' AND expires_at > ?"
                    " AND ? + (SELECT coalesce(sum(part.bytes), 0) FROM part WHERE part.upload = ?) <= ?",
                    (part.id, part.bytes, part.created_at, upload.seq, now, part.bytes, upload.seq, max_bytes),
                ).rowcount
            )

    def parts(self, upload: UploadRecord) -> list[PartRecord]:
        """Return the parts of a pending upload in the order of their arrival."""
        rows = self._database.rows(_PART + "WHERE upload = ? ORDER BY seq", (upload.seq,))
        return [PartRecord(*row) for row in rows]

    def end(self, upload: UploadRecord, status: str, file: FileRecord | None = None) -> bool:
        """End a pending upload and delete its parts. A completed upload adds the file that was made from it.

        Returns:
            False, with nothing changed, when the upload has ended already.
        """
        with self._database.transaction() as sql:
            changed = sql.execute(
                "UPDATE upload SET status = ?, file = ? WHERE seq = ? AND status = 'pending'",
                (status, file and file.id, upload.seq),
            ).rowcount
            if changed:
                sql.execute("DELETE FROM part WHERE upload = ?", (upload.seq,))
                if file is not None:
                    self._files.insert(sql, file)
            return bool(changed)

    def overdue(self, now: int) -> list[UploadRecord]:
        """Return the pending uploads that have expired."""
        rows = self._database.rows(_UPLOAD + "WHERE status = 'pending' AND expires_at <= ?", (now,))
        return [UploadRecord(*row) for row in rows]

    def part_ids(self) -> set[str]:
        return {row[0] for row in self._database.rows("SELECT id FROM part")}
