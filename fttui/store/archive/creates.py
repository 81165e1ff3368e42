"""Creates whose outcome is unknown: written before the request is sent, deleted when the outcome is known."""

from fttui.store.archive.database import Database


class PendingCreates:
    """Create tokens of one profile, with the request body and the time of sending."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self) -> dict[str, tuple[str, float]]:
        """Return body (JSON text) and time of sending (Unix seconds) by token, oldest first."""
        sql = "SELECT token, body, asked_at FROM creates WHERE profile = ? ORDER BY asked_at"
        return {token: (body, asked_at) for token, body, asked_at in self._database.rows(sql)}

    async def remember(self, token: str, body: str, now: float) -> None:
        """Record a token before the request is sent."""
        sql = "INSERT OR REPLACE INTO creates(profile, token, body, asked_at) VALUES (?, ?, ?, ?)"
        await self._database.execute(sql, token, body, now)

    async def forget(self, token: str) -> None:
        """Delete a token: the outcome of its create is known."""
        await self._database.execute("DELETE FROM creates WHERE profile = ? AND token = ?", token)
