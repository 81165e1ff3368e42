"""Costs of jobs: expected, billed and remembered."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from fttui.config.errors import ConfigError
from fttui.config.paths import config_file, plans_file, prices_file
from fttui.core.pricing import Cost, ExpectedCost, Pricing
from fttui.data.plan import plan
from fttui.data.prices import Price
from fttui.models.job import Job
from fttui.models.row import JobRow
from fttui.models.spec import JobSpec


class Service(NamedTuple):
    key: str = "work"
    base_url: str | None = "https://example.org/v1"
    is_local: bool = False
    provider: str = "compatible"


@pytest.fixture
def pricing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pricing:
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config" / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    os.makedirs(os.path.dirname(prices_file()))
    Path(prices_file()).write_text("[models.m]\ntraining = 100\n[models.hourly]\nper_hour = 9\n")
    return Pricing(Service())


def job(**members: object) -> Job:
    return Job.read({"id": "ftjob-1", "object": "fine_tuning.job", "model": "m", "status": "succeeded"} | members)


def test_billed_cost_follows_the_trained_tokens(pricing: Pricing) -> None:
    assert pricing.billed(job(trained_tokens=20_000)) == Cost(2.0, "2.00 USD")


@pytest.mark.parametrize(
    "row",
    [
        JobRow("a", model="m", trained_tokens=None),
        JobRow("a", model="unheard", trained_tokens=20_000),
        JobRow("a", model="hourly", trained_tokens=20_000),
        JobRow("a", model="m", trained_tokens=20_000, method="reinforcement"),
    ],
)
def test_cost_is_unknown_without_tokens_or_a_price_by_token(pricing: Pricing, row: JobRow) -> None:
    assert pricing.row_cost(row) == Cost(None, "")


def test_training_on_this_machine_is_free() -> None:
    assert Pricing(Service("local", None, True)).row_cost(JobRow("a", model="fttui-tiny-1")) == Cost(0.0, "free")


def test_price_of_a_model_is_read_once_for_all_of_its_jobs(pricing: Pricing) -> None:
    assert pricing.billed(job(trained_tokens=20_000)).text == "2.00 USD"
    Path(prices_file()).write_text("[models.m]\ntraining = 300\n")
    assert pricing.fields(job(trained_tokens=10_000)) == [("cost", "1.00 USD")]


def test_broken_price_file_is_an_error_or_an_unknown_cost(pricing: Pricing) -> None:
    Path(prices_file()).write_text("[models.m]\ntraining = 'much'\n")
    with pytest.raises(ConfigError, match="training"):
        pricing.price("m")
    assert pricing.row_cost(JobRow("a", model="m", trained_tokens=1)) == Cost()
    reasons: list[str] = []
    assert pricing.fields(job(trained_tokens=1), warn=reasons.append) == []
    assert "training" in reasons[0]


def test_expected_cost_is_remembered_by_service_and_job(pricing: Pricing) -> None:
    expected = plan(10, 1000, Price("m", training=100.0), n_epochs=2, exact=False)
    pricing.remember("ftjob-1", expected)
    assert pricing.expected("ftjob-1") == ExpectedCost(2000, 0.2, "USD", True)
    assert pricing.expected("ftjob-2") is None
    assert Pricing(Service("home")).expected("ftjob-1") is None
    assert pricing.fields(job(trained_tokens=20_000)) == [
        ("cost", "2.00 USD"),
        ("expected cost", "about 0.2000 USD"),
    ]
    assert os.stat(plans_file()).st_mode & 0o777 == 0o600


def test_lines_of_the_first_version_are_read_and_broken_ones_skipped(pricing: Pricing) -> None:
    line = {
        "profile": "work",
        "job": "ftjob-1",
        "tokens": 2000,
        "cost": 0.5,
        "currency": "EUR",
        "about": False,
    }
    os.makedirs(os.path.dirname(plans_file()))
    Path(plans_file()).write_text('"ftjob-1"\n' + json.dumps(line) + '\n{"job": "ftjob-1"}\n{"job": "ftj')
    found = pricing.expected("ftjob-1")
    assert found == ExpectedCost(2000, 0.5, "EUR", False)
    assert found.text == "0.5000 EUR"
    assert ExpectedCost().text == "unknown"


def test_clone_over_the_same_data_is_priced_by_the_tokens_of_its_source(pricing: Pricing) -> None:
    source = job(training_file="file-1", trained_tokens=30_000, hyperparameters={"n_epochs": 3})
    spec = JobSpec(model="m", training_file="file-1", hyperparameters={"n_epochs": 2})
    expected = pricing.of_clone(source, spec)
    assert expected is not None
    assert (expected.tokens, expected.cost) == (20_000, 2.0)
    for other in ({"training_file": "file-2"}, {"model": "other"}, {"hyperparameters": {"n_epochs": "auto"}}):
        assert pricing.of_clone(source, spec.model_copy(update=other)) is None


def test_comparison_names_tokens_and_cost_beside_the_expected_ones(pricing: Pricing) -> None:
    expected = plan(10, 1000, Price("m", training=100.0), n_epochs=2, exact=False)
    assert pricing.comparison(expected, job(trained_tokens=2_500)) == (
        "trained tokens 2,500, expected about 2,000; cost 0.2500 USD, expected about 0.2000 USD"
    )
    assert pricing.comparison(expected, job()) == ""


def test_free_training_names_this_machine_only_without_an_engine(pricing: Pricing) -> None:
    def words() -> str:
        price = Pricing(Service(key="local", base_url=None, is_local=True)).price("fttui-tiny-1")
        return plan(100, 1000, price).cost_words()

    assert words() == "free: trained on this machine"
    Path(config_file()).write_text(
        '[local.engines.lab]\nkind = "slurm"\ndirectory = "/scratch"\n[local.trainers.tiny]\nengine = "lab"\n'
    )
    assert words() == "free: trained on your own machines"


def test_hours_on_this_machine_are_free_only_without_a_price(pricing: Pricing) -> None:
    local = Service(key="local", base_url=None, is_local=True)
    free = Pricing(local)
    assert (free.is_free, free.price("Qwen/Qwen3-0.6B").is_free) == (True, True)
    Path(config_file()).write_text("[local]\nprice_per_hour = 2.5\n")
    priced = Pricing(local)
    assert (priced.is_free, priced.price("Qwen/Qwen3-0.6B").is_free) == (False, False)
    planned = plan(100, 1000, priced.price("Qwen/Qwen3-0.6B"))
    assert planned.cost_words() == "cost unknown (2.50 USD per hour of training; the duration is unknown)"
    estimate = {"tokens": 9100, "seconds": 7200}
    job = Job.read({"id": "ftjob-1", "model": "m", "status": "queued", "fttui": {"estimate": estimate}})
    assert priced.fields(job) == [("expected cost", "about 5.00 USD")]
    assert priced.row_cost(job.row()).text == ""
    trained = Job.read({**job.raw, "trained_tokens": 9000})
    assert priced.comparison(planned, trained) == "trained tokens 9,000, expected 9,100", "not the estimate of the file"
    assert free.fields(job) == [("cost", "free")]
    assert Pricing(Service()).is_free is False
