"""What `jobs create` does about files: checks and prices them before they go, fetches results when they are there."""

import asyncio
import os
from typing import TYPE_CHECKING

from fttui.cli.files import check_report
from fttui.cli.output import say, say_progress
from fttui.config.errors import ConfigError
from fttui.config.paths import prices_file

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.core.connect import Connection
    from fttui.data.plan import Plan
    from fttui.data.prices import Price
    from fttui.data.report import Report
    from fttui.models.job import Job
    from fttui.models.spec import JobSpec


async def check(connection: "Connection", spec: "JobSpec", training: str | None, validation: str | None) -> "Report":
    """Check the files that lie on this disk, and say what is found and what a run would cost.

    Raises:
        ConfigError: the person's own price file is not as it should be.
        OSError: a file cannot be read.
    """
    from fttui.data.check import check_job
    from fttui.data.prices import PriceFileError, provider_kind

    choice = connection.choice
    given_up = False

    def work() -> "Report":
        return check_job(
            spec,
            training,
            validation,
            provider=provider_kind(choice.base_url, is_local=choice.is_local),
            own_prices=prices_file(),
            progress=check_report.progress_of(training or validation or ""),
            should_stop=lambda: given_up,
        )

    try:
        report = await asyncio.to_thread(work)
    except PriceFileError as error:
        raise ConfigError(str(error)) from None
    finally:
        given_up = True  # ctrl+c: the thread must not keep the process
        say_progress("")
    for line in check_report.brief(report):
        say(line)
    return report


def like(connection: "Connection", source: "Job", spec: "JobSpec") -> "Plan | None":
    """What a job over the same data as `source` would be, said; None where that job does not tell it."""
    from fttui.data.plan import plan_from_trained_tokens
    from fttui.models import lenient

    if (spec.training_file, spec.model, spec.method or "supervised") != (
        source.training_file,
        source.model,
        source.method,
    ):
        return None
    plan = plan_from_trained_tokens(
        source.trained_tokens,
        lenient.whole(source.hyperparameters.get("n_epochs")),
        _price(connection, spec.model),
        method=source.method,
        n_epochs=spec.hyperparameters.get("n_epochs"),
    )
    if plan is not None:
        say(f"by the tokens of {source.id}: {plan.summary()}")
    return plan


def keep(profile: str, job: str, plan: "Plan") -> None:
    """Remember what was told of a job; a disk that is full does not undo the job."""
    from fttui.config.paths import data_dir, make_dir, plans_file
    from fttui.core import pricing

    try:
        make_dir(data_dir())
        pricing.keep(plans_file(), profile, job, plan)
    except OSError as error:
        say(f"fttui: what it should cost was not kept: {error.strerror or error}")


def compared(connection: "Connection", plan: "Plan", job: "Job") -> str:
    """What the provider says was trained, beside what was expected; empty when it does not say."""
    from fttui.core.pricing import cost_of

    if job.trained_tokens is None or plan.tokens is None or plan.local:
        return ""
    cost = cost_of(job.trained_tokens, _price(connection, job.model), method=job.method)
    told = f"; cost {cost}, expected {plan.cost_text}" if cost else ""
    about = "about " if plan.is_estimate else ""
    return f"trained tokens {job.trained_tokens:,}, expected {about}{plan.tokens:,}{told}"


def cost_fields(connection: "Connection", job: "Job") -> list[tuple[str, str]]:
    """What a job was expected to cost and what it cost, as lines for a person; what is unknown is left out."""
    from fttui.config.paths import plans_file
    from fttui.core.pricing import cost_of, recall

    try:
        cost = cost_of(job.trained_tokens, _price(connection, job.model), method=job.method)
    except ConfigError as error:
        say(f"fttui: {error}")
        cost = ""
    expected = recall(plans_file(), connection.choice.key).get(job.id)
    told = "" if expected is None or expected.cost is None or cost == "free" else expected.words
    return [(name, words) for name, words in (("cost", cost), ("expected cost", told)) if words]


def _price(connection: "Connection", model: str) -> "Price":
    from fttui.data.prices import PriceFileError, price_of, provider_kind

    choice = connection.choice
    try:
        return price_of(
            model, own_file=prices_file(), provider=provider_kind(choice.base_url, is_local=choice.is_local)
        )
    except PriceFileError as error:
        raise ConfigError(str(error)) from None


async def download(client: "Client", job: "Job", folder: str) -> None:
    """Write a job's result files into `folder`, named by job and file id, as CSV where they are that.

    Raises:
        ApiError: a file cannot be had.
        OSError: it cannot be written.
    """
    import re

    from fttui.atomic import writing
    from fttui.models.metric import csv_text

    if not job.result_files:
        say(f"{job.id} has no result files")
        return
    os.makedirs(folder, exist_ok=True)
    for file in job.result_files:
        content = await client.file_content(file)
        try:
            content, ending = csv_text(content).encode(), ".csv"
        except ValueError:
            ending = ""
        name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{job.id}-{file}").lstrip(".") + ending
        path = os.path.join(folder, name)
        with writing(path, overwrite=True) as target:
            target.write(content)
        say(f"{path} written")
