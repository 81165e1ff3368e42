"""The status row: troubles whose reason does not fit, and the first reading of an account."""

import pytest

from fttui.store.health import Health, State
from fttui.ui.render.glyphs import ASCII, UNICODE, Glyphs
from fttui.ui.render.rows import line_width
from fttui.ui.render.status_line import MOST_ROWS, ServiceInfo, status_lines

NOW = 1_800_000_000.0
WORK = ServiceInfo("work", "api.example.com", False, False, "")
LONG = (
    "cannot reach api.example.com: the certificate of the server has expired on 12 November, and the name in it is "
    "another one; fttui doctor tells more"
)


def rows(why: str, cells: int, state: State = State.OFFLINE, glyphs: Glyphs = UNICODE) -> list[str]:
    health = Health(state, NOW - 60, why, NOW + 16)
    lines = status_lines(WORK, health, NOW - 120, [("2 running", "run")], NOW, cells, glyphs)
    assert all(line_width(line) <= cells for line in lines)
    return ["".join(text for text, _ in line) for line in lines]


def test_short_reason_stays_in_the_status_row() -> None:
    (row,) = rows("connection refused", 100)
    assert " · connection refused · next try " in row
    (row,) = rows("connection refused", 80)
    assert "next try" not in row
    assert " · connection refused · r retries " in row
    (row,) = rows("timeout", 80, State.STALE)
    assert row.split() == ["work", "2", "running", "2m", "old", "·", "timeout"]


@pytest.mark.parametrize("cells", [60, 80])
@pytest.mark.parametrize("state", [State.OFFLINE, State.DENIED, State.LIMITED, State.STALE])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_long_reason_is_whole_in_rows_below(cells: int, state: State, glyphs: Glyphs) -> None:
    first, *below = rows(LONG, cells, state, glyphs)
    assert first.startswith(" work ")
    assert ("r retries" in first) == (state is not State.STALE)
    assert " ".join(row.strip() for row in below) == LONG


def test_endless_reason_points_to_the_error_list() -> None:
    _, *below = rows(LONG * 5, 60)
    assert len(below) == MOST_ROWS
    assert below[-1].endswith("… ! shows all")


@pytest.mark.parametrize(
    ("cells", "held", "expected"),
    [
        (
            120,
            False,
            " fttui  work ▸ api.example.com                               "
            "Reading the account: 12,400 jobs so far. R holds it.   now ",
        ),
        (80, False, " work                Reading the account: 12,400 jobs so far. R holds it.   now "),
        (60, False, " work           Reading: 12,400 jobs so far. R holds.   now "),
        (80, True, " work          HELD · Reading the account: 12,400 jobs so far. R resumes.   now "),
        (60, True, " work           HELD · 12,400 jobs so far. R resumes.   now "),
    ],
)
def test_reading_of_the_account_is_shown_with_its_progress(cells: int, held: bool, expected: str) -> None:
    counts = [("✓12,000 ✗400 and a hundred others", "")]
    health = Health(State.LIVE, NOW)
    (line,) = status_lines(WORK, health, NOW, counts, NOW, cells, UNICODE, read=12_400, held=held)
    assert "".join(text for text, _ in line) == expected


def test_reading_of_the_account_gives_way_to_a_trouble() -> None:
    health = Health(State.OFFLINE, NOW, "connection refused")
    (line,) = status_lines(WORK, health, NOW, (), NOW, 80, UNICODE, read=12_400)
    assert "Reading" not in "".join(text for text, _ in line)
