"""Generated requests to every route: none makes an internal error, and every refusal is an error envelope.

The requests begin as valid ones and get invalid members, values, headers, boundaries, queries, methods and cut bodies.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from fttui.server.api import chat, files, jobs, models, uploads
from fttui.server.api.app import create_app
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.service import Service, open_service
from tests.server.api.test_http_protocol import KEY, TimedConnection
from tests.server.conftest import FAKE, GOOD, add_file, add_job

ROUTES = [
    (route.path, method)
    for api in (chat, files, jobs, models, uploads)
    for route in api.routes
    for method in route.methods
]

# Values

texts = st.text(st.characters(exclude_categories=[]), max_size=40)  # with lone surrogates, which JSON can express
numbers = st.integers() | st.integers(-(10**400), 10**400) | st.floats() | st.sampled_from([0, 1, -1, 1 << 31, 1 << 63])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["model", "training_file", "validation_file", "suffix", "seed", "method", "hyperparameters", "metadata", "filename"]
) | st.sampled_from(
    [
        "purpose",
        "bytes",
        "mime_type",
        "expires_after",
        "part_ids",
        "md5",
        "type",
        "supervised",
        "dpo",
        "n_epochs",
        "beta",
        "messages",
        "stop",
        "stream",
        "top_p",
    ]
)
good = {
    "model": "base-1",
    "training_file": "FILE",
    "validation_file": "FILE",
    "suffix": "s",
    "seed": 1,
    "method": {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 2, "beta": 0.5}}},
    "hyperparameters": {"n_epochs": 1},
    "metadata": {"k": "v"},
    "filename": "a.jsonl",
    "purpose": "fine-tune",
    "bytes": 3,
    "mime_type": "text/jsonl",
    "expires_after": {"anchor": "created_at", "seconds": 3600},
    "part_ids": ["PART"],
    "messages": [{"role": "user", "content": "Hello"}],
    "md5": "900150983cd24fb0d6963f7d28e17f72",
}
MEMBERS = {
    "/v1/fine_tuning/jobs": ("model", "training_file", "suffix", "seed", "method", "metadata"),
    "/v1/chat/completions": ("model", "messages"),
    "/v1/uploads": ("filename", "purpose", "bytes", "mime_type", "expires_after"),
    "/v1/uploads/{id}/complete": ("part_ids", "md5"),
}


@st.composite
def bodies(draw: st.DrawFn, path: str) -> bytes:
    """Return the JSON of a valid body with some members replaced, or any JSON, or any bytes."""
    members: Any = {name: good[name] for name in MEMBERS.get(path, ())}
    if draw(st.booleans()):
        members |= draw(st.dictionaries(names | texts, values, max_size=3))
    if members.get("method") and draw(st.booleans()):
        members["method"] = {
            "type": "supervised",
            "supervised": {"hyperparameters": draw(st.dictionaries(names, values))},
        }
    body = json.dumps(members if draw(st.integers(0, 9)) else draw(values)).encode()
    return body if draw(st.integers(0, 9)) else draw(st.binary(max_size=60))


boundaries = st.sampled_from(
    [b"x", b"x" * 256, b"x" * 257, b"x" * 5000, b"", b"-", b"\r\n", b'"x"', b"\xff"]
) | st.binary(max_size=80)
part_heads = st.sampled_from(
    [
        b'Content-Disposition: form-data; name="purpose"',
        b'Content-Disposition: form-data; name="file"; filename="a.jsonl"',
        b'Content-Disposition: form-data; name="data"; filename="a"',
        b'Content-Disposition: form-data; name="expires_after[anchor]"',
        b'Content-Disposition: form-data; name="expires_after[seconds]"',
        b'Content-Disposition: form-data; name="file"; filename="\xff\x00/../"',
        b"Content-Disposition: form-data; name*=utf-8''%ff",
        b"Content-Disposition",
        b"",
    ]
) | st.binary(max_size=40)
part_bodies = st.sampled_from([b"fine-tune", b"created_at", b"3600", b"9" * 5000, "²".encode(), GOOD]) | st.binary(
    max_size=40
)


@st.composite
def forms(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Return the content type and the body of a form."""
    boundary = draw(boundaries)
    parts = draw(st.lists(st.tuples(part_heads, part_bodies), max_size=4))
    body = b"".join(b"--" + boundary + b"\r\n" + top + b"\r\n\r\n" + content + b"\r\n" for top, content in parts)
    body += b"--" + boundary + b"--\r\n"
    if draw(st.booleans()):
        body = body[: draw(st.integers(0, len(body)))]
    return b"multipart/form-data; boundary=" + boundary, body


headers = st.dictionaries(
    st.sampled_from([b"range", b"content-length", b"content-type", b"authorization", b"if-range", b"host", b"cookie"]),
    st.sampled_from(
        [b"bytes=0-1", b"bytes=5-2", b"bytes=" + b"0-1," * 50, b"-1", b"1" * 5000, b"\xff", b"", b"bytes=-0"]
    )
    | st.binary(max_size=20),
    max_size=2,
)
queries = st.dictionaries(
    st.sampled_from(["limit", "after", "order", "purpose", "metadata[k]", "metadata", "x"]),
    st.sampled_from(["1", "0", "-1", "1" * 400, "²", "", "null", "asc", "FILE", "JOB", "JOB\0"]) | texts,
    max_size=3,
).map(lambda query: "&".join(f"{quote(name)}={quote(value, errors='surrogatepass')}" for name, value in query.items()))
ids = st.sampled_from(
    ["FILE", "JOB", "UPLOAD", "base-1", "..", "%2e%2e", "%00", "%ff", "a%2fb", "x" * 3000]
) | texts.map(lambda text: quote(text, safe="", errors="surrogatepass"))


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, str, dict[bytes, bytes], bytes]:
    """Return method, path, query, headers and body."""
    path, method = draw(st.sampled_from(ROUTES))
    if not draw(st.integers(0, 9)):
        method = draw(st.sampled_from(["PUT", "PATCH", "OPTIONS", "HEAD", "BREW"]))
    sent = draw(headers) if draw(st.booleans()) else {}
    if path in ("/v1/files", "/v1/uploads/{id}/parts") and draw(st.integers(0, 9)):
        kind, body = draw(forms())
        sent = {b"content-type": kind, **sent}
    else:
        body = draw(bodies(path)) if method == "POST" or not draw(st.integers(0, 9)) else b""
    for name in ("{id:path}", "{id}"):
        path = path.replace(name, draw(ids))
    return method, path, draw(queries), sent, body


# The service


class Server:
    """Service with one file, job and pending upload, in an event loop of its own."""

    def __init__(self, home: str) -> None:
        self.service: Service = open_service(home, catalog=Catalog([FAKE]))
        self.file, self.job = add_file(self.service), add_job(self.service)
        self.runner = asyncio.Runner()
        self.transport = httpx.ASGITransport(create_app(self.service))  # type: ignore[arg-type]
        self.upload = self.part = ""
        upload = self.send(
            "POST", "/v1/uploads", body=json.dumps({name: good[name] for name in MEMBERS["/v1/uploads"]})
        )
        self.upload = upload.json()["id"]

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: dict[bytes, bytes] | None = None,
        body: bytes | str = b"",
    ) -> httpx.Response:
        content = body.encode() if isinstance(body, str) else body
        if not os.path.exists(self.service.paths.file(self.file)):  # an earlier request has deleted it
            self.file = add_file(self.service)
        for name, id in (("FILE", self.file), ("JOB", self.job), ("UPLOAD", self.upload)):
            path, query, content = (
                path.replace(name, id),
                query.replace(name, id),
                content.replace(name.encode(), id.encode()),
            )

        async def send() -> httpx.Response:
            url = httpx.URL("http://test").copy_with(raw_path=f"{path}?{query}".encode())
            request = httpx.Request(method, url, headers=list((headers or {}).items()), content=content)
            response = await self.transport.handle_async_request(request)
            await response.aread()
            response.request = request
            return response

        return self.runner.run(send())

    def send_bytes(self, data: bytes) -> bytes:
        async def send() -> bytes:
            connection = TimedConnection(self.service)
            await connection.send(data)
            connection.timers.advance(10_000)
            if not connection.transport.is_closed:
                await connection.answer()
            await connection.end()
            return connection.transport.written

        return self.runner.run(send())

    def close(self) -> None:
        self.runner.close()
        self.service.runner.close(save=False)
        self.service.database.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as home:
        server = Server(home)
        yield server
        server.close()


def check(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    assert answer.headers["x-request-id"].startswith("req_")
    if answer.status_code >= 400 and answer.request.method != "HEAD" and answer.status_code != 416:
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@settings(max_examples=200, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@example(("POST", "/v1/files", "", {b"content-type": b"multipart/form-data; boundary=" + b"x" * 300}, b""))
@example(("POST", "/v1/fine_tuning/jobs", "", {}, b'{"\\ud800": 1}'))
@given(requests())
def test_no_request_makes_an_internal_error(
    server: Server, request_: tuple[str, str, str, dict[bytes, bytes], bytes]
) -> None:
    check(server.send(*request_))


def test_valid_requests_of_the_generator_are_accepted(server: Server) -> None:
    for path in ("/v1/fine_tuning/jobs", "/v1/uploads"):
        body = json.dumps({name: good[name] for name in MEMBERS[path]})
        assert server.send("POST", path, body=body).status_code == 200


heads = st.tuples(
    st.sampled_from([b"GET", b"POST", b"DELETE"]) | st.binary(max_size=5),
    st.sampled_from([b"/v1/files", b"/v1/fine_tuning/jobs?limit=1", b"*", b"http://x/v1/models", b"/%ff"])
    | st.binary(max_size=20),
    st.lists(
        st.sampled_from(
            [
                b"content-length: 3",
                b"content-length: 3, 3",
                b"transfer-encoding: chunked",
                b"transfer-encoding: gzip",
                b"upgrade: websocket\r\nconnection: upgrade",
                b"expect: 100-continue",
                b"content-type: multipart/form-data; boundary=x",
                b"connection: close",
            ]
        )
        | st.binary(max_size=20),
        max_size=4,
    ),
    st.binary(max_size=40) | st.sampled_from([b"abc", b"3\r\nabc\r\n0\r\n\r\n", b"zz\r\n"]),
).map(
    lambda given: (
        given[0]
        + b" "
        + given[1]
        + b" HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
        + KEY.encode()
        + b"\r\n"
        + b"".join(line + b"\r\n" for line in given[2])
        + b"\r\n"
        + given[3]
    )
)


@settings(max_examples=50, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(heads | st.binary(min_size=1, max_size=80))
def test_no_bytes_make_an_internal_error(server: Server, data: bytes) -> None:
    answer = server.send_bytes(data)
    assert b"HTTP/1.1 5" not in answer.replace(b"HTTP/1.1 501", b"")
