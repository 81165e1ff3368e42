"""Headline of the selected job."""

from typing import Any

import pytest

from fttui.models.job import Job
from fttui.models.row import EventRow
from fttui.ui.render.detail_lines import JobFacts
from fttui.ui.render.glyphs import ASCII, UNICODE, Glyphs
from fttui.ui.render.headline import headline, trend


def said(glyphs: Glyphs = UNICODE, facts: JobFacts = JobFacts(), **members: Any) -> str:  # noqa: B008
    job = Job.read({"id": "ftjob-1", "created_at": 1000, **members})
    return "".join(text for text, _ in headline(job, job.row(), facts, 2000.0, glyphs))


def test_a_failed_job_shows_its_reason() -> None:
    error = {"code": "invalid_file_format", "message": "Line 3 is not JSON"}
    assert said(status="failed", error=error) == " failed: Line 3 is not JSON"
    assert said(status="failed", error={"code": "x"}) == " failed: x"
    assert said(status="failed") == " failed: no reason given"


def test_a_succeeded_job_shows_its_model_and_duration() -> None:
    words = said(status="succeeded", finished_at=1065, fine_tuned_model="ft:m:v3")
    assert words == " ft:m:v3 · took 1m 05s"
    assert said(status="succeeded", fine_tuned_model="ft:m:v3") == " ft:m:v3"


def test_a_running_job_shows_loss_trend_and_time_left() -> None:
    events = [EventRow(n, f"e{n}", 1900.0 + n, "info", "metrics", "", f'{{"step": {n}}}') for n in range(1, 21)]
    facts = JobFacts(losses=[2 - n / 100 for n in range(60)], validation=1.5, last_events=events)
    job = Job.read({"id": "ftjob-1", "created_at": 1000, "status": "running"})
    row = job.row()._replace(step=20, total_steps=220)
    words = "".join(text for text, _ in headline(job, row, facts, 1920.0, UNICODE))
    assert words.startswith(" loss 1.41 ")
    assert "down 0.49 in 50 steps · 3m" in words
    plain = "".join(text for text, _ in headline(job, row, facts, 1920.0, ASCII))
    assert plain.startswith(" loss 1.41 , valid 1.5 , down 0.49")
    assert plain.isascii()


@pytest.mark.parametrize("status", ["queued", "running", "cancelled", "succeeded", "polishing"])
def test_a_job_without_facts_has_an_empty_headline(status: str) -> None:
    assert said(status=status) == ""


def test_a_trend_needs_enough_finite_values() -> None:
    assert trend([1.0] * 9) == ""
    assert trend([float("nan"), *[1.0] * 20]) == "level over 20 steps"
    assert trend([n / 10 for n in range(11)]) == "up 1 in 11 steps"


def test_a_slope_within_noise_is_level() -> None:
    assert trend([1.0, 1.2] * 25) == "level over 50 steps"
    assert trend([1.0 - n / 500 + (n % 2) / 50 for n in range(50)]).startswith("down 0.")


def test_a_queued_job_shows_the_number_of_jobs_before_it() -> None:
    job = Job.read({"id": "ftjob-1", "status": "queued"})
    assert headline(job, job.row(), JobFacts(), 0.0, UNICODE, ahead=2) == [(" queued behind 2 jobs", "dim")]
    assert headline(job, job.row(), JobFacts(), 0.0, UNICODE) == []


def test_a_large_change_of_the_loss_has_no_exponent() -> None:
    assert trend([float(step * 40) for step in range(20)]) == "up 760 in 20 steps"
