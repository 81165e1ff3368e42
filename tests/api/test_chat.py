"""Chat completions: what is sent, what is read from a stream, faults, cancellation."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from fttui.api import providers
from fttui.api.errors import ApiError, BadRequest, BadResponse, Conflict, Unauthorized, Unreachable
from fttui.api.event_stream import LONGEST_LINE, StreamEvent, StreamTooWide, events_of
from fttui.models.chat import Call, Chunk, Question, chunk_of
from fttui.models.run_state import Phase
from tests.api.conftest import KEY, Connect
from tests.support.fault_server import Line, Request, Step, answer, refuse, reset, serving

HELLO = Question("ft:m", [{"role": "user", "content": "Hello"}], 64, temperature=0.0, tools=[{"type": "function"}])


def chunk(text: str = "", finish: str | None = None, **members: Any) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'id': 'c', 'choices': [choice], **members})}\n\n"


USAGE = f"data: {json.dumps({'choices': [], 'usage': {'prompt_tokens': 7, 'completion_tokens': 2}})}\n\n"
DONE = "data: [DONE]\n\n"


def streamed(*parts: str) -> Step:
    return answer(200, "".join(parts), content_type="text/event-stream")


async def asked(connect: Connect, *steps: Step, question: Question = HELLO) -> list[Chunk]:
    async with serving(*steps) as server:
        async with aclosing(connect(server.url).chat(question)) as chunks:
            found = [chunk async for chunk in chunks]
        assert len(server.requests) == 1
        return found


async def test_the_request_has_the_question_and_asks_for_a_stream(connect: Connect) -> None:
    async with serving(streamed(chunk("Hi", "stop"), DONE)) as server:
        chunks = connect(server.url).chat(HELLO._replace(top_p=0.5, seed=3))
        assert [chunk.text async for chunk in chunks] == ["Hi"]
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json() == {
        "model": "ft:m",
        "messages": HELLO.messages,
        "tools": HELLO.tools,
        "temperature": 0.0,
        "top_p": 0.5,
        "seed": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
    } | {next(name for name in request.json() if name.startswith("max_")): 64}


@pytest.mark.parametrize(
    ("dialect", "base", "path", "length"),
    [
        ("openai", "https://x/v1", "/chat/completions", "max_completion_tokens"),
        ("azure", "https://x/openai/v1", "/chat/completions", "max_completion_tokens"),
        ("azure", "https://x/openai", "/deployments/{model}/chat/completions", "max_completion_tokens"),
        ("nebius", "https://x/v1", "/chat/completions", "max_tokens"),
        ("litellm", "https://x/v1", "/chat/completions", "max_tokens"),
        ("compatible", "https://x/v1", "/chat/completions", "max_tokens"),
    ],
)
def test_providers_have_their_path_and_name_of_the_length(dialect: str, base: str, path: str, length: str) -> None:
    provider = providers.provider(dialect, base)
    assert (provider.chat, provider.chat_length) == (path, length)


async def test_text_calls_usage_and_phases_are_read(connect: Connect) -> None:
    calls = [{"index": 0, "function": {"name": "track", "arguments": '{"id": '}}]
    more = [{"index": 0, "function": {"arguments": "7731}"}}]
    found = await asked(
        connect,
        streamed(
            ': {"phase": {"name": "loading", "done": 1, "total": 2, "unit": "bytes"}}\n\n',
            ": OPENROUTER PROCESSING\n\n",
            chunk("Go\x1b[31m"),
            chunk("od"),
            chunk("", None, choices=[{"delta": {"tool_calls": calls}}]),
            chunk("", None, choices=[{"delta": {"tool_calls": more}}]),
            chunk("", "tool_calls"),
            USAGE,
            DONE,
        ),
    )
    assert found[0].phase == Phase("loading", 1.0, 2.0, "bytes")
    assert "".join(chunk.text for chunk in found) == "Go[31mod"
    assert [call for chunk in found for call in chunk.calls] == [Call(0, "track", '{"id": '), Call(0, "", "7731}")]
    assert (found[-2].finish_reason, found[-1].prompt_tokens, found[-1].completion_tokens) == ("tool_calls", 7, 2)


async def test_a_server_that_does_not_stream_is_read_too(connect: Connect) -> None:
    message = {"role": "assistant", "content": [{"type": "text", "text": "Good"}]}
    body = json.dumps({"id": "c", "choices": [{"message": message, "finish_reason": "stop"}]}, indent=1)
    (found,) = await asked(connect, answer(200, body, content_type="application/json"))
    assert (found.text, found.finish_reason) == ("Good", "stop")


@pytest.mark.parametrize(
    ("step", "kind", "words"),
    [
        (refuse(400, "the model takes 2,048 tokens", "context_length_exceeded"), BadRequest, "takes 2,048 tokens"),
        (refuse(401), Unauthorized, "401"),
        (refuse(409, "support-v5 is training", "accelerator_in_use"), Conflict, "is training"),
        (reset(), Unreachable, "lost the connection"),
        (streamed(chunk("one ")), Unreachable, "the answer ended early"),
        (streamed("data: nonsense\n\n"), BadResponse, "not JSON"),
        (streamed("<html>a portal</html>"), BadResponse, "not JSON"),
        (streamed(f'data: {{"error": {{"message": "died {KEY}", "code": "x"}}}}\n\n'), BadResponse, "died …"),
        (streamed("data: " + "x" * (LONGEST_LINE + 1)), BadResponse, "without end"),
    ],
)
async def test_faults_are_errors_and_nothing_is_sent_again(
    connect: Connect, step: Step, kind: type[ApiError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        await asked(connect, step)


async def test_closing_the_answer_ends_the_request(connect: Connect) -> None:
    gone = asyncio.Event()

    async def endless(request: Request, line: Line) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        part = chunk("on ").encode()
        await line.send(head + f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await line.gone()
        gone.set()

    async with serving(endless) as server:
        async with aclosing(connect(server.url).chat(HELLO)) as chunks:
            assert (await anext(chunks)).text == "on "
        await asyncio.wait_for(gone.wait(), 20)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_events_do_not_depend_on_the_sizes_of_the_chunks(size: int) -> None:
    body = ': wait\r\n\r\nevent: x\ndata: {"a": "ä"}\n\nid: 3\ndata:[DONE]\n'.encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    found = [event async for event in events_of(chunks())]
    assert found == [StreamEvent("wait", is_comment=True), StreamEvent('{"a": "ä"}'), StreamEvent("[DONE]")]


async def test_a_line_without_end_is_refused() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536

    with pytest.raises(StreamTooWide):
        async for _ in events_of(chunks()):
            pass


@pytest.mark.parametrize(
    "raw", [None, [], 3, "x", {"choices": None}, {"choices": [3]}, {"choices": [{"delta": {"content": 3}}]}]
)
def test_a_chunk_of_any_shape_is_read(raw: Any) -> None:
    assert chunk_of(raw) == Chunk()
