"""Searches for garbage: seldom during a start, as usual afterwards, and untouched where nothing started."""

import gc
from collections.abc import Callable, Iterator

import pytest

from fttui import garbage

USUAL = gc.get_threshold()


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.set_threshold(*USUAL)
    gc.enable()
    gc.freeze()  # as tests/conftest.py: the tests that follow would search all modules and collected tests


@pytest.mark.parametrize("begin", [garbage.delay, garbage.stop])
def test_resume_searches_as_usual_but_not_among_the_objects_of_the_start(begin: Callable[[], None]) -> None:
    begin()
    assert not gc.isenabled() or gc.get_threshold()[0] == garbage.DELAYED
    garbage.resume()
    assert gc.isenabled()
    assert gc.get_threshold() == USUAL
    assert gc.get_freeze_count()


def test_resume_without_a_start_changes_nothing() -> None:
    before = gc.get_freeze_count()
    garbage.resume()
    assert gc.get_freeze_count() == before
