"""Any numbers of a server are judged."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.learning.alarms import check_job
from fttui.learning.comparison import Entry, compare
from fttui.learning.finding import JobState
from fttui.learning.run import Run, run_of
from fttui.learning.summary import summarize
from fttui.learning.words import loss_words, progress_parts
from fttui.models.status import Status
from tests.support.odd_runs import ODD_RUNS


@given(run=ODD_RUNS, status=st.sampled_from([Status.RUNNING, Status.SUCCEEDED, Status.QUEUED]))
@settings(max_examples=100)
def test_run_of_any_numbers_is_judged_and_told(run: Run, status: Status) -> None:
    summary = summarize(run)
    loss_words(summary)
    progress_parts(run, summary, 2e9)
    check_job(JobState(run, status, 2e9, created_at=1e9, last_event_at=1e9, waits=(1.0, 2.0, 3.0)))
    compare([Entry("a", "a", summary), Entry("b", "b", summary._replace(noise=1e90))])


def test_series_of_gaps_alone_is_kept() -> None:
    run = run_of([(step, {"train_loss": math.nan}, None) for step in range(1, 20)])
    assert len(run.train.not_finite) == 19
    assert [alarm.kind for alarm in check_job(JobState(run, Status.RUNNING)).alarms] == ["non_finite"]
