"""Facts about the listed jobs after a refresh."""

import pytest

from fttui.models.loss_kinds import LossKinds
from fttui.models.row import JobRow
from fttui.models.summary import TRAIN, VALID, Summary
from fttui.ui.panes.job_lines import JobColumns, JobLines
from fttui.ui.render.columns import ListFacts
from fttui.ui.render.glyphs import UNICODE

TRAINING = JobRow("a", loss=1.0, summary=Summary(TRAIN, 1.0))


@pytest.fixture
def lines() -> JobLines:
    return JobLines(JobColumns(lambda: 80), UNICODE, lambda: 0.0)


def test_refresh_of_numbers_looks_at_the_changed_rows_only(lines: JobLines) -> None:
    class Unread(list[JobRow]):
        def __iter__(self) -> None:  # type: ignore[override]
            raise AssertionError("a row that did not change was looked at")

    before = ListFacts(losses=LossKinds(has_validation=True, has_training=True))
    after = lines.facts_after(before, [(TRAINING, TRAINING._replace(loss=0.5, step=9))], Unread([TRAINING]))
    assert after.losses == before.losses


def test_first_validation_of_the_last_job_without_one_renames_the_losses(lines: JobLines) -> None:
    validated = TRAINING._replace(summary=Summary(VALID, 2.0))
    before = lines.facts([TRAINING])
    assert before.losses.title == "TRAIN"
    assert lines.facts_after(before, [(TRAINING, validated)], [validated]).losses.title == "VALID"
