"""Route of chat completions: answers of base models and tuned models, whole or as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from fttui.server import ids
from fttui.server.api import json_objects
from fttui.server.api.chat_request import ChatRequest, chat_request
from fttui.server.api.errors import RequestError, no_model, sampling_failure
from fttui.server.api.event_stream import END, MEDIA_TYPE, event, phase_comment
from fttui.server.api.parameters import is_owner, json_of, service_of
from fttui.server.jobs.base_models import NoModel
from fttui.server.sampling.question import End, Item, Loading, Question, SamplingError, Text
from fttui.server.service import Service
from fttui.server.settings import Trainer

_Result = TypeVar("_Result")


async def create(request: Request) -> Response:
    service = service_of(request)
    asked = chat_request(await json_of(request))
    trainer, question = await run_in_threadpool(_question, service, asked, is_owner=is_owner(request))
    answer = Answer(service, asked, trainer, question)
    if asked.streams:
        return await _until_disconnect(request, answer.stream())
    return JSONResponse(await _until_disconnect(request, answer.whole()))


def _question(service: Service, asked: ChatRequest, *, is_owner: bool) -> tuple[Trainer, Question]:
    """Find model and trainer of a request.

    Raises:
        RequestError: the model does not exist, or its trainer cannot answer prompts.
    """
    try:
        chosen = service.choose_model(asked.model, is_owner=is_owner)
    except NoModel:
        raise no_model(asked.model) from None
    trainer, tuned = chosen.trainer, service.database.models.get(chosen.id)
    if not trainer.sampler:
        message = f"The trainer {trainer.name} cannot answer prompts. Export the model, and use it elsewhere."
        raise RequestError(400, message, param="model", code="no_sampler")
    question = Question(
        base=chosen.base,
        source=chosen.source,
        model=service.paths.model(tuned) if tuned else None,
        messages=asked.messages,
        tools=asked.tools,
        max_tokens=asked.max_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        seed=asked.seed,
        stop=asked.stop,
    )
    return trainer, question


class Answer:
    """Answer to one request."""

    def __init__(self, service: Service, asked: ChatRequest, trainer: Trainer, question: Question) -> None:
        self._asked = asked
        self._items = service.samplers.answer(trainer, question)
        self._completion = json_objects.Completion(ids.new_id("chatcmpl-"), service.now(), asked.model)

    async def whole(self) -> dict[str, Any]:
        """Return the completion when it is complete.

        Raises:
            RequestError: the sampler failed.
        """
        text = ""
        async with aclosing(self._items) as items:
            try:
                async for item in items:
                    if isinstance(item, Text):
                        text += item.text
                    elif isinstance(item, End):
                        return self._completion.whole(text, item)
            except SamplingError as error:
                raise sampling_failure(error) from None
        raise AssertionError("no end")

    async def stream(self) -> Response:
        """Return a response that streams the completion.

        Raises:
            RequestError: the sampler failed before its first item. Later errors become an event of the stream.
        """
        try:
            first = await anext(self._items)
        except SamplingError as error:
            raise sampling_failure(error) from None
        return StreamingResponse(self._events(first), media_type=MEDIA_TYPE, headers=_STREAM_HEADERS)

    async def _events(self, first: Item) -> AsyncIterator[str]:
        completion, usage = self._completion, self._asked.with_usage
        async with aclosing(self._items) as items:
            yield event(completion.chunk({"role": "assistant", "content": "", "refusal": None}, usage=usage))
            try:
                async for item in _with_first(first, items):
                    if isinstance(item, Loading):
                        yield phase_comment(item)
                    elif isinstance(item, Text):
                        yield event(completion.chunk({"content": item.text}, usage=usage))
                    else:
                        yield event(completion.chunk({}, item.finish_reason, usage=usage))
                        if usage:
                            yield event(completion.usage_chunk(item))
                        yield END
            except SamplingError as error:
                yield event(sampling_failure(error).body())


_STREAM_HEADERS = {"cache-control": "no-cache"}


async def _with_first(first: Item, items: AsyncIterator[Item]) -> AsyncIterator[Item]:
    yield first
    async for item in items:
        yield item


async def _until_disconnect(request: Request, answering: Coroutine[Any, Any, _Result]) -> _Result:
    """Wait for an answer. A client that disconnects cancels it.

    Raises:
        ClientDisconnect: the client has disconnected.
    """
    answer = asyncio.create_task(answering)
    gone = asyncio.create_task(_disconnect(request))
    try:
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ClientDisconnect
        return answer.result()
    finally:
        gone.cancel()
        answer.cancel()


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


routes = [Route("/v1/chat/completions", create, methods=["POST"])]
