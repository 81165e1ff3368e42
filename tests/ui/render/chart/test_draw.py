"""The drawing of curves."""

import math

import pytest
from rich.cells import cell_len

from fttui.learning.run import run_of
from fttui.ui.render.chart.draw import draw
from fttui.ui.render.chart.readout import readout
from fttui.ui.render.chart.view import ASCII, BLOCK, BRAILLE, Curves, Form, View, curves_of
from tests.support.simulated_runs import real_run, until, with_base


def _curves(values: list[float], name: str = "run") -> Curves:
    return curves_of(name, run_of([(step, {"train_loss": value}, None) for step, value in enumerate(values, 1)]))


def _text(curves: Curves | list[Curves], view: View) -> list[str]:
    picture = draw(curves if isinstance(curves, list) else [curves], view)
    return ["".join(text for text, _ in line) for line in picture.lines]


OVERFIT = """\
   3.0┤↑5.70┊2 · ┊3·   ┊4  ·┊5 ·  ┊6   ┊7  ·┊8 ·  ┊9   ┊10 ·
      │⢸⢧⡄  ┊    ┊     ┊    ┊     ┊    ┊    ┊     ┊    ┊
   2.5┤⠈⠘⡆⣸·┊  · ┊ ·   ┊   ·┊  ·  ┊·   ┊   ·┊  ·  ┊·   ┊   ·
      │ ⢻⠹⣄⣄┊⣠⢰ ⢰┊     ┊    ┊     ┊    ┊    ┊     ┊    ┊
   2.0┤·⠈⢹⠈⠳⢤⣀⣀⣀⡀⡀ ⡆ ⢠⣷⡀   ·⡀  ·  ┊·   ┊⣀⣀⣤o⣄⡀ ·  ┊·   ┊   ·  o valid   1.90
      │    ⠉⢹⡿⠿⠈⠉⠙⠋o⠙⠓⠲⠖⠖⠲⠖o✶⠖⠛⠒⠒⠖⠒o⠚⠉⠋⠉⠁   ┊     ┊    ┊      ✶ best    1.74
   1.5┤·   ·┊⠁ · ┊⣿⢸⠻⠋⠛⠈⠉⠓⠚⠙⠙⢦⣀⣀⣀⣠⡄⣆⢀⣦⣧┊   ⡆┊  ·  ┊·   ┊   ·
      │     ┊    ┊⠃    ⠹⠙⠃  ⠘⣿⠈⠉⠻⠛⠙⠓⠦⠤⠖⢦⡀⣀⣶⣇⣴     ┊    ┊
   1.0┤·   ·┊  · ┊ ·   ┊   ·┊⠙ ·  ⠇⠟⠏⠉⠉⣿⠛⠒⠛⠒⠻⡄ ·  ┊·   ┊   ·  ⠤⠤ train 0.985
      │     ┊    ┊     ┊    ┊     ┊    ⠙↓0.632    ┊    ┊
      └┬────▴────▴─┬───▴────✶──┬──▴────▴──┬─▴─────────┬──────
       0          200         400        600         800      step"""


def test_running_job_shows_losses_best_checkpoints_and_epochs() -> None:
    curves = curves_of("overfit", until(real_run("overfit"), 640), is_live=True)
    assert [line.rstrip() for line in _text(curves, View(76, 12))] == OVERFIT.splitlines()


@pytest.mark.parametrize("form", [BRAILLE, BLOCK, ASCII])
@pytest.mark.parametrize(("cells", "rows"), [(20, 5), (20, 3), (59, 9), (60, 9), (116, 36)])
@pytest.mark.parametrize("names", [("good",), ("good", "diverge-x2000", "overfit")])
def test_picture_has_exactly_its_size(form: Form, cells: int, rows: int, names: tuple[str, ...]) -> None:
    curves = [curves_of(name, real_run(name)) for name in names]
    for view in (View(cells, rows, form), View(cells, rows, form, is_log=True, is_whole=True, cursor=12.0)):
        lines = _text(curves, view)
        assert [len(line) for line in lines] == [cells] * rows
        assert form is not ASCII or all(line.isascii() for line in lines)


def test_picture_without_points_has_its_size() -> None:
    assert [len(line) for line in _text(_curves([]), View(40, 8))] == [40] * 8


def test_single_spike_among_many_points_is_visible() -> None:
    values = [2.0 + math.sin(index / 900) for index in range(30_000)]
    values[17_321] = 9.0
    assert any("↑9.00" in line for line in _text(_curves(values), View(80, 12)))


def test_steep_start_does_not_flatten_the_rest() -> None:
    values = [900.0, 300.0, *(2.0 - index / 400 for index in range(300))]
    run = run_of([(step, {"train_loss": value}, None) for step, value in enumerate(values, 1)])
    picture = draw([curves_of("run", run, smooth=0.0)], View(70, 12))
    assert "↑900" in "".join(text for text, _ in picture.lines[0])
    assert picture.y_range[1] < 5


def test_value_that_is_not_finite_is_a_gap_with_a_mark_and_a_note() -> None:
    values = [2.0] * 20 + [math.nan] * 10 + [1.0] * 20
    picture = draw([_curves(values)], View(70, 10))
    assert picture.notes == ["10 values are not finite, the first at step 21"]
    assert "×" in "".join(text for text, _ in picture.lines[-2])
    middle = ["".join(text for text, _ in line)[7:] for line in picture.lines[:-2]]
    assert all(line[26] in " ·" for line in middle)


def test_line_that_ends_without_a_number_says_so_in_legend_and_readout() -> None:
    curves = _curves([2.0] * 20 + [math.nan] * 10)
    assert any(line.endswith("train   nan") for line in _text(curves, View(70, 10)))
    assert any(line.rstrip().endswith("1 run    nan") for line in _text([curves, _curves([1.0])], View(70, 10)))
    assert "".join(text for text, _ in readout([curves], View(70, 10))) == " step 30  train nan"


def test_legend_without_a_row_for_each_run_counts_the_others() -> None:
    runs = [_curves([9.0 - number], f"r{number}") for number in range(1, 10)]
    named = [line[64:].split() for line in _text(runs, View(76, 8))[:6]]
    assert sorted(line[1] for line in named if len(line) == 3) == ["r1", "r2", "r3", "r4", "r5"]
    assert named[-1] == ["4", "more"]
    front = _text(runs, View(76, 8, front=8))
    assert any("9 r9" in line for line in front)


def test_log_axis_leaves_out_values_of_zero_and_says_so() -> None:
    picture = draw([_curves([0.0, 10.0, 1.0, 0.1])], View(60, 10, is_log=True))
    assert picture.notes == ["Values of 0 and below are not shown on a log axis."]


def test_range_stays_while_values_fit_and_fill_it() -> None:
    view = View(70, 10)
    before = draw([_curves([5.0, 4.0, 3.0])], view)
    after = draw([_curves([5.0, 4.0, 3.0, 3.5])], view._replace(y_range=before.y_range))
    assert after.y_range == before.y_range
    moved = draw([_curves([5.0, 4.0, 3.0, 90.0])], view._replace(y_range=before.y_range))
    assert moved.y_range != before.y_range


def test_epoch_axis_compares_runs_of_different_length() -> None:
    short, long = (curves_of(name, real_run(name), unit="epoch") for name in ("good", "overfit"))
    assert (short.total, long.total) == (3.0, 10.0)
    assert short.valid.steps[-1] == pytest.approx(3.0)
    assert _text([short, long], View(80, 10, unit="epoch"))[-1].rstrip().endswith("epoch")


def test_time_axis_shows_durations() -> None:
    curves = curves_of("good", real_run("good"), unit="time")
    assert "10s" in _text(curves, View(80, 10, unit="time"))[-1]


def test_hidden_run_is_not_drawn() -> None:
    curves = [curves_of(name, real_run(name)) for name in ("good", "overfit")]
    roles = {role for line in draw(curves, View(80, 12, hidden=frozenset({1}))).lines for _, role in line}
    assert "run1" in roles
    assert "run2" not in roles


@pytest.mark.parametrize("name", ["模型" * 8, "e\u0301te\u0301", "a" * 64])
def test_name_of_any_width_keeps_the_size_and_its_value(name: str) -> None:
    curves = [curves_of(each, real_run("good")) for each in (name, "b")]
    for cells in (60, 116):
        lines = _text(curves, View(cells, 12))
        assert {cell_len(line) for line in lines} == {cells}
        assert sum("1.66" in line for line in lines) == 2


def test_runs_are_told_apart_by_digits_without_colour() -> None:
    lines = _text([curves_of(name, real_run(name)) for name in ("good", "overfit")], View(80, 12))
    assert sum(line.count("1") for line in lines[:-2]) >= 3
    assert sum(line.count("2") for line in lines[:-2]) >= 3


def test_readout_names_raw_and_smoothed_values_under_the_cross_hair() -> None:
    curves = curves_of("overfit", until(real_run("overfit"), 640))
    text = "".join(text for text, _ in readout([curves], View(76, 12, cursor=452)))
    assert text == " step 452  epoch 6  train 1.44 (smoothed 1.46)  valid 1.75 (smoothed 1.76)"


def test_readout_without_cross_hair_has_the_last_values() -> None:
    text = "".join(text for text, _ in readout([_curves([3.0, 2.0])], View(76, 12)))
    assert text == " step 2  train 2.00"


def test_validation_line_begins_at_the_base_model_and_its_smoothing_does_not() -> None:
    plain = until(real_run("overfit"), 640)
    before, curves = curves_of("overfit", plain), curves_of("overfit", with_base(plain, 5.61))
    assert curves.base == (0, 5.61)
    assert (curves.valid_line, curves.best) == (before.valid_line, before.best)
    first = [line[7] for line in _text(curves, View(76, 12, is_whole=True))]
    assert first[1] == first[2] == "⡇", "a line from the base model down to the first validation"
    assert "↑5.70" in _text(curves, View(76, 12))[0], "the range is that of the training"
    zoomed = View(76, 12, zoom=(100.0, 300.0))
    assert _text(curves, zoomed) == _text(before, zoomed)
    spans = readout([curves], View(76, 12, cursor=0.0))
    assert "".join(text for text, _ in spans) == " step 0  base model  valid 5.61"
    both = readout([curves, before], View(76, 12, cursor=0.0))
    assert "".join(text for text, _ in both) == " step 0  1 overfit 5.61  2 overfit 5.38"


def test_base_model_alone_and_without_single_validations_is_a_point_of_the_line() -> None:
    alone = curves_of("run", run_of([(0, {"full_valid_loss": 5.61}, None)], total_steps=100))
    assert (alone.valid.steps, alone.best) == ([0], None)
    assert any("o" in line for line in _text(alone, View(40, 8)))
    whole = curves_of(
        "run", run_of([(step, {"full_valid_loss": 5.0 - step / 10}, None) for step in (0, 10, 20)], total_steps=30)
    )
    assert (whole.valid.values, whole.base, whole.best) == ([5.0, 4.0, 3.0], None, (20, 3.0))
