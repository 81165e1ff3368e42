"""Headline of the selected job."""

from typing import Any

import pytest

from fttui.learning.alarms import Report, check_job
from fttui.learning.finding import JobState
from fttui.learning.summary import summarize
from fttui.models.job import Job
from fttui.models.row import JobRow
from fttui.models.wire import SENT
from fttui.ui.render.detail_lines import JobFacts
from fttui.ui.render.glyphs import ASCII, UNICODE, Glyphs
from fttui.ui.render.headline import headline
from tests.support.simulated_runs import real_run, until


def said(glyphs: Glyphs = UNICODE, facts: JobFacts = JobFacts(), **members: Any) -> str:  # noqa: B008
    job = Job.read({"id": "ftjob-1", "created_at": 1000, **members})
    return "".join(text for text, _ in headline(job, job.row(), facts, 2000.0, glyphs))


def test_a_failed_job_shows_its_reason() -> None:
    error = {"code": "invalid_file_format", "message": "Line 3 is not JSON"}
    assert said(status="failed", error=error) == " failed: Line 3 is not JSON"
    assert said(status="failed", error={"code": "x"}) == " failed: x"
    assert said(status="failed") == " failed: no reason given"


def test_run_with_a_broken_file_shows_it() -> None:
    sent = {"facts": {"problems": ["checkpoint-20/trainer_state.json is not complete.", "x" * 100]}}
    words = said(status="running", **{SENT: sent})
    assert words == " ! checkpoint-20/trainer_state.json is not complete. · 1 more in the detail"
    assert said(status="failed", error={"message": "Line 3"}, **{SENT: sent}) == " failed: Line 3"


def test_a_succeeded_job_shows_its_model_and_duration() -> None:
    words = said(status="succeeded", finished_at=1065, fine_tuned_model="ft:m:v3")
    assert words == " ft:m:v3 · took 1m 05s"
    assert said(status="succeeded", fine_tuned_model="ft:m:v3") == " ft:m:v3"


def running(name: str, step: int) -> tuple[Job, JobRow, JobFacts, float]:
    run = until(real_run(name), step)
    job = Job.read({"id": "ftjob-1", "created_at": 1000, "status": "running", "suffix": "ten-epochs"})
    state = JobState(run, job.status, run.times.values[-1], last_event_at=run.times.values[-1])
    row = job.row()._replace(summary=summarize(run))
    return job, row, JobFacts(run=run, report=check_job(state)), state.now


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (80, " step 540 of 900 · validation 1.83, best 1.74 at step 360 · about 20 s left"),
        (66, " 540/900 · valid 1.83, best 1.74 at 360 · about 20 s"),
    ],
)
def test_running_job_shows_step_losses_and_time_left(cells: int, expected: str) -> None:
    job, row, facts, now = running("overfit", 540)
    assert "".join(text for text, _ in headline(job, row, facts, now, UNICODE, cells)) == expected
    plain = "".join(text for text, _ in headline(job, row, facts, now, ASCII, cells))
    assert plain.isascii()


def test_running_job_whose_provider_is_unreachable_shows_no_time_left() -> None:
    job, row, facts, now = running("overfit", 540)
    facts = facts._replace(is_reachable=False)
    assert "left" not in "".join(text for text, _ in headline(job, row, facts, now, UNICODE))


def test_running_job_with_an_alarm_shows_the_alarm() -> None:
    job, row, facts, now = running("overfit", 640)
    assert headline(job, row, facts, now, UNICODE) == [
        (" ! ten-epochs: overfitting since step 360 · best 1.74, now 1.89", "warn")
    ]
    assert headline(job, row, facts, now, UNICODE, 60) == [
        (" ! overfitting since step 360 · best 1.74, now 1.89", "warn")
    ]


@pytest.mark.parametrize("status", ["queued", "running", "cancelled", "succeeded", "polishing"])
def test_a_job_without_facts_has_an_empty_headline(status: str) -> None:
    assert said(status=status) == ""


def test_a_queued_job_shows_the_number_of_jobs_before_it() -> None:
    job = Job.read({"id": "ftjob-1", "status": "queued"})
    assert headline(job, job.row(), JobFacts(), 0.0, UNICODE, ahead=2) == [(" queued behind 2 jobs", "dim")]
    assert headline(job, job.row(), JobFacts(), 0.0, UNICODE) == []


def test_running_job_shows_its_phase_before_the_first_step() -> None:
    phase = {"name": "downloading", "done": 412e6, "total": 1.2e9, "unit": "bytes", "finish": 2120}
    words = said(status="running", model="Qwen/Qwen3-0.6B", fttui={"phase": phase})
    assert words == " downloading Qwen/Qwen3-0.6B: 412.0 MB of 1.2 GB (34 %) · about 2 min left"
    assert said(status="paused", fttui={"phase": {"name": "\x1b"}}) == ""


ENGINE = {"engine": {"name": "lab", "kind": "slurm"}}


def at_engine(**life: Any) -> dict[str, Any]:
    return {**ENGINE, "life": {"state": "waiting", "reason": "Priority", "id": "4711", "since": 1700, **life}}


@pytest.mark.parametrize(
    ("status", "life", "expected"),
    [
        ("queued", {}, " waiting in Slurm: Priority (other jobs are first) · lab, job 4711 · 5m 00s"),
        ("queued", {"reason": "", "id": ""}, " waiting in Slurm · lab · 5m 00s"),
        ("running", {"state": "unknown", "since": None}, " Slurm does not answer"),
        ("running", {"state": "away", "since": None}, " the directory of its engine does not exist"),
    ],
)
def test_job_at_an_engine_shows_why_it_waits(status: str, life: dict[str, Any], expected: str) -> None:
    assert said(status=status, fttui=at_engine(**life)) == expected


def test_headline_of_a_job_at_an_engine_keeps_the_reason_when_there_is_little_room() -> None:
    job = Job.read({"id": "ftjob-1", "status": "queued", "fttui": at_engine()})
    line = headline(job, job.row(), JobFacts(), 2000.0, ASCII, 60)
    assert "".join(text for text, _ in line) == " waiting in Slurm: Priority (other jobs are first)"


def test_job_that_does_not_run_has_no_time_left() -> None:
    job, row, facts, now = running("overfit", 540)
    facts = facts._replace(report=Report())
    line = headline(job, row._replace(status_text="paused"), facts, now, UNICODE)
    assert "".join(text for text, _ in line) == " step 540 of 900 · validation 1.83, best 1.74 at step 360"
