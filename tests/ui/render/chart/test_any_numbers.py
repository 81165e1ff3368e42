"""Any numbers of a server are drawn."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.learning.run import Run
from fttui.ui.render.chart.draw import draw
from fttui.ui.render.chart.readout import readout
from fttui.ui.render.chart.view import AXES, FORMS, View, curves_of
from tests.support.odd_runs import ODD_RUNS


@given(run=ODD_RUNS, data=st.data())
@settings(max_examples=60)
def test_curve_of_any_numbers_has_its_size(run: Run, data: Any) -> None:
    view = View(
        data.draw(st.sampled_from([20, 60, 116])),
        data.draw(st.sampled_from([3, 5, 12, 30])),
        data.draw(st.sampled_from(list(FORMS.values()))),
        is_log=data.draw(st.booleans()),
        is_whole=data.draw(st.booleans()),
        unit=data.draw(st.sampled_from(AXES)),
        cursor=data.draw(st.sampled_from([None, 1.0, 1e300])),
    )
    curves = [curves_of("n", run, unit=view.unit, is_live=data.draw(st.booleans()))] * data.draw(st.integers(1, 2))
    lines = ["".join(text for text, _ in line) for line in draw(curves, view).lines]
    assert [len(line) for line in lines] == [view.cells] * view.rows
    readout(curves, view)
