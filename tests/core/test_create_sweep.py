"""Sweeps: jobs, costs, the question, and the creation of all jobs with one upload."""

from pathlib import Path
from typing import Any

import pytest

from fttui.api.errors import RateLimited, Unreachable
from fttui.core.create_job import ClientSender, CreateJob, FileReady, Stage, Step
from fttui.core.create_sweep import CreateSweep, SweepResult, cost_words, head_words, make_sweep, plans_of, question
from fttui.core.job_data import find_files
from fttui.core.pricing import Pricing
from fttui.data.plan import Plan
from fttui.data.report import Report
from fttui.learning.sweep import axes_of
from fttui.models import labels
from fttui.models.job import TOKEN_KEY, Job
from fttui.models.spec import JobSpec
from tests.core.test_create_job import GOOD
from tests.core.test_pricing import Service
from tests.support.clock import FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import FakeClient

AXES = axes_of({"n_epochs": [1, 3], "learning_rate_multiplier": [0.5, 1, 2]})
SPEC = JobSpec(model="m", training_file="file-a", suffix="support-v4", metadata={"team": "x"})
PLAN = Plan(3, False, 1, False, 30, 9_000, 0.27, "USD", True, "")
REPORT = Report("t.jsonl", 1, "chat", 10, 10, plan=PLAN)


class Provider(FakeClient):
    """A provider that keeps all create requests."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[JobSpec] = []

    async def create_job(self, spec: JobSpec) -> Job:
        self.asked.append(spec)
        return await super().create_job(spec)


def _creator(client: Provider, steps: list[Step]) -> CreateJob:
    sender = ClientSender(client, inline_archive("", "work"), FakeClock(instant=True))  # type: ignore[arg-type]
    return CreateJob(sender, Pricing(Service()), on_step=steps.append)


@pytest.fixture(autouse=True)
def _directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))


def test_jobs_share_their_sweep_and_differ_in_suffix_and_settings() -> None:
    sweep = make_sweep(SPEC, AXES)
    assert [job.name for job in sweep.jobs][:2] == ["support-v4-e1-lr0.5", "support-v4-e1-lr1"]
    assert len({job.spec.metadata[labels.SWEEP] for job in sweep.jobs}) == 1
    assert sweep.jobs[5].spec.hyperparameters == {"n_epochs": 3, "learning_rate_multiplier": 2}
    assert sweep.jobs[0].spec.metadata["team"] == "x"
    assert make_sweep(SPEC, AXES).jobs[0].spec.metadata[labels.SWEEP] != sweep.jobs[0].spec.metadata[labels.SWEEP]


def test_jobs_without_suffix_are_named_by_their_settings() -> None:
    sweep = make_sweep(SPEC.model_copy(update={"suffix": None}), axes_of({"seed": [1, 2]}))
    assert [(job.name, job.spec.suffix, job.spec.seed) for job in sweep.jobs] == [
        ("seed 1", None, 1),
        ("seed 2", None, 2),
    ]


def test_question_has_number_settings_and_costs() -> None:
    sweep = make_sweep(SPEC, AXES)
    assert head_words(sweep) == "6 jobs: epochs 1, 3 × learning rate 0.5, 1, 2"
    plans = plans_of(sweep, REPORT)
    assert question(sweep, plans) == (
        "Create 6 jobs (epochs 1, 3 × learning rate 0.5, 1, 2)? About $1.08 in all, $0.27 at most each."
    )


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (PLAN._replace(is_free=True, cost=0.0), "36k tokens, free."),
        (PLAN._replace(cost=None), "The price is not known."),
        (PLAN._replace(is_estimate=False, currency="EUR"), "1.08 EUR in all, 0.27 EUR at most each."),
    ],
)
def test_costs_of_all_jobs(plan: Plan, words: str) -> None:
    assert cost_words(plans_of(make_sweep(SPEC, AXES), REPORT._replace(plan=plan))) == words


def test_costs_without_data_are_unknown_or_free() -> None:
    plans = plans_of(make_sweep(SPEC, AXES), None)
    assert (cost_words(plans), cost_words(plans, is_free=True)) == ("The price is not known.", "Free.")


async def _send(client: Provider, steps: list[Step], path: str) -> SweepResult:
    files = find_files({"training_file": path})
    create = _creator(client, steps)
    sweep = make_sweep(SPEC.model_copy(update={"training_file": path}), AXES)
    report = await create.check(sweep.jobs[0].spec, files)
    assert isinstance(report, Report)
    return await CreateSweep(create).send(sweep.jobs, files, plans_of(sweep, report))


async def test_files_are_uploaded_once_and_each_job_has_its_own_token(tmp_path: Path) -> None:
    client, steps = Provider(), list[Step]()
    (tmp_path / "t.jsonl").write_text(GOOD)
    result = await _send(client, steps, str(tmp_path / "t.jsonl"))
    assert (len(result.created), result.failure, result.left) == (6, None, ())
    assert client.count("upload_file") == 1
    assert len([step for step in steps if isinstance(step, FileReady)]) == 1
    assert len({spec.metadata[TOKEN_KEY] for spec in client.asked}) == 6
    assert {spec.training_file for spec in client.asked} == {"file-0"}


class Refuses(Provider):
    """A provider that refuses jobs after the second."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def create_job(self, spec: JobSpec) -> Any:
        if len(self.asked) == 2:
            self.asked.append(spec)
            raise self.error
        return await super().create_job(spec)


async def test_first_refusal_ends_the_sweep(tmp_path: Path) -> None:
    client = Refuses(RateLimited("rate limit", status=429))
    (tmp_path / "t.jsonl").write_text(GOOD)
    result = await _send(client, [], str(tmp_path / "t.jsonl"))
    assert (len(result.created), len(result.left), len(client.asked)) == (2, 4, 3)
    assert result.words(retry=" r tries the rest again.") == (
        "2 of 6 jobs created; the provider refused the rest: rate limit. r tries the rest again."
    )


async def test_lost_answer_ends_the_sweep_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    client = Refuses(Unreachable("timed out", ambiguous=True))
    (tmp_path / "t.jsonl").write_text(GOOD)
    result = await _send(client, [], str(tmp_path / "t.jsonl"))
    assert (len(result.created), len(result.left), len(client.asked)) == (2, 4, 3)
    assert "The job may exist" in result.words()


async def test_more_pairs_than_fit_are_refused_before_anything_is_sent() -> None:
    client = Provider()
    full = SPEC.model_copy(update={"metadata": {f"k{number}": "v" for number in range(15)}})
    result = await _creator(client, []).check(make_sweep(full, AXES).jobs[0].spec, find_files({}))
    assert not isinstance(result, Report)
    assert result is not None
    assert (result.stage, result.message) == (
        Stage.SETTINGS,
        "Not created: 16 pairs of metadata and settings; 15 fit beside the create token.",
    )
    assert client.calls == []
