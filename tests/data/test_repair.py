"""What `--fix` mends: afterwards the check finds it no more, and everything else is as it was."""

import io
import json
from pathlib import Path

import pytest

from fttui.data.check import check_file
from fttui.data.repair import CannotRepair, RepairResult, repair_file
from fttui.data.rules import BY_CODE, RULES
from tests.data import zoo


def mended(path: Path, data: bytes) -> tuple[RepairResult, bytes]:
    path.write_bytes(data)
    target = io.BytesIO()
    done = repair_file(str(path), target)
    assert path.read_bytes() == data, "the file itself is left alone"
    return done, target.getvalue()


FIXED = [beast for beast in zoo.BEASTS if BY_CODE[beast.code].is_fixable]


@pytest.mark.parametrize("beast", FIXED, ids=lambda beast: f"{beast.code}-{beast.member}")
def test_what_is_promised_is_mended(tmp_path: Path, beast: zoo.Beast) -> None:
    data = zoo.data(beast)
    done, after = mended(tmp_path / "a", data)
    method = zoo.KINDS[beast.kind][1]
    (tmp_path / "b").write_bytes(after)
    left = check_file(str(tmp_path / "b"), method=method).groups
    undecided = b'"weight": 0.5' in data or b"{'a'}" in data or b'["user"]' in data or b'"developer"' in data
    if undecided or (beast.code == "unknown_role" and beast.kind == "reinforcement"):
        assert [group.code for group in left] == [beast.code]
        assert done.changes == ()
    else:
        assert left == ()
        assert sum(times for _, times in done.changes) >= 1


def test_only_what_is_marked_is_promised() -> None:
    assert {beast.code for beast in FIXED} == {rule.code for rule in RULES if rule.is_fixable}


@pytest.mark.parametrize("kind", zoo.KINDS)
def test_a_clean_file_is_copied_byte_by_byte(tmp_path: Path, kind: str) -> None:
    data = b"".join(zoo.lines(kind))
    done, after = mended(tmp_path / "a", data)
    assert after == data
    assert done == RepairResult(12, ())


@pytest.mark.parametrize("encode", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_encodings_come_out_as_utf_8(tmp_path: Path, encode: str) -> None:
    example = zoo.chat(1)
    example["messages"][1]["content"] = "Wie viele Kerne hat die größte Melone 🍉?"
    lines = [json.dumps(example, ensure_ascii=False), *(line.decode().strip() for line in zoo.lines("chat"))]
    _, after = mended(tmp_path / "a", "\r\n".join(lines).encode(encode))
    assert after.decode() == "\n".join(lines) + "\n"


def test_an_array_and_objects_over_lines_become_lines(tmp_path: Path) -> None:
    examples = [zoo.chat(index) for index in range(2000)]
    wanted = [json.loads(json.dumps(example)) for example in examples]
    spellings = [
        json.dumps(examples),
        json.dumps(examples, indent=4),
        "\n".join(json.dumps(example, indent=1) for example in examples),
    ]
    for text in spellings:
        done, after = mended(tmp_path / "a", text.encode())
        assert [json.loads(line) for line in after.splitlines()] == wanted
        assert done.lines == 2000
    _, after = mended(tmp_path / "a", spellings[1].encode("utf-16"))
    assert [json.loads(line) for line in after.splitlines()] == wanted


def test_an_array_that_breaks_off_cannot_be_mended(tmp_path: Path) -> None:
    with pytest.raises(CannotRepair, match="not JSON"):
        mended(tmp_path / "a", json.dumps([zoo.chat(1), zoo.chat(2)]).encode()[:-30])


def test_lines_that_cannot_be_read_are_kept_to_be_named(tmp_path: Path) -> None:
    lines = zoo.lines("chat")
    lines[3:5] = [b"{broken\r\n", "größer\n".encode("latin-1")]
    _, after = mended(tmp_path / "a", b"".join(lines))
    assert after.splitlines()[3:5] == [b"{broken", "größer".encode("latin-1")]
