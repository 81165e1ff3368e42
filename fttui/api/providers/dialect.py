"""The calls of the API of one provider. The base class speaks OpenAI's API; a near provider is a subclass."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from copy import copy
from typing import Any, Self, TypeVar
from urllib.parse import quote

from fttui.api import multipart
from fttui.api.byte_range import Piece
from fttui.api.errors import BadRequest, Unreachable
from fttui.api.http import Http
from fttui.api.providers import refusals
from fttui.api.providers.base import Provider
from fttui.api.providers.decoding import Decoder
from fttui.models.assessment import Assessment
from fttui.models.auto_hyperparameters import AUTO
from fttui.models.chat import Chunk, Question, chunk_of, phase_chunk
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.export import ModelExport, Weights
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.models.run_state import Phase
from fttui.models.samples import StepSamples
from fttui.models.spec import MAX_METADATA, JobSpec
from fttui.models.wire import Wire

T = TypeVar("T", bound=Wire)
Query = list[tuple[str, str]]
Report = Callable[[int, int], None]
Stream = AbstractAsyncContextManager[tuple[int | None, AsyncIterator[bytes]]]


class Dialect:
    """API of one provider. Its verbs raise `ApiError` only, and return objects in the shape of OpenAI's API.

    A subclass overrides the verbs that differ, and `translate`. Facts that are known before a connection are in
    `Provider`. Cursors of pages are opaque outside of the dialect that made them.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._tries: int | None = None
        speaks_openai = type(self).translate is Dialect.translate
        self._decode = Decoder(http.provider, None if speaks_openai else self.translate)

    def with_tries(self, tries: int) -> Self:
        """Return the same API, with the same state, that tries a read at most `tries` times."""
        other = copy(self)
        other._tries = tries
        return other

    async def close(self) -> None:
        """End what the dialect does in the background."""

    @property
    def provider(self) -> Provider:
        return self._http.provider

    # Jobs

    async def jobs(
        self, *, after: str | None = None, limit: int = 100, metadata: Mapping[str, str] | None = None
    ) -> Page[Job]:
        """Return one page, in the server's order. `metadata` filters by pairs; servers may ignore it."""
        wanted = [(f"metadata[{key}]", value) for key, value in (metadata or {}).items()]
        return await self._page(Job, self.provider.jobs, [*window(after, limit), *wanted])

    async def job(self, id: str) -> Job:
        return self._decode.object(Job, await self._read(self._job_path(id)))

    async def create(self, spec: JobSpec) -> Job:
        """Create a job with one POST, never sent twice."""
        body = {**self.body(spec), **self.provider.create}
        return self._decode.object(Job, await self._http.write("POST", self.provider.jobs, body), is_write=True)

    async def cancel(self, id: str) -> Job:
        return await self._act(id, "cancel")

    async def pause(self, id: str) -> Job:
        return await self._act(id, "pause")

    async def resume(self, id: str) -> Job:
        return await self._act(id, "resume")

    async def delete(self, id: str) -> dict[str, Any]:
        """Delete a job. Return the response as sent; empty if the server sent none."""
        return await self._delete(self._job_path(id))

    async def events(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        return await self._page(Event, f"{self._job_path(id)}/events", window(after, limit))

    async def checkpoints(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Checkpoint]:
        return await self._page(Checkpoint, f"{self._job_path(id)}/checkpoints", window(after, limit))

    async def samples(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[StepSamples]:
        """Return a page of a job's samples by step, where `Provider.has_samples` is true."""
        return await self._page(StepSamples, f"{self._job_path(id)}/samples", window(after, limit))

    # Files

    async def files(
        self, *, purpose: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Page[File]:
        wanted = [("purpose", purpose)] if purpose else []
        return await self._page(File, self.provider.files, [*wanted, *window(after, limit)])

    async def file(self, id: str) -> File:
        return self._decode.object(File, await self._read(f"{self.provider.files}/{part(id)}"))

    async def upload(self, path: str, *, purpose: str, progress: Report | None = None) -> File:
        return self._decode.object(File, await multipart.send(self._http, path, purpose, progress), is_write=True)

    async def delete_file(self, id: str) -> dict[str, Any]:
        """Return the response as sent; empty if the server sent none."""
        return await self._delete(f"{self.provider.files}/{part(id)}")

    async def content(self, id: str) -> bytes:
        """Return the content of a file that fits into the memory, such as a result file."""
        return await self._http.content(f"{self.provider.files}/{part(id)}/content")

    def stream(self, id: str) -> Stream:
        """Open the content of a file as its length, if known, and its bytes."""
        return self._http.stream(f"{self.provider.files}/{part(id)}/content")

    # Models

    async def models(self) -> Page[Model]:
        return await self._page(Model, self.provider.models, [])

    async def model(self, id: str) -> Model:
        return self._decode.object(Model, await self._read(f"{self.provider.models}/{part(id)}"))

    async def delete_model(self, id: str) -> dict[str, Any]:
        """Return the response as sent; empty if the server sent none."""
        return await self._delete(f"{self.provider.models}/{part(id)}")

    async def chat(self, question: Question) -> AsyncGenerator[Chunk, None]:
        """Yield the answer of a model in parts. The request is sent once."""
        path = self.provider.chat.replace("{model}", part(question.model))
        is_complete = False
        async with self._http.events(path, question.body(length=self.provider.chat_length)) as events:
            async for event in events:
                if event.text == "[DONE]":
                    is_complete = True
                    continue
                chunk = phase_chunk(event.text) if event.is_comment else chunk_of(self._http.value_of(event))
                if chunk is not None:
                    is_complete = is_complete or bool(chunk.finish_reason)
                    yield chunk
        if not is_complete:
            reason = "the answer ended early"
            raise Unreachable(f"lost the connection to {self.provider.title}: {reason}", kind="cut", reason=reason)

    async def export_model(
        self, model: str, directory: str, *, merged: bool, progress: Callable[[Phase], object]
    ) -> ModelExport:
        """Write a tuned model to a directory of this machine: see `Client.export_model`."""
        raise BadRequest(f"{self.provider.title} does not export models", code="no_export")

    async def weights(self, job: Job, step: int | None, *, merged: bool) -> Weights:
        """Ask for the weights of a job, where `Provider.gives_weights` is true: see `Client.find_weights`."""
        raise BadRequest(f"{self.provider.title} does not give the weights of tuned models", code="no_weights")

    def piece(self, weights: Weights, start: int) -> AbstractAsyncContextManager[Piece]:
        """Open weights from a byte to their end."""
        return self._http.piece(weights.route, start, weights.version)

    # Before a job is created

    def refuse(self, spec: JobSpec) -> str:
        """Return why the provider would refuse a job, as far as that is known without a request; empty if not."""
        return refusals.of(self.provider, spec)

    def carries(self, spec: JobSpec) -> bool:
        """Return whether the metadata of a job, with a create token, comes back with the job."""
        return self.provider.keeps_metadata and len(spec.metadata) < MAX_METADATA

    async def exceeds(self, specs: Sequence[JobSpec]) -> Assessment:
        """Return the limit of the provider that one of the jobs exceeds, if one is known. All have one model."""
        return Assessment()

    async def estimate(self, spec: JobSpec) -> Assessment:
        """Return the provider's own estimate for a job whose files are uploaded."""
        return Assessment()

    # Translation, without requests

    def body(self, spec: JobSpec) -> dict[str, Any]:
        """Return the body of the request that creates a job, without what the provider would drop or refuse."""
        update: dict[str, Any] = {} if self.provider.keeps_metadata else {"metadata": {}}
        if not self.provider.has_auto:
            given = spec.hyperparameters
            update["hyperparameters"] = {name: value for name, value in given.items() if value != AUTO}
        return spec.model_copy(update=update).body()

    def translate(self, kind: type[Wire], raw: dict[str, Any]) -> dict[str, Any]:
        """Return an object of the provider in the shape of OpenAI's API; the same object where nothing differs."""
        return raw

    # Requests and responses

    def _job_path(self, id: str) -> str:
        return f"{self.provider.jobs}/{part(id)}"

    async def _read(self, path: str, query: Query | None = None, *, is_page: bool = False) -> Any:
        return await self._http.read(path, query or [], tries=self._tries, is_page=is_page)

    async def _page(self, kind: type[T], path: str, query: Query) -> Page[T]:
        return await self._decode.page(kind, await self._read(path, query, is_page=True))

    async def _act(self, id: str, verb: str) -> Job:
        return self._decode.object(Job, await self._http.write("POST", f"{self._job_path(id)}/{verb}"), is_write=True)

    async def _delete(self, path: str) -> dict[str, Any]:
        raw = await self._http.write("DELETE", path)
        return raw if isinstance(raw, dict) else {}


def window(after: str | None, limit: int | None) -> Query:
    """Return the query of one page in OpenAI's API."""
    found = [] if limit is None else [("limit", str(limit))]
    return [*found, ("after", after)] if after else found


def part(id: str) -> str:
    """Return an id as one segment of a path: `/` becomes `%2F`, `:` stays, and dots of `..` are escaped."""
    if not id.strip():
        raise BadRequest("the id is empty", code="empty_id")
    segment = quote(id, safe=":", errors="replace")
    return segment.replace(".", "%2E") if set(segment) == {"."} else segment
