"""Arrangement of the panes, without Textual."""

import pytest

from fttui.ui.cockpit.arrangement import Needs
from fttui.ui.cockpit.layout import PANES, PaneLayout
from fttui.ui.cockpit.list_view import ListView


def layout(width: int, height: int, tab: str = "log") -> PaneLayout:
    panes = PaneLayout(ListView(), tab, {})
    panes.resize(width, height)
    return panes


@pytest.mark.parametrize(
    ("size", "name", "seen"),
    [
        ((60, 12), "narrow", ["jobs"]),
        ((60, 20), "narrow", ["jobs", "curve"]),
        ((200, 15), "narrow", ["jobs", "curve"]),
        ((80, 24), "normal", ["jobs", "log"]),
        ((120, 40), "wide", ["jobs", "curve", "detail", "log"]),
        ((180, 40), "huge", ["jobs", "curve", "detail", "log", "checkpoints"]),
    ],
)
def test_size_decides_which_panes_are_visible(size: tuple[int, int], name: str, seen: list[str]) -> None:
    panes = layout(*size)
    assert (panes.name, panes.visible) == (name, seen)


def test_active_pane_comes_to_the_front_and_the_list_leaves_the_tab() -> None:
    panes = layout(80, 24)
    assert panes.activate("files")
    assert not panes.activate("files"), "active already"
    assert panes.visible == ["jobs", "files"]
    panes.activate("jobs")
    assert (panes.tab, panes.visible) == ("files", ["jobs", "files"])


def test_wide_layout_keeps_the_pane_below_the_detail() -> None:
    panes = layout(120, 40)
    panes.activate("files")
    panes.activate("detail")
    assert panes.visible == ["jobs", "curve", "detail", "files"]
    panes.activate("log")
    assert panes.visible == ["jobs", "curve", "detail", "log"]


def test_tab_keys_go_through_all_tabs_and_from_the_list_through_those_that_share_a_place() -> None:
    panes = layout(120, 40)
    assert (panes.next_tab(1), panes.next_tab(-1)) == ("checkpoints", "files"), "curve and detail are visible already"
    panes.activate("files")
    assert (panes.next_tab(1), panes.next_tab(-1)) == ("curve", "checkpoints")
    assert layout(80, 24).next_tab(-1) == "detail"
    assert layout(60, 20).next_tab(1) == "checkpoints"


def test_zoomed_pane_is_the_only_visible_one_and_tab_goes_through_all() -> None:
    view = ListView()
    panes = PaneLayout(view, "log", {})
    panes.resize(120, 40)
    view.change(zoom=True)
    assert (panes.visible, panes.is_split) == (["jobs"], False)
    for pane in (*PANES[1:], "jobs"):
        panes.activate(panes.next_pane(1))
        assert panes.visible == [pane]


def test_next_pane_goes_through_the_visible_panes() -> None:
    panes = layout(120, 40)
    assert panes.next_pane(1) == "curve"
    assert panes.next_pane(-1) == "log"


def test_split_is_kept_for_each_layout_within_limits() -> None:
    panes = layout(80, 24)

    def size_of_list() -> tuple[int, int]:
        return panes.places[0].width, panes.places[0].height

    panes.needs = Needs(jobs=6)
    assert size_of_list() == (80, 8)
    assert panes.resize_list(1)
    assert size_of_list() == (80, 9)
    panes.resize(120, 40)
    for _ in range(10):
        panes.resize_list(-1)
    assert size_of_list() == (33, 20), "a narrow chart is low"
    assert panes.splits == {"normal": 1, "wide": -6}
    panes.resize_list(0)
    assert size_of_list() == (69, 8)
    panes.resize(60, 12)
    assert not panes.resize_list(1)


@pytest.mark.parametrize(("size", "small"), [((39, 24), True), ((80, 9), True), ((40, 10), False)])
def test_terminal_below_the_smallest_size_is_too_small(size: tuple[int, int], small: bool) -> None:
    panes = layout(*size)
    assert panes.is_too_small is small
