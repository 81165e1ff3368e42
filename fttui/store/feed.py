"""What is known of one profile, and telling it: the snapshot, its publications, and the health of the provider."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from fttui.api.errors import Forbidden, Limited, Unauthorized
from fttui.clock import Clock
from fttui.store.archive.archive import Archive
from fttui.store.health import Health, State
from fttui.store.job_table import Merged, Roster
from fttui.store.snapshot import Change, Snapshot
from fttui.text import clean_line

Subscriber = Callable[[Snapshot, Change], None]

OFFLINE_AFTER = 3
"""Failed polls in a row."""


class Board:
    """The snapshot and who listens to it. One event loop owns it; subscribers are called in that loop."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._archive = archive
        self._clock = clock
        self._roster = Roster(archive, clock)
        self._subscribers: list[Subscriber] = []
        self._warnings: tuple[str, ...] = ()
        self._news: tuple[str, ...] = ()
        self.error: Exception | None = None
        """Why the last poll failed; None when it did not."""
        self.snapshot = self._snapshot(Health(since=clock.now()))

    def _snapshot(self, health: Health) -> Snapshot:
        state = self._roster.state
        notices = (*self._warnings, *self._archive.notices, *self._news)
        return Snapshot(self._roster.rows, health, state.as_of, state.complete, notices)

    def subscribe(self, fn: Subscriber) -> Callable[[], None]:
        """Call `fn` with each publication. Returns what ends that."""
        self._subscribers.append(fn)

        def leave() -> None:
            with suppress(ValueError):
                self._subscribers.remove(fn)

        return leave

    def _publish(
        self,
        merged: Merged | None = None,
        *,
        updated: Iterable[str] = (),
        removed: Iterable[str] = (),
        events: Iterable[str] = (),
        checkpoints: Iterable[str] = (),
        health: Health | None = None,
    ) -> None:
        """Make a new snapshot, and tell it if anything in it, or about these jobs, is another."""
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

    def _good(self) -> Health:
        """The health after a poll that went well: the same one as long as all do."""
        was = self.snapshot.health
        return was if was.is_good else Health(State.LIVE, self._clock.now())

    def warn(self, *warnings: str) -> None:
        """What else the person must be told, such as TLS that is not verified; replaces what was said before."""
        self._warnings = warnings
        self._publish()

    def _report(self, news: str) -> None:
        """What happened that the person must be told; it is said as long as the program runs."""
        self._news = (*self._news, news)
        self._publish()

    def rest(self, why: str) -> None:
        """Nobody will be asked."""
        self._publish(health=Health(State.OFFLINE, self._clock.now(), why))

    async def close(self) -> None:
        """Note how true the list is, for the next start."""
        await self._roster.save()

    def failed(self, error: Exception) -> None:
        """A poll failed: the health says so, the data stay."""
        self.error = error
        was = self.snapshot.health
        failures = was.failures + 1
        match error:
            case Unauthorized() | Forbidden():
                state = State.DENIED
            case Limited():
                state = State.LIMITED
            case _:
                state = State.OFFLINE if failures >= OFFLINE_AFTER else State.STALE
        same = state is was.state or (state is State.OFFLINE and was.state is State.STALE)
        self._publish(
            health=Health(
                state=state,
                since=was.since if same else self._clock.now(),
                why=clean_line(str(error)) or type(error).__name__,
                request_id=getattr(error, "request_id", ""),
                failures=failures,
                reason=getattr(error, "reason", ""),
                unsent=getattr(error, "unsent", False),
            )
        )

    def plan(self, next_try: float | None) -> None:
        """When the next poll is due, in Unix seconds; said only while something is wrong."""
        if not self.snapshot.health.is_good:
            self._publish(health=replace(self.snapshot.health, next_try=next_try))
