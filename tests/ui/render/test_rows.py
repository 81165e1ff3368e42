"""Rows of the job list at each width."""

import os
import subprocess
import sys

import pytest

from fttui.models.row import JobRow, short_id
from fttui.ui.render.glyphs import ASCII, UNICODE, glyphs_for
from fttui.ui.render.rows import (
    BY_NAME,
    COLUMNS,
    cell,
    count,
    counts_line,
    fit_columns,
    line_width,
    row_line,
    rule_line,
    spread,
)

ROW = JobRow(
    id="ftjob-abcdefgh12345678",
    status_text="running",
    model="gpt-4o-mini-2024-07-18",
    suffix="support-v3",
    method="supervised",
    created_at=1000.0,
    step=412,
    total_steps=1200,
    loss=0.83123,
)


def text(line: "list[tuple[str, str]]") -> str:
    return "".join(piece for piece, _ in line)


def test_a_row_at_80_columns() -> None:
    line = text(row_line(ROW, fit_columns(79), 1840.0, UNICODE, cursor=True))
    assert line.split() == [">▸", "run", "..12345678", "gpt-4o-mini-0718", "412/1200", "0.8312", "14m", "support-v3"]


@pytest.mark.parametrize("cells", range(20, 200, 7))
def test_a_row_never_exceeds_its_width(cells: int) -> None:
    columns = fit_columns(cells)
    assert line_width(row_line(ROW, columns, 1840.0, UNICODE)) <= cells
    assert [column for column in COLUMNS if column in dict(columns)] == [column for column, _ in columns]


def test_the_least_important_columns_are_dropped_first() -> None:
    assert [column.name for column, _ in fit_columns(40)] == ["status", "id", "loss", "age"]
    assert "suffix" not in [column.name for column, _ in fit_columns(59)]
    assert [column.name for column, _ in fit_columns(200)] == [column.name for column in COLUMNS]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (JobRow("x", "model_downloading"), "▸ run"),
        (JobRow("x", "sleeping"), "? sleep"),
        (JobRow("x", ""), "? ?"),
        (JobRow("x", "JOB_STATE_SUCCEEDED"), "✓ done"),
        (JobRow("x", "running", fault="not an object"), "▸ ?"),
    ],
)
def test_every_status_has_a_word(row: JobRow, words: str) -> None:
    assert text(row_line(row, fit_columns(80), 0.0, UNICODE)).strip().startswith(words)


def test_rows_with_ascii_glyphs_are_ascii() -> None:
    long = ROW._replace(model="m" * 80, suffix="s" * 80)
    assert text(row_line(long, fit_columns(120), 0.0, ASCII)).isascii()


def test_counts_leave_out_statuses_without_jobs() -> None:
    rows = [JobRow("a", "running"), JobRow("b", "validating_files"), JobRow("c", "queued"), JobRow("d", "failed")]
    assert text(counts_line(rows, UNICODE)) == "▸1 ◦2 ✗1"


@pytest.mark.parametrize(
    ("number", "short"),
    [(0, "0"), (9999, "9999"), (48_310, "48.3k"), (999_999, "1000k"), (1_200_000, "1.2M"), (3 * 10**12, "3.0T")],
)
def test_counts_fit_five_cells(number: int, short: str) -> None:
    assert count(number) == short


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (("status", "id", "suffix"), "✓ done ..7Qa91Lkx gone v3"),
        (("status", "id", "model"), "✓ gone ..7Qa91Lkx m"),
        (("id", "loss", "model"), "..7Qa91Lkx - gone m"),
    ],
)
def test_gone_job_is_marked_with_any_columns(names: tuple[str, ...], line: str) -> None:
    row = JobRow("ftjob-7Qa91Lkx", "succeeded", "m", "v3", gone=True)
    assert text(row_line(row, fit_columns(60, names), 0.0, UNICODE)).split() == line.split()


def test_long_ids_are_shortened_to_their_end() -> None:
    assert short_id("ftjob-abcdefgh12345678") == "..12345678"
    assert short_id("ft-1") == "ft-1"


@pytest.mark.parametrize("cells", [10, 20, 40, 80])
def test_status_row_and_rules_fill_their_width(cells: int) -> None:
    assert line_width(rule_line(cells, [("Log", "title")], "follow", UNICODE)) <= max(cells, 7)
    assert line_width(spread([("left side", "")], [("right", "")], cells, middle=[("mid", "")])) == cells


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "en_US.UTF-8"}, UNICODE),
        ({}, ASCII),
        ({"LANG": "C"}, ASCII),
        ({"LANG": "POSIX"}, ASCII),
        ({"LANG": "en_US"}, ASCII),
        ({"LC_CTYPE": "UTF-8"}, UNICODE),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, UNICODE),
        ({"LANG": "C.UTF-8"}, UNICODE),
        ({"LANG": "de_DE.ISO-8859-1"}, ASCII),
        ({"LANG": "de_DE@euro", "LC_ALL": "de_DE.UTF-8"}, UNICODE),
        ({"TERM": "linux", "LANG": "en_US.UTF-8"}, ASCII),
    ],
)
def test_glyphs_follow_the_locale(environment: dict[str, str], expected: object) -> None:
    assert glyphs_for("auto", environment) is expected


@pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="needs /proc")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, "False"), ({"LANG": "C"}, "False"), ({"LC_CTYPE": "C.UTF-8"}, "True"), ({"LANG": "C.UTF-8"}, "True")],
)
def test_glyphs_follow_the_locale_of_the_user_not_of_python(variables: dict[str, str], expected: str) -> None:
    code = "from fttui.ui.render.glyphs import glyphs_for; print(glyphs_for().unicode)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=True)
    assert done.stdout.strip() == expected


def test_the_glyphs_setting_overrides_the_locale() -> None:
    assert glyphs_for("ascii", {"LANG": "C.UTF-8"}) is ASCII
    assert glyphs_for("unicode", {"TERM": "linux"}) is UNICODE


def test_the_right_end_of_a_title_is_cut_to_fit() -> None:
    line = text(rule_line(40, [("Log", "title")], "follow · 'a long search' 3 of 11 · 100 events", UNICODE))
    assert len(line) == 40
    assert "follow" in line
    assert "…" in line


@pytest.mark.parametrize(
    ("loss", "text"), [(1.5, "1.5000"), (345.67, "345.7"), (1344.2, "1344.2"), (1.34e6, "1.3e+06")]
)
def test_a_loss_of_any_size_fits_its_column(loss: float, text: str) -> None:
    assert cell(ROW._replace(loss=loss), "loss", 0.0, UNICODE) == text
    assert len(text) <= BY_NAME["loss"].most
