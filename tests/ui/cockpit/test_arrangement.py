"""Places of the panes at many sizes, as plain numbers."""

import pytest

from fttui.ui.cockpit.arrangement import TABS, Needs, Place, Wish, layout_name, places

EIGHT = Needs(jobs=8, detail=21)


def at(width: int, height: int, wish: Wish = Wish(), needs: Needs = EIGHT) -> dict[tuple[str, ...], Place]:  # noqa: B008
    found = places(layout_name(width, height), width, height - 3, wish, needs)
    return {place.panes: place for place in found}


def heights(found: dict[tuple[str, ...], Place]) -> list[tuple[str, int]]:
    return [(panes[0] if len(panes) < len(TABS) else "tabs", place.height) for panes, place in found.items()]


@pytest.mark.parametrize("active", ["jobs", *TABS])
@pytest.mark.parametrize("front", TABS)
@pytest.mark.parametrize("jobs", [0, 1, 8, 10_000])
@pytest.mark.parametrize("steps", [-6, 0, 6])
def test_places_cover_the_body_without_overlap(active: str, front: str, jobs: int, steps: int) -> None:
    for width in (40, 60, 79, 80, 100, 119, 120, 150, 179, 180, 200, 300):
        for height in (10, 12, 15, 16, 18, 20, 24, 30, 40, 60, 100):
            found = at(width, height, Wish(active, front, steps), Needs(jobs, 216, 30, 60))
            cells = [
                (x, y)
                for place in found.values()
                for y in range(place.y, place.y + place.height)
                for x in (place.x, place.x + place.width - 1)
            ]
            assert len(cells) == len(set(cells)), (width, height)
            left = max((place.x - 1 for place in found.values() if place.x), default=width)
            area = sum(place.width * place.height for place in found.values())
            assert area == (height - 3) * (width if left == width else width - 1), (width, height)
            assert all(place.height >= 4 and place.width >= 20 for place in found.values()), (width, height, found)
            panes = [pane for names in found for pane in names]
            assert len(panes) == len(set(panes))


def test_list_has_the_rows_of_its_jobs_and_the_chart_the_rest() -> None:
    assert heights(at(60, 20)) == [("jobs", 10), ("curve", 7)]
    assert heights(at(80, 24)) == [("jobs", 10), ("tabs", 11)]
    assert heights(at(120, 40)) == [("jobs", 10), ("curve", 27), ("detail", 20), ("log", 17)]
    assert heights(at(200, 60)) == [("jobs", 10), ("curve", 43), ("checkpoints", 4), ("detail", 22), ("log", 35)]


def test_checkpoints_have_their_rows_below_the_chart_of_a_wide_terminal() -> None:
    assert heights(at(200, 60, needs=EIGHT._replace(checkpoints=7)))[2] == ("checkpoints", 9)
    assert heights(at(200, 60, needs=EIGHT._replace(checkpoints=70)))[2] == ("checkpoints", 10)


def test_long_list_has_at_most_60_percent() -> None:
    assert heights(at(80, 24, needs=Needs(jobs=500))) == [("jobs", 12), ("tabs", 9)]
    assert heights(at(60, 20, needs=Needs(jobs=500))) == [("jobs", 10), ("curve", 7)]


def test_active_pane_takes_more() -> None:
    assert heights(at(80, 24, Wish("detail", "detail"))) == [("jobs", 5), ("tabs", 16)]
    assert heights(at(120, 40, Wish("curve")))[:2] == [("jobs", 5), ("curve", 32)]
    assert heights(at(120, 40, Wish("log", "log")))[2:] == [("detail", 6), ("log", 31)]
    assert heights(at(120, 40, Wish("detail"), Needs(8, detail=50)))[2:] == [("detail", 31), ("log", 6)]


def test_low_column_shows_the_chart_as_a_tab() -> None:
    assert heights(at(120, 19)) == [("jobs", 16), ("detail", 8), ("curve", 8)]
    assert list(at(120, 20)) == [("jobs",), ("curve",), ("detail",), ("log", "checkpoints", "files")]


def test_short_terminal_shows_one_pane_and_the_chart_if_it_has_room() -> None:
    assert heights(at(200, 12)) == [("jobs", 9)]
    assert heights(at(200, 15, needs=Needs(jobs=3))) == [("jobs", 5), ("curve", 7)]
    assert heights(at(60, 20, Wish("log", "log"))) == [("tabs", 17)]


def test_chart_is_at_most_half_as_high_as_wide() -> None:
    assert heights(at(120, 100))[:2] == [("jobs", 62), ("curve", 35)]
    assert heights(at(80, 100)) == [("jobs", 56), ("tabs", 41)]
    assert heights(at(80, 100, Wish("jobs", "log"))) == [("jobs", 10), ("tabs", 87)]


def test_values_of_the_detail_get_their_width_before_the_chart() -> None:
    def widths(needs: Needs) -> list[int]:
        return [place.width for place in at(200, 60, needs=needs).values()]

    assert widths(Needs(jobs=8)) == [116, 116, 116, 83, 83]
    assert widths(Needs(jobs=8, detail_cells=95)) == [104, 104, 104, 95, 95]
    assert widths(Needs(jobs=8, detail_cells=150)) == [100, 100, 100, 99, 99]


def test_zoom_gives_one_pane_the_whole_body() -> None:
    assert heights(at(200, 60, Wish("jobs", is_zoomed=True))) == [("jobs", 57)]
    assert heights(at(200, 60, Wish("curve", is_zoomed=True))) == [("tabs", 57)]
