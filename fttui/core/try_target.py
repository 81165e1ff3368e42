"""Models named on the command line: a model's id, or a job, which stands for its newest model."""

from typing import TYPE_CHECKING, NamedTuple

from fttui.api.errors import BadRequest, NotFound
from fttui.config.errors import ConfigError
from fttui.core.job_names import MOST_PAGES, JobSearch
from fttui.core.try_candidates import BASE, TUNED, Candidate, candidates, newest, why_no_model
from fttui.data.prices import base_model
from fttui.learning.checkpoints import judged_checkpoints
from fttui.learning.run import run_of

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.models.job import Job

TUNED_START = "ft:"
"""Start of the ids of tuned models at OpenAI and the embedded service."""
MOST_ASKED = 10
"""Jobs whose checkpoints are read to find the job of a checkpoint."""


class Target(NamedTuple):
    """A named model, and the job that made it, if that is known."""

    candidate: Candidate
    job: "Job | None" = None


class TargetSearch:
    """Finds named models of one service."""

    def __init__(self, client: "Client", search: JobSearch) -> None:
        self._client = client
        self._search = search

    async def find(self, name: str, *, with_job: bool) -> Target:
        """Return the model with a name. A name that neither a job nor a model of the service has counts as a model.

        Args:
            with_job: look for the job that made the model.

        Raises:
            ApiError: the service cannot be asked.
            ConfigError: the name is not clear, or the job has no model.
        """
        if name.startswith(TUNED_START):
            found = await self._job_of(name) if with_job else None
            return found or Target(Candidate(name, TUNED))
        if (row := self._search.known(name)) is not None:
            return await self._newest_of(row.id)
        if name in {model.id for model in (await self._client.list_models()).items}:
            return Target(Candidate(name, BASE))
        try:
            row = (await self._search.listed(self._client, name)).row
        except NotFound:
            return Target(Candidate(name))
        return await self._newest_of(row.id)

    async def _newest_of(self, id: str) -> Target:
        job = await self._client.get_job(id)
        found = newest(await self._candidates(job))
        if found is None:
            raise ConfigError(why_no_model(job.row()))
        return Target(found, job)

    async def _job_of(self, model: str) -> Target | None:
        """Return a tuned model with the job that made it, None if no job of the newest pages did."""
        similar: list[Job] = []
        number = 0
        async for page in self._client.each_job_page():
            for job in page.items:
                if job.fine_tuned_model == model:
                    return await self._with_job(model, job)
                if len(similar) < MOST_ASKED and _may_have_made(job, model):
                    similar.append(job)
            number += 1
            if number >= MOST_PAGES:
                break
        for job in similar:
            if (target := await self._with_job(model, job)) is not None:
                return target
        return None

    async def _with_job(self, model: str, job: "Job") -> Target | None:
        found = [candidate for candidate in await self._candidates(job) if candidate.model == model]
        return Target(found[0], job) if found else None

    async def _candidates(self, job: "Job") -> list[Candidate]:
        try:
            sent = list((await self._client.list_checkpoints(job.id)).items)
        except (NotFound, BadRequest):  # the provider has no checkpoints
            sent = []
        return candidates(job.row(), judged_checkpoints(sent, run_of(())))


def _may_have_made(job: "Job", model: str) -> bool:
    """Return whether the model may be a checkpoint of the job, by its name: `ft:BASE:ORG:SUFFIX:ID`."""
    parts = model.split(":")
    return len(parts) > 3 and parts[1] == base_model(job.model) and parts[3] == job.suffix
