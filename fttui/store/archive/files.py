"""Files, their contents, uploads and models of a profile, in the archive."""

import sqlite3
from collections.abc import Sequence

from fttui.store.archive.database import Database


class ArchiveFiles:
    """Files and models of one profile. JSON is returned as the text that the provider sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Files

    def all(self) -> list[str]:
        """Return the JSON of every file ever seen, last seen first."""
        sql = "SELECT raw FROM files WHERE profile = ? AND raw IS NOT NULL ORDER BY last_seen DESC, id"
        return [raw for (raw,) in self._database.rows(sql)]

    def get(self, id: str) -> str | None:
        """Return the JSON of one file, or None for a file never seen."""
        row = self._database.row("SELECT raw FROM files WHERE profile = ? AND id = ?", id)
        return None if row is None else row[0]

    async def save(self, files: Sequence[tuple[str, str]], now: float) -> None:
        """Record files, given as id and JSON text."""
        sql = (
            "INSERT INTO files(profile, id, raw, last_seen) VALUES (?, ?, ?, ?) "
            "ON CONFLICT(profile, id) DO UPDATE SET raw = excluded.raw, last_seen = excluded.last_seen"
        )
        await self._database.execute_many(sql, [(id, raw, now) for id, raw in files])

    # Contents and uploads

    def content(self, id: str) -> bytes | None:
        """Return the content of a file, or None unless it was recorded."""
        row = self._database.row("SELECT content FROM files WHERE profile = ? AND id = ?", id)
        return None if row is None or row[0] is None else bytes(row[0])

    def has_content(self, id: str) -> bool:
        """Tell whether the content of a file was recorded."""
        sql = "SELECT content IS NOT NULL FROM files WHERE profile = ? AND id = ?"
        row = self._database.row(sql, id)
        return row is not None and bool(row[0])

    async def save_content(self, id: str, content: bytes, now: float) -> None:
        """Record the content of a file."""
        sql = (
            "INSERT INTO files(profile, id, content, last_seen) VALUES (?, ?, ?, ?) "
            "ON CONFLICT(profile, id) DO UPDATE SET content = excluded.content"
        )
        await self._database.execute(sql, id, content, now)

    def has_copy(self, id: str) -> bool:
        """Return True if the content of a file is recorded, or was uploaded from this disk."""
        sql = (
            "SELECT 1 FROM files WHERE profile = ?1 AND id = ?2 AND content IS NOT NULL "
            "UNION SELECT 1 FROM uploads WHERE profile = ?1 AND id = ?2"
        )
        return self._database.row(sql, id) is not None

    def uploaded(self, digest: str) -> str | None:
        """Return the id of the last upload with this content (SHA-256, hexadecimal), or None."""
        row = self._database.row("SELECT id FROM uploads WHERE profile = ? AND digest = ?", digest)
        return None if row is None else row[0]

    def digest(self, id: str) -> str:
        """Return the SHA-256 of a file that was uploaded from this disk; empty for other files."""
        row = self._database.row("SELECT digest FROM uploads WHERE profile = ? AND id = ?", id)
        return "" if row is None else row[0]

    async def remember_upload(self, digest: str, id: str) -> None:
        """Record the id of an upload by the digest of its content."""
        sql = "INSERT OR REPLACE INTO uploads(profile, digest, id) VALUES (?, ?, ?)"
        await self._database.execute(sql, digest, id)

    # Models

    def models(self) -> list[str]:
        """Return the JSON of each model in the last list fetched."""
        return [raw for (raw,) in self._database.rows("SELECT raw FROM models WHERE profile = ? ORDER BY rowid")]

    def model(self, id: str) -> str | None:
        """Return the JSON of a model of the last list fetched, or None."""
        row = self._database.row("SELECT raw FROM models WHERE profile = ? AND id = ?", id)
        return None if row is None else str(row[0])

    async def save_models(self, models: Sequence[tuple[str, str]], now: float) -> None:
        """Replace the recorded models, given as id and JSON text."""

        def write(db: sqlite3.Connection, profile: int) -> None:
            db.execute("DELETE FROM models WHERE profile = ?", (profile,))
            db.executemany(
                "INSERT OR REPLACE INTO models(profile, id, raw, last_seen) VALUES (?, ?, ?, ?)",
                [(profile, id, raw, now) for id, raw in models],
            )

        await self._database.write(write)

    async def forget_model(self, id: str) -> None:
        """Delete a model from the recorded list."""
        await self._database.execute("DELETE FROM models WHERE profile = ? AND id = ?", id)
