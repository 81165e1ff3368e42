"""Files, their contents, uploads and models of a profile, in the archive."""

import sqlite3
import zlib
from collections.abc import Sequence
from typing import Any

from fttui.checksums import row_sum
from fttui.store.archive.damage import is_sound
from fttui.store.archive.database import Database
from fttui.store.archive.schema import MODEL_COLUMNS, UPLOAD_COLUMNS

UPLOADED_AGAIN = "The file is uploaded again when a job needs it."
"""Consequence of a damaged upload."""


def _is_whole(recorded: int | None, content: bytes | None) -> bool:
    return recorded is None or content is None or zlib.crc32(content) == recorded


class ArchiveFiles:
    """Files and models of one profile. JSON is returned as the text that the provider sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Files

    def all(self) -> list[str]:
        """Return the JSON of every file ever seen, last seen first."""
        sql = "SELECT raw_sum, id, raw FROM files WHERE profile = ? AND raw IS NOT NULL ORDER BY last_seen DESC, id"
        return [raw for row in self._database.rows(sql) if (raw := self._raw(row)) is not None]

    def get(self, id: str) -> str | None:
        """Return the JSON of one file, or None for a file never seen."""
        row = self._database.row("SELECT raw_sum, id, raw FROM files WHERE profile = ? AND id = ?", id)
        return None if row is None else self._raw(row)

    def _raw(self, row: Any) -> str | None:
        sound = self._database.damage.sound([row], "the description", row[1])
        return sound[0][1] if sound else None

    def damaged(self) -> list[str]:
        """Return the files whose description or content is damaged. Slow: reads every content."""
        sql = "SELECT raw_sum, id, raw, content_sum, content FROM files WHERE +profile = ?"

        def find(db: sqlite3.Connection, profile: int) -> list[str]:
            rows = db.execute(sql, (profile,))
            return [row[1] for row in rows if not (is_sound(row[:3]) and _is_whole(row[3], row[4]))]

        none: list[str] = []
        return self._database.read(find, none)

    async def drop_damaged(self, ids: Sequence[str]) -> None:
        """Delete what is damaged of these files, so that it is fetched again."""

        def drop(db: sqlite3.Connection, profile: int) -> None:
            here = "+profile = ? AND +id = ?"  # `+` reads the table: the index may still have the id before it changed
            for id in ids:
                file = (profile, id)
                for row in db.execute(
                    f"SELECT raw_sum, id, raw, content_sum, content FROM files WHERE {here}", file
                ).fetchall():
                    if not is_sound(row[:3]):
                        db.execute(f"UPDATE files SET raw = NULL, raw_sum = NULL WHERE {here}", file)
                    if not _is_whole(row[3], row[4]):
                        db.execute(f"UPDATE files SET content = NULL, content_sum = NULL WHERE {here}", file)
                db.execute(f"DELETE FROM files WHERE {here} AND raw IS NULL AND content IS NULL", file)

        await self._database.write(drop)

    async def save(self, files: Sequence[tuple[str, str]], now: float) -> None:
        """Record files, given as id and JSON text."""
        sql = (
            "INSERT INTO files(profile, id, raw, raw_sum, last_seen) VALUES (?, ?, ?, ?, ?) ON CONFLICT(profile, id) "
            "DO UPDATE SET raw = excluded.raw, raw_sum = excluded.raw_sum, last_seen = excluded.last_seen"
        )
        await self._database.execute_many(sql, [(id, raw, row_sum(id, raw), now) for id, raw in files])

    def expiring(self) -> list[str]:
        """Return the JSON of each file that the provider deletes at some time."""
        sql = (
            "SELECT raw_sum, id, raw FROM files WHERE profile = ? AND json_valid(raw) "
            "AND json_extract(raw, '$.expires_at') IS NOT NULL"
        )
        return [raw for row in self._database.rows(sql) if (raw := self._raw(row)) is not None]

    # Contents and uploads

    def content(self, id: str) -> bytes | None:
        """Return the content of a file, or None unless it was recorded."""
        row = self._database.row("SELECT content, content_sum FROM files WHERE profile = ? AND id = ?", id)
        if row is None or row[0] is None:
            return None
        if not _is_whole(row[1], row[0]):
            self._database.damage.name("the content", id)
            return None
        return bytes(row[0])

    def has_content(self, id: str) -> bool:
        """Tell whether the content of a file was recorded."""
        sql = "SELECT content IS NOT NULL FROM files WHERE profile = ? AND id = ?"
        row = self._database.row(sql, id)
        return row is not None and bool(row[0])

    async def save_content(self, id: str, content: bytes, now: float) -> None:
        """Record the content of a file."""
        sql = (
            "INSERT INTO files(profile, id, content, content_sum, last_seen) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT(profile, id) DO UPDATE SET content = excluded.content, content_sum = excluded.content_sum"
        )
        await self._database.execute(sql, id, content, zlib.crc32(content), now)

    def has_copy(self, id: str) -> bool:
        """Return True if the content of a file is recorded, or was uploaded from this disk."""
        return self.has_content(id) or bool(self.digest(id))

    def uploaded(self, digest: str) -> str | None:
        """Return the id of the last upload with this content (SHA-256, hexadecimal), or None."""
        return next((id for _, id in self._uploads("digest", digest)), None)

    def digest(self, id: str) -> str:
        """Return the SHA-256 of a file that was uploaded from this disk; empty for other files."""
        return next((digest for digest, _ in self._uploads("id", id)), "")

    def _uploads(self, column: str, value: str) -> list[Any]:
        sql = f"SELECT sum, {UPLOAD_COLUMNS} FROM uploads WHERE profile = ? AND {column} = ?"
        rows = self._database.rows(sql, value)
        for row in rows:
            if not is_sound(row):
                self._database.damage.name("the upload", str(row[2]), UPLOADED_AGAIN)
        return [row[1:] for row in rows if is_sound(row)]

    async def remember_upload(self, digest: str, id: str) -> None:
        """Record the id of an upload by the digest of its content."""
        sql = f"INSERT OR REPLACE INTO uploads(profile, {UPLOAD_COLUMNS}, sum) VALUES (?, ?, ?, ?)"
        await self._database.execute(sql, digest, id, row_sum(digest, id))

    async def drop_damaged_uploads(self) -> list[str]:
        """Forget the uploads that changed on the disk. Return the ids of their files."""
        return await self._drop_damaged("uploads", UPLOAD_COLUMNS)

    async def _drop_damaged(self, table: str, columns: str) -> list[str]:
        def drop(db: sqlite3.Connection, profile: int) -> list[str]:
            # `+` reads the table: the index may still have what the row had before it changed.
            sql = f"SELECT sum, {columns}, rowid, id FROM {table} WHERE +profile = ?"
            rows = db.execute(sql, (profile,)).fetchall()
            damaged = [row for row in rows if not is_sound(row[:-2])]
            db.executemany(f"DELETE FROM {table} WHERE rowid = ?", [(row[-2],) for row in damaged])
            return [str(row[-1]) for row in damaged]

        return await self._database.write(drop)

    # Models

    def models(self) -> list[str]:
        """Return the JSON of each model in the last list fetched."""
        sql = f"SELECT sum, {MODEL_COLUMNS} FROM models WHERE profile = ? ORDER BY rowid"
        return [raw for row in self._database.rows(sql) if (raw := self._raw(row)) is not None]

    def retiring(self) -> list[str]:
        """Return the JSON of each model of the last list fetched that may have a date of its shutdown."""
        sql = (
            f"SELECT sum, {MODEL_COLUMNS} FROM models WHERE profile = ? AND json_valid(raw) AND "
            "coalesce(json_extract(raw, '$.shutdown_date'), json_extract(raw, '$.deprecation')) IS NOT NULL"
        )
        return [raw for row in self._database.rows(sql) if (raw := self._raw(row)) is not None]

    def model(self, id: str) -> str | None:
        """Return the JSON of a model of the last list fetched, or None."""
        row = self._database.row(f"SELECT sum, {MODEL_COLUMNS} FROM models WHERE profile = ? AND id = ?", id)
        return None if row is None else self._raw(row)

    async def save_models(self, models: Sequence[tuple[str, str]], now: float) -> None:
        """Replace the recorded models, given as id and JSON text."""

        def write(db: sqlite3.Connection, profile: int) -> None:
            db.execute("DELETE FROM models WHERE profile = ?", (profile,))
            db.executemany(
                f"INSERT OR REPLACE INTO models(profile, {MODEL_COLUMNS}, sum, last_seen) VALUES (?, ?, ?, ?, ?)",
                [(profile, id, raw, row_sum(id, raw), now) for id, raw in models],
            )

        await self._database.write(write)

    async def forget_model(self, id: str) -> None:
        """Delete a model from the recorded list."""
        await self._database.execute("DELETE FROM models WHERE profile = ? AND id = ?", id)

    async def drop_damaged_models(self) -> list[str]:
        """Delete the models that changed on the disk, so that they are fetched again. Return their ids."""
        return await self._drop_damaged("models", MODEL_COLUMNS)
