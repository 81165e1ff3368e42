"""Properties for any input: the check ends with a printable report, and a repair is stable."""

import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fttui.data.check import METHODS, check_file
from fttui.data.repair import CannotRepair, repair_file
from tests.data import example_files

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
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_and_repair(data: bytes, method: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.jsonl")
        path.write_bytes(data)
        report = check_file(str(path), method=method, model="gpt-4o-mini")
        text = json.dumps(report.as_json(), allow_nan=False)
        shown = report.headline() + "".join(str(finding) for group in report.groups for finding in group.first)
        assert "\x1b" not in text + shown
        assert report.ok == (report.errors == 0)
        target = io.BytesIO()
        try:
            repair_file(str(path), target)
        except CannotRepair:
            return
        repaired = Path(folder, "repaired.jsonl")
        repaired.write_bytes(target.getvalue())
        left = check_file(str(repaired), method=method)
        again = io.BytesIO()
        repair_file(str(repaired), again)
        assert again.getvalue() == target.getvalue(), "a second repair changes nothing"
        fixed = {"bom", "crlf", "empty_line", "nul", "duplicate", "misplaced_weight"}
        assert not fixed & {group.code for group in left.groups if group.code != "misplaced_weight"}


@QUICK
@given(data=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-16")))
def test_any_bytes(data: bytes) -> None:
    check_and_repair(data, None)


@QUICK
@given(values=st.lists(VALUES, min_size=1, max_size=4), method=st.sampled_from((None, *METHODS)))
def test_any_json(values: list[Any], method: str | None) -> None:
    check_and_repair(b"".join(json.dumps(value).encode() + b"\n" for value in values), method)


def test_value_of_any_depth_ends_with_a_report(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    for depth in range(900, 1010, 2):
        deep = b"[" * depth + b"]" * depth
        tool = b'{"type": "function", "function": {"name": "x", "parameters": {"a": %s}}}' % deep
        lines = (b'{"messages": [%s]}' % deep, b'{"messages": [], "tools": [%s]}' % tool, deep)
        path.write_bytes(b"\n".join(lines))
        assert check_file(str(path)).errors


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a JSON value."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from paths_in(inner, (*path, step))


def test_any_value_at_any_path_of_an_example() -> None:
    for kind in (*example_files.KINDS, "functions"):
        make, method = example_files.KINDS.get(kind, (example_files.functions, "supervised"))
        lines = []
        for path in paths_in(make(5)):
            for odd in (None, True, 0, -1.5, "", "x", [], [[]], [5], {}, {"a": []}, [{}], {"type": ["text"]}):
                holder: Any = [make(5)]
                place = holder
                for step in (0, *path)[:-1]:
                    place = place[step]
                place[(0, *path)[-1]] = odd
                lines.append(json.dumps(holder[0]).encode() + b"\n")
        assert len(lines) > 30
        check_and_repair(b"".join(lines), method)
