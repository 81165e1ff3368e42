"""`fttui jobs watch`: one sentence per change, and the exit code."""

import json
from pathlib import Path
from typing import Any

import pytest

from fttui.cli.jobs.run_progress import loss_words
from fttui.models.event import Event
from tests.cli.conftest import Fttui
from tests.support.clock import FakeClock
from tests.support.fault_server import Step, hang_up, refuse, send_json
from tests.support.service import NOW, Service, job

JOB = "GET /fine_tuning/jobs/ftjob-001"
EVENTS = "GET /fine_tuning/jobs/ftjob-001/events"


def metrics(step: int, total: int = 100, loss: float = 1.5) -> dict[str, Any]:
    return event(f"m{step}", "Step", data={"step": step, "total_steps": total, "train_loss": loss}, type="metrics")


def event(id: str, message: str, level: str = "info", **more: Any) -> dict[str, Any]:
    shape = {"object": "fine_tuning.job.event", "id": id, "created_at": NOW, "level": level, "message": message}
    return {**shape, **more}


def page(*newest_first: dict[str, Any]) -> Step:
    return send_json({"object": "list", "data": list(newest_first), "has_more": False})


def test_progress_has_the_newest_validation_loss_over_the_whole_file() -> None:
    def at(step: int, **metrics: float) -> Event:
        return Event.read({"id": f"e{step}", "type": "metrics", "data": {"step": step, "total_steps": 9, **metrics}})

    newest = at(3, train_loss=1.5, valid_loss=9.0)
    assert loss_words(newest, [at(2, train_loss=1.7, full_valid_loss=1.25), newest]) == (
        "training loss 1.5, validation loss 1.25 at step 2"
    )
    assert loss_words(newest, [newest]) == "training loss 1.5, validation loss 9"


def test_watch_reports_a_job_from_queued_to_succeeded(fttui: Fttui, service: Service, clock: FakeClock) -> None:
    warning = event("w", "one example was\x1b[31m skipped", "warn")
    end = job(1, "succeeded", suffix="x", fine_tuned_model="ft:m:o:x:1", finished_at=NOW - 100_000 + 60 + 125)
    service.faults[JOB] = [
        send_json(job(1, "queued", suffix="x")),
        send_json(job(1, "running", suffix="x")),
        hang_up(),
        *[refuse(503, "away")] * 20,
        send_json(job(1, "running", suffix="x")),
        send_json(job(1, "running", suffix="x")),
        send_json(end),
    ]
    first = [metrics(9), metrics(1)]
    second = [warning, metrics(11), *first]
    third = [metrics(100), metrics(35, loss=0.123456), metrics(31), *second]
    service.faults[EVENTS] = [page(*first), page(*second), page(*second), page(*third)]
    result = fttui("jobs", "watch", "ftjob-001", "--plain")
    assert result.lines == [
        "ftjob-001 (x) is queued, model gpt-4.1-nano.",
        "ftjob-001 (x) is now running.",
        "ftjob-001 (x): warning: one example was[31m skipped",
        "ftjob-001 (x) is at step 11 of 100, training loss 1.5.",
        "ftjob-001 (x) is at step 100 of 100, training loss 1.5.",
        "ftjob-001 (x) has succeeded after 2m 05s: its model is ft:m:o:x:1.",
    ]
    assert result.code == 0
    assert result.err.count("trying again") == 1
    assert result.out.isascii()
    assert all(line.isprintable() for line in result.lines)
    assert clock.slept[0] == 5.0


def test_watch_reports_the_start_before_the_first_steps(fttui: Fttui, service: Service) -> None:
    service.faults[JOB] = [send_json(job(1, state)) for state in ("queued", "running", "succeeded")]
    service.faults[EVENTS] = [page(metrics(30), metrics(1)), page(metrics(100), metrics(30), metrics(1))]
    lines = fttui("jobs", "watch", "ftjob-001", "--plain").lines
    assert [line.removeprefix("ftjob-001 ") for line in lines] == [
        "is queued, model gpt-4.1-nano.",
        "is now running.",
        "is at step 30 of 100, training loss 1.5.",
        "is at step 100 of 100, training loss 1.5.",
        "has succeeded.",
    ]


@pytest.mark.parametrize(
    ("status", "words", "code"),
    [
        ("succeeded", "has succeeded.", 0),
        ("failed", "has failed: line 3 is broken", 1),
        ("cancelled", "was cancelled.", 1),
    ],
)
def test_watch_of_an_ended_job_exits_by_its_status(
    fttui: Fttui, service: Service, status: str, words: str, code: int
) -> None:
    error = {"code": "bad", "message": "line 3 is broken"} if status == "failed" else {}
    service.jobs = [job(1, status, error=error)]
    result = fttui("jobs", "watch", "ftjob-001", "--plain")
    assert (result.code, result.lines) == (code, [f"ftjob-001 {words}"])
    assert service.lines == [JOB], "an ended job has no news"


def test_one_failed_job_of_several_exits_1(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(2, "failed"), job(1, "succeeded")]
    result = fttui("jobs", "watch", "ftjob-001", "ftjob-002", "ftjob-001")
    assert result.code == 1
    assert len(result.lines) == 2
    assert result.lines[0][2] == result.lines[0][5] == ":", "the time stands first"


def test_first_report_of_a_running_job_has_its_step(fttui: Fttui, service: Service) -> None:
    service.faults[JOB] = [send_json(job(1, "running")), send_json(job(1, "cancelled"))]
    service.events["ftjob-001"] = [metrics(40), metrics(39)]
    lines = fttui("jobs", "watch", "ftjob-001", "--plain").lines
    assert lines == ["ftjob-001 is running, at step 40 of 100, training loss 1.5.", "ftjob-001 was cancelled."]


def test_watch_without_ids_reports_active_and_new_jobs(fttui: Fttui, service: Service) -> None:
    def listing(*jobs: dict[str, Any]) -> Step:
        return send_json({"object": "list", "data": list(jobs), "has_more": False})

    old = job(1, "failed")
    service.faults["GET /fine_tuning/jobs"] = [
        listing(job(2, "running"), old),
        listing(job(4, "succeeded"), job(3, "queued"), job(2, "running"), old),
        refuse(503, "later"),
        *[listing(job(3, "succeeded"), job(2, "succeeded"), old)] * 2,
    ]
    result = fttui("jobs", "watch", "--until-done", "--plain")
    assert result.lines == [
        "ftjob-002 is running, model gpt-4.1-nano.",
        "ftjob-003 is new: queued, model gpt-4.1-nano.",
        "ftjob-004 has succeeded.",
        "ftjob-002 has succeeded.",
        "ftjob-003 has succeeded.",
    ]
    assert result.code == 0


def test_watch_until_done_without_active_jobs_ends_at_once(fttui: Fttui, service: Service) -> None:
    result = fttui("jobs", "watch", "--until-done")
    assert (result.code, result.out, result.err) == (0, "", "No active jobs.\n")


def test_watch_of_an_unknown_job_exits_1(fttui: Fttui, service: Service) -> None:
    result = fttui("jobs", "watch", "ftjob-9")
    assert (result.code, result.out) == (1, "")
    assert "ftjob-9" in result.err


def test_watch_jsonl_prints_the_job_at_every_change(fttui: Fttui, service: Service) -> None:
    states = [job(1, "queued"), job(1, "running"), job(1, "running"), job(1, "succeeded")]
    service.faults[JOB] = [*map(send_json, states)]
    result = fttui("jobs", "watch", "ftjob-001", "--jsonl")
    assert [json.loads(line) for line in result.lines] == [states[0], states[1], states[3]]
    assert fttui("jobs", "watch", "ftjob-001", "--json").code == 2


def test_watch_polls_at_the_interval_of_the_profile(
    bare: Fttui, service: Service, home: Path, clock: FakeClock
) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(
        f"interval = 60\n[profiles.w]\nbase_url = '{service.server.url}'\ninterval = 7\n"
    )
    service.faults[JOB] = [send_json(job(1, "queued")), send_json(job(1, "succeeded"))]
    assert bare("jobs", "watch", "ftjob-001", "--profile", "w").code == 0
    assert clock.slept == [7.0]


def test_watch_sends_at_most_one_request_a_second(fttui: Fttui, service: Service, clock: FakeClock) -> None:
    ids = [f"ftjob-{index:03}" for index in range(1, 31)]
    for index, id in enumerate(ids, start=1):
        steps = [send_json(job(index, "queued")), send_json(job(index, "succeeded"))]
        service.faults[f"GET /fine_tuning/jobs/{id}"] = steps
    assert fttui("jobs", "watch", *ids).code == 0
    assert clock.slept == [30.0]


def test_ctrl_c_during_watch_names_the_running_jobs(
    fttui: Fttui, service: Service, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(clock, "sleep", interrupted)
    service.jobs = [job(2, "running"), job(1, "queued")]
    result = fttui("jobs", "watch", "--plain")
    assert result.code == 130
    assert "Still running: ftjob-001, ftjob-002\n" in result.err


def overfit(first: int, last: int) -> list[dict[str, Any]]:
    """Return the events of a run, newest first, whose validation loss is lowest at step 20."""
    losses = [(step, 3 / step, 1 + abs(step - 20) / 20) for step in range(first, last + 1)]
    return [
        event(
            f"m{step}",
            "Step",
            data={"step": step, "total_steps": 100, "train_loss": train, "full_valid_loss": valid},
            type="metrics",
        )
        for step, train, valid in reversed(losses)
    ]


def test_stop_on_cancels_a_job_and_says_why(fttui: Fttui, service: Service) -> None:
    service.faults[JOB] = [send_json(job(1, status)) for status in ("running", "running", "cancelled")]
    service.faults[EVENTS] = [page(*overfit(1, 15)), page(*overfit(1, 40)), page(*overfit(1, 40))]
    cancel = "POST /fine_tuning/jobs/ftjob-001/cancel"
    service.faults[cancel] = [send_json(job(1, "cancelled"))]
    result = fttui("jobs", "watch", "ftjob-001", "--plain", "--stop-on", "overfitting")
    assert result.lines[-2:] == [
        "ftjob-001: the rule overfitting applies: validation 1.10, best 1.00 at step 20. Cancelled.",
        "ftjob-001 was cancelled.",
    ]
    assert result.code == 1
    assert service.lines.count(cancel) == 1


def test_stop_on_accepts_that_a_job_ended_by_itself(fttui: Fttui, service: Service) -> None:
    level = [metrics(step, loss=1.0) for step in range(40, 20, -1)]
    risen = [metrics(step, loss=9.0) for step in range(60, 40, -1)]
    service.faults[JOB] = [send_json(job(1, status)) for status in ("running", "running", "succeeded", "succeeded")]
    service.faults[EVENTS] = [page(*level), page(*risen, *level), page(*risen, *level)]
    cancel = "POST /fine_tuning/jobs/ftjob-001/cancel"
    service.faults[cancel] = [refuse(400, "the job has ended"), refuse(500, "no")]
    result = fttui("jobs", "watch", "ftjob-001", "--plain", "--stop-on", "diverging")
    assert "ftjob-001: the rule diverging applies: smoothed training loss rose from 1.00" in result.out
    assert "It had ended before it could be cancelled." in result.out
    assert result.code == 0
    assert service.lines.count(cancel) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["ftjob-001", "--stop-on", "stalled"], "stalled cannot stop a job"),
        (["--stop-on", "plateau"], "needs the ids of the jobs"),
        (["ftjob-001", "--stop-on", "plateau", "--read-only"], "read-only"),
    ],
)
def test_stop_on_is_refused_before_a_request(fttui: Fttui, service: Service, words: list[str], reason: str) -> None:
    result = fttui("jobs", "watch", *words)
    assert (result.code, service.lines) == (2, [])
    assert reason in result.err
