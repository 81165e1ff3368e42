"""Curves as SVG: any numbers of a server, and the base model."""

from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.core.curve_svg import drawing_of_run, drawing_of_runs, svg
from fttui.learning.run import Run, run_of
from fttui.learning.summary import summarize
from tests.support.odd_runs import ODD_RUNS
from tests.support.simulated_runs import real_run, with_base


@given(run=ODD_RUNS, is_log=st.booleans())
@settings(max_examples=60)
def test_svg_of_any_numbers_has_finite_coordinates(run: Run, is_log: bool) -> None:
    for text in (svg(drawing_of_run("n", run, is_log=is_log)), svg(drawing_of_runs([("a", run), ("b", run)], "t"))):
        ElementTree.fromstring(text)
        assert not {"nan", "inf"} & set(text.replace(",", " ").replace('"', " ").lower().split())


def test_validation_line_begins_at_the_base_model_which_is_not_the_best() -> None:
    run = with_base(real_run("good"), 0.5)
    drawing = drawing_of_run("n", run)
    validation = next(line for line in drawing.lines if line.name == "validation")
    assert validation.points[0][0] == (0.0, 0.5)
    assert drawing.best == drawing_of_run("n", real_run("good")).best
    assert drawing_of_runs([("a", run)], "t").lines[0].points[0][0] == (0.0, 0.5)


def test_best_of_a_smoothed_loss_is_that_of_the_list() -> None:
    losses = [1.0, 3.0, 3.0, 3.0, 2.5, 2.4, 2.6]
    run = run_of([(step, {"train_loss": 1.0, "valid_loss": loss}, None) for step, loss in enumerate(losses, 1)])
    summary = summarize(run)
    assert drawing_of_run("n", run).best == (summary.best_step, summary.best) == (6, 2.4)
