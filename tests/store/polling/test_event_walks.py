"""Walks of events: each event is recorded once and without a gap, whatever happens between pages."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.api.errors import ApiError, Unreachable
from fttui.models.event import Event
from fttui.models.page import Page
from fttui.store.polling.event_walk import EventWalk, is_ascending, older_batch, oldest_first
from fttui.store.polling.fetcher import Fetcher
from fttui.store.store import Store
from tests.support.clock import FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import FakeClient, event, job

J = "ftjob-00001"


class Log:
    """A job with growing events, fetched by two cockpits on one archive."""

    def __init__(self, page_size: int, *, ascending: bool) -> None:
        self.clock = FakeClock()
        self.client = FakeClient(self.clock)
        self.client.page_size = page_size
        self.client.ascending = ascending
        self.client.jobs = [job(1, "running")]
        self.client.events[J] = []
        self.archive = inline_archive("", "work")
        self.fetchers: list[Fetcher] = []

    async def start(self) -> None:
        self.fetchers = [self._fetcher() for _ in range(2)]
        await self.fetchers[0].refresh()

    def _fetcher(self) -> Fetcher:
        return Fetcher(Store(self.archive, self.clock, self.client))  # type: ignore[arg-type]

    def numbers(self) -> list[int]:
        return [int(row.message.split()[1]) for row in self.archive.events.rows(J, limit=10**6)]

    async def act(self, action: str, which: int, count: int) -> None:
        fetcher = self.fetchers[which]
        match action:
            case "grow":
                log = self.client.events[J]
                new = [event(J, len(log) + n) for n in range(count)]
                if self.client.ascending:
                    # Events of one second do not show the order of a page.
                    new = [raw | {"created_at": 1_700_000_000 + len(log) + n} for n, raw in enumerate(new)]
                log += new
            case "page":
                await fetcher.fetch_events(J)
            case "older":
                await fetcher.fetch_older_events(J)
            case "fail":
                self.client.fail("list_events", Unreachable("the line was cut"))
                with suppress(ApiError):
                    await fetcher.fetch_events(J)
                self.client.recover()
            case "restart":
                self.fetchers[which] = self._fetcher()

    async def finish(self) -> None:
        for _ in range(2):
            for fetcher in self.fetchers:
                while await fetcher.fetch_events(J):
                    pass
                while self.archive.events.state(J).cursor is not None:
                    await fetcher.fetch_older_events(J)


actions = st.lists(
    st.tuples(
        st.sampled_from(["grow", "grow", "page", "page", "page", "older", "fail", "restart"]),
        st.integers(0, 1),
        st.integers(1, 25),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(actions=actions, page_size=st.sampled_from([1, 3, 10]), ascending=st.booleans())
async def test_events_have_no_gap_and_no_duplicate_after_any_actions(
    actions: list[tuple[str, int, int]], page_size: int, ascending: bool
) -> None:
    # A page with one event does not show it either.
    log = Log(max(page_size, 10) if ascending else page_size, ascending=ascending)
    await log.start()
    for action in actions:
        await log.act(*action)
        numbers = log.numbers()
        if numbers and not ascending:
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), f"a gap after {action}"
        assert len(set(numbers)) == len(numbers)
    await log.finish()
    total = len(log.client.events[J])
    assert log.numbers() == list(range(total))
    seqs = [row.seq for row in log.archive.events.rows(J, limit=10**6)]
    assert seqs == sorted(seqs)
    states = [fetcher._jobs.logs.states.get(J) for fetcher in log.fetchers]
    assert total == 0 or states[0] == states[1]


def page(*numbers: int, more: bool | None = False) -> Page[Event]:
    raw: dict[str, Any] = {"data": [event(J, number) for number in numbers]}
    return Page.read(Event, raw | ({} if more is None else {"has_more": more}))


def nothing(ids: list[str]) -> set[str]:
    return set()


def texts(events: list[Event]) -> list[str]:
    return [item.message.removeprefix("event ") for item in events]


@pytest.mark.parametrize("more", [True, None])
def test_walk_of_events_ends_if_the_server_ignores_the_cursor(more: bool | None) -> None:
    walk = EventWalk("held")
    assert walk.take(page(9, 8, 7, more=more), nothing) is None
    batch = walk.take(page(9, 8, 7, more=more), nothing)
    assert batch is not None
    assert (texts(batch.events), batch.joined, walk.done) == (["7", "8", "9"], True, True)


def test_older_pages_end_without_new_events() -> None:
    assert older_batch(page(3, 2, 1, more=True), "x", nothing).cursor == f"{J}-e00001"
    assert older_batch(page(3, 2, 1), "x", nothing).cursor is None
    assert older_batch(page(3, 2, 1, more=True), "x", set).cursor is None
    assert older_batch(page(3, 2, 1, more=True), f"{J}-e00001", nothing).cursor is None
    assert older_batch(page(more=True), "x", nothing).cursor is None


def at(*times: float | None) -> list[Event]:
    return [Event.read({"id": str(n), "created_at": time, "message": str(n)}) for n, time in enumerate(times)]


@pytest.mark.parametrize(
    ("times", "order"),
    [
        ([5, 5, 5], "2 1 0"),
        ([7, 6, 5], "2 1 0"),
        ([7, 7, 6, 6, 5, 5, 6, 4, 4, 3], "9 8 7 6 5 4 3 2 1 0"),
        ([5, 9, 6, 8, 7], "0 2 4 3 1"),
        ([None, 9, 6, 8], "3 2 1 0"),
        ([], ""),
    ],
)
def test_server_order_counts_unless_it_contradicts_the_times(times: list[float | None], order: str) -> None:
    assert " ".join(texts(oldest_first(at(*times)))) == order


@pytest.mark.parametrize(
    ("times", "expected"),
    [([1, 2, 2, 3], True), ([3, 2, 1], False), ([2, 2], False), ([2], False), ([], False), ([1, None, 3], False)],
)
def test_is_ascending_needs_rising_times(times: list[float | None], expected: bool) -> None:
    assert is_ascending([{"created_at": time} for time in times]) is expected
    assert not is_ascending([None, 3, "x"])
