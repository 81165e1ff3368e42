"""Client of a provider: the calls of its dialect, lists to their end, and verbs whose response was lost.

All calls raise `ApiError` only. Reads are retried, other calls are not.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from fttui.api.byte_range import Piece
from fttui.api.errors import ApiError, BadRequest
from fttui.api.http import Http
from fttui.api.providers import Provider
from fttui.api.providers.dialect import Dialect
from fttui.api.walk import Warn, walk
from fttui.models.assessment import Assessment
from fttui.models.chat import Chunk, Question
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.export import ModelExport, Weights
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.models.run_state import Phase
from fttui.models.samples import StepSamples
from fttui.models.spec import JobSpec

HEAD = 16 << 20
"""Greatest number of bytes that are read for the first lines of a file."""
LAST_PAGE = 2000
"""Greatest number of pages of a list that callers hold in memory. Lists of jobs have no limit."""


class Client:
    """API of one provider. Calls may run concurrently."""

    def __init__(self, http: Http, *, api: Dialect | None = None) -> None:
        """
        Args:
            api: the dialect; the provider's own if None.
        """
        self._http = http
        self._api = api or (http.provider.dialect or Dialect)(http)

    @property
    def provider(self) -> Provider:
        return self._http.provider

    @property
    def skew(self) -> float | None:
        """Seconds by which the provider's clock is ahead of ours; None if unknown."""
        return self._http.skew

    @property
    def rate_pause(self) -> float:
        """Seconds for which requests that are not urgent should wait, as the provider announced; usually 0."""
        return self._http.rate_pause

    def with_tries(self, tries: int) -> "Client":
        """Return a client with the same connections that tries a read at most `tries` times."""
        return Client(self._http, api=self._api.with_tries(tries))

    async def close(self) -> None:
        await self._api.close()
        await self._http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # Jobs

    async def list_jobs(
        self, *, after: str | None = None, limit: int = 100, metadata: Mapping[str, str] | None = None
    ) -> Page[Job]:
        """Return one page, in the server's order. `metadata` filters by pairs; servers may ignore it."""
        return await self._api.jobs(after=after, limit=limit, metadata=metadata)

    def each_job_page(
        self,
        *,
        limit: int = 100,
        metadata: Mapping[str, str] | None = None,
        warn: Warn | None = None,
        ahead: bool = False,
    ) -> AsyncIterator[Page[Job]]:
        """Yield all pages (see `walk`)."""
        return walk(lambda after: self.list_jobs(after=after, limit=limit, metadata=metadata), warn, ahead=ahead)

    async def get_job(self, id: str) -> Job:
        return await self._api.job(id)

    def carries_metadata(self, spec: JobSpec) -> bool:
        """Return whether the metadata of a job, with a create token, comes back with the job."""
        return self._api.carries(spec)

    async def assess(self, *specs: JobSpec, has_files: bool) -> Assessment:
        """Return what the provider says about a job before it is created.

        Args:
            specs: the job; without files also the other jobs of its sweep, which differ in their settings.
            has_files: the files of the job are at the provider, so it may know a price. Otherwise only refusals.
        """
        if has_files:
            return await self._api.estimate(specs[0])
        if refusal := next(filter(None, map(self._api.refuse, specs)), ""):
            return Assessment(refusal)
        return await self._api.exceeds(specs)

    async def create_job(self, spec: JobSpec) -> Job:
        """Create a job with one POST, never sent twice. `store.create_once` handles ambiguous errors.

        Raises:
            BadRequest: the provider is known to refuse the job, and nothing was sent.
        """
        if reason := self._api.refuse(spec):
            raise BadRequest(reason, code="not_offered")
        return await self._api.create(spec)

    async def cancel_job(self, id: str) -> Job:
        return await self._act(id, self._api.cancel, lambda job: job.status.is_final or job.status == "stopping")

    async def pause_job(self, id: str) -> Job:
        return await self._act(id, self._api.pause, lambda job: job.status == "paused")

    async def resume_job(self, id: str) -> Job:
        return await self._act(id, self._api.resume, lambda job: job.status in ("queued", "running"))

    async def delete_job(self, id: str) -> dict[str, Any]:
        """Return the response as sent; empty if the server sent none."""
        return await self._api.delete(id)

    async def list_events(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        return await self._api.events(id, after=after, limit=limit)

    def each_event_page(self, id: str, *, limit: int = 100, warn: Warn | None = None) -> AsyncIterator[Page[Event]]:
        return walk(lambda after: self.list_events(id, after=after, limit=limit), warn, most=LAST_PAGE)

    async def list_checkpoints(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Checkpoint]:
        return await self._api.checkpoints(id, after=after, limit=limit)

    def each_checkpoint_page(
        self, id: str, *, limit: int = 100, warn: Warn | None = None
    ) -> AsyncIterator[Page[Checkpoint]]:
        return walk(lambda after: self.list_checkpoints(id, after=after, limit=limit), warn, most=LAST_PAGE)

    async def list_samples(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[StepSamples]:
        """Return a page of a job's samples by step, from the embedded service."""
        return await self._api.samples(id, after=after, limit=limit)

    def each_samples_page(
        self, id: str, *, after: str | None = None, limit: int = 100, warn: Warn | None = None
    ) -> AsyncIterator[Page[StepSamples]]:
        """Yield all pages after the samples with the id `after`."""
        return walk(lambda place: self.list_samples(id, after=place or after, limit=limit), warn, most=LAST_PAGE)

    # Files

    async def list_files(
        self, *, purpose: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Page[File]:
        return await self._api.files(purpose=purpose, after=after, limit=limit)

    def each_file_page(
        self, *, purpose: str | None = None, limit: int | None = None, warn: Warn | None = None
    ) -> AsyncIterator[Page[File]]:
        return walk(lambda after: self.list_files(purpose=purpose, after=after, limit=limit), warn, most=LAST_PAGE)

    async def get_file(self, id: str) -> File:
        return await self._api.file(id)

    async def upload_file(
        self, path: str, *, purpose: str = "fine-tune", progress: Callable[[int, int], None] | None = None
    ) -> File:
        """Upload a file from the disk with constant memory; above 512 MB in parts, where the provider takes parts.

        Args:
            progress: called with the bytes sent so far and the size of the file.
        """
        return await self._api.upload(path, purpose=purpose, progress=progress)

    async def delete_file(self, id: str) -> dict[str, Any]:
        """Return the response as sent; empty if the server sent none."""
        return await self._api.delete_file(id)

    async def file_content(self, id: str) -> bytes:
        """Return a file of at most 512 MB, such as a result file. `download_file` has no limit."""
        return await self._api.content(id)

    async def file_lines(self, id: str, most: int) -> list[bytes]:
        """Return the first lines of a file, at most `most`, and at most `HEAD` bytes. The rest is not transferred."""
        found = bytearray()
        async with self._api.stream(id) as (_, chunks):
            async for chunk in chunks:
                found += chunk
                if len(found) > HEAD or found.count(b"\n") >= most:
                    break
            else:
                return bytes(found).split(b"\n")[:most]
        return bytes(found).split(b"\n")[:-1][:most]

    async def download_file(
        self, id: str, write: Callable[[bytes], object], *, progress: Callable[[int, int | None], None] | None = None
    ) -> int:
        """Pass the bytes of a file to `write` as they arrive. Return their number. Errors of `write` are not caught.

        Args:
            progress: called with the bytes so far and the size of the file, if known.
        """
        done = 0
        async with self._api.stream(id) as (length, chunks):
            async for chunk in chunks:
                write(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, length)
        return done

    # Models

    async def list_models(self) -> Page[Model]:
        return await self._api.models()

    async def get_model(self, id: str) -> Model:
        return await self._api.model(id)

    async def delete_model(self, id: str) -> dict[str, Any]:
        """Return the response as sent; empty if the server sent none."""
        return await self._api.delete_model(id)

    def chat(self, question: Question) -> AsyncGenerator[Chunk, None]:
        """Yield the answer of a model in parts. The request is sent once. Close the generator to stop the answer.

        Raises:
            ApiError: the request was refused, or the answer ended early.
        """
        return self._api.chat(question)

    async def export_model(
        self, model: str, directory: str, *, merged: bool, progress: Callable[[Phase], object] = lambda _: None
    ) -> ModelExport:
        """Write a tuned model of the embedded service to a directory of this machine. The request is sent once.

        Args:
            directory: absolute path of a directory that does not exist, or is empty.
            merged: write the weights of base model and adapter together.
            progress: receives the work of a long export.
        """
        return await self._api.export_model(model, directory, merged=merged, progress=progress)

    async def find_weights(self, job: Job, step: int | None, *, merged: bool) -> Weights:
        """Return the weights of a job at a provider that gives them. Their size is asked for; they are not read.

        Args:
            step: step of a checkpoint; the end of the job if None.
            merged: weights of base model and adapter together.
        """
        return await self._api.weights(job, step, merged=merged)

    def weights_from(self, weights: Weights, start: int) -> AbstractAsyncContextManager[Piece]:
        """Open weights from a byte to their end. There are no retries."""
        return self._api.piece(weights, start)

    async def _act(self, id: str, send: Callable[[str], Awaitable[Job]], done: Callable[[Job], bool]) -> Job:
        """Send a verb to a job once. If the response is lost, read the job to see whether the verb took effect."""
        try:
            return await send(id)
        except ApiError as error:
            if not error.ambiguous:
                raise
            try:
                job = await self.get_job(id)
            except ApiError:
                raise error from None
            if done(job):
                return job
            raise
