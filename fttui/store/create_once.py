"""Create a job exactly once: its metadata has a token, by which the job is found if the response is lost."""

import json
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from fttui.api.client import Client
from fttui.api.errors import ApiError, BadRequest
from fttui.clock import Clock
from fttui.models import lenient
from fttui.models.job import TOKEN_KEY, Job
from fttui.models.spec import JobSpec
from fttui.store.archive.archive import Archive
from fttui.store.snapshot import Outcome

SEARCHES = (0.5, 2.0, 8.0)
"""Seconds after a lost response at which the job is searched for."""

SKEW = 60.0
"""Seconds by which the server's clock may be behind the local clock."""

Remember = Callable[[str, str], Awaitable[None]]
"""Writer of a token and its request body (JSON). Called before the request is sent."""


@dataclass(frozen=True, slots=True)
class Created(Outcome):
    """Outcome of a create."""

    job: Job | None = None
    error: ApiError | None = None
    """Error of the request. Also set if the job was found afterwards."""
    token: str = ""
    """The token that was sent. Empty if the metadata had no room for one."""


async def create_once(client: Client, spec: JobSpec, clock: Clock, remember: Remember) -> Created:
    """Create a job, and never a second one.

    The request is sent again only if no connection was made. After a lost response the job is searched for by its
    token. A job that is not found may still exist: the outcome is `ambiguous`, and the user must decide.

    An exception of `remember` is passed on, and nothing is sent.
    """
    since = clock.now()
    token = new_token() if client.carries_metadata(spec) else ""
    asked = spec.model_copy(update={"metadata": {**spec.metadata, TOKEN_KEY: token}}) if token else spec
    if token:
        await remember(token, json.dumps(asked.body()))
    try:
        try:
            job = await client.create_job(asked)
        except BadRequest as error:
            if not token or spec.metadata or "metadata" not in f"{error.param} {error}":
                raise
            # The server does not support metadata, and the user set none: send the job without.
            token = ""
            job = await client.create_job(spec)
    except ApiError as error:
        if not error.ambiguous:
            return Created(False, error.text, request_id=error.request_id, error=error, token=token)
        return await _settle(client, clock, asked, token, error, since)
    return Created(True, f"created {job.id}", id=job.id, job=job, token=token)


async def create_recorded(archive: Archive, client: Client, spec: JobSpec, clock: Clock) -> Created:
    """Create a job with `create_once`. The token is in the archive until the outcome is known."""
    written: list[str] = []

    async def remember(token: str, body: str) -> None:
        written.append(token)
        await archive.creates.remember(token, body, clock.now())

    created = await create_once(client, spec, clock, remember)
    # A token that was recorded but not sent is dropped too.
    if not (created.ambiguous and created.token):
        for token in written:
            await archive.creates.forget(token)
    return created


def new_token() -> str:
    """Return a new random token."""
    return os.urandom(12).hex()


async def find_by_token(client: Client, token: str) -> Job | None:
    """Return the job that has `token` in its metadata, or None. One attempt.

    Some servers ignore the filter by metadata, so the newest jobs are searched as well.

    Raises:
        ApiError: the list could not be fetched.
    """
    client = client.with_tries(1)
    try:
        page = await client.list_jobs(metadata={TOKEN_KEY: token})
    except BadRequest:
        page = await client.list_jobs()
    found = _with(page.objects, token)
    if found is None:
        found = _with((await client.list_jobs()).objects, token)
    return Job.read(found) if found is not None else None


def _with(objects: list[object], token: str) -> object | None:
    for raw in objects:
        if isinstance(raw, dict) and lenient.mapping(raw.get("metadata")).get(TOKEN_KEY) == token:
            return raw
    return None


async def similar_jobs(client: Client, spec: JobSpec, since: float) -> list[str]:
    """Return the ids of jobs with the same model and file, created since, as candidates for the user.

    Raises:
        ApiError: the list could not be fetched.
    """
    page = await client.with_tries(1).list_jobs()
    return [
        job.id
        for job in page.items
        if job.training_file == spec.training_file
        # A job has the dated snapshot of the requested model.
        and job.model.startswith(spec.model)
        and (job.created_at or 0.0) >= since - SKEW
        and TOKEN_KEY not in job.metadata
    ]


async def _settle(client: Client, clock: Clock, spec: JobSpec, token: str, error: ApiError, since: float) -> Created:
    """Search for the job whose response was lost."""
    waited, answered = 0.0, not token
    for moment in SEARCHES if token else ():
        await clock.sleep(moment - waited)
        waited = moment
        try:
            job = await find_by_token(client, token)
        except ApiError:
            continue
        answered = True
        if job is not None:
            return Created(
                True,
                f"created {job.id} (the response was lost; the job was found by its token)",
                job.id,
                job=job,
                error=error,
                token=token,
            )
    searched = f"it was not found within {SEARCHES[-1]:.0f} seconds" if token else "it has no token to search for"
    found: list[str] = []
    with suppress(ApiError):
        found = await similar_jobs(client, spec, since) if answered else []
    hint = (
        f"Possibly {' or '.join(found)}: same model, same file, created just now."
        if found
        else "Check the newest jobs before you create it again: fttui jobs list"
    )
    return Created(
        False,
        f"{error}. The job may exist: {searched}.\n{hint}",
        request_id=error.request_id,
        ambiguous=True,
        error=error,
        token=token,
    )
