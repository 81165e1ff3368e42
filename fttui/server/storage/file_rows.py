"""Files and uploads in the service's database."""

from fttui.server.storage.records import FileRecord, PartRecord, UploadRecord
from fttui.server.storage.sql import Connection, Sql

_FILE = "SELECT " + ", ".join(FileRecord._fields) + " FROM file "
_UPLOAD = "SELECT " + ", ".join(UploadRecord._fields) + " FROM upload "
_PART = "SELECT " + ", ".join(PartRecord._fields) + " FROM part "


class FileRows(Sql):
    """The part of the database that knows files and uploads."""

    # Files

    def add_file(self, file: FileRecord) -> None:
        """Accept a file whose content is in place already; its `seq` is given here."""
        with self._transaction() as sql:
            self._add_file(sql, file)

    def _add_file(self, sql: Connection, file: FileRecord) -> None:
        sql.execute(
            "INSERT INTO file (id, filename, purpose, bytes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
            file[1:],
        )

    def file(self, id: str, now: int) -> FileRecord | None:
        """A file, unless it has expired."""
        rows = self._rows(_FILE + "WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)", (id, now))
        return FileRecord(*rows[0]) if rows else None

    def files(
        self, *, after: str | None, limit: int, purpose: str | None, ascending: bool, now: int
    ) -> tuple[list[FileRecord], bool]:
        """A page of files, and whether there are more."""
        where, values = ["(expires_at IS NULL OR expires_at > ?)"], [now]
        if after is not None:
            where.append(f"seq {'>' if ascending else '<'} (SELECT seq FROM file WHERE id = ?)")
            values.append(after)  # type: ignore[arg-type]
        if purpose is not None:
            where.append("purpose = ?")
            values.append(purpose)  # type: ignore[arg-type]
        order = "ASC" if ascending else "DESC"
        rows = self._rows(f"{_FILE} WHERE {' AND '.join(where)} ORDER BY seq {order} LIMIT ?", [*values, limit + 1])
        return [FileRecord(*row) for row in rows[:limit]], len(rows) > limit

    def drop_file(self, id: str) -> None:
        """Forget a file."""
        with self._transaction() as sql:
            sql.execute("DELETE FROM file WHERE id = ?", (id,))

    def expired(self, now: int) -> list[str]:
        """Ids of the files whose time is over."""
        return [row[0] for row in self._rows("SELECT id FROM file WHERE expires_at <= ?", (now,))]

    def file_ids(self) -> set[str]:
        return {row[0] for row in self._rows("SELECT id FROM file")}

    # Uploads

    def add_upload(self, upload: UploadRecord) -> None:
        """Begin an upload; its `seq` is given here."""
        with self._transaction() as sql:
            marks = ", ".join("?" * (len(upload) - 1))
            sql.execute(f"INSERT INTO upload ({', '.join(UploadRecord._fields[1:])}) VALUES ({marks})", upload[1:])

    def upload(self, id: str) -> UploadRecord | None:
        rows = self._rows(_UPLOAD + "WHERE id = ?", (id,))
        return UploadRecord(*rows[0]) if rows else None

    def add_part(self, part: PartRecord, upload: UploadRecord, most: int, now: int) -> bool:
        """Accept a part whose content is in place already.

        Returns False, and changes nothing, when the upload takes no more: it has ended, or would hold more than
        `most` bytes.
        """
        with self._transaction() as sql:
            return bool(
                sql.execute(
                    "INSERT INTO part (id, upload, bytes, created_at) SELECT ?, seq, ?, ? FROM upload"
                    " WHERE seq = ? AND status = 'pending' AND expires_at > ?"
                    " AND ? + (SELECT coalesce(sum(part.bytes), 0) FROM part WHERE part.upload = ?) <= ?",
                    (part.id, part.bytes, part.created_at, upload.seq, now, part.bytes, upload.seq, most),
                ).rowcount
            )

    def parts(self, upload: UploadRecord) -> list[PartRecord]:
        """The parts of an upload, in the order in which they came."""
        return [PartRecord(*row) for row in self._rows(_PART + "WHERE upload = ? ORDER BY seq", (upload.seq,))]

    def end_upload(self, upload: UploadRecord, status: str, file: FileRecord | None = None) -> bool:
        """End a pending upload, with the file that it became where it was completed; its parts are forgotten.

        Returns False, and changes nothing, when it has ended already.
        """
        with self._transaction() as sql:
            changed = sql.execute(
                "UPDATE upload SET status = ?, file = ? WHERE seq = ? AND status = 'pending'",
                (status, file and file.id, upload.seq),
            ).rowcount
            if changed:
                sql.execute("DELETE FROM part WHERE upload = ?", (upload.seq,))
                if file is not None:
                    self._add_file(sql, file)
            return bool(changed)

    def overdue_uploads(self, now: int) -> list[UploadRecord]:
        """Pending uploads whose time is over."""
        rows = self._rows(_UPLOAD + "WHERE status = 'pending' AND expires_at <= ?", (now,))
        return [UploadRecord(*row) for row in rows]

    def part_ids(self) -> set[str]:
        return {row[0] for row in self._rows("SELECT id FROM part")}
