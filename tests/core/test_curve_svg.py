"""Any numbers of a server are drawn as SVG."""

from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.core.curve_svg import drawing_of_run, drawing_of_runs, svg
from fttui.learning.run import Run
from tests.support.odd_runs import ODD_RUNS


@given(run=ODD_RUNS, is_log=st.booleans())
@settings(max_examples=60)
def test_svg_of_any_numbers_has_finite_coordinates(run: Run, is_log: bool) -> None:
    for text in (svg(drawing_of_run("n", run, is_log=is_log)), svg(drawing_of_runs([("a", run), ("b", run)], "t"))):
        ElementTree.fromstring(text)
        assert not {"nan", "inf"} & set(text.replace(",", " ").replace('"', " ").lower().split())
