"""Repair of training data: fixes every fixable error and changes nothing else."""

import io
import json
from pathlib import Path

import pytest

from fttui.data.check import check_file
from fttui.data.repair import CannotRepair, RepairResult, repair_file
from fttui.data.rules import BY_CODE, RULES
from tests.data import example_files


def repair(path: Path, data: bytes) -> tuple[RepairResult, bytes]:
    path.write_bytes(data)
    target = io.BytesIO()
    done = repair_file(str(path), target)
    assert path.read_bytes() == data, "the file itself stays unchanged"
    return done, target.getvalue()


FIXABLE = [broken for broken in example_files.BROKEN_FILES if BY_CODE[broken.code].is_fixable]


def test_fixable_errors_are_fixed(tmp_path: Path) -> None:
    for broken in FIXABLE:
        data = example_files.content(broken)
        done, after = repair(tmp_path / "a", data)
        (tmp_path / "b").write_bytes(after)
        left = check_file(str(tmp_path / "b"), method=example_files.KINDS[broken.kind][1]).groups
        if broken.is_ambiguous:
            assert [group.code for group in left] == [broken.code], broken
            assert done.changes == ()
        else:
            assert left == (), broken
            assert sum(times for _, times in done.changes) >= 1


def test_every_fixable_rule_has_a_broken_file() -> None:
    assert {broken.code for broken in FIXABLE} == {rule.code for rule in RULES if rule.is_fixable}


def test_valid_file_is_copied_unchanged(tmp_path: Path) -> None:
    for kind in example_files.KINDS:
        data = b"".join(example_files.lines(kind))
        done, after = repair(tmp_path / "a", data)
        assert after == data
        assert done == RepairResult(12, ())


def test_other_encodings_become_utf_8(tmp_path: Path) -> None:
    example = example_files.chat(1)
    example["messages"][1]["content"] = "Wie viele Kerne hat die größte Melone 🍉?"
    lines = [json.dumps(example, ensure_ascii=False), *(line.decode().strip() for line in example_files.lines("chat"))]
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
        _, after = repair(tmp_path / "a", "\r\n".join(lines).encode(encoding))
        assert after.decode() == "\n".join(lines) + "\n"


def test_array_and_objects_over_several_lines_become_lines(tmp_path: Path) -> None:
    examples = [example_files.chat(index) for index in range(500)]
    wanted = [json.loads(json.dumps(example)) for example in examples]
    spellings = [
        json.dumps(examples),
        json.dumps(examples, indent=4),
        "\n".join(json.dumps(example, indent=1) for example in examples),
    ]
    for text in spellings:
        done, after = repair(tmp_path / "a", text.encode())
        assert [json.loads(line) for line in after.splitlines()] == wanted
        assert done.lines == 500
    _, after = repair(tmp_path / "a", spellings[1].encode("utf-16"))
    assert [json.loads(line) for line in after.splitlines()] == wanted


def test_truncated_array_cannot_be_repaired_and_names_line_and_column(tmp_path: Path) -> None:
    examples = [example_files.chat(index) for index in range(1000)]
    flat, spread = json.dumps(examples), json.dumps(examples, indent=1).replace("}", ";", 2)
    for text in (flat[:-30], spread, '[{"a": 1},\n {"b" 2}]'):
        with pytest.raises(json.JSONDecodeError) as broken:
            json.loads(text)
        problem = broken.value.msg.removesuffix(" at")
        place = f"a:{broken.value.lineno} is not JSON: {problem} at column {broken.value.colno}"
        with pytest.raises(CannotRepair, match=place):
            repair(tmp_path / "a", text.encode())


def test_lines_that_are_not_json_are_kept(tmp_path: Path) -> None:
    lines = example_files.lines("chat")
    lines[3:5] = [b"{broken\r\n", "größer\n".encode("latin-1")]
    _, after = repair(tmp_path / "a", b"".join(lines))
    assert after.splitlines()[3:5] == [b"{broken", "größer".encode("latin-1")]
