"""Reading of lists to their end: repeated pages, long lists, requests ahead."""

import asyncio
from collections.abc import Callable

import pytest

from fttui.api.errors import ApiError, BadResponse, RateLimited, Unreachable
from fttui.api.walk import walk
from fttui.models.file import File
from fttui.models.page import Page


def page(*ids: str, more: bool = True) -> Page[File]:
    return Page(File, [{"id": id} for id in ids], more, None)


class Provider:
    """A list of pages. Records the cursors of its requests."""

    def __init__(self, after: Callable[[str | None], Page[File]]) -> None:
        self.asked: list[str | None] = []
        self.failures: list[ApiError] = []
        self._after = after

    async def fetch(self, after: str | None) -> Page[File]:
        self.asked.append(after)
        for _ in range(20):
            await asyncio.sleep(0)
        if after is not None and self.failures:
            raise self.failures.pop()
        return self._after(after)


def numbered(last: int) -> Provider:
    """Return a list with an object a page."""

    def after(cursor: str | None) -> Page[File]:
        number = int(cursor or 0) + 1
        return page(str(number), more=number < last)

    return Provider(after)


async def ids(provider: Provider, *, ahead: bool = False) -> list[str]:
    return [raw["id"] async for each in walk(provider.fetch, ahead=ahead) for raw in each.objects]


async def test_list_of_any_length_is_read_to_its_end() -> None:
    assert len(await ids(numbered(5000))) == 5000


async def test_list_with_too_many_pages_is_an_error_after_the_last_of_them() -> None:
    provider, found = numbered(5000), list[str]()
    pages = walk(provider.fetch, most=3, ahead=True)
    for _ in range(3):
        found += [raw["id"] for raw in (await anext(pages)).objects]
    with pytest.raises(BadResponse, match="did not end after 3 pages"):
        await anext(pages)
    assert found == ["1", "2", "3"]
    assert len(provider.asked) == 3


async def test_cursor_that_was_sent_before_ends_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttui.api.id_set.RECENT", 10)  # too few to notice by the ids
    warnings: list[str] = []
    circle = Provider(lambda cursor: page(str((int(cursor or 0) + 1) % 100)))
    found = [each async for each in walk(circle.fetch, warnings.append)]
    assert 100 <= len(found) <= 300
    assert len(warnings) == 1
    assert "repeats" in warnings[0]


async def test_page_without_new_objects_ends_the_list() -> None:
    warnings: list[str] = []
    deaf = Provider(lambda _: page("a", "b"))
    assert [len(each.objects) async for each in walk(deaf.fetch, warnings.append)] == [2]
    assert deaf.asked == [None, "b"]
    assert len(warnings) == 1


@pytest.mark.parametrize(("ahead", "asked"), [(False, [None]), (True, [None, "1"])])
async def test_next_page_is_requested_while_a_page_is_handled_if_asked_for(ahead: bool, asked: list[str]) -> None:
    provider = numbered(3)
    async for _ in walk(provider.fetch, ahead=ahead):
        assert provider.asked == asked
        break


async def test_pages_requested_ahead_are_requested_once() -> None:
    provider = numbered(4)
    assert await ids(provider, ahead=True) == ["1", "2", "3", "4"]
    assert provider.asked == [None, "1", "2", "3"]


async def test_request_ahead_is_given_up_with_the_list() -> None:
    tasks = asyncio.all_tasks()
    pages = walk(numbered(3).fetch, ahead=True)
    await anext(pages)
    await pages.aclose()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks


async def test_request_ahead_that_timed_out_is_sent_again() -> None:
    """A pager that takes no more output holds up the program, and its deadlines pass."""
    provider = numbered(3)
    provider.failures = [Unreachable("timed out")]
    assert await ids(provider, ahead=True) == ["1", "2", "3"]
    assert provider.asked == [None, "1", "1", "2"]


async def test_other_failure_of_a_request_ahead_is_raised_after_the_page() -> None:
    provider = numbered(3)
    provider.failures = [RateLimited("slower")]
    pages = walk(provider.fetch, ahead=True)
    assert (await anext(pages)).objects == [{"id": "1"}]
    with pytest.raises(RateLimited):
        await anext(pages)
