"""`fttui jobs compare`."""

import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Any

import pytest

from fttui.cli.jobs.compare import columns_of
from fttui.cli.output import table
from fttui.core.comparing import compare_jobs, compared_job
from fttui.core.pricing import Cost
from tests.cli.conftest import Fttui
from tests.support.clock import FakeClock
from tests.support.fake_store import FakeStore
from tests.support.fake_store import job as fake_job
from tests.support.fault_server import refuse
from tests.support.service import Service, job
from tests.support.simulated_runs import real_run

RUNS = {"lr-1": "good", "lr-3": "lr-x3", "lr-40": "diverge-x40", "ten-epochs": "overfit"}
RATES = {"lr-1": "1", "lr-3": "3", "lr-40": "40", "ten-epochs": "2"}


@pytest.fixture(autouse=True)
def trained(service: Service, clock: FakeClock) -> dict[str, str]:
    """Ids of four trained jobs by suffix."""
    start = int(clock.now()) - 2000
    for number, (suffix, name) in enumerate(RUNS.items()):
        made = job(
            number,
            user_provided_suffix=suffix,
            validation_file="file-v",
            seed=1,
            finished_at=start + 900,
            trained_tokens=90_000,
            hyperparameters={"n_epochs": 10 if name == "overfit" else 3, "learning_rate_multiplier": RATES[suffix]},
        )
        service.jobs.insert(0, made)
        service.events[made["id"]] = _events(name, start)
    service.files["file-train"] = {"id": "file-train", "object": "file", "filename": "train.jsonl"}
    return {made["user_provided_suffix"]: made["id"] for made in service.jobs}


def _events(name: str, start: int) -> list[dict[str, Any]]:
    run = real_run(name)
    values: dict[int, dict[str, float]] = {}
    for metric, series in run.series.items():
        for step, value in zip(series.steps, series.values, strict=True):
            values.setdefault(int(step), {})[metric] = value
    events = [
        {
            "object": "fine_tuning.job.event",
            "id": f"ftevent-{name}-{step}",
            "created_at": start + step,
            "level": "info",
            "type": "metrics",
            "message": f"Step {step}",
            "data": {"step": step, "total_steps": run.total_steps, **values[step]},
        }
        for step in sorted(values, reverse=True)
    ]
    return [
        {**events[0], "id": f"ftevent-{name}-end", "created_at": start + 900, "type": "message", "data": {}},
        *events,
    ]


def test_table_has_one_job_a_line_the_best_first(fttui: Fttui, trained: dict[str, str]) -> None:
    result = fttui("jobs", "compare", "ten-epochs", "lr-1", "lr-40")
    assert result.code == 0
    assert [row[:4] for row in result.cells] == [
        [trained["lr-1"], "lr-1", "3", "1"],
        [trained["ten-epochs"], "ten-epochs", "10", "2"],
        [trained["lr-40"], "lr-40", "3", "40"],
    ]
    same, sentence = result.err.splitlines()
    assert same.startswith("Same for all: gpt-4.1-nano, supervised, seed 1, training file train.jsonl")
    assert sentence.startswith("lr-1 is best: validation 1.659 at step 270, 0.079 below ten-epochs. lr-40 diverged.")


def test_narrow_terminal_loses_columns_from_the_right_end() -> None:
    store = FakeStore()
    for number, name in enumerate(("good", "overfit")):
        store.put(raw := fake_job(number, "succeeded", trained_tokens=90_000, hyperparameters={"n_epochs": number}))
        store.runs[raw["id"]] = real_run(name)
    store.publish()
    compared = compare_jobs([compared_job(store, row, Cost(0.0, "free")) for row in store.snapshot.rows.values()])
    head, first, second = table(range(2), columns_of(compared, is_terminal=True), 60)
    assert head.split() == ["RUN", "EPOCHS", "BEST", "AT", "LAST", "TRAIN", "GAP", "TIME"]
    assert first.split()[:4] == ["✶", "1", "run-0", "0"]
    assert second.split()[:3] == ["2", "run-1", "1"]
    assert table(range(2), columns_of(compared, is_terminal=True), 200)[0].split()[-3:] == ["TOKENS", "TOK/S", "ST"]


def test_runs_within_noise_are_equal_and_none_is_best(fttui: Fttui) -> None:
    result = fttui("jobs", "compare", "lr-1", "lr-3", "--json")
    assert result.json["best"] is None
    assert result.json["differs"] == ["learning_rate_multiplier"]
    assert {entry["settings"]["learning_rate_multiplier"] for entry in result.json["jobs"]} == {"1", "3"}
    assert result.json["jobs"][0]["best"]["metric"] == "full_valid_loss"
    assert "lr-1 and lr-3 are equal within noise (0.005 of ±" in result.err


def test_csv_has_a_header_and_json_excludes_it(fttui: Fttui) -> None:
    result = fttui("jobs", "compare", "lr-1", "lr-40", "--csv")
    assert result.lines[0].startswith("id,name,learning_rate_multiplier,best,at,last,train,gap,time")
    assert fttui("jobs", "compare", "lr-1", "lr-40", "--csv", "--json").code == 2


def test_svg_is_written_beside_the_table_and_not_over_a_file(fttui: Fttui, home: Path) -> None:
    result = fttui("jobs", "compare", "lr-1", "lr-40", "--svg", "curves.svg")
    assert (result.code, len(result.lines)) == (0, 2)
    assert "Wrote curves.svg" in result.err
    xml.parse(home / "curves.svg")
    again = fttui("jobs", "compare", "lr-1", "lr-40", "--svg", "curves.svg")
    assert (again.code, again.out) == (2, "")
    assert "already exists: use --force" in again.err
    assert fttui("jobs", "compare", "lr-1", "lr-40", "--svg", "curves.svg", "--force").code == 0


def test_archive_answers_offline_and_what_it_has_is_not_read_again(fttui: Fttui, service: Service) -> None:
    first = fttui("jobs", "compare", "lr-1", "lr-40")
    service.server.requests.clear()
    assert fttui("jobs", "compare", "lr-1", "lr-40", "--offline").out == first.out
    assert service.lines == []
    assert fttui("jobs", "compare", "lr-1", "lr-40").out == first.out
    assert not [line for line in service.lines if "events" in line]


@pytest.mark.parametrize("names", [["lr-1"], ["lr-1", "..-001", "lr-1"], [f"ftjob-{n}" for n in range(10)]])
def test_fewer_than_two_or_more_than_nine_jobs_are_a_usage_error(fttui: Fttui, names: list[str]) -> None:
    result = fttui("jobs", "compare", *(name.replace("..-001", "ftjob-000") for name in names))
    assert (result.code, result.out) == (2, "")
    assert "two to nine" in result.err


def test_different_validation_files_are_not_compared(fttui: Fttui, service: Service) -> None:
    service.jobs[0]["validation_file"] = "file-w"
    result = fttui("jobs", "compare", "lr-1", "ten-epochs")
    assert "Validation files differ: losses are not comparable." in result.err
    assert "is best" not in result.err


def test_unknown_job_fails_and_prints_no_table(fttui: Fttui) -> None:
    result = fttui("jobs", "compare", "lr-1", "ftjob-none")
    assert (result.code, result.out) == (1, "")


def test_provider_without_checkpoints_is_no_failure(fttui: Fttui, service: Service, trained: dict[str, str]) -> None:
    for id in trained.values():
        service.faults[f"GET /fine_tuning/jobs/{id}/checkpoints"] = [refuse(404, "no such route")]
    assert fttui("jobs", "compare", "lr-1", "lr-3").code == 0


def test_jobs_of_several_profiles_are_compared(fttui: Fttui, service: Service, home: Path) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text(
        "".join(
            f'[profiles.{name}]\nbase_url = "{service.server.url}"\napi_key_env = "OPENAI_API_KEY"\n'
            for name in ("work", "home")
        )
    )
    result = fttui("jobs", "compare", "work/lr-1", "home/ten-epochs", "--json")
    assert result.code == 0
    assert result.json["differs"] == ["n_epochs", "learning_rate_multiplier", "profile"]
    assert [entry["settings"]["profile"] for entry in result.json["jobs"]] == ["work", "home"]
    assert result.json["best"] == "work/ftjob-000"
