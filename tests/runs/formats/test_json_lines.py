import json
import math
from pathlib import Path

import pytest

from fttui.runs.formats.base import FoundLine, FoundPoint
from fttui.runs.formats.json_lines import JsonLines, JsonLinesReader

LLAMA_FACTORY = [
    {"current_steps": 5, "total_steps": 30, "loss": 1.5, "lr": 5e-05, "epoch": 0.5, "percentage": 16.67},
    {"current_steps": 10, "total_steps": 30, "eval_loss": 1.25, "epoch": 1.0, "percentage": 33.33},
]  # fmt: skip


def test_log_of_llama_factory_has_points_and_the_number_of_steps(tmp_path: Path) -> None:
    path = tmp_path / "trainer_log.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in LLAMA_FACTORY))
    reader = JsonLinesReader(str(path))
    found = reader.read()
    assert found.points == [
        FoundPoint(5, None, {"loss": 1.5, "lr": 5e-05, "epoch": 0.5}),
        FoundPoint(10, None, {"eval_loss": 1.25, "epoch": 1.0}),
    ]
    assert found.facts == {"total_steps": 30}
    with path.open("a") as file:
        file.write('{"current_steps": 15, "loss": NaN, "total_steps": 30}\n{"current_ste')
    found = reader.read()
    assert math.isnan(found.points[0].values["loss"])
    assert (found.facts, found.problems) == ({}, [])


def test_messages_of_a_structured_log_are_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(
        '{"level": "WARNING", "message": "slow", "timestamp": 1795888800}\n{"step": 1, "train": {"loss": 2}}\n'
    )
    found = JsonLinesReader(str(path)).read()
    assert found.lines == [FoundLine(1795888800.0, "warn", "slow")]
    assert found.points == [FoundPoint(1, None, {"train/loss": 2.0})]


def test_hostile_lines_are_left_out_and_named_once(tmp_path: Path) -> None:
    lines = [
        b"[" * 100_000,
        b"\xff\xfe",
        b"[1]",
        b'{"step": 1e999, "loss": 1}',
        b'{"step": 1, "loss": ' + b"9" * 4000 + b"}",
        b'{"step": 2, "loss": {"a": {"b": 1}}}',
        b'{"step": 3, "loss": 1}',
    ]
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    found = JsonLinesReader(str(path)).read()
    assert found.points == [FoundPoint(3, None, {"loss": 1.0})]
    assert found.problems == ["log.jsonl: a line that is no JSON object was left out"]


@pytest.mark.parametrize(
    ("name", "text", "is_log"),
    [
        ("any.jsonl", '{"config": 1}\n{"step": 1, "loss": 2}\n', True),
        ("trainer_log.jsonl", "", True),
        ("train.jsonl", '{"messages": [{"role": "user", "content": "hi"}]}\n', False),
        ("train.jsonl", '{"step": 1, "text": "hi"}\n', False),
        ("train.jsonl", "not json\n", False),
    ],
)
def test_file_is_a_log_when_a_line_has_a_step_and_a_number(tmp_path: Path, name: str, text: str, is_log: bool) -> None:
    (tmp_path / name).write_text(text)
    assert len(JsonLines().sources(str(tmp_path), [name, "gone.jsonl"])) == is_log
