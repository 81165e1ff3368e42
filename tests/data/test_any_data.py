"""Whatever a file holds, the check ends with a report that can be printed, and the mended copy is no worse."""

import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fttui.data.check import METHODS, check_file
from fttui.data.repair import CannotRepair, repair_file
from tests.data import zoo

NAMES = [
    *("messages", "role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "function"),
    *("arguments", "id", "type", "tools", "input", "functions", "parameters", "prompt", "completion", "text"),
    *("preferred_completion", "non_preferred_completion", "image_url", "url", "refusal"),
]
WORDS = st.sampled_from(["user", "assistant", "system", "tool", "developer", "function", "text", "image_url", "{}", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner),
    max_leaves=12,
)
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_and_mend(data: bytes, method: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.jsonl")
        path.write_bytes(data)
        report = check_file(str(path), method=method, model="gpt-4o-mini")
        text = json.dumps(report.as_json(), allow_nan=False)
        shown = report.summary() + "".join(str(finding) for group in report.groups for finding in group.first)
        assert "\x1b" not in text + shown
        assert report.ok == (report.errors == 0)
        target = io.BytesIO()
        try:
            repair_file(str(path), target)
        except CannotRepair:
            return
        Path(folder, "m.jsonl").write_bytes(target.getvalue())
        left = check_file(str(Path(folder, "m.jsonl")), method=method)
        again = io.BytesIO()
        repair_file(str(Path(folder, "m.jsonl")), again)
        assert again.getvalue() == target.getvalue(), "mending twice is mending once"
        fixed = {"bom", "crlf", "empty_line", "nul", "duplicate", "misplaced_weight"}
        assert not fixed & {group.code for group in left.groups if group.code != "misplaced_weight"}


@QUICK
@given(data=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-16")))
def test_any_bytes(data: bytes) -> None:
    check_and_mend(data, None)


@QUICK
@given(values=st.lists(VALUES, min_size=1, max_size=4), method=st.sampled_from((None, *METHODS)))
def test_any_json(values: list[Any], method: str | None) -> None:
    check_and_mend(b"".join(json.dumps(value).encode() + b"\n" for value in values), method)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value, by the steps that lead there."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*path, step))


@pytest.mark.parametrize("kind", [*zoo.KINDS, "functions"])
def test_every_place_of_an_example_holding_anything(kind: str) -> None:
    make, method = zoo.KINDS.get(kind, (zoo.functions, "supervised"))
    lines = []
    for path in places(make(5)):
        for odd in (None, True, 0, -1.5, "", "x", [], [[]], [5], {}, {"a": []}, [{}], {"type": ["text"]}):
            holder: Any = [make(5)]
            place = holder
            for step in (0, *path)[:-1]:
                place = place[step]
            place[(0, *path)[-1]] = odd
            lines.append(json.dumps(holder[0]).encode() + b"\n")
    assert len(lines) > 30
    check_and_mend(b"".join(lines), method)
