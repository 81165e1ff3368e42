"""`fttui jobs alarms`."""

from pathlib import Path

import pytest

from fttui.config.schema import Alarms
from fttui.learning.kinds import KINDS
from tests.cli.conftest import Fttui
from tests.support.clock import FakeClock
from tests.support.service import Service, job
from tests.support.simulated_runs import real_run


def test_each_kind_has_a_setting() -> None:
    assert set(Alarms.settings()) == set(KINDS)


@pytest.fixture
def overfitted(service: Service, clock: FakeClock) -> str:
    service.jobs = [job(2, status="running", validation_file="file-v", user_provided_suffix="ten-epochs"), job(1)]
    id = service.jobs[0]["id"]
    run = real_run("overfit")
    values: dict[int, dict[str, float]] = {}
    for name, series in run.series.items():
        for step, value in zip(series.steps, series.values, strict=True):
            values.setdefault(int(step), {})[name] = value
    service.events[id] = [
        {
            "object": "fine_tuning.job.event",
            "id": f"ftevent-{step}",
            "created_at": int(clock.now()) - 700 + step,
            "level": "info",
            "type": "metrics",
            "message": f"Step {step}",
            "data": {"step": step, "total_steps": 900, **values[step]},
        }
        for step in sorted(values, reverse=True)
        if step <= 640
    ]
    return id


def test_alarm_of_a_running_job_has_kind_sentence_and_numbers(fttui: Fttui, overfitted: str, clock: FakeClock) -> None:
    result = fttui("jobs", "alarms", "--json")
    assert result.code == 0
    (found,) = result.json["data"]
    assert result.json["has_more"] is False
    assert (found["job_id"], found["kind"]) == (overfitted, "overfitting")
    assert found["message"].startswith("Overfitting: validation rose from 1.74 (step 360) to 1.89 (step 630)")
    assert found["numbers"]["best_step"] == 360
    assert found["since"] == int(clock.now()) - 700 + 360


@pytest.mark.parametrize(("kinds", "code"), [("diverging,stalled", 0), ("stalled,overfitting", 1)])
def test_fail_on_exits_1_for_a_kind_that_was_found(fttui: Fttui, overfitted: str, kinds: str, code: int) -> None:
    result = fttui("jobs", "alarms", "ten-epochs", "--fail-on", kinds)
    assert result.code == code
    assert result.cells[0][:2] == [overfitted, "overfitting"]


def test_unknown_kind_is_a_usage_error(fttui: Fttui, service: Service) -> None:
    result = fttui("jobs", "alarms", "--fail-on", "overfiting")
    assert result.code == 2
    assert "--fail-on: overfiting is not a kind of alarm; the kinds are non_finite" in result.err
    assert service.lines == []


def test_archive_answers_offline(fttui: Fttui, service: Service, overfitted: str) -> None:
    fttui("jobs", "alarms")
    requests = len(service.lines)
    assert [row[1] for row in fttui("jobs", "alarms", "--offline").cells] == ["overfitting"]
    assert len(service.lines) == requests


def test_kind_that_is_turned_off_is_not_listed(fttui: Fttui, overfitted: str, home: Path) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text("[alarms]\noverfitting = false\n")
    result = fttui("jobs", "alarms")
    assert result.out == ""
    assert result.err.startswith("No alarms.\n")


def test_ended_job_without_metrics_is_counted(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1)]
    assert fttui("jobs", "alarms").err == ("No alarms.\n1 job has no known metrics. To read them: fttui archive sync\n")
