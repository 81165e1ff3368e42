"""Errors for each failure of a server. Messages never contain the key."""

import gzip
import json
import logging
from typing import Any

import httpx
import pytest

from fttui.api.errors import (
    ApiError,
    BadRequest,
    BadResponse,
    Conflict,
    Forbidden,
    NotFound,
    RateLimited,
    ServerError,
    Unauthorized,
    Unreachable,
)
from fttui.api.limits import MEGABYTE, Limits
from fttui.api.providers import Provider
from fttui.models.spec import JobSpec
from tests.api.conftest import KEY, Connect
from tests.support.fault_server import answer, cut, drip, hang_up, raw, refuse, reset, send_json, serving, silence

QUICK = Limits(idle=0.5, read=5.0, retries=0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (410, BadRequest),
        (422, BadRequest),
        (429, RateLimited),
        (451, BadRequest),
        (500, ServerError),
        (503, ServerError),
        (599, ServerError),
        (300, BadResponse),
    ],
)
async def test_each_status_has_its_class(connect: Connect, status: int, kind: type[ApiError]) -> None:
    async with serving(refuse(status, "because", "some_code", x_request_id="req_1")) as server:
        with pytest.raises(ApiError) as caught:
            await connect(server.url, limits=QUICK).get_job("x")
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.code, error.type, error.request_id) == (
        status,
        "some_code",
        "invalid_request_error",
        "req_1",
    )
    if status != 300:
        assert str(error) == f"because ({status}, request req_1)"


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ('{"error": {"message": "no such file", "code": 17, "param": "id"}}', "no such file", "17"),
        ('{"error": {"message": "m", "code": "None"}, "detail": {"message": "d", "code": "deep"}}', "m", "deep"),
        ('{"error": "plain"}', "plain", ""),
        ('{"detail": "Not Found"}', "Not Found", ""),
        ('{"detail": [{"loc": ["body"], "msg": "field required"}]}', "field required", ""),
        (
            '{"detail": [{"loc": ["body", "method", 0, "n_epochs"], "msg": "not an integer"}]}',
            "body.method.0.n_epochs: not an integer",
            "",
        ),
        ('{"message": "outer", "code": "c"}', "outer", "c"),
        ('{"error": {"message": null, "code": null}}', "the server sent 400 Bad Request", ""),
        ('"just text"', "just text", ""),
        ("[1, 2]", "the server sent 400 Bad Request", ""),
        ("", "the server sent 400 Bad Request", ""),
        ("upstream   said\nno", "upstream said no", ""),
        (
            "<html><head><title>Bad\nGateway</title></head></html>",
            "the server sent a web page: Bad Gateway",
            "",
        ),
        ("<!DOCTYPE html><h1>Sign <b>in</b></h1>", "the server sent a web page: Sign in", ""),
        ("<html>", "the server sent a web page", ""),
        ("<html>" + "<title>" * 1000 + "<H1 class=x>No</H1>", "the server sent a web page: No", ""),
        ("[" * 100_000, "[" * 299 + "…", ""),
        (b"\xff\xfe broken", "\ufffd\ufffd broken", ""),
    ],
)
async def test_error_body_of_any_shape_becomes_one_line(
    connect: Connect, body: str | bytes, message: str, code: str
) -> None:
    async with serving(answer(400, body)) as server:
        with pytest.raises(BadRequest) as caught:
            await connect(server.url).get_job("x")
    assert caught.value.code == code
    assert str(caught.value) == f"{message} (400)"


async def test_hostile_message_is_cleaned_and_cut(connect: Connect) -> None:
    hostile = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\u202egpj.exe\r\n" + "x" * 5000
    async with serving(refuse(400, hostile, hostile, x_request_id="a" * 900)) as server:
        with pytest.raises(BadRequest) as caught:
            await connect(server.url).get_job("x")
    for text in (str(caught.value), caught.value.code, caught.value.request_id):
        assert text.isprintable()
    assert len(str(caught.value)) < 450
    assert len(caught.value.request_id) == 100


async def test_key_in_a_servers_message_is_hidden(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bodies = [
        refuse(401, f"Incorrect API key provided: {KEY}", KEY),
        answer(401, f"bad key {KEY}"),
        send_json({"error": {"message": f"key {KEY} unknown"}}),
    ]
    for step in bodies:
        async with serving(step) as server:
            with pytest.raises(ApiError) as caught:
                await connect(server.url).get_job("x")
        assert KEY not in f"{caught.value!r} {caught.value} {vars(caught.value)} {caplog.text}"


async def test_401_names_the_source_of_the_key(connect: Connect) -> None:
    async with serving(refuse(401)) as server:
        provider = Provider(name="x", base_url=server.url, key_origin="WORK_KEY (profile work)")
        with pytest.raises(Unauthorized) as caught:
            await connect(provider=provider).get_job("x")
        assert caught.value.hint == "The key came from WORK_KEY (profile work)."
        with pytest.raises(Unauthorized) as caught:
            await connect(server.url, key=None).get_job("x")
        assert "No key was sent" in caught.value.hint
        assert "authorization" not in server.requests[-1].headers


@pytest.mark.parametrize(
    ("step", "is_route"),
    [
        (refuse(404, "Invalid URL (GET /v1/files/file-x/content)"), True),
        (refuse(404, "Invalid URL (GET /v1/files)", "unknown_url"), True),
        (send_json({"detail": "Not Found"}, 404), True),
        (answer(404, "404 page not found"), True),
        (answer(404, "<html><title>Not Found</title>"), True),
        (answer(404, ""), True),
        (refuse(404, "No such File object: file-x"), False),
        (refuse(404, "Could not find: file-x", "not_found"), False),
        (refuse(404, "The specified file doesn't exist", "itemDoesNotExistAtAll"), False),
    ],
)
async def test_404_for_an_unknown_route_has_its_own_code(connect: Connect, step: Any, is_route: bool) -> None:
    async with serving(step) as server:
        with pytest.raises(NotFound) as caught:
            await connect(server.url).file_content("file-x")
    assert (caught.value.code == "unknown_url") is is_route


async def test_404_below_a_bare_host_suggests_v1(connect: Connect) -> None:
    async with serving(refuse(404)) as server:
        with pytest.raises(NotFound) as caught:
            await connect(server.origin).list_jobs()
        assert caught.value.hint == f"Base URLs usually end in /v1. Try {server.origin}/v1"


async def test_training_not_available_explains_the_shutdown_with_dates(connect: Connect) -> None:
    async with serving(refuse(403, "Not available", "training_not_available")) as server:
        with pytest.raises(Forbidden) as caught:
            await connect(server.url).create_job(JobSpec(model="m", training_file="f"))
    for date in ("2026-05-07", "2026-07-02", "2027-01-06"):
        assert date in str(caught.value)
    assert "--profile local" in caught.value.hint
    assert not caught.value.ambiguous


GZIPPED = gzip.compress(json.dumps({"object": "list", "data": [{"id": "a"}]}).encode())


@pytest.mark.parametrize(
    ("step", "kind", "words"),
    [
        (answer(200, "<html><title>Welcome</title></html>"), BadResponse, "a web page: Welcome"),
        (answer(200, ""), BadResponse, "it is empty"),
        (answer(200, "not json"), BadResponse, "it is not JSON"),
        (answer(200, b"\x00\x01\x02"), BadResponse, "it is not JSON"),
        (answer(200, "[" * 100_000), BadResponse, "it is not JSON"),
        (send_json({"object": "list"}), BadResponse, "expected a list, got an object"),
        (send_json("text"), BadResponse, "expected a list, got a string"),
        (send_json({"error": {"message": "boom"}}), BadResponse, "boom"),
        (answer(200, GZIPPED, content_encoding="br"), BadResponse, "unsupported encoding: br"),
        (answer(200, GZIPPED, content_encoding="gzip, gzip"), BadResponse, "unsupported encoding"),
        (answer(200, b"no gzip", content_encoding="gzip"), BadResponse, "cannot be decompressed"),
        (answer(200, GZIPPED[:-9], content_encoding="gzip"), Unreachable, "the response ended early"),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), BadResponse, "does not speak HTTP"),
        (answer(200, "[]", content_length="1"), BadResponse, "it is not JSON"),
        (answer(200, "[]", content_length="-1"), BadResponse, "does not speak HTTP"),
        (answer(302, "", location="http://[bad"), BadResponse, "not followed"),
        (answer(302, ""), BadResponse, "302 Found, a redirect that is not followed"),
        (cut(), Unreachable, "the response ended early"),
        (hang_up(), Unreachable, "closed by the server"),
        (reset(), Unreachable, "reset by the server"),
        (silence(), Unreachable, "timed out"),
    ],
)
async def test_unusable_response_is_an_error(connect: Connect, step: Any, kind: type[ApiError], words: str) -> None:
    async with serving(step) as server:
        with pytest.raises(ApiError) as caught:
            await connect(server.url, limits=QUICK).list_jobs()
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("step", [answer(200, "<html>"), answer(200, ""), send_json([]), send_json({"status": "x"})])
async def test_create_with_an_unreadable_response_is_ambiguous(connect: Connect, step: Any) -> None:
    async with serving(step) as server:
        with pytest.raises(BadResponse) as caught:
            await connect(server.url).create_job(JobSpec(model="m", training_file="f"))
    assert caught.value.ambiguous
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "step",
    [
        answer(200, json.dumps({"object": "list", "data": [{"id": "a"}]}), content_type="text/html"),
        answer(200, GZIPPED, content_encoding="gzip"),
        answer(200, b'\xef\xbb\xbf{"object": "list", "data": [{"id": "a"}]}'),
        answer(200, b'{"data": [{"id": "a", "suffix": "\xff\xfe"}]}'),
        answer(200, '{"data": [{"id": "a", "seed": NaN, "x": -Infinity}]}'),
        answer(200, '{"data": [{"id": "a", "seed": ' + "9" * 5000 + "}]}"),
        send_json([{"id": "a"}]),
        raw(b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ne\r\n{"data":[{"id"\r\n7\r\n:"a"}]}\r\n0\r\n\r\n'),
    ],
)
async def test_unusual_response_is_read(connect: Connect, step: Any) -> None:
    async with serving(step) as server:
        page = await connect(server.url).list_jobs()
    assert [job.id for job in page.items] == ["a"]


async def test_compressed_response_does_not_fill_the_memory(connect: Connect) -> None:
    import tracemalloc

    bomb = gzip.compress(b"[" + b" " * (300 * MEGABYTE), 9)
    async with serving(answer(200, bomb, content_encoding="gzip")) as server:
        client = connect(server.url, limits=Limits(page=8 * MEGABYTE))
        del bomb
        tracemalloc.start()
        try:
            with pytest.raises(BadResponse, match="larger than 8 MB"):
                await client.list_jobs()
            assert tracemalloc.get_traced_memory()[1] < 40 * MEGABYTE
        finally:
            tracemalloc.stop()


async def test_an_answer_without_end_is_given_up(connect: Connect) -> None:
    async with serving(answer(200, b" " * (3 * MEGABYTE))) as server:
        with pytest.raises(BadResponse, match="larger than 2 MB"):
            await connect(server.url, limits=Limits(page=2 * MEGABYTE)).list_jobs()


async def test_an_error_whose_body_never_ends_is_still_that_error(connect: Connect) -> None:
    async with serving(raw(b"HTTP/1.1 403 No\r\ncontent-length: 999\r\n\r\n" + b'{"error": {"mess')) as server:
        with pytest.raises(Forbidden):
            await connect(server.url).get_job("x")


async def test_write_deadline_ends_a_slow_response(connect: Connect) -> None:
    async with serving(drip(every=0.01)) as server:
        client = connect(server.url, limits=Limits(write=0.2))
        with pytest.raises(Unreachable) as caught:
            await client.create_job(JobSpec(model="m", training_file="f"))
    assert (caught.value.kind, caught.value.ambiguous) == ("timeout", True)


# Redirects


async def test_redirect_on_the_same_host_is_followed_with_the_key(connect: Connect) -> None:
    async with serving(answer(307, location="/v1/fine_tuning/jobs?limit=100"), send_json({"data": []})) as server:
        await connect(server.url).list_jobs()
    assert [request.target for request in server.requests] == ["/v1/fine_tuning/jobs?limit=100"] * 2
    assert server.requests[1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("header", ["Authorization", "api-key"])
async def test_key_is_not_sent_to_a_different_host(connect: Connect, status: int, header: str) -> None:
    async with serving(send_json({"data": []})) as other, serving(answer(status, location=other.url)) as server:
        provider = Provider(name="x", base_url=server.url, key_header=header, key_prefix="")
        client = connect(provider=provider)
        for call in (
            client.list_jobs(),
            client.file_content("f"),
            client.create_job(JobSpec(model="m", training_file="f")),
        ):
            with pytest.raises(BadResponse):
                await call
        assert other.requests == []
        assert {request.headers[header.lower()] for request in server.requests} == {KEY}


async def test_file_on_a_different_host_is_fetched_without_the_key(connect: Connect) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.host == "blob.example":
            return httpx.Response(200, content=b"step,train_loss\n")
        return httpx.Response(302, headers={"location": "https://blob.example/signed?sig=abc"})

    provider = Provider(
        name="x", base_url="https://host.example/v1", headers={"OpenAI-Organization": "org-1"}, query=(("q", "1"),)
    )
    assert await connect(provider=provider, handler=handler).file_content("f") == b"step,train_loss\n"
    assert seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert str(seen[1].url) == "https://blob.example/signed?sig=abc"
    assert not {"authorization", "api-key", "openai-organization"} & set(seen[1].headers)


@pytest.mark.parametrize(
    ("url", "gets_key"),
    [
        ("https://host.example/other/v1/files", True),
        ("https://storage.example/b/file", True),
        ("http://storage.example/b/file", False),
        ("https://storage.example:8443/b/file", False),
        ("https://evil-storage.example/b/file", False),
        ("https://storage.example.evil.example/b", False),
        ("http://host.example/files", False),
        ("https://signed.example/?sig=a", False),
    ],
)
async def test_key_goes_only_to_the_hosts_that_the_provider_lists(connect: Connect, url: str, gets_key: bool) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/b/file" and gets_key:
            return httpx.Response(302, headers={"location": "https://blob.example/signed"})
        return httpx.Response(200, content=b"{}")

    provider = Provider(
        name="x",
        base_url="https://host.example/v1",
        hosts=frozenset({"storage.example"}),
        headers={"x-team": "t"},
        query=(("q", "1"),),
    )
    await connect(provider=provider, handler=handler)._http.content(url)
    sent = {"authorization", "x-team"} & set(seen[0].headers)
    assert (bool(sent), "q=1" in str(seen[0].url)) == (gets_key, gets_key)
    assert all("authorization" not in request.headers for request in seen[1:]), "after a redirect"


async def test_endless_redirect_is_an_error(connect: Connect) -> None:
    async with serving(answer(302, location="/v1/fine_tuning/jobs")) as server:
        with pytest.raises(BadResponse, match="without end"):
            await connect(server.url).list_jobs()
    assert len(server.requests) == 6


# Names, sockets, TLS


async def test_unknown_host_name_is_not_retried(connect: Connect, clock: Any, monkeypatch: Any) -> None:
    import socket

    async def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("anyio.getaddrinfo", unknown)
    monkeypatch.setattr("anyio._core._sockets.getaddrinfo", unknown)
    with pytest.raises(Unreachable) as caught:
        await connect("http://no-such-host.invalid/v1").list_jobs()
    assert caught.value.kind == "name"
    assert str(caught.value) == "cannot reach http://no-such-host.invalid/v1: unknown host name"
    assert caught.value.reason == "unknown host name", "what a row that names the profile has room for"
    assert clock.slept == []


async def test_tls_error_is_not_retried(connect: Connect, clock: Any) -> None:
    async with serving(answer()) as server:
        with pytest.raises(Unreachable) as caught:
            await connect(server.url.replace("http:", "https:")).list_jobs()
    assert (caught.value.kind, caught.value.unsent, clock.slept) == ("tls", True, [])


async def test_missing_socket_is_named(connect: Connect, tmp_path: Any) -> None:
    from fttui.api.client import Client
    from fttui.api.http import Http
    from fttui.api.providers import local
    from tests.support.clock import FakeClock

    transport = httpx.AsyncHTTPTransport(uds=str(tmp_path / "none.sock"))
    client = Client(Http(local.provider(), clock=FakeClock(instant=True), transport=transport, limits=QUICK))
    with pytest.raises(Unreachable) as caught:
        await client.list_jobs()
    await client.close()
    assert str(caught.value) == "cannot reach the local service: its socket does not exist"
