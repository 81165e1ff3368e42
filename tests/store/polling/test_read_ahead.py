"""Requests for older pages that are sent ahead."""

import asyncio
from itertools import count

import pytest

from fttui.api.errors import RateLimited
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.store.polling.read_ahead import ReadAhead
from tests.support.store_fakes import job

LAST = 4


class Pages:
    """List of five pages with a job each. Records the cursors of its requests."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.left: list[str] = []
        """Cursors of the requests that were written."""
        self.given_up: list[str] = []
        self.refused = ""

    async def fetch(self, after: str, limit: int) -> Page[Job]:
        self.asked.append(after)
        try:
            for _ in range(3):  # as with httpx, until the request is written
                await asyncio.sleep(0)
            self.left.append(after)
            for _ in range(20):  # the provider works on it
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.given_up.append(after)
            raise
        if after == self.refused:
            raise RateLimited("slower")
        number = int(after)
        return Page(Job, [job(number)] * limit, number < LAST, None, next=str(number + 1))


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def ahead(pages: Pages) -> ReadAhead:
    turns = count(1)
    found = ReadAhead(pages.fetch, lambda: next(turns))
    found.next_limit = lambda page: len(page.objects)
    return found


async def test_each_page_is_requested_once_and_before_the_page_above_is_merged(pages: Pages, ahead: ReadAhead) -> None:
    turns = []
    for number in range(LAST + 1):
        page, turn = await ahead.page(str(number), 1)
        turns.append(turn)
        assert pages.left == [str(each) for each in range(min(number + 2, LAST + 1))]
        assert page.cursor == (str(number + 1) if number < LAST else None)
    assert turns == [1, 2, 3, 4, 5], "an answer counts as old as its request is"


async def test_nothing_is_sent_ahead_while_the_reading_pauses(pages: Pages, ahead: ReadAhead) -> None:
    ahead.next_limit = lambda _: None
    await ahead.page("0", 1)
    await asyncio.sleep(0)
    assert pages.asked == ["0"]


@pytest.mark.parametrize("wanted", [("3", 1), ("1", 2)])
async def test_request_for_a_page_that_is_not_wanted_is_given_up(
    pages: Pages, ahead: ReadAhead, wanted: tuple[str, int]
) -> None:
    await ahead.page("0", 1)
    await asyncio.sleep(0)
    page, turn = await ahead.page(*wanted)
    assert (len(page.objects), turn) == (wanted[1], 3)
    assert pages.given_up == ["1"]
    ahead.stop()
    ahead.stop()


async def test_failure_of_a_request_sent_ahead_is_raised_at_its_page(pages: Pages, ahead: ReadAhead) -> None:
    pages.refused = "1"
    await ahead.page("0", 1)
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await ahead.page("1", 1)
    pages.refused = ""
    page, _ = await ahead.page("1", 1)
    assert page.cursor == "2"
    ahead.stop()
