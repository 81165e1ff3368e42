"""Runs that other programs started, read from the files in directories of this machine. No request is sent."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from fttui.api.error_mapping import UNKNOWN_ROUTE
from fttui.api.errors import BadRequest, NotFound, Unreachable
from fttui.api.http import Http
from fttui.api.providers.base import Provider
from fttui.api.providers.decoding import complete
from fttui.api.providers.dialect import Dialect, Report, Stream
from fttui.models import refusals
from fttui.models.chat import Chunk, Question
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.models.samples import StepSamples
from fttui.models.spec import JobSpec
from fttui.models.wire import SENT
from fttui.runs import watched
from fttui.runs.formats import formats
from fttui.runs.log import RunLog
from fttui.runs.place import paths_of
from fttui.runs.watched import Watched

T = TypeVar("T")

LEAST_PAGE = 500
"""Events of a page. Pages cost no requests, and few large ones cost the archive less than many small ones."""


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return the directories in a URL: see `fttui.runs.place`."""
    return Provider(
        name="runs",
        base_url=base_url,
        dialect=Runs,
        label=":".join(paths_of(base_url)),
        key_variable="",
        missing=frozenset(
            {
                *("create", "cancel", "pause", "resume", "delete_job", "delete_model", "delete_file", "upload"),
                *("file", "results", "try_model"),
            }
        ),
        keeps_metadata=False,
        hyperparameters=MappingProxyType({}),
        has_samples=True,
        is_watched=True,
        costs=MappingProxyType(
            dict.fromkeys(("jobs", "job", "events", "checkpoints", "samples", "results", "file"), 0)
        ),
    )


class Runs(Dialect):
    """Runs as an API. Everything is read in threads, because a directory may be on a slow disk."""

    def __init__(self, http: Http, *, memory: str = "", log_pattern: str = "") -> None:
        """
        Args:
            memory: directory of fttui's own for what is remembered between two starts; none if empty.
            log_pattern: regular expression for the metrics in console logs: see `formats.text_log`.
        """
        super().__init__(http)
        url = http.provider.base_url
        memory = watched.memory_file(memory, url + log_pattern) if memory else ""
        self._watched = Watched(paths_of(url), memory, formats(log_pattern))

    async def close(self) -> None:
        await asyncio.to_thread(self._watched.save)

    async def look(self) -> list[str]:
        """Look at the directories, and return sentences about what cannot be read."""
        await self._in_thread(self._watched.refresh)
        return self._watched.problems

    # Jobs

    async def jobs(
        self, *, after: str | None = None, limit: int = 100, metadata: Mapping[str, str] | None = None
    ) -> Page[Job]:
        now = self._http.clock.now()
        found, has_more = await self._in_thread(lambda: self._watched.page(after, limit, now))
        objects = [{**each.job, SENT: each.sent} for each in found]
        last = found[-1].job["id"] if found else None
        return Page(Job, objects, has_more, None, next=last)

    async def job(self, id: str) -> Job:
        now = self._http.clock.now()
        found = await self._in_thread(lambda: self._watched.job(id, now))
        if found is None:
            raise NotFound(f"no run {id} below {self.provider.title}", status=404, code="run_not_found")
        return Job.read({**found.job, SENT: found.sent})

    async def events(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        """Return a page of a log, newest first."""
        log = await self._log(id)
        events = log.events
        places = {event["id"]: place for place, event in enumerate(events)} if after else {}
        end = places.get(after, 0) if after else len(events)
        start = max(0, end - max(limit, LEAST_PAGE))
        page = events[start:end][::-1]
        last = page[-1]["id"] if page else None
        return await complete(Page(Event, page, start > 0, None, next=last))

    async def checkpoints(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Checkpoint]:
        log = await self._log(id)
        return Page(Checkpoint, (await self._in_thread(log.checkpoints))[::-1], False, None)

    async def samples(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[StepSamples]:
        found = (await self._log(id)).samples()
        places = [each["id"] for each in found]
        start = places.index(after) + 1 if after in places else 0
        return Page(StepSamples, found[start:], False, None)

    # Nothing is changed

    async def create(self, spec: JobSpec) -> Job:
        raise _watched()

    async def cancel(self, id: str) -> Job:
        raise _watched()

    async def pause(self, id: str) -> Job:
        raise _watched()

    async def resume(self, id: str) -> Job:
        raise _watched()

    async def delete(self, id: str) -> dict[str, Any]:
        raise _watched()

    def refuse(self, spec: JobSpec) -> str:
        return refusals.WATCHED

    def carries(self, spec: JobSpec) -> bool:
        return False

    # Files and models

    async def files(
        self, *, purpose: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Page[File]:
        raise _without("a list of training files")

    async def file(self, id: str) -> File:
        raise _without("facts about training files")

    async def upload(self, path: str, *, purpose: str, progress: Report | None = None) -> File:
        raise _watched()

    async def delete_file(self, id: str) -> dict[str, Any]:
        raise _watched()

    async def content(self, id: str) -> bytes:
        raise _without("result files")

    def stream(self, id: str) -> Stream:
        raise _without("training files")

    async def models(self) -> Page[Model]:
        return Page(Model, [], False, None)

    async def model(self, id: str) -> Model:
        raise _without("facts about models")

    async def delete_model(self, id: str) -> dict[str, Any]:
        raise _watched()

    def chat(self, question: Question) -> AsyncGenerator[Chunk, None]:
        raise BadRequest("a directory of runs answers no prompts", code="not_offered")

    # Parts

    async def _log(self, id: str) -> RunLog:
        log = await self._in_thread(lambda: self._watched.log(id))
        if log is None:
            raise NotFound(f"no run {id} below {self.provider.title}", status=404, code="run_not_found")
        return log

    async def _in_thread(self, read: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(read)
        except OSError as error:
            reason = f"{error.filename or self.provider.title}: {error.strerror or error}"
            raise Unreachable(f"cannot read {reason}", kind="name", reason=reason, unsent=True) from None


def _watched() -> BadRequest:
    return BadRequest(refusals.WATCHED, code="watched")


def _without(what: str) -> NotFound:
    return NotFound(f"a directory of runs has no {what}", status=404, code=UNKNOWN_ROUTE)
