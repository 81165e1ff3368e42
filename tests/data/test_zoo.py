"""Every finding fires on what it is for, on that line and member alone; clean data give none."""

import json
from pathlib import Path

import pytest

from fttui.data import line_reader, rules
from fttui.data.check import check_file
from fttui.data.report import Report
from fttui.data.rules import BY_CODE, LEVELS, RULES
from tests.data import zoo


def checked(path: Path, data: bytes, **more: object) -> Report:
    path.write_bytes(data)
    return check_file(str(path), **more)  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "train.jsonl"


@pytest.mark.parametrize("kind", zoo.KINDS)
@pytest.mark.parametrize("told", [True, False])
def test_a_clean_file_gives_no_finding(file: Path, kind: str, told: bool) -> None:
    method = zoo.KINDS[kind][1]
    if method == "reinforcement" and not told:
        return  # looks like chat without an answer: the method has to be named
    report = checked(file, b"".join(zoo.lines(kind)), method=method if told else None)
    assert report.groups == ()
    assert report.ok
    assert (report.examples, report.lines) == (12, 12)


@pytest.mark.parametrize("beast", zoo.BEASTS, ids=lambda beast: f"{beast.code}-{beast.kind}-{beast.member}")
def test_a_finding_fires_where_it_should_and_alone(file: Path, beast: zoo.Beast) -> None:
    method = zoo.KINDS[beast.kind][1]
    [group] = checked(file, zoo.data(beast), method=method).groups
    [finding] = group.first
    assert (group.code, group.total, group.path) == (beast.code, 1, str(file))
    assert (finding.line, finding.member) == (beast.line, beast.member)
    assert (group.level, group.problem, group.remedy) == BY_CODE[beast.code][1:4]


def test_the_zoo_is_whole() -> None:
    assert {beast.code for beast in zoo.BEASTS} | zoo.MADE_APART == set(BY_CODE)
    assert len(BY_CODE) == len(RULES)
    assert {rule.level for rule in RULES} == set(LEVELS)


def codes(report: Report) -> dict[str, int]:
    return {group.code: group.total for group in report.groups}


def test_a_giant_line_is_stepped_over(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_reader, "LONGEST_LINE", 5000)
    clean = zoo.lines("chat")
    giant = b'{"messages": "' + b"x" * 3_000_000 + b'"}\n'
    report = checked(file, b"".join([*clean[:6], giant, *clean[6:]]))
    assert codes(report) == {"giant_line": 1}
    assert report.groups[0].first[0].line == 7
    assert (report.examples, report.lines) == (12, 13)
    assert codes(checked(file, giant.strip() * 2)) == {"giant_line": 1, "too_few": 1}


def test_limits_of_the_whole_set(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "LARGEST_FILE", 100)
    assert codes(checked(file, b"".join(zoo.lines("chat")))) == {"large_file": 1}
    monkeypatch.undo()
    monkeypatch.setattr(rules, "MOST_REINFORCEMENT", 11)
    monkeypatch.setattr(rules, "MOST_IMAGE_EXAMPLES", 11)
    some = b"".join(zoo.lines("reinforcement"))
    assert codes(checked(file, some, method="reinforcement")) == {"too_many": 1}
    assert codes(checked(file, b"".join(zoo.lines("images")))) == {"many_image_examples": 1}


def test_too_long_for_the_model(file: Path) -> None:
    clean = zoo.lines("chat")
    long = zoo.chat(99)
    long["messages"][1]["content"] = "melon " * 20_000
    report = checked(file, b"".join([*clean, json.dumps(long).encode()]), model="gpt-3.5-turbo-0125")
    assert codes(report) == {"too_long": 1}
    assert report.lengths is not None
    assert (report.lengths.over, report.lengths.limit, report.lengths.longest[0][1]) == (1, 16_385, 13)
    assert report.lengths.billed == report.lengths.total - report.lengths.most + 16_385
    assert codes(checked(file, file.read_bytes(), model="gpt-4o-mini")) == {}


def test_functions_are_the_old_way(file: Path) -> None:
    data = "".join(json.dumps(zoo.functions(index)) + "\n" for index in range(12)).encode()
    report = checked(file, data)
    assert codes(report) == {"two_kinds_of_calls": 12}
    assert len(report.groups[0].first) == 10
    assert report.ok


def test_a_tools_message_that_answers_nothing(file: Path) -> None:
    clean, example = zoo.lines("tools"), zoo.tools(5)
    example["messages"][3]["tool_call_id"] = "call_9"
    report = checked(file, b"".join([*clean[:4], json.dumps(example).encode() + b"\n", *clean[5:]]))
    assert codes(report) == {"no_such_call": 1, "no_answer_to_call": 1}


def test_overlap_with_the_validation_file(file: Path, tmp_path: Path) -> None:
    clean = zoo.lines("chat", 30)
    other = tmp_path / "valid.jsonl"
    other.write_bytes(b"".join(clean[10:20]))
    assert codes(checked(file, b"".join(clean[:10]), validation=str(other))) == {}
    report = checked(file, b"".join(clean[:12]), validation=str(other))
    assert codes(report) == {"overlap": 2}
    assert [(finding.line, finding.detail) for finding in report.groups[0].first] == [
        (11, "line 1 there"),
        (12, "line 2 there"),
    ]


def test_the_validation_file_is_checked_by_its_own_measure(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "valid.jsonl"
    other.write_bytes(b"{}\n" + zoo.lines("chat", 99)[98])
    report = checked(file, b"".join(zoo.lines("chat")), validation=str(other))
    assert [(group.code, group.path) for group in report.groups] == [("no_messages", str(other))]
    assert report.examples == 12


def test_a_kind_is_counted_whole_and_shown_in_part(file: Path) -> None:
    data = b"".join(zoo.lines("chat", 50)).replace(b'"role": "user"', b'"role": "human"')
    seen = []
    report = checked(file, data, on_finding=lambda path, code, finding: seen.append((path, code, finding.line)))
    assert codes(report) == {"unknown_role": 50}
    assert [finding.line for finding in report.groups[0].first] == list(range(1, 11))
    assert seen == [(str(file), "unknown_role", line) for line in range(1, 51)]
    assert (report.errors, report.warnings, report.advice) == (50, 0, 0)


def test_findings_show_nothing_that_moves_a_cursor(file: Path) -> None:
    example = zoo.chat(1)
    example["messages"][1]["\x1b]0;owned\x07"] = 1
    example["messages"][2]["weight"] = "\x1b[2J"
    report = checked(file, json.dumps(example).encode() + b"\n" + b"".join(zoo.lines("chat")))
    shown = json.dumps([group.first for group in report.groups], ensure_ascii=False)
    assert shown.isprintable()
    assert {"unknown_member", "bad_weight"} <= codes(report).keys()


def test_a_check_can_be_broken_off_and_tells_how_far_it_is(file: Path) -> None:
    told: list[tuple[int, int]] = []
    data = b"".join(zoo.lines("chat", 30_000))
    report = checked(
        file, data, progress=lambda done, size: told.append((done, size)), should_stop=lambda: len(told) == 2
    )
    assert report.stopped
    assert report.plan is None
    assert 0 < report.examples < 30_000
    assert len(told) == 2
    assert told[-1][0] < told[-1][1] == len(data)
