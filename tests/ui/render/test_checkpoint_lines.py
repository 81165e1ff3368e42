"""Lines of the checkpoints pane."""

from typing import NamedTuple

import pytest

from fttui.learning.checkpoints import judged_checkpoints
from fttui.text import width
from fttui.ui.render.checkpoint_lines import CheckpointLines, end_of
from fttui.ui.render.glyphs import ASCII, UNICODE
from fttui.ui.render.rows import Line
from tests.support.simulated_runs import real_run, until

NOW = 1_795_847_900.0


class Sent(NamedTuple):
    id: str
    step_number: int | None
    created_at: float | None
    fine_tuned_model_checkpoint: str
    metrics: dict[str, float]
    size: int | None = None


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> CheckpointLines:
    monkeypatch.setenv("TZ", "UTC")
    run = until(real_run("overfit"), 640)
    found = CheckpointLines(UNICODE)
    found.judged = judged_checkpoints(
        [
            Sent(f"c{step}", step, NOW - 640 + step, f"ft:fttui-tiny-1:local:ten-epochs:xlEvAy7s:ckpt-step-{step}", {})
            for step in run.checkpoints
        ],
        run,
    )
    return found


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


def shown(table: CheckpointLines, cells: int) -> list[str]:
    return [text(table.line(row, cells, NOW, cursor=row.step == 360)) for row in table.ordered]


def test_table_has_the_newest_first_and_marks_the_best(table: CheckpointLines) -> None:
    lines = shown(table, 80)
    assert text(table.heading(80)) == "    STEP EPOCH   VALID   TRAIN    GAP     SAVED  MODEL"
    assert len(lines) == 7
    assert lines[0].startswith("     630     7   1.886   1.1")
    assert lines[0].endswith("  …-epochs:xlEvAy7s:ckpt-step-630")
    assert lines[3].startswith(">✶   360     4   1.738   1.")
    assert [line for line in lines if "✶" in line] == [lines[3]]


def test_sizes_are_shown_where_they_are_known(table: CheckpointLines) -> None:
    rows = [row._replace(size=1_400_000) for row in table.judged.rows]
    table.judged = table.judged._replace(rows=rows, best=rows[3])
    assert text(table.heading(80)) == "    STEP EPOCH   VALID   TRAIN    GAP     SIZE     SAVED  MODEL"
    assert "   1.4 MB  " in shown(table, 80)[0]


@pytest.mark.parametrize(
    ("cells", "titles"),
    [
        (200, "STEP EPOCH VALID TRAIN GAP SAVED MODEL"),
        (65, "STEP EPOCH VALID TRAIN GAP SAVED MODEL"),
        (64, "STEP EPOCH VALID TRAIN GAP MODEL"),
        (54, "STEP EPOCH VALID TRAIN MODEL"),
        (47, "STEP EPOCH VALID MODEL"),
        (39, "STEP VALID MODEL"),
        (30, "STEP VALID MODEL"),
    ],
)
def test_columns_leave_before_the_end_of_a_model_does(table: CheckpointLines, cells: int, titles: str) -> None:
    assert text(table.heading(cells)).split() == titles.split()
    for line in shown(table, cells):
        assert width(line) <= cells
        assert line.rstrip()[-2:].isdigit()
        assert "…" in line or cells == 200


def test_sort_goes_through_the_columns_with_an_arrow(table: CheckpointLines) -> None:
    orders = []
    for _ in range(4):
        orders.append((text(table.heading(80)).split(), table.ordered[0].step))
        table.next_sort()
    assert [first for _, first in orders] == [630, 360, 630, 90]
    assert ["VALID↑" in titles for titles, _ in orders] == [False, True, False, False]
    assert "TRAIN↑" in orders[2][0]
    assert table.sort == "step"


def test_sentence_fits_the_row(table: CheckpointLines) -> None:
    assert text(table.sentence(80)) == " ✶ Step 360 is best: validation 1.738. The last one is 0.149 worse."
    assert text(table.sentence(60)) == " ✶ Step 360 is best: validation 1.738."
    assert text(table.sentence(200)).endswith("Steps 270 and 450 are equal to it within noise (±0.034).")
    assert CheckpointLines(UNICODE).sentence(80) == []


def test_model_that_is_gone_says_so(table: CheckpointLines) -> None:
    table.gone = frozenset({table.judged.rows[0].model})
    assert shown(table, 80)[-1].rstrip().endswith("no longer kept")


def test_old_checkpoint_has_its_date(table: CheckpointLines) -> None:
    (row, *_) = table.ordered
    assert text(table.line(row, 80, NOW + 10 * 86400, cursor=False)).split()[5] == "26-11-28"


def test_name_loses_its_beginning() -> None:
    assert end_of("ft:model:ckpt-step-90", 12) == "…kpt-step-90"
    assert end_of("short", 12) == "short"
    assert end_of("模型模型模型", 6, ASCII.cut) == "~模型"
