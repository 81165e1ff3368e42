"""The sample of examples whose tokens are estimated: exact where it must be, and close elsewhere."""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.data import token_sample
from fttui.data.check import check_file
from fttui.data.examples import ExampleChecker
from fttui.data.findings import FindingLog
from fttui.data.length_stats import LengthStats
from fttui.data.report import Report
from fttui.data.token_sample import LARGEST_STEP, TOKENS_PER_BYTE
from fttui.data.tokens import ESTIMATE, Counter, estimate
from tests.data import example_files
from tests.data.test_any_input import VALUES

WORDS = ["the", "a", "melon", "onion", "is", "of", "in", "sourdough,", "never", "42", "rises.", "(x", "+", "1)", "ü"]


def example(index: int, words: int) -> dict[str, Any]:
    chosen = random.Random(index).choices(WORDS, k=words)
    answer = " ".join(chosen)
    return {"messages": [{"role": "user", "content": f"Number {index}?"}, {"role": "assistant", "content": answer}]}


def checked(path: Path, examples: Iterable[dict[str, Any]], **options: Any) -> Report:
    path.write_text("".join(json.dumps(each) + "\n" for each in examples))
    return check_file(str(path), **options)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "train.jsonl"


@pytest.fixture
def small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_sample, "FIRST", 100)


def lengths(report: Report) -> LengthStats:
    assert report.lengths is not None
    return report.lengths


def both(path: Path, examples: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> tuple[Report, Report]:
    """Return the report of all examples, and that of a sample."""
    all_of_them = checked(path, examples)
    monkeypatch.setattr(token_sample, "FIRST", 100)
    return all_of_them, checked(path, examples)


def test_figures_of_a_sample_are_close_to_those_of_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = random.Random(1)
    examples = [example(index, 3 + int(sizes.expovariate(1 / 40))) for index in range(8000)]
    whole, part = both(path, examples, monkeypatch)
    for name in ("total", "billed", "median", "p90"):
        exact, near = getattr(lengths(whole), name), getattr(lengths(part), name)
        assert abs(near / exact - 1) < 0.1, name
    assert part.trained_share == pytest.approx(whole.trained_share, abs=0.02)
    assert 8000 - LARGEST_STEP < lengths(part).examples <= 8000
    assert (part.examples, part.groups) == (whole.examples, whole.groups)


def test_longest_examples_are_counted_wherever_they_are(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = [example(index, 20) for index in range(3000)]
    for index in range(5):
        examples[1000 + 311 * index] = example(index, 300 + 10 * index)
    whole, part = both(path, examples, monkeypatch)
    assert lengths(part).longest == lengths(whole).longest
    assert lengths(part).most == lengths(whole).most


@pytest.mark.usefixtures("small_sample")
def test_every_example_over_the_limit_is_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estimated = Counter(ESTIMATE, estimate, False)
    monkeypatch.setattr("fttui.data.check.token_counter", lambda encoding: estimated)
    long = range(500, 2000, 97)
    text = {"role": "user", "content": "melon " * 52_000}
    examples = [example(index, 20) for index in range(2000)]
    for index in long:
        examples[index]["messages"].insert(0, text)
    report = checked(path, examples, model="gpt-4o-mini", kept=1000)
    found = [finding.line for group in report.groups if group.code == "too_long" for finding in group.first]
    assert found == [index + 1 for index in long]
    assert lengths(report).over == len(long)


def test_examples_that_repeat_in_a_fixed_order_do_not_mislead(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for period in (2, 16):
        examples = [example(index, 200 if index % period == 0 else 10) for index in range(6000)]
        whole, part = both(path, examples, monkeypatch)
        assert abs(lengths(part).total / lengths(whole).total - 1) < 0.2, period


@pytest.mark.usefixtures("small_sample")
def test_note_says_how_many_examples_were_counted(path: Path) -> None:
    examples = [example(index, 20) for index in range(2000)]
    report = checked(path, examples)
    (note,) = (note for note in report.notes if "estimated for" in note)
    counted = int(note.split(" for ")[1].split()[0].replace(",", ""))
    assert 100 + 1900 / 30 < counted < 100 + 1900 / 8
    assert "of 2,000 examples" in note
    assert checked(path, examples).notes == report.notes, "the next check says the same"
    assert not any("estimated for" in note for note in checked(path, examples[:100]).notes)


@pytest.mark.usefixtures("small_sample")
def test_tools_first_seen_in_an_example_that_is_not_counted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = [example_files.tools(index) for index in range(1000)]
    part = checked(path, examples)
    monkeypatch.setattr(token_sample, "FIRST", 10_000)
    whole = checked(path, examples)
    assert lengths(part).least == lengths(whole).least
    assert abs(lengths(part).total / lengths(whole).total - 1) < 0.05


def tokens_of(value: dict[str, Any], kind: str) -> int:
    checker = ExampleChecker(kind, FindingLog("t"), estimate)
    checker.check(value, 1)
    return checker.tokens()[0]


@settings(max_examples=100, deadline=None)
@given(
    value=st.dictionaries(st.sampled_from(["messages", "tools", "functions", "prompt", "completion"]), VALUES),
    kind=st.sampled_from(["chat", "completions", "dpo", "reinforcement"]),
    is_ascii=st.booleans(),
)
def test_estimate_of_a_line_is_bounded_by_its_bytes(value: dict[str, Any], kind: str, is_ascii: bool) -> None:
    line = json.dumps(value, ensure_ascii=is_ascii, separators=(",", ":")).encode("utf-8", "surrogatepass")
    assert tokens_of(value, kind) <= TOKENS_PER_BYTE * len(line)


def test_dense_lines_are_bounded_by_their_bytes() -> None:
    numbers = [{"type": "function", "function": {"name": "x", "parameters": {"enum": [1e15] * 1000}}}]
    message = {"role": "user", "content": "a"}
    for value, line in (
        ({"messages": [message] * 1000}, json.dumps({"messages": [message] * 1000}, separators=(",", ":"))),
        ({"messages": [message], "tools": numbers}, json.dumps(numbers, separators=(",", ":"))),
    ):
        line = line.replace("1000000000000000.0", "1e15")
        assert tokens_of(value, "chat") <= TOKENS_PER_BYTE * len(line)
