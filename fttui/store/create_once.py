"""Create exactly once: a token travels with the job, by which it is known again when the answer is lost."""

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
from fttui.models.spec import MAX_METADATA, JobSpec
from fttui.store.archive.archive import Archive
from fttui.store.snapshot import Outcome

LOOKS = (0.5, 2.0, 8.0)
"""Seconds after a lost answer at which the job is looked for."""

SKEW = 60.0
"""Seconds by which the server's clock may be behind ours."""

Remember = Callable[[str, str], Awaitable[None]]
"""Writes down a token and the body it is sent with (JSON), before anything is sent."""


@dataclass(frozen=True, slots=True)
class Created(Outcome):
    """How a create ended."""

    job: Job | None = None
    error: ApiError | None = None
    """What went wrong on the way; also set when the job was found all the same."""
    token: str = ""
    """The token that was sent; empty where none could be."""


async def create_once(client: Client, spec: JobSpec, clock: Clock, remember: Remember) -> Created:
    """Create a job, and never a second one.

    It is sent again only when no connection was made. After any other lost answer it is looked for; when it is not
    found it may exist all the same, and the outcome is `ambiguous`: only a person can decide then.

    What `remember` raises passes through, and nothing was sent.
    """
    since = clock.now()
    # Where metadata does not arrive, a token would be looked for in vain.
    has_room = len(spec.metadata) < MAX_METADATA and client.provider.keeps_metadata
    token = new_token() if has_room else ""
    asked = spec.model_copy(update={"metadata": {**spec.metadata, TOKEN_KEY: token}}) if token else spec
    if token:
        await remember(token, json.dumps(asked.body()))
    try:
        try:
            job = await client.create_job(asked)
        except BadRequest as error:
            if not token or spec.metadata or "metadata" not in f"{error.param} {error}":
                raise
            # A server that knows no metadata: the person asked for none, so the job goes without.
            token = ""
            job = await client.create_job(spec)
    except ApiError as error:
        if not error.ambiguous:
            return Created(False, error.text, request_id=error.request_id, error=error, token=token)
        return await _settle(client, clock, asked, token, error, since)
    return Created(True, f"created {job.id}", id=job.id, job=job, token=token)


async def create_kept(archive: Archive, client: Client, spec: JobSpec, clock: Clock) -> Created:
    """`create_once`, with the token in the archive from before it is sent until the job's fate is known."""
    written: list[str] = []

    async def remember(token: str, body: str) -> None:
        written.append(token)
        await archive.creates.remember(token, body, clock.now())

    created = await create_once(client, spec, clock, remember)
    # By a token that was not sent after all nothing will be found.
    if not (created.ambiguous and created.token):
        for token in written:
            await archive.creates.forget(token)
    return created


def new_token() -> str:
    """A token that no other create has."""
    return os.urandom(12).hex()


async def look(client: Client, token: str) -> Job | None:
    """The job that carries `token` in the metadata that the server returns; one attempt.

    The server is asked to filter, and not believed: some ignore that, so the newest jobs are searched as well.

    Raises:
        ApiError: the list could not be had.
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


async def alike(client: Client, spec: JobSpec, since: float) -> list[str]:
    """Jobs that could be the one that was asked for, by model and file and time: for a person to judge.

    Raises:
        ApiError: the list could not be had.
    """
    page = await client.with_tries(1).list_jobs()
    return [
        job.id
        for job in page.items
        if job.training_file == spec.training_file
        # The answer names the dated snapshot of a model.
        and job.model.startswith(spec.model)
        and (job.created_at or 0.0) >= since - SKEW
        and TOKEN_KEY not in job.metadata
    ]


async def _settle(client: Client, clock: Clock, spec: JobSpec, token: str, error: ApiError, since: float) -> Created:
    """Look for the job whose answer was lost."""
    waited, answered = 0.0, not token
    for moment in LOOKS if token else ():
        await clock.sleep(moment - waited)
        waited = moment
        try:
            job = await look(client, token)
        except ApiError:
            continue
        answered = True
        if job is not None:
            return Created(
                True,
                f"created {job.id} (its answer was lost; found by its token)",
                job.id,
                job=job,
                error=error,
                token=token,
            )
    searched = f"was not found within {LOOKS[-1]:.0f} seconds" if token else "carries no token to know it by"
    found: list[str] = []
    with suppress(ApiError):
        found = await alike(client, spec, since) if answered else []
    hint = (
        f"It looks like {' or '.join(found)}: same model, same file, created just now."
        if found
        else "Look at the newest jobs before creating it again: fttui jobs list"
    )
    return Created(
        False,
        f"{error}. The job may exist all the same: it {searched}.\n{hint}",
        request_id=error.request_id,
        ambiguous=True,
        error=error,
        token=token,
    )
