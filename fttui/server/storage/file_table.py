"""Uploaded files and result files."""

from fttui.server.storage.records import FileRecord
from fttui.sqlite import Connection, Database

_FILE = "SELECT " + ", ".join(FileRecord._fields) + " FROM file "


class FileTable:
    """Descriptions of files. Their contents are files on the disk, named by id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, file: FileRecord) -> None:
        """Add a file whose content is on the disk already. The database assigns its `seq`."""
        with self._database.transaction() as sql:
            self.insert(sql, file)

    def insert(self, sql: Connection, file: FileRecord) -> None:
        """Add a file inside the transaction of the caller."""
        sql.execute(
            "INSERT INTO file (id, filename, purpose, bytes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
            file[1:],
        )

    def get(self, id: str, now: int) -> FileRecord | None:
        """Return a file that has not expired."""
        rows = self._database.rows(_FILE + "WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)", (id, now))
        return FileRecord(*rows[0]) if rows else None

    def page(
        self, *, after: str | None, limit: int, purpose: str | None, ascending: bool, now: int
    ) -> tuple[list[FileRecord], bool]:
        """Return a page of files that have not expired, and whether there are more."""
        where, values = ["(expires_at IS NULL OR expires_at > ?)"], [now]
        if after is not None:
            where.append(f"seq {'>' if ascending else '<'} (SELECT seq FROM file WHERE id = ?)")
            values.append(after)  # type: ignore[arg-type]
        if purpose is not None:
            where.append("purpose = ?")
            values.append(purpose)  # type: ignore[arg-type]
        order = "ASC" if ascending else "DESC"
        query = f"{_FILE} WHERE {' AND '.join(where)} ORDER BY seq {order} LIMIT ?"
        rows = self._database.rows(query, [*values, limit + 1])
        return [FileRecord(*row) for row in rows[:limit]], len(rows) > limit

    def delete(self, id: str) -> None:
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM file WHERE id = ?", (id,))

    def delete_unused(self, sql: Connection, id: str) -> bool:
        """Delete a file inside the transaction of the caller. Return False when a job uses it."""
        query = "SELECT 1 FROM job WHERE training_file = ? OR validation_file = ? LIMIT 1"
        if sql.execute(query, (id, id)).fetchone():
            return False
        return bool(sql.execute("DELETE FROM file WHERE id = ?", (id,)).rowcount)

    def expired(self, now: int) -> list[str]:
        """Return the ids of expired files."""
        return [row[0] for row in self._database.rows("SELECT id FROM file WHERE expires_at <= ?", (now,))]

    def ids(self) -> set[str]:
        return {row[0] for row in self._database.rows("SELECT id FROM file")}
