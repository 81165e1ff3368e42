"""Routes that a provider was found not to have, remembered between runs."""

from fttui.store.archive.database import Database


class AbsentRoutes:
    """Absent routes of one profile, each with the time until which the finding is trusted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def absent(self, now: float) -> set[str]:
        """Return the routes that the provider does not have, as of `now`."""
        found = self._database.rows("SELECT route, until FROM absent WHERE profile = ?")
        return {route for route, until in found if until > now}

    async def remember_absent(self, route: str, until: float) -> None:
        """Record that the provider does not have a route. The finding is trusted until `until` (Unix seconds)."""
        sql = "INSERT OR REPLACE INTO absent(profile, route, until) VALUES (?, ?, ?)"
        await self._database.execute(sql, route, until)

    async def forget_absent(self, route: str) -> None:
        """Delete the finding: the route has answered."""
        await self._database.execute("DELETE FROM absent WHERE profile = ? AND route = ?", route)
