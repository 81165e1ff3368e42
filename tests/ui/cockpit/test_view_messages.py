"""Messages about status filters and order."""

import pytest

from fttui.commands import BY_ID
from fttui.models.row import JobRow
from fttui.ui.cockpit.list_view import SORTS, STATUS_KEYS, View
from fttui.ui.cockpit.view_messages import sort_sentence, status_keys, undo_sentence

ROWS = [JobRow("a", "running", "m", loss=2.0, created_at=1.0), JobRow("b"), JobRow("c")]


def test_status_keys_show_the_active_filter_in_reverse_and_fit_60_columns() -> None:
    line = status_keys(BY_ID, 4, 80)
    assert "".join(text for text, _ in line) == " 0 all  1 running  2 waiting  3 done  4 failed  5 cancelled  6 paused"
    assert [text for text, role in line if role == "caret"] == ["4 failed"]
    narrow = "".join(text for text, _ in status_keys(BY_ID | {"filter.all": BY_ID["quit"]}, 0, 60))
    assert narrow == " q all 1 run 2 wait 3 done 4 fail 5 canc 6 pause"
    assert len([text for text, _ in line if text.strip()]) == len(STATUS_KEYS) + 1


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        (View(sort="loss"), "Sorted by LOSS, lowest first. S reverses; 2 jobs without a value come last."),
        (
            View(sort="loss", reverse=True),
            "Sorted by LOSS, highest first. S reverses; 2 jobs without a value come last.",
        ),
        (View(sort="id"), "Sorted by ID, A to Z. S reverses."),
        (View(sort="age"), "Sorted by AGE, newest first. S reverses; 2 jobs without a value come last."),
    ],
)
def test_sort_sentence_tells_column_direction_and_jobs_without_a_value(view: View, sentence: str) -> None:
    assert sort_sentence(view, ROWS, "S") == sentence


def test_every_order_has_a_sentence() -> None:
    assert all(sort_sentence(View(sort=sort), ROWS, "S") for sort in SORTS)
    assert "1 job without a value comes last" in sort_sentence(View(sort="model"), ROWS[:2], "S")


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (View(sort="loss"), "Undone: sorted by age again."),
        (View(filter="x", status=1), "Undone: no filter again, all states again."),
        (View(marks=frozenset("ab")), "Undone: no job is marked."),
        (View(zoom=True), "Undone: all panes again."),
    ],
)
def test_undo_says_what_it_has_restored(before: View, sentence: str) -> None:
    assert undo_sentence(before, View()) == sentence
