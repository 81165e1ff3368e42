"""Requests of the client, pages of lists, uploads and downloads."""

import email.parser
import email.policy
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.api import providers
from fttui.api.client import Client
from fttui.api.errors import BadRequest, Unreachable
from fttui.api.http import Http
from fttui.api.providers import Provider, local
from fttui.api.providers.dialect import Dialect
from fttui.config.providers import PROVIDERS
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.models.spec import JobSpec
from fttui.models.wire import Wire
from tests.api.conftest import KEY, Connect
from tests.support.clock import FakeClock
from tests.support.fault_server import FaultServer, Request, Step, answer, flood, refuse, send_json, serving

JOB = {"id": "ftjob-1", "object": "fine_tuning.job", "status": "queued"}
SPEC = JobSpec(model="m", training_file="file-1", metadata={"k": "v"})


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda c: c.list_jobs(), "GET /v1/fine_tuning/jobs?limit=100"),
        (lambda c: c.list_jobs(after="a b", limit=5), "GET /v1/fine_tuning/jobs?limit=5&after=a+b"),
        (lambda c: c.list_jobs(metadata={"k": "v"}), "GET /v1/fine_tuning/jobs?limit=100&metadata%5Bk%5D=v"),
        (lambda c: c.get_job("ftjob-1"), "GET /v1/fine_tuning/jobs/ftjob-1"),
        (lambda c: c.cancel_job("ftjob-1"), "POST /v1/fine_tuning/jobs/ftjob-1/cancel"),
        (lambda c: c.pause_job("ftjob-1"), "POST /v1/fine_tuning/jobs/ftjob-1/pause"),
        (lambda c: c.resume_job("ftjob-1"), "POST /v1/fine_tuning/jobs/ftjob-1/resume"),
        (lambda c: c.list_events("ftjob-1"), "GET /v1/fine_tuning/jobs/ftjob-1/events?limit=100"),
        (lambda c: c.list_checkpoints("j", after="x"), "GET /v1/fine_tuning/jobs/j/checkpoints?limit=100&after=x"),
        (lambda c: c.list_files(), "GET /v1/files"),
        (lambda c: c.list_files(purpose="fine-tune", limit=3), "GET /v1/files?purpose=fine-tune&limit=3"),
        (lambda c: c.get_file("file-1"), "GET /v1/files/file-1"),
        (lambda c: c.delete_file("file-1"), "DELETE /v1/files/file-1"),
        (lambda c: c.file_content("file-1"), "GET /v1/files/file-1/content"),
        (lambda c: c.list_models(), "GET /v1/models"),
        (lambda c: c.delete_model("ft:gpt:org/x:"), "DELETE /v1/models/ft:gpt:org%2Fx:"),
        (lambda c: c.get_job("../../files"), "GET /v1/fine_tuning/jobs/..%2F..%2Ffiles"),
        (lambda c: c.get_file(".."), "GET /v1/files/%2E%2E"),
        (lambda c: c.get_job("a?b#c d\u00e9"), "GET /v1/fine_tuning/jobs/a%3Fb%23c%20d%C3%A9"),
        (lambda c: c.get_job("a%2Fb"), "GET /v1/fine_tuning/jobs/a%252Fb"),
    ],
)
async def test_each_call_sends_its_request_line(connect: Connect, call: Callable[[Client], Any], line: str) -> None:
    async with serving(send_json({**JOB, "data": []})) as server:
        await call(connect(server.url))
    request = server.requests[0]
    assert f"{request.method} {request.target}" == line
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["user-agent"].startswith("fttui/")
    if request.method == "POST":
        assert request.headers["content-length"] == "0"


async def test_create_sends_the_spec_and_the_members_of_the_profile(connect: Connect) -> None:
    async with serving(send_json(JOB)) as server:
        provider = providers.provider("compatible", server.url, create={"trainingType": 1})
        job = await connect(provider=provider).create_job(SPEC)
    assert job.id == "ftjob-1"
    assert server.requests[0].json() == {
        "model": "m",
        "training_file": "file-1",
        "metadata": {"k": "v"},
        "trainingType": 1,
    }


@pytest.mark.parametrize("verb", ["get_job", "cancel_job", "list_events", "delete_file", "file_content"])
async def test_empty_id_is_not_sent(connect: Connect, verb: str) -> None:
    async with serving(send_json(JOB)) as server:
        with pytest.raises(BadRequest, match="empty"):
            await getattr(connect(server.url), verb)(" ")
    assert server.requests == []


@pytest.mark.parametrize("organization", ["\u00f6rg", "org\r\nx-evil: 1"])
async def test_invalid_header_is_an_error_before_sending(connect: Connect, organization: str) -> None:
    async with serving(send_json(JOB)) as server:
        provider = providers.provider("openai", server.url, organization=organization)
        with pytest.raises(BadRequest, match="cannot be sent") as caught:
            await connect(provider=provider).create_job(SPEC)
    assert not caught.value.ambiguous
    assert server.requests == []


async def test_dialects_differ_in_paths_and_headers(connect: Connect) -> None:
    async with serving(send_json({"data": []})) as server:
        azure = providers.provider("azure", f"{server.origin}/openai", query=(("api-version", "2024-10-21"),))
        await connect(provider=azure).list_jobs(limit=2)
        entra = providers.provider("azure", f"{server.origin}/openai/v1", auth="bearer")
        await connect(provider=entra).list_jobs(limit=2)
        own = providers.provider("openai", server.url, organization="org-1", project="p", headers={"x-team": "t"})
        await connect(provider=own).list_jobs(limit=2)
    old, new, openai = server.requests
    assert old.target == "/openai/fine_tuning/jobs?api-version=2024-10-21&limit=2"
    assert old.headers["api-key"] == KEY
    assert "authorization" not in old.headers
    assert new.target == "/openai/v1/fine_tuning/jobs?limit=2"
    assert new.headers["authorization"] == f"Bearer {KEY}"
    assert [openai.headers[name] for name in ("openai-organization", "openai-project", "x-team")] == ["org-1", "p", "t"]


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_of_the_configuration_has_a_dialect(name: str) -> None:
    found = providers.provider(name, "https://h/v1", key_origin="WORK_KEY")
    assert (found.name, found.base_url, found.key_origin) == (name, "https://h/v1", "WORK_KEY")


class Near(Dialect):
    """Jobs with other names, in pages with numbers."""

    async def jobs(self, *, after: str | None = None, **_: Any) -> Page[Job]:
        raw = await self._read("/tuning", [("page", after or "1")], is_page=True)
        jobs = [self._decode.translated(Job, item) for item in raw["jobs"]]
        return Page(Job, jobs, raw["more"], raw, next=str(int(after or "1") + 1))

    def translate(self, kind: type[Wire], raw: dict[str, Any]) -> dict[str, Any]:
        return {"id": raw["name"], "status": raw["state"].lower()} if kind is Job else raw


def near(request: Request) -> Step:
    if request.path == "/v1/fine_tuning/jobs/b":
        return send_json({"name": "b", "state": "RUNNING"})
    page = int(request.query["page"][0])
    return send_json({"jobs": [{"name": f"j{page}", "state": "RUNNING"}], "more": page < 3})


async def test_dialect_translates_objects_and_keeps_them_as_sent(connect: Connect) -> None:
    async with FaultServer(near) as server:
        client = connect(provider=Provider(name="near", base_url=server.url, dialect=Near))
        job = await client.get_job("b")
    assert (job.id, job.status, job.sent) == ("b", "running", {"name": "b", "state": "RUNNING"})


async def test_cursor_of_a_dialect_is_opaque_to_the_client(connect: Connect) -> None:
    async with FaultServer(near) as server:
        client = connect(provider=Provider(name="near", base_url=server.url, dialect=Near))
        found = [job.id async for page in client.each_job_page() for job in page.items]
    assert found == ["j1", "j2", "j3"]
    assert [request.query["page"] for request in server.requests] == [["1"], ["2"], ["3"]]


# Lists


def paged(count: int, size: int, **more: Any) -> Callable[[Request], Step]:
    """Return a server step: a list of `count` jobs with `size` jobs on a page, which honours `after`."""
    jobs = [{"id": f"j{index}"} for index in range(count)]

    def script(request: Request) -> Step:
        after = request.query.get("after", [""])[0]
        start = next((index + 1 for index, job in enumerate(jobs) if job["id"] == after), 0)
        end = start + size
        return send_json({"object": "list", "data": jobs[start:end], "has_more": end < count} | more)

    return script


async def walked(client: Client) -> list[str]:
    return [job.id async for page in client.each_job_page(limit=3) for job in page.items]


async def test_all_pages_of_a_list_are_read(connect: Connect) -> None:
    async with FaultServer(paged(8, 3)) as server:
        assert await walked(connect(server.url)) == [f"j{index}" for index in range(8)]
    assert len(server.requests) == 3


async def test_empty_list_is_one_page(connect: Connect) -> None:
    async with serving(send_json({"data": [], "has_more": True})) as server:
        assert [page.items async for page in connect(server.url).each_job_page()] == [()]
    assert len(server.requests) == 1


@pytest.mark.parametrize("more", [{"has_more": True}, {"has_more": None}, {}])
async def test_list_ends_if_the_server_ignores_the_cursor(connect: Connect, more: Any) -> None:
    async with serving(send_json({"data": [{"id": "a"}, {"id": "b"}], **more})) as server:
        assert await walked(connect(server.url)) == ["a", "b"]
    assert len(server.requests) == 2


async def test_next_page_is_read_if_has_more_is_missing(connect: Connect) -> None:
    async with FaultServer(paged(5, 3, has_more="?")) as server:
        assert await walked(connect(server.url)) == ["j0", "j1", "j2", "j3", "j4"]


async def test_object_on_two_pages_is_listed_once(connect: Connect) -> None:
    # A job created between two pages shifts the pages by one.
    pages = [["c", "b"], ["b", "a"], ["a", "a"]]
    steps = [send_json({"data": [{"id": name} for name in names], "has_more": True}) for names in pages]
    async with serving(*steps) as server:
        assert await walked(connect(server.url)) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("more", "warned"), [({"has_more": True}, True), ({"has_more": False}, False), ({"has_more": None}, False)]
)
async def test_repeated_page_is_a_warning_if_the_server_says_that_there_are_more(
    connect: Connect, more: Any, warned: bool
) -> None:
    warnings: list[str] = []
    async with serving(send_json({"data": [{"id": "a"}], **more})) as server:
        pages = [page async for page in connect(server.url).each_job_page(warn=warnings.append)]
    assert len(pages) == 1
    assert ["repeats a page" in text for text in warnings] == [True] * warned


async def test_objects_without_an_id_are_all_listed(connect: Connect) -> None:
    async with serving(
        send_json({"data": [{"id": "a"}, {"x": 1}, None], "has_more": True}),
        send_json({"data": [{"x": 1}, None, {"id": "b"}], "has_more": False}),
    ) as server:
        names = await walked(connect(server.url))
    assert names[0] == "a"
    assert names[-1] == "b"
    assert len(names) == 4
    assert server.requests[1].query["after"] == ["a"], "the last id that can be sent"


# Files


def parts_of(request: Request) -> dict[str, Any]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
    return {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}  # type: ignore[attr-defined]


async def test_upload_sends_name_purpose_and_bytes(connect: Connect, tmp_path: Path) -> None:
    content = os.urandom(700_000)
    path = tmp_path / 'tr\u00e4in "1".jsonl'
    path.write_bytes(content)
    told: list[tuple[int, int]] = []
    async with serving(send_json({"id": "file-1", "object": "file", "bytes": 700_000})) as server:
        file = await connect(server.url).upload_file(str(path), progress=lambda *now: told.append(now))
    assert (file.id, file.bytes) == ("file-1", 700_000)
    request = server.requests[0]
    assert f"{request.method} {request.target}" == "POST /v1/files"
    assert int(request.headers["content-length"]) == len(request.body)
    parts = parts_of(request)
    assert parts["purpose"].get_content().strip() == "fine-tune"
    assert parts["file"].get_payload(decode=True) == content
    assert 'filename="tr\u00e4in %221%22.jsonl"'.encode() in request.body
    assert told[0] == (0, 700_000)
    assert told[-1] == (700_000, 700_000)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


async def test_upload_does_not_load_the_file_into_memory(connect: Connect, tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.truncate(64 * 2**20)

    async def swallow(request: httpx.Request) -> httpx.Response:
        async for _ in request.stream:  # type: ignore[union-attr]
            pass
        return httpx.Response(200, json={"id": "file-1"})

    class Swallowing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await swallow(request)

    client = Client(Http(local.provider(), clock=FakeClock(instant=True), transport=Swallowing()))
    tracemalloc.start()
    try:
        await client.upload_file(str(path))
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
        await client.close()


async def test_file_that_cannot_be_read_is_an_error_with_its_reason(connect: Connect, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    client = connect(handler=lambda request: httpx.Response(500))
    for path, words in [
        (str(tmp_path / "none"), "No such file"),
        (str(tmp_path), "directory"),
        (str(tmp_path / "pipe"), "not a regular file"),
        ("a\0b", "invalid file name"),
    ]:
        with pytest.raises(BadRequest, match=words) as caught:
            await client.upload_file(path)
        assert not caught.value.ambiguous


async def test_upload_fails_if_the_file_shrinks(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(b"x" * 600_000)

    def shrink(done: int, size: int) -> None:
        os.truncate(path, 300_000)

    async with serving(send_json({"id": "file-1"})) as server:
        with pytest.raises(BadRequest, match="shorter during the upload"):
            await connect(server.url).upload_file(str(path), progress=shrink)
    assert server.requests == []


async def test_refusal_during_an_upload_has_the_servers_message(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(32 * 2**20)
    full = b'{"error": {"message": "file is too large"}}'
    answer = b"HTTP/1.1 413 No\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (len(full), full)

    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(4096)
                line.sendall(answer)
                line.shutdown(socket.SHUT_WR)
                while line.recv(65536):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(BadRequest, match=r"file is too large \(413\)"):
            await connect(f"http://127.0.0.1:{listener.getsockname()[1]}/v1").upload_file(str(path))
        thread.join(10)


async def test_download_is_written_in_chunks(connect: Connect) -> None:
    from tests.support.fault_server import answer

    content = os.urandom(500_000)
    got: list[bytes] = []
    told: list[tuple[int, int | None]] = []
    async with serving(answer(200, content)) as server:
        client = connect(server.url)
        assert await client.download_file("f", got.append, progress=lambda *now: told.append(now)) == 500_000
        assert await client.file_content("f") == content
    assert b"".join(got) == content
    assert len(got) > 1
    assert told[-1] == (500_000, 500_000)


async def test_download_that_is_cut_or_cannot_be_written_is_an_error(connect: Connect) -> None:
    from tests.support.fault_server import answer, cut

    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    async with serving(cut(b"half"), answer(200, b"whole")) as server:
        client = connect(server.url)
        with pytest.raises(Unreachable):
            await client.download_file("f", lambda chunk: None)
        with pytest.raises(OSError, match="No space"):
            await client.download_file("f", full)


async def test_delete_accepts_any_response(connect: Connect) -> None:
    from tests.support.fault_server import answer

    async with serving(send_json({"id": "f", "deleted": True}), answer(204), refuse(404)) as server:
        client = connect(server.url)
        assert await client.delete_file("f") == {"id": "f", "deleted": True}
        assert await client.delete_file("f") == {}


async def test_client_works_over_a_unix_socket(tmp_path: Path) -> None:
    import asyncio

    from tests.support.fault_server import Line, _request

    path = str(tmp_path / "s.sock")
    seen: list[Request] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await _request(reader, writer)) is not None:
            seen.append(request)
            await send_json({"data": [JOB]})(request, Line(reader, writer))
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    transport = httpx.AsyncHTTPTransport(uds=path)
    client = Client(Http(local.provider(), clock=FakeClock(instant=True), transport=transport))
    try:
        page = await client.list_jobs()
    finally:
        await client.close()
        server.close()
        await server.wait_closed()
    assert [job.id for job in page.items] == ["ftjob-1"]
    assert seen[0].target == "/v1/fine_tuning/jobs?limit=100"
    assert "authorization" not in seen[0].headers


@pytest.mark.parametrize(
    ("model", "settings", "refusal"),
    [
        ("~/m", {"lora_rank": 8}, "lora_rank is not a setting of hf. Did you mean lora_r?"),
        ("~/m", {"lora_r": 8, "packing": "maybe"}, "packing: yes, no"),
        ("~/m", {"lora_r": 8, "packing": True, "n_epochs": 2}, ""),
        ("own", {"anything": 1}, ""),
        ("./n", {}, "/tmp/n is not a directory. Give the directory of a model, or its id at the hub"),
    ],
)
async def test_the_embedded_service_is_asked_about_a_job_before_its_files_are_sent(
    monkeypatch: pytest.MonkeyPatch, model: str, settings: dict[str, Any], refusal: str
) -> None:
    monkeypatch.chdir("/tmp")
    monkeypatch.setenv("HOME", "/home/ada")
    known = {"lora_r": {"type": "integer"}, "packing": {"type": "boolean"}}
    answers: dict[bytes, tuple[int, Any]] = {
        b"%2Fhome%2Fada%2Fm": (200, {"id": "m", "fttui": {"trainer": "hf", "settings": known}}),
        b"own": (200, {"id": "own", "fttui": {"trainer": "axolotl"}}),
        b"%2Ftmp%2Fn": (404, {"error": {"message": f"{refusal}.", "code": "model_not_found"}}),
    }

    def answer_for(request: httpx.Request) -> httpx.Response:
        code, body = answers[request.url.raw_path.removeprefix(b"/v1/models/")]
        return httpx.Response(code, json=body)

    client = Client(Http(local.provider(), clock=FakeClock(), transport=httpx.MockTransport(answer_for)))
    spec = JobSpec(model=model, training_file="f", hyperparameters=settings)
    assert (await client.assess(spec, has_files=False)).refusal == refusal
    await client.close()


def test_path_of_a_model_is_absolute_for_the_embedded_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/tmp")
    monkeypatch.setenv("HOME", "/home/ada")
    dialect = local.Local(Http(local.provider(), clock=FakeClock()))
    sent = {
        name: dialect.body(JobSpec(model=name, training_file="f"))["model"]
        for name in ("./m", "../m", "~/m", "/m", "Qwen/Qwen3-0.6B", "m")
    }
    assert sent == {
        "./m": "/tmp/m",
        "../m": "/m",
        "~/m": "/home/ada/m",
        "/m": "/m",
        "Qwen/Qwen3-0.6B": "Qwen/Qwen3-0.6B",
        "m": "m",
    }


@pytest.mark.parametrize(
    ("body", "most", "lines"),
    [(b"a\nb\nc\n", 2, [b"a", b"b"]), (b"a\nb", 5, [b"a", b"b"]), (b"", 5, [b""]), (b"a\nb\nc", 3, [b"a", b"b", b"c"])],
)
async def test_the_first_lines_of_a_file_are_read(connect: Connect, body: bytes, most: int, lines: list[bytes]) -> None:
    async with serving(answer(200, body)) as server:
        assert await connect(server.url).file_lines("file-1", most) == lines


async def test_the_rest_of_a_long_file_is_not_transferred(connect: Connect) -> None:
    async with serving(flood(b"line\n" * 1000, 10_000)) as server:
        assert await connect(server.url).file_lines("file-1", 3) == [b"line"] * 3
