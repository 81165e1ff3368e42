"""Creates whose outcome is unknown: written before the request is sent, deleted when the outcome is known."""

from typing import Any

from fttui.checksums import row_sum
from fttui.store.archive.damage import is_sound
from fttui.store.archive.database import Database
from fttui.store.archive.schema import CREATE_COLUMNS


class PendingCreates:
    """Create tokens of one profile, with the request body and the time of sending."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self) -> dict[str, tuple[str, float]]:
        """Return body (JSON text) and time of sending (Unix seconds) by token, oldest first, without damaged ones."""
        return {row[1]: (row[2], row[3]) for row in self._rows() if is_sound(row)}

    def damaged(self) -> dict[str, str]:
        """Return the body by token of the creates that changed on the disk. Both may be wrong."""
        return {str(row[1]): str(row[2]) for row in self._rows() if not is_sound(row)}

    def _rows(self) -> list[Any]:
        return self._database.rows(f"SELECT sum, {CREATE_COLUMNS} FROM creates WHERE profile = ? ORDER BY asked_at")

    async def remember(self, token: str, body: str, now: float) -> None:
        """Record a token before the request is sent."""
        sql = f"INSERT OR REPLACE INTO creates(profile, {CREATE_COLUMNS}, sum) VALUES (?, ?, ?, ?, ?)"
        values = token, body, float(now)  # the type that the column has
        await self._database.execute(sql, *values, row_sum(*values))

    async def forget(self, token: str) -> None:
        """Delete a token: the outcome of its create is known."""
        await self._database.execute("DELETE FROM creates WHERE profile = ? AND token = ?", token)
