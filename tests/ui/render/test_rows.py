"""Rows of the job list at each width."""

import os
import subprocess
import sys

import pytest

from fttui.models.row import JobRow, short_id
from fttui.models.summary import Summary
from fttui.text import count
from fttui.ui.render.columns import BY_NAME, COLUMNS, facts_of, fit_columns
from fttui.ui.render.glyphs import ASCII, UNICODE, glyphs_for
from fttui.ui.render.rows import (
    RowView,
    cell,
    counts_line,
    header_line,
    line_width,
    row_line,
    rule_line,
    setting_cell,
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


OTHER = ROW._replace(model="fttui-tiny-1")
VALID = ROW._replace(summary=Summary("valid_loss", 1.886, 640, 1.738, 360, 0.985))


def text(line: "list[tuple[str, str]]") -> str:
    return "".join(piece for piece, _ in line)


def test_a_row_at_80_columns() -> None:
    line = text(row_line(ROW, fit_columns(79, facts=facts_of([ROW, OTHER])), 1840.0, UNICODE, RowView(is_cursor=True)))
    assert line.split() == [
        *(">▸", "run", "support-v3", "..12345678", "gpt-4o-mini-0718", "412/1200", "0.831", "-", "14m")
    ]


@pytest.mark.parametrize("cells", range(20, 200, 7))
def test_a_row_never_exceeds_its_width(cells: int) -> None:
    for facts in (None, facts_of([ROW, VALID]), facts_of([ROW] * 2)):
        columns = fit_columns(cells, facts=facts)
        assert line_width(row_line(ROW, columns, 1840.0, UNICODE, RowView(marks_training=True))) <= cells
        assert [column for column in COLUMNS if column in dict(columns)] == [column for column, _ in columns]


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (40, "status ! name loss age"),
        (59, "status ! name step loss best age"),
        (69, "status ! name id step loss best at age"),
        (79, "status ! name id step loss best at train age"),
        (101, "status ! name id step loss best at train gap epochs lr batch age"),
        (116, "status name id step loss best at train gap epochs lr batch age alarm"),
    ],
)
def test_columns_leave_in_their_order(cells: int, names: str) -> None:
    facts = facts_of([VALID._replace(suffix="ten-epochs-b4"), VALID])
    assert [column.name for column, _ in fit_columns(cells, facts=facts)] == names.split()


def test_gain_has_a_column_when_a_job_has_one_and_a_role_by_noise() -> None:
    summary = Summary("full_valid_loss", 1.886, 640, 1.738, 360, 0.985, noise=0.01, base=5.61)
    gained = VALID._replace(summary=summary)
    for base, text, role in ((5.61, "+3.872", "best"), (1.74, "+0.002", ""), (1.6, "-0.138", "warn")):
        row = VALID._replace(summary=summary._replace(base=base))
        assert cell(row, "gain", 0.0, UNICODE) == text
        columns = fit_columns(30, ("gain",), facts=facts_of([row]))
        assert (f"{text:>6}", role) in row_line(row, columns, 0.0, UNICODE)
    assert cell(VALID, "gain", 0.0, UNICODE) == "-"
    assert "gain" in [column.name for column, _ in fit_columns(79, facts=facts_of([gained, VALID]))]
    names = [column.name for column, _ in fit_columns(100, facts=facts_of([gained, VALID]))]
    assert names[names.index("at") + 1] == "gain"
    assert "gain" not in [column.name for column, _ in fit_columns(300, facts=facts_of([VALID]))]


def test_wide_list_shows_every_column_with_the_word_for_an_alarm_in_place_of_its_mark() -> None:
    shown = [column.name for column, _ in fit_columns(300, has_profiles=True)]
    assert shown == [column.name for column in COLUMNS if column.name != "!"]


def test_column_with_equal_cells_is_hidden_and_its_value_is_told() -> None:
    local = VALID._replace(model="fttui-tiny-1", method="supervised")
    facts = facts_of([local, local], lambda _: "free")
    assert facts.equal() == {"model": "fttui-tiny-1", "method": "supervised", "cost": "free"}
    assert {"model", "method", "cost"}.isdisjoint(column.name for column, _ in fit_columns(300, facts=facts))


def test_id_has_no_column_where_every_name_is_the_id() -> None:
    runs = [ROW._replace(id=name, suffix=name) for name in ("exp/a", "exp/b")]
    assert "id" not in [column.name for column, _ in fit_columns(300, facts=facts_of(runs))]
    assert "id" in [column.name for column, _ in fit_columns(300, facts=facts_of([*runs, ROW]))]
    assert "id" in [column.name for column, _ in fit_columns(300, facts=facts_of([]))]


def test_model_stays_as_long_as_the_id_where_models_differ() -> None:
    facts = facts_of([VALID, VALID._replace(model="fttui-tiny-1")])
    shown = [[column.name for column, _ in fit_columns(cells, facts=facts)] for cells in range(40, 120)]
    assert all(("model" in names) <= ("id" in names) and ("at" in names) <= ("model" in names) for names in shown)


def test_steps_are_never_cut() -> None:
    facts = facts_of([VALID._replace(step=210, total_steps=1800)])
    for cells in range(40, 120):
        for has_profiles in (False, True):
            fitted = fit_columns(cells, facts=facts, has_profiles=has_profiles)
            assert all(width >= len("210/1800") for column, width in fitted if column.name == "step")


def test_profile_stays_as_long_as_the_age_with_several_profiles() -> None:
    facts = facts_of([VALID])
    assert "profile" not in [column.name for column, _ in fit_columns(300, facts=facts)]
    assert "profile" in [column.name for column, _ in fit_columns(60, facts=facts, has_profiles=True)]


@pytest.mark.parametrize(
    ("rows", "title", "cells"),
    [
        (["valid", "none"], "VALID", ["1.886", "-"]),
        (["train", "none"], "TRAIN", ["0.831", "-"]),
        (["valid", "train", "none"], "LOSS", ["1.886", "0.831t", "-"]),
    ],
)
def test_heading_of_the_loss_tells_its_kind(rows: list[str], title: str, cells: list[str]) -> None:
    known = {"valid": VALID, "train": ROW, "none": JobRow("c", "queued")}
    facts = facts_of([known[name] for name in rows])
    columns = fit_columns(60, ["loss"], facts=facts)
    view = RowView(marks_training=facts.losses.is_mixed)
    assert text(header_line(columns, loss_title=facts.losses.title)).split()[-1] == title
    assert [text(row_line(known[name], columns, 0.0, UNICODE, view)).strip() for name in rows] == cells


def test_best_loss_is_green_where_the_last_one_is_equal_to_it() -> None:
    columns = fit_columns(60, ["best"])
    assert (" 1.738", "") in row_line(VALID, columns, 0.0, UNICODE)
    equal = VALID._replace(summary=VALID.summary._replace(last=1.75, noise=0.01))
    assert (" 1.738", "best") in row_line(equal, columns, 0.0, UNICODE)


def test_numbers_of_an_unread_log_are_an_ellipsis() -> None:
    line = row_line(
        JobRow("a", "succeeded"), fit_columns(60, ["loss", "best", "lr"]), 0.0, UNICODE, RowView(is_unread=True)
    )
    assert text(line).split() == ["…", "…", "-"]


def test_alarm_has_a_mark_and_a_word_unless_its_kind_is_off() -> None:
    columns = fit_columns(60, ["!", "alarm"])
    row = VALID._replace(alarms="overfitting,plateau")
    assert text(row_line(row, columns, 0.0, UNICODE)).split() == ["!", "overfitting"]
    assert text(row_line(row._replace(status_text="succeeded"), columns, 0.0, UNICODE)).split() == ["!", "overfit"]
    off = RowView(alarms_off=frozenset({"overfitting", "plateau"}))
    assert text(row_line(row, columns, 0.0, UNICODE, off)).split() == []


def test_top_row_counts_alarms_of_live_jobs_and_of_those_that_ended_within_a_day() -> None:
    alarmed = VALID._replace(alarms="overfitting")
    rows = [alarmed, *(alarmed._replace(status_text="succeeded", finished_at=at) for at in (10.0, 100_000.0)), VALID]
    assert text(counts_line(rows, 100_001.0, UNICODE)) == "▸2 ✓2  !2"
    assert text(counts_line(rows, 100_001.0, UNICODE, {"overfitting"})) == "▸2 ✓2"


def test_arrow_of_the_order_is_behind_its_heading() -> None:
    titles = [
        text(header_line(fit_columns(90, ["best", "epochs"]), sort=name, arrow="↑")) for name in ("best", "epochs")
    ]
    assert [title.removeprefix(">").split() for title in titles] == [["BEST↑", "EPOCHS"], ["BEST", "EPOCH↑"]]


@pytest.mark.parametrize(
    ("sent", "shown"), [("1e-05", "1e-5"), ("0.0001", "1e-4"), ("2", "2"), ("1.8", "1.8"), ("auto", "auto"), ("", "-")]
)
def test_settings_are_short(sent: str, shown: str) -> None:
    assert setting_cell(sent) == shown


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
    assert text(counts_line(rows, 0.0, UNICODE)) == "▸1 ◦2 ✗1"


def test_counts_leave_out_jobs_that_were_live_when_they_disappeared() -> None:
    rows = [JobRow("a", "running"), JobRow("b", "running", gone=True), JobRow("c", "succeeded", gone=True)]
    assert text(counts_line(rows, 0.0, UNICODE)) == "▸1 ✓1"


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
        (("status", "name", "suffix"), "✓ done gone v3 v3"),
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
    ("loss", "text"),
    [
        (1.5, "1.500"),
        (345.67, "345.7"),
        (1344.2, "1344"),
        (1.34e6, "1e6"),
        (-0.5, "-0.500"),
        (0.00103, ".0010"),
        (0.0049, ".0049"),
        (0.00034, "3e-4"),
        (-0.00103, "-.0010"),
        (0.0, "0.000"),
    ],
)
def test_a_loss_of_any_size_fits_its_column(loss: float, text: str) -> None:
    assert cell(ROW._replace(loss=loss), "loss", 0.0, UNICODE) == text
    assert len(text) <= BY_NAME["loss"].most


@pytest.mark.parametrize(("gain", "text"), [(0.00103, "+.0010"), (-0.00103, "-.0010"), (0.00034, "+3e-4")])
def test_small_gain_fits_its_column_and_is_not_0(gain: float, text: str) -> None:
    summary = Summary("full_valid_loss", 1.0, 9, 1.0, 9, base=1.0 + gain)
    assert cell(ROW._replace(summary=summary), "gain", 0.0, UNICODE) == text


def test_loss_that_is_not_finite_is_nan_and_the_best_stays() -> None:
    lost = ROW._replace(loss=1.5, summary=Summary("valid_loss", None, 99, 1.6, 90, None, 1.5, not_finite=200))
    cells = [cell(lost, name, 0.0, UNICODE) for name in ("loss", "best", "train", "gap")]
    assert cells == ["nan", "1.600", "nan", "-"]
    assert lost.judged_loss is None
    assert ("    nan", "warn") in row_line(lost, fit_columns(80), 0.0, UNICODE)
    never = ROW._replace(loss=None, summary=Summary(not_finite=3))
    assert [cell(never, name, 0.0, UNICODE) for name in ("loss", "best", "train")] == ["nan", "-", "nan"]
