"""`fttui jobs create --wait`: states and progress on stderr, with and without a terminal."""

import sys
from typing import Any

import pytest

from fttui.cli.output import Output, fit_parts
from tests.cli.conftest import Fttui
from tests.support.clock import FakeClock
from tests.support.fault_server import hang_up, refuse, send_json
from tests.support.service import NOW, Service, job

MADE = ["jobs", "create", "--model", "m", "--training-file", "file-abc", "--wait"]
JOB, EVENTS = "GET /fine_tuning/jobs/ftjob-000", "GET /fine_tuning/jobs/ftjob-000/events"
PROGRESS = "\r\x1b[K"


def metrics(step: int, total: int = 1000) -> dict[str, Any]:
    return {
        "object": "fine_tuning.job.event",
        "id": f"m{step}",
        "created_at": NOW + step,
        "level": "info",
        "message": "Step",
        "type": "metrics",
        "data": {"step": step, "total_steps": total, "train_loss": 1.5},
    }


@pytest.fixture
def run(service: Service) -> Service:
    """Service with a run that is seen at its first step, at 4 %, at 41 %, at 45 % and at its end."""
    states = ["queued", "running", "running", "running", "running", "succeeded"]
    service.faults[JOB] = [send_json(job(0, state)) for state in states[:-1]]
    service.faults[JOB] += [send_json(job(0, "succeeded", finished_at=NOW - 100_000 + 125))]
    seen = [metrics(step) for step in (1000, 450, 410, 40, 30, 20, 10, 1)]
    service.faults[EVENTS] = [
        send_json({"object": "list", "data": seen[first:], "has_more": False}) for first in (7, 3, 2, 1, 0)
    ]
    return service


def test_without_a_terminal_states_and_tenths_are_lines(fttui: Fttui, run: Service) -> None:
    result = fttui(*MADE)
    assert (result.code, result.out) == (0, "ftjob-000\n")
    lines = result.err.splitlines()
    assert lines[:2] == ["ftjob-000 queued", "ftjob-000 running"]
    assert [line.split(" · ")[:2] for line in lines[2:4]] == [
        ["ftjob-000 step 410 of 1,000 (41 %)", "training loss 1.50"],
        ["ftjob-000 step 1,000 of 1,000 (100 %)", "training loss 1.50"],
    ]
    assert lines[4:] == ["ftjob-000 succeeded after 2m 05s"]
    assert "\r" not in result.err
    assert "\x1b" not in result.err


def test_list_knows_step_and_loss_of_a_job_that_was_waited_for(fttui: Fttui, run: Service) -> None:
    fttui(*MADE)
    assert fttui("jobs", "list").cells[0][7:10] == ["1000", "1000", "1.5"]


def test_on_a_terminal_one_line_is_drawn_again(
    fttui: Fttui, run: Service, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    result = fttui(*MADE)
    assert result.code == 0
    drawn = [text.split("\n")[0] for text in result.err.split(PROGRESS)]
    steps = [text.split(" · ")[0] for text in drawn if text.startswith("step")]
    assert steps == [f"step {step} of 1,000 ({step // 10} %)" for step in (1, 40, 410, 450)]
    assert [line for line in result.err.split("\n") if "\r" not in line and line] == [
        "ftjob-000 queued",
        "ftjob-000 running",
    ]
    assert result.err.endswith(f"{PROGRESS}ftjob-000 succeeded after 2m 05s\n")
    assert min(clock.slept) >= 1.0, "drawn at most once a second"


def test_warnings_have_a_line_of_their_own(fttui: Fttui, service: Service) -> None:
    warning = metrics(5) | {"id": "w", "type": "message", "level": "warn", "message": "an example was\x1b[31m cut"}
    service.faults[JOB] = [send_json(job(0, "running")), hang_up(), send_json(job(0, "failed"))]
    service.events["ftjob-000"] = [warning]
    result = fttui(*MADE)
    assert result.code == 1
    assert "ftjob-000 warning: an example was[31m cut" in result.err.splitlines()


def test_provider_without_events_is_waited_for(fttui: Fttui, service: Service) -> None:
    service.faults[JOB] = [send_json(job(0, state)) for state in ("running", "running", "succeeded")]
    service.faults[EVENTS] = [refuse(404, "no such route")]
    result = fttui(*MADE)
    assert (result.code, result.err.splitlines()) == (0, ["ftjob-000 running", "ftjob-000 succeeded"])
    assert service.lines.count(EVENTS) == 1


def test_parts_that_do_not_fit_are_dropped_from_the_right() -> None:
    parts = ("step 640 of 15,453 (4 %)", "training loss 1.89", "2h 10m left")
    whole = " · ".join(parts)
    assert fit_parts(parts, len(whole)) == whole
    assert fit_parts(parts, len(whole) - 1) == " · ".join(parts[:2])
    assert fit_parts(parts, 30) == parts[0]
    assert fit_parts(parts, 10) == "step 640 …"
    assert fit_parts((), 10) == ""


def test_phase_before_the_first_step_is_shown(fttui: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    phases = [{"name": "downloading", "done": done, "total": 100, "unit": "bytes"} for done in (34, 50)]
    estimate = {"tokens": 9_100_000, "steps": 15_453, "seconds": 7200}
    states = [
        job(0, "running", fttui={"phase": phase, "estimate": estimate}) for phase in (*phases, {"name": "loading"})
    ]
    states += [job(0, "succeeded")]
    service.faults[JOB] = [send_json(state) for state in states]
    assert fttui(*MADE).err.splitlines() == [
        "ftjob-000 running",
        "ftjob-000 expects 9,100,000 tokens, 15,453 steps, about 2 h",
        "ftjob-000 downloading gpt-4.1-nano: 34 B of 100 B (34 %)",
        "ftjob-000 loading gpt-4.1-nano",
        "ftjob-000 succeeded",
    ]
    service.faults[JOB] = [send_json({**state, "id": "ftjob-001"}) for state in states]
    service.faults[JOB.replace("000", "001")] = service.faults.pop(JOB)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    drawn = fttui(*MADE).err.split(PROGRESS)
    assert "downloading gpt-4.1-nano: 50 B of 100 B (50 %)" in drawn


def test_reason_why_a_job_waits_at_its_engine_is_printed_once(fttui: Fttui, service: Service) -> None:
    def at_engine(status: str, **life: Any) -> Any:
        return job(0, status, fttui={"engine": {"name": "lab", "kind": "slurm"}, "life": life})

    waiting = at_engine("queued", state="waiting", reason="Priority")
    states = [waiting, waiting, at_engine("running", state="running", host="n2"), job(0, "succeeded")]
    service.faults[JOB] = [send_json(state) for state in states]
    assert fttui(*MADE).err.splitlines() == [
        "ftjob-000 queued",
        "ftjob-000 waiting in Slurm: Priority (other jobs are first)",
        "ftjob-000 running",
        "ftjob-000 on n2",
        "ftjob-000 succeeded",
    ]


def test_phase_is_in_the_list_and_the_detail(fttui: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"host": "n2", "device": "NVIDIA H200"}
    sent = {"phase": {"name": "downloading", "done": 34, "total": 100}, "environment": environment}
    service.jobs = [job(0, "running", fttui=sent)]
    with monkeypatch.context() as terminal:
        terminal.setattr(Output, "is_terminal", property(lambda _: True))
        assert "get 34%" in fttui("jobs", "list").out
    fields = dict(line.split("\t") for line in fttui("jobs", "get", "ftjob-000").out.splitlines())
    assert fields["phase"] == "downloading gpt-4.1-nano: 34 of 100 (34 %)"
    assert fields["runs on"] == "n2 · NVIDIA H200"
