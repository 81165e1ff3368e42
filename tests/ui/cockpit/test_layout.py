"""Arrangement of the panes, without Textual."""

import pytest

from fttui.ui.cockpit.layout import PANES, PaneLayout
from fttui.ui.cockpit.list_view import ListView


def layout(width: int, height: int, tab: str = "log") -> PaneLayout:
    panes = PaneLayout(ListView(), tab, {})
    panes.resize(width, height)
    return panes


def visible(panes: PaneLayout) -> list[str]:
    return [pane for pane in PANES if panes.is_visible(pane)]


@pytest.mark.parametrize(
    ("size", "name", "seen"),
    [
        ((60, 20), "", ["jobs"]),
        ((200, 15), "", ["jobs"]),
        ((80, 24), "normal", ["jobs", "log"]),
        ((120, 40), "wide", ["jobs", "detail", "log"]),
        ((180, 40), "huge", list(PANES)),
    ],
)
def test_size_decides_which_panes_are_visible(size: tuple[int, int], name: str, seen: list[str]) -> None:
    panes = layout(*size)
    assert (panes.name, visible(panes)) == (name, seen)


def test_active_pane_comes_to_the_front_and_the_list_leaves_the_tab() -> None:
    panes = layout(80, 24)
    assert panes.activate("files")
    assert not panes.activate("files"), "active already"
    assert visible(panes) == ["jobs", "files"]
    panes.activate("jobs")
    assert (panes.tab, visible(panes)) == ("files", ["jobs", "files"])


def test_wide_layout_keeps_the_pane_below_the_detail() -> None:
    panes = layout(120, 40)
    panes.activate("files")
    panes.activate("detail")
    assert visible(panes) == ["jobs", "detail", "files"]
    assert panes.classes()["-files"]
    panes.activate("log")
    assert visible(panes) == ["jobs", "detail", "log"]


def test_zoomed_pane_is_the_only_visible_one_and_tab_goes_through_all() -> None:
    view = ListView()
    panes = PaneLayout(view, "log", {})
    panes.resize(120, 40)
    view.change(zoom=True)
    assert (visible(panes), panes.is_split) == (["jobs"], False)
    for pane in (*PANES[1:], "jobs"):
        panes.activate(panes.next_pane(1))
        assert visible(panes) == [pane]


def test_next_pane_goes_through_the_visible_panes() -> None:
    panes = layout(120, 40)
    assert panes.next_pane(1) == "detail"
    assert panes.next_pane(-1) == "log"


def test_split_is_kept_for_each_layout_within_limits() -> None:
    panes = layout(80, 24)
    assert panes.list_size() == (None, None)
    assert panes.resize_list(1)
    assert panes.list_size() == (None, "62%")
    panes.resize(120, 40)
    for _ in range(10):
        panes.resize_list(-1)
    assert panes.list_size() == ("25%", None)
    assert panes.splits == {"normal": 1, "wide": -6}
    panes.resize_list(0)
    assert panes.list_size() == (None, None)
    panes.resize(60, 20)
    assert not panes.resize_list(1)


@pytest.mark.parametrize(("size", "small"), [((39, 24), True), ((80, 9), True), ((40, 10), False)])
def test_terminal_below_the_smallest_size_is_too_small(size: tuple[int, int], small: bool) -> None:
    panes = layout(*size)
    assert panes.is_too_small is small
    assert panes.classes()["-tiny"] is small
