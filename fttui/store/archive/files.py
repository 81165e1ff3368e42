"""What the archive holds of a profile beside its jobs: files, models, creates in flight, routes that are lacking."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from fttui.store.archive.database import Engine


class Shelf(Engine):
    """The part of the archive that belongs to a profile and to no job."""

    def _all(self, sql: str) -> list[Any]:
        """What a query on this profile's key finds."""
        return self._read(lambda db: db.execute(sql, (self._key,)).fetchall(), [])

    def ask(self, sql: str) -> list[Any]:
        """What a query over all profiles finds."""
        return self._read(lambda db: db.execute(sql).fetchall(), [])

    def profiles(self) -> list[str]:
        """Everybody whose jobs the archive holds, by key."""
        return [name for (name,) in self.ask("SELECT DISTINCT p.name FROM profiles p JOIN jobs j ON j.profile = p.key")]

    # Files, models, and creates in flight

    def files(self) -> list[str]:
        """Every file ever seen, as JSON text."""
        return [
            raw
            for (raw,) in self._all(
                "SELECT raw FROM files WHERE profile = ? AND raw IS NOT NULL ORDER BY last_seen DESC, id"
            )
        ]

    def models(self) -> list[str]:
        """The models of the last look, as JSON text."""
        return [raw for (raw,) in self._all("SELECT raw FROM models WHERE profile = ? ORDER BY rowid")]

    def file(self, id: str) -> str | None:
        """What is known of one file, as JSON text."""
        sql = "SELECT raw FROM files WHERE profile = ? AND id = ?"
        row = self._read(lambda db: db.execute(sql, (self._key, id)).fetchone(), None)
        return None if row is None else row[0]

    def content(self, file_id: str) -> bytes | None:
        """A file's content, if it was ever fetched."""
        sql = "SELECT content FROM files WHERE profile = ? AND id = ?"
        row = self._read(lambda db: db.execute(sql, (self._key, file_id)).fetchone(), None)
        return None if row is None or row[0] is None else bytes(row[0])

    async def save_files(self, files: Sequence[tuple[str, str]], now: float) -> None:
        """Files as (id, JSON text)."""
        await self._write(
            lambda db: db.executemany(
                "INSERT INTO files(profile, id, raw, last_seen) VALUES (?, ?, ?, ?) "
                "ON CONFLICT(profile, id) DO UPDATE SET raw = excluded.raw, last_seen = excluded.last_seen",
                [(self._key, id, raw, now) for id, raw in files],
            )
        )

    async def save_content(self, file_id: str, content: bytes, now: float) -> None:
        await self._write(
            lambda db: db.execute(
                "INSERT INTO files(profile, id, content, last_seen) VALUES (?, ?, ?, ?) "
                "ON CONFLICT(profile, id) DO UPDATE SET content = excluded.content",
                (self._key, file_id, content, now),
            )
        )

    def uploaded(self, digest: str) -> str | None:
        """The file that was last uploaded from here with this content (SHA-256, hexadecimal)."""
        sql = "SELECT id FROM uploads WHERE profile = ? AND digest = ?"
        row = self._read(lambda db: db.execute(sql, (self._key, digest)).fetchone(), None)
        return None if row is None else row[0]

    async def remember_upload(self, digest: str, id: str) -> None:
        """A file with this content was uploaded."""
        await self._write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO uploads(profile, digest, id) VALUES (?, ?, ?)", (self._key, digest, id)
            )
        )

    async def save_models(self, models: Sequence[tuple[str, str]], now: float) -> None:
        """Models as (id, JSON text): they replace those of the last look."""

        def write(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM models WHERE profile = ?", (self._key,))
            db.executemany(
                "INSERT OR REPLACE INTO models(profile, id, raw, last_seen) VALUES (?, ?, ?, ?)",
                [(self._key, id, raw, now) for id, raw in models],
            )

        await self._write(write)

    async def forget_model(self, id: str) -> None:
        """A model is no longer there."""
        await self._write(lambda db: db.execute("DELETE FROM models WHERE profile = ? AND id = ?", (self._key, id)))

    def creates(self) -> dict[str, tuple[str, float]]:
        """Jobs asked for whose fate is not known: body and time of asking by token."""
        sql = "SELECT token, body, asked_at FROM creates WHERE profile = ? ORDER BY asked_at"
        found = self._all(sql)
        return {token: (body, asked_at) for token, body, asked_at in found}

    async def remember_create(self, token: str, body: str, now: float) -> None:
        """Keep a token before it is sent."""
        await self._write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO creates(profile, token, body, asked_at) VALUES (?, ?, ?, ?)",
                (self._key, token, body, now),
            )
        )

    async def forget_create(self, token: str) -> None:
        await self._write(
            lambda db: db.execute("DELETE FROM creates WHERE profile = ? AND token = ?", (self._key, token))
        )

    # Routes that the provider lacks

    def absent(self, now: float) -> set[str]:
        """Routes that the provider was found to lack, as long as that is believed."""
        return {route for route, until in self._all("SELECT route, until FROM absent WHERE profile = ?") if until > now}

    async def remember_absent(self, route: str, until: float) -> None:
        """The provider lacks a route; believed until then (Unix seconds)."""
        sql = "INSERT OR REPLACE INTO absent(profile, route, until) VALUES (?, ?, ?)"
        await self._write(lambda db: db.execute(sql, (self._key, route, until)))

    async def forget_absent(self, route: str) -> None:
        """The provider has a route after all."""
        await self._write(
            lambda db: db.execute("DELETE FROM absent WHERE profile = ? AND route = ?", (self._key, route))
        )
