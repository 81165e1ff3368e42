"""The current snapshot of a profile, its subscribers, and the health of the connection."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from fttui.api.errors import Forbidden, RateLimited, Unauthorized
from fttui.clock import Clock
from fttui.store.archive.archive import Archive
from fttui.store.health import Health, State
from fttui.store.job_table import JobTable, MergeResult
from fttui.store.snapshot import Change, Snapshot
from fttui.text import clean_line

Subscriber = Callable[[Snapshot, Change], None]

OFFLINE_AFTER = 3
"""Consecutive failed polls after which the health is offline."""


class SnapshotFeed:
    """Publisher of snapshots. One event loop owns it and calls the subscribers."""

    def __init__(self, archive: Archive, jobs: JobTable, clock: Clock) -> None:
        self._archive = archive
        self._jobs = jobs
        self._clock = clock
        self._subscribers: list[Subscriber] = []
        self._warnings: tuple[str, ...] = ()
        self._reports: tuple[str, ...] = ()
        self.error: Exception | None = None
        """Error of the last poll. None after a successful poll."""
        self.snapshot = self._snapshot(Health(since=clock.now()))

    def _snapshot(self, health: Health) -> Snapshot:
        state = self._jobs.list_state
        notices = (*self._warnings, *self._archive.notices, *self._reports)
        return Snapshot(self._jobs.rows, health, state.as_of, state.complete, notices, self._jobs.is_unread)

    def subscribe(self, fn: Subscriber, /) -> Callable[[], None]:
        """Call `fn` at each publication. Return a function that ends the subscription."""
        self._subscribers.append(fn)

        def unsubscribe() -> None:
            with suppress(ValueError):
                self._subscribers.remove(fn)

        return unsubscribe

    def publish(
        self,
        merged: MergeResult | None = None,
        *,
        updated: Iterable[str] = (),
        removed: Iterable[str] = (),
        events: Iterable[str] = (),
        checkpoints: Iterable[str] = (),
        health: Health | None = None,
    ) -> None:
        """Make a new snapshot. Call the subscribers if it, or anything of these jobs, has changed."""
        before = self.snapshot
        self.snapshot = self._snapshot(before.health if health is None else health)
        change = Change(
            added=frozenset(merged.added if merged else ()),
            updated=frozenset({*(merged.updated if merged else ()), *updated}),
            removed=frozenset(removed),
            events=frozenset(events),
            checkpoints=frozenset(checkpoints),
            health=self.snapshot.health != before.health or self.snapshot.notices != before.notices,
        )
        if change != Change() or self.snapshot != before:
            for fn in list(self._subscribers):
                fn(self.snapshot, change)

    # Notices

    def warn(self, *warnings: str) -> None:
        """Show warnings of the connection, such as unverified TLS, in place of earlier warnings."""
        self._warnings = warnings
        self.publish()

    def report(self, message: str) -> None:
        """Show a message until the program ends."""
        self._reports = (*self._reports, message)
        self.publish()

    # Health

    def succeeded(self, merged: MergeResult) -> None:
        """Publish the result of a successful poll."""
        self.error = None
        health = self.snapshot.health
        self.publish(merged, health=health if health.is_good else Health(State.LIVE, self._clock.now()))

    def failed(self, error: Exception) -> None:
        """Publish the health after a failed poll. The rows stay."""
        self.error = error
        before = self.snapshot.health
        failures = before.failures + 1
        match error:
            case Unauthorized() | Forbidden():
                state = State.DENIED
            case RateLimited():
                state = State.LIMITED
            case _:
                state = State.OFFLINE if failures >= OFFLINE_AFTER else State.STALE
        continues = state is before.state or (state is State.OFFLINE and before.state is State.STALE)
        self.publish(
            health=Health(
                state=state,
                since=before.since if continues else self._clock.now(),
                why=clean_line(str(error)) or type(error).__name__,
                request_id=getattr(error, "request_id", ""),
                failures=failures,
                reason=getattr(error, "reason", ""),
                unsent=getattr(error, "unsent", False),
            )
        )

    def go_offline(self, why: str) -> None:
        """Publish that the provider will not be contacted."""
        self.publish(health=Health(State.OFFLINE, self._clock.now(), why, unsent=True))

    def set_next_try(self, next_try: float | None) -> None:
        """Publish the time of the next poll (Unix seconds), unless the health is good."""
        if not self.snapshot.health.is_good:
            self.publish(health=self.snapshot.health._replace(next_try=next_try))
