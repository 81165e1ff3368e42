"""Sweeps in the job list: groups, places, folds and lines."""

import pytest

from fttui.learning import comparison
from fttui.models.job import Job
from fttui.models.row import JobRow
from fttui.models.summary import Summary
from fttui.ui.render.glyphs import ASCII, UNICODE
from fttui.ui.render.sweep_rows import MOST_RUNS, grouped, ids_of, is_sweep, sweep_line, with_branch
from tests.support.fake_store import job


def _row(number: int, sweep: str = "", status: str = "succeeded", best: float | None = None) -> JobRow:
    row = Job.read(job(number, status)).row()._replace(sweep=sweep)
    return row if best is None else row._replace(summary=Summary("full_valid_loss", best, 9, best, 9))


ROWS = [_row(0), _row(1, "a1 lr", best=1.9), _row(2), _row(3, "a1 lr", best=1.659), _row(4, "b2")]


def _ids(rows: list[JobRow]) -> list[str]:
    return ["sweep" if is_sweep(row.id) else row.suffix for row in rows]


def test_jobs_of_a_sweep_are_together_under_its_row() -> None:
    shown, sweeps = grouped(ROWS, ())
    assert _ids(shown) == ["run-0", "sweep", "run-1", "run-3", "run-2", "run-4"]
    (sweep,) = sweeps.values()
    assert sweep.words == "sweep lr  2 jobs, all done · best 1.659: run-3"
    assert sweep.best_id == ROWS[3].id


def test_folded_sweep_hides_its_jobs() -> None:
    assert _ids(grouped(ROWS, {"a1 lr"})[0]) == ["run-0", "sweep", "run-2", "run-4"]


def test_sweep_has_the_place_of_its_best_job_in_either_order() -> None:
    by_best = [ROWS[3], ROWS[0], ROWS[1]]
    assert _ids(grouped(by_best, (), by_best=True)[0]) == ["sweep", "run-3", "run-1", "run-0"]
    shown, sweeps = grouped(by_best[::-1], {"a1 lr"}, by_best=True)
    assert _ids(shown) == ["run-0", "sweep"]
    assert ids_of(shown, sweeps) == [ROWS[0].id, ROWS[1].id, ROWS[3].id]


def test_list_without_sweeps_is_unchanged() -> None:
    rows = [_row(0), _row(1)]
    assert grouped(rows, ())[0] is rows


def test_line_counts_states_and_names_the_best() -> None:
    _, sweeps = grouped([*ROWS, _row(5, "a1 lr", "running"), _row(6, "a1 lr", "validating_files")], ())
    (sweep,) = sweeps.values()
    text = "".join(text for text, _ in sweep_line(sweep, 80, UNICODE, is_cursor=True))
    assert text.rstrip() == ">▾ ✓2 ▸1 ◦1 sweep lr  4 jobs, 2 done · best 1.659: run-3"
    assert len(text) == 80
    ascii_line = "".join(text for text, _ in sweep_line(sweep._replace(is_folded=True), 60, ASCII, is_cursor=False))
    assert ascii_line.startswith(" > +2 >1")
    assert len(ascii_line) == 60


def test_jobs_of_a_sweep_have_a_sign_before_their_name() -> None:
    _, sweeps = grouped(ROWS, ())
    assert [with_branch(row, sweeps).suffix for row in ROWS[:2]] == ["run-0", "├ run-1"]
    assert with_branch(ROWS[4], sweeps).suffix == "run-4"


def test_line_names_the_key_that_compares_up_to_nine_jobs() -> None:
    assert comparison.MOST_RUNS == MOST_RUNS
    rows = [_row(number, "a1 lr") for number in range(10)]
    for number, has_key in ((9, True), (10, False)):
        (sweep,) = grouped(rows[:number], ())[1].values()
        line = sweep_line(sweep, 80, UNICODE, is_cursor=False, compare_key="C")
        assert ("".join(text for text, _ in line).rstrip().endswith("all done · C compares")) == has_key


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (80, "sweep lr  9 jobs, all done · best 1.659: run-3 · C compares"),
        (60, "sweep lr · best 1.659: run-3 · C compares"),
        (45, "lr · best 1.659: run-3 · C compares"),
        (40, "lr · best 1.659 · C compares"),
        (34, "best 1.659 · C compares"),
    ],
)
def test_narrow_line_keeps_the_best_and_the_key(cells: int, words: str) -> None:
    rows = [_row(number, "a1 lr", best=1.659 if number == 3 else 2.0) for number in range(9)]
    (sweep,) = grouped(rows, ())[1].values()
    line = "".join(text for text, _ in sweep_line(sweep, cells, UNICODE, is_cursor=False, compare_key="C"))
    assert line.rstrip() == f" ▾ ✓9    {words}"
    assert len(line) == cells
