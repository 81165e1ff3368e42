"""Any bytes of a server become JSON or an error with one printable line."""

import gzip
import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.api import error_mapping, faults, response_body
from fttui.api.errors import ApiError
from fttui.cli.output import dumps
from fttui.models.lenient_json import loads

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
ENVELOPES = JSON | st.fixed_dictionaries(
    {},
    optional={
        "error": JSON
        | st.fixed_dictionaries({}, optional={"message": JSON, "code": JSON, "type": JSON, "param": JSON}),
        "detail": JSON,
        "details": JSON,
        "message": JSON,
        "code": JSON,
    },
)
HEADERS = st.dictionaries(
    st.sampled_from(["x-request-id", "retry-after", "retry-after-ms", "x-should-retry", "date"]),
    st.text(max_size=40),
)
BODIES = st.binary(max_size=300) | ENVELOPES.map(lambda value: json.dumps(value).encode())


READERS = st.sampled_from([faults.of_openai, faults.of_google, faults.of_grpc])


@given(status=st.integers(300, 599), headers=HEADERS, sent=BODIES, is_write=st.booleans(), read=READERS)
@settings(max_examples=100)
def test_any_error_response_becomes_one_printable_line(
    status: int, headers: dict[str, str], sent: bytes, is_write: bool, read: faults.ReadFault
) -> None:
    error = error_mapping.of_status(
        status, headers, sent, now=1.8e9, secret="sk-0123456789", is_write=is_write, read=read
    )
    assert isinstance(error, ApiError)
    assert str(error)
    for text in (str(error), error.code, error.type, error.param, error.request_id, error.hint):
        assert "\n" not in text
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text)
    assert error.retry_after is None or error.retry_after > 0
    error_mapping.is_retryable(error)


@given(BODIES)
@settings(max_examples=100)
def test_any_body_is_json_or_a_value_error(sent: bytes) -> None:
    try:
        value = loads(sent)
    except (ValueError, RecursionError):
        return
    error_mapping.error_in_success(value)
    text = dumps(value)
    assert text.isascii()
    assert "\x7f" not in text
    json.loads(text)


@given(JSON)
def test_json_output_is_printable_ascii_and_parses(value: object) -> None:
    for indent in (None, 2):
        text = dumps(value, indent)
        assert all(character == "\n" or 32 <= ord(character) < 127 for character in text)
        json.loads(text)


@given(content=st.binary(max_size=2000), cut=st.integers(0, 60), pieces=st.integers(1, 50))
async def test_compressed_body_is_complete_or_an_error(content: bytes, cut: int, pieces: int) -> None:
    packed = gzip.compress(content)
    sent = packed[: len(packed) - cut]

    async def chunks():  # type: ignore[no-untyped-def]
        for start in range(0, len(sent), pieces):
            yield sent[start : start + pieces]

    response = httpx.Response(200, headers={"content-encoding": "gzip"}, content=chunks())
    try:
        got = b"".join([chunk async for chunk in response_body.decompressed(response, None)])
    except (response_body.UnusableBody, httpx.RemoteProtocolError):
        assert cut
    else:
        assert got == content if not cut else content.startswith(got)
        assert not cut or got == b""


@pytest.mark.parametrize("limit", [0, 1, 5, 1000])
async def test_limit_counts_decompressed_bytes(limit: int) -> None:
    async def chunks():  # type: ignore[no-untyped-def]
        yield gzip.compress(b"x" * 1000)

    response = httpx.Response(200, headers={"content-encoding": "gzip"}, content=chunks())
    if limit < 1000:
        with pytest.raises(response_body.UnusableBody, match="larger"):
            _ = [chunk async for chunk in response_body.decompressed(response, limit)]
    else:
        assert len(b"".join([chunk async for chunk in response_body.decompressed(response, limit)])) == 1000
