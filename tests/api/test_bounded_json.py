"""Decoding of responses within bounds of nesting, number of values and size."""

import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.api import bounded_json
from fttui.api.bounded_json import MAX_DEPTH, MAX_OBJECT_BYTES, MAX_VALUES, TOO_DEEP, TOO_LARGE, TooManyValues, decode
from fttui.api.errors import BadResponse
from tests.api.conftest import Connect
from tests.support.fault_server import answer, send_json, serving
from tests.support.service import job

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


def nested(depth: int) -> Any:
    found: Any = "x"
    for _ in range(depth):
        found = {"in": [found]}
    return found


def page(*jobs: Any) -> bytes:
    return json.dumps({"object": "list", "data": jobs, "has_more": False}).encode()


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_object_by_object_gives_what_the_parser_gives(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert bounded_json._Decoder(text).decode() == bounded_json.loads(text)


@given(st.binary(max_size=60) | st.text('[]{}",:\\ 1ae', max_size=40).map(str.encode))
def test_any_bytes_are_a_value_or_an_error_as_for_the_parser(body: bytes) -> None:
    def result(parse: Any) -> Any:
        try:
            return repr(parse())
        except (ValueError, RecursionError):
            return ValueError

    assert result(bounded_json._Decoder(body).decode) == result(lambda: bounded_json.loads(body))


async def test_deeply_nested_job_leaves_the_list_readable(connect: Connect) -> None:
    bad = job(2, "running", metadata={"a": "b"}, method="DEEP")
    body = page(job(3), bad, job(1)).replace(b'"DEEP"', b"[" * 50_000 + b"]" * 50_000)
    async with serving(answer(200, body)) as server:
        found = (await connect(server.url).list_jobs()).items
    assert [(item.id, item.status_text) for item in found] == [
        ("ftjob-003", "succeeded"),
        ("ftjob-002", "running"),
        ("ftjob-001", "succeeded"),
    ]
    assert found[1].raw == bad | {"method": TOO_DEEP}
    assert found[1].can_act


async def test_only_the_members_out_of_bounds_are_replaced() -> None:
    many, long = [0] * 30_000, "x" * (MAX_OBJECT_BYTES + 1)
    raw = {"id": "a", "deep": nested(MAX_DEPTH), "fine": nested(MAX_DEPTH // 2 - 1), "many": many, "long": long, "z": 1}
    found = await decode(page(raw, {"id": "b"}, nested(0)))
    assert found["data"] == [{**raw, "deep": TOO_DEEP, "many": TOO_LARGE, "long": TOO_LARGE}, {"id": "b"}, "x"]
    assert (await decode(json.dumps(raw).encode()))["deep"] == TOO_DEEP


async def test_large_response_is_decoded_in_small_parts_outside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[tuple[bool, int]] = []
    loads = bounded_json.loads

    def counted(body: bytes) -> Any:
        parts.append((threading.current_thread() is threading.main_thread(), len(body)))
        return loads(body)

    monkeypatch.setattr(bounded_json, "loads", counted)
    jobs = [job(index, note="x" * 9000) for index in range(100)]
    assert (await decode(page(*jobs)))["data"] == jobs
    assert {is_main for is_main, _ in parts} == {False}
    assert max(size for _, size in parts) < 10_000
    parts.clear()
    assert (await decode(page(job(1))))["data"] == [job(1)]
    assert len(parts) == 1, "a usual page needs no thread"


async def test_response_of_brackets_is_refused_before_it_fills_the_memory(connect: Connect) -> None:
    with pytest.raises(TooManyValues):
        await decode(b'{"data": [' + b",".join([b"[[[]]]"] * MAX_VALUES) + b"]}")
    async with serving(answer(200, b"[" + b",".join([b"[[[]]]"] * 100_000) + b"]")) as server:
        with pytest.raises(BadResponse, match="has more than 200,000 values"):
            await connect(server.url).list_jobs()
    async with serving(answer(200, b'"' + b"x" * (17 << 20) + b'"')) as server:
        with pytest.raises(BadResponse, match="larger than 16 MB"):
            await connect(server.url).list_jobs()
        with pytest.raises(BadResponse, match="larger than 4 MB"):
            await connect(server.url).get_job("a")


async def test_list_of_ten_thousand_files_is_read(connect: Connect) -> None:
    files = [{"id": f"file-{n}", "bytes": n, "filename": "a.jsonl", "purpose": "fine-tune"} for n in range(10_000)]
    async with serving(send_json({"object": "list", "data": files, "has_more": False})) as server:
        found = await connect(server.url).list_files()
    assert [file.raw for file in found.items] == files
