"""Formats that are not training data: named for what they are, and converted where nothing is guessed."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from fttui.data.check import check_file
from fttui.data.formats import converted
from fttui.data.repair import CannotRepair, repair_file
from tests.data import example_files

ALPACA = [{"instruction": f"Say {index}", "input": "", "output": f"{index}!"} for index in range(12)]


def written(path: Path, examples: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(example) + "\n" for example in examples))
    return str(path)


def repaired(path: str) -> bytes:
    target = io.BytesIO()
    repair_file(path, target)
    return target.getvalue()


def test_file_in_another_format_is_named_once_per_example_with_its_members(tmp_path: Path) -> None:
    formats: dict[str, dict[str, Any]] = {
        "alpaca": ALPACA[0],
        "sharegpt": {"conversations": [{"from": "human", "value": "Hm"}, {"from": "gpt", "value": "Hm?"}]},
        "chosen_rejected": {"prompt": "Hm", "chosen": "Hm?", "rejected": "No."},
        "evals": {"input": [{"role": "user", "content": "Hm"}], "ideal": "Hm?"},
    }
    for code, example in formats.items():
        path = written(tmp_path / "t", [{**example, "id": index} for index in range(12)])
        for method in (None, "supervised", "dpo", "reinforcement"):
            report = check_file(path, method=method, provider="local")
            assert [(group.code, group.total) for group in report.groups] == [(code, 12)]
            assert report.groups[0].first[0].detail == ", ".join([*example, "id"])
            assert (report.kind, report.plan, report.lengths) == (code, None, None)


def test_conversion_keeps_every_text() -> None:
    messages = [{"role": "user", "content": "Say 1"}, {"role": "assistant", "content": "1!"}]
    assert converted(ALPACA[1]) == {"messages": messages}
    assert converted({**ALPACA[1], "input": "loud"}) == {
        "messages": [{"role": "user", "content": "Say 1\n\nloud"}, messages[1]]
    }
    pair = {
        "input": {"messages": messages[:1]},
        "preferred_completion": messages[1:],
        "non_preferred_completion": [{"role": "assistant", "content": "2"}],
    }
    assert converted({"prompt": "Say 1", "chosen": "1!", "rejected": "2"}) == pair
    both = {"chosen": messages, "rejected": [messages[0], {"role": "assistant", "content": "2"}]}
    assert converted(both) == pair
    assert converted({**both, "prompt": messages[:1]}) == pair


def test_example_is_not_converted_where_something_would_be_guessed() -> None:
    for example in (
        {**ALPACA[0], "history": [["a", "b"]]},
        {**ALPACA[0], "output": ["a", "b"]},
        {"conversations": [{"from": "observation", "value": "x"}]},
        {"conversations": [{"from": ["human"], "value": "x"}]},
        {"conversations": "x"},
        {"chosen": "Human: a Assistant: b", "rejected": "Human: a Assistant: c"},
        {"chosen": [{"role": "user", "content": "a"}], "rejected": []},
        {"prompt": "a", "chosen": [{}, {}], "rejected": [{}, {}]},
        {"input": [], "ideal": "x"},
        example_files.chat(1),
        example_files.dpo(1),
    ):
        assert converted(example) is None


def test_compressed_file_is_checked_and_repaired_like_its_content(tmp_path: Path) -> None:
    path = tmp_path / "t.gz"
    lines = b"".join([*example_files.lines("chat"), b'{"messages": []}\n'])
    path.write_bytes(gzip.compress(lines))
    report = check_file(str(path))
    assert [(group.code, group.first[0].line) for group in report.groups] == [("gzip", None), ("empty_messages", 13)]
    assert repaired(str(path)) == lines
    path.write_bytes(gzip.compress(lines)[:-20])
    report = check_file(str(path))
    assert "damaged" in str(report.groups)
    with pytest.raises(CannotRepair, match="is damaged"):
        repaired(str(path))


def test_csv_is_recognized_and_only_prompt_and_completion_are_converted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('Completion;prompt\n"a; ""b""\nc";d\n\ne;f\n')
    [group] = check_file(str(path)).groups
    assert (group.code, group.first[0].detail) == ("csv", "Completion, prompt")
    assert [json.loads(line) for line in repaired(str(path)).splitlines()] == [
        {"completion": 'a; "b"\nc', "prompt": "d"},
        {"completion": "e", "prompt": "f"},
    ]
    for text, words in {
        "prompt,completion,score\na,b,1\n": "columns prompt, completion, score; only prompt and completion",
        "prompt,completion\na,b\nc\n": "line 3 has 1 cells, not 2",
    }.items():
        path.write_text(text)
        with pytest.raises(CannotRepair, match=words):
            repaired(str(path))


def test_parquet_is_answered_with_the_command_that_converts_it(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1\0\0PAR1")
    [group] = check_file(str(path)).groups
    assert "pandas.read_parquet" in group.remedy
    with pytest.raises(CannotRepair, match=r"pandas.read_parquet"):
        repaired(str(path))


def test_findings_use_the_names_of_the_file(tmp_path: Path) -> None:
    examples = [example_files.guide(index) for index in range(12)]
    examples[4]["preferred_output"] = []
    [group] = check_file(written(tmp_path / "t", examples), method="dpo").groups
    assert group.first[0].member == "preferred_output"
