"""Findings of the check: each rule fires on its own error only, and valid files have no findings."""

import json
from pathlib import Path

import pytest

from fttui.data import line_reader, rules
from fttui.data.check import check_file
from fttui.data.report import Report
from fttui.data.rules import BY_CODE, LEVELS, RULES
from tests.data import example_files


def checked(path: Path, data: bytes, **more: object) -> Report:
    path.write_bytes(data)
    return check_file(str(path), **more)  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "train.jsonl"


def test_valid_files_have_no_findings(file: Path) -> None:
    for kind, (_, method) in example_files.KINDS.items():
        for given in (method, None):
            report = checked(file, b"".join(example_files.lines(kind)), method=given)
            assert report.groups == (), kind
            assert report.ok
            assert (report.examples, report.lines) == (12, 12)


def test_broken_files_have_exactly_one_finding_at_the_broken_place(file: Path) -> None:
    for broken in example_files.BROKEN_FILES:
        groups = checked(file, example_files.content(broken), method=example_files.KINDS[broken.kind][1]).groups
        found = [(group.code, group.total, group.path) for group in groups]
        assert found == [(broken.code, 1, str(file))], broken
        [finding] = groups[0].first
        assert (finding.line, finding.member) == (broken.line, broken.member), broken
        assert (groups[0].level, groups[0].problem, groups[0].remedy) == BY_CODE[broken.code][1:4]


def test_every_rule_has_a_test() -> None:
    assert {broken.code for broken in example_files.BROKEN_FILES} | example_files.TESTED_APART == set(BY_CODE)
    assert len(BY_CODE) == len(RULES)
    assert {rule.level for rule in RULES} == set(LEVELS)


def test_messages_are_clauses_without_full_stop() -> None:
    for rule in RULES:
        for text in (rule.problem, rule.remedy):
            assert text
            assert not text.endswith(".")
            assert not text[0].isupper() or text.split()[0].isupper(), text


PUBLISHED_REINFORCEMENT = b"".join(
    json.dumps(
        {
            "messages": [{"role": "developer", "content": "Solve."}, {"role": "user", "content": f"{index}+1?"}],
            "answer": str(index + 1),
        }
    ).encode()
    + b"\n"
    for index in range(12)
)


def test_kind_follows_from_members_grader_and_model(file: Path) -> None:
    grader = {"type": "string_check", "name": "g", "input": "a", "reference": "{{item.answer}}", "operation": "eq"}
    report = checked(file, PUBLISHED_REINFORCEMENT)
    assert (report.kind, report.groups) == ("reinforcement", ())
    assert checked(file, PUBLISHED_REINFORCEMENT, grader=grader).kind == "reinforcement"
    questions = [{"messages": [{"role": "user", "content": f"{index}+1?"}]} for index in range(12)]
    plain = b"".join(json.dumps(example).encode() + b"\n" for example in questions)
    assert checked(file, plain).kind == "chat"
    assert checked(file, plain, model="o4-mini").groups == ()
    report = checked(file, plain, grader=grader)
    assert (report.kind, codes(report)) == ("reinforcement", {"no_graded_member": 12})
    report = checked(file, b"".join(example_files.lines("chat")), grader={})
    assert (report.kind, codes(report)["bad_grader"]) == ("reinforcement", 1)


def test_reinforcement_data_of_a_supervised_job_is_one_finding_per_example(file: Path) -> None:
    report = checked(file, PUBLISHED_REINFORCEMENT, method="supervised")
    assert codes(report) == {"wrong_kind": 12}
    assert report.groups[0].first[0].detail == "found reinforcement, expected chat"


def codes(report: Report) -> dict[str, int]:
    return {group.code: group.total for group in report.groups}


def test_line_that_is_too_long_is_skipped(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_reader, "LONGEST_LINE", 5000)
    clean = example_files.lines("chat")
    giant = b'{"messages": "' + b"x" * 3_000_000 + b'"}\n'
    report = checked(file, b"".join([*clean[:6], giant, *clean[6:]]))
    assert codes(report) == {"giant_line": 1}
    assert report.groups[0].first[0].line == 7
    assert (report.examples, report.lines) == (12, 13)
    assert codes(checked(file, giant.strip() * 2)) == {"giant_line": 1, "too_few": 1}


def test_limits_of_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "LARGEST_FILE", 100)
    assert codes(checked(file, b"".join(example_files.lines("chat")))) == {"large_file": 1}
    monkeypatch.undo()
    monkeypatch.setattr(rules, "MOST_REINFORCEMENT", 11)
    monkeypatch.setattr(rules, "MOST_IMAGE_EXAMPLES", 11)
    some = b"".join(example_files.lines("reinforcement"))
    assert codes(checked(file, some, method="reinforcement")) == {"too_many": 1}
    assert codes(checked(file, b"".join(example_files.lines("images")))) == {"many_image_examples": 1}


def test_image_larger_than_the_limit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "LARGEST_IMAGE", 100)
    clean = example_files.lines("images")
    example = example_files.images(5)
    example["messages"][1]["content"][1]["image_url"]["url"] = example_files.PNG + "A" * 200
    report = checked(file, b"".join([*clean[:4], json.dumps(example).encode() + b"\n", *clean[5:]]))
    assert codes(report) == {"image_size": 1}
    assert report.groups[0].first[0].member == "messages[1].content[1].image_url.url"


def test_example_longer_than_the_limit_of_the_model(file: Path) -> None:
    clean = example_files.lines("chat")
    long = example_files.chat(99)
    long["messages"][1]["content"] = "melon " * 20_000
    report = checked(file, b"".join([*clean, json.dumps(long).encode()]), model="gpt-3.5-turbo-0125")
    assert codes(report) == {"too_long": 1}
    assert report.lengths is not None
    assert (report.lengths.over, report.lengths.limit, report.lengths.longest[0][1]) == (1, 16_385, 13)
    assert report.lengths.billed == report.lengths.total - report.lengths.most + 16_385
    assert codes(checked(file, file.read_bytes(), model="gpt-4o-mini")) == {}


def test_functions_member_is_deprecated(file: Path) -> None:
    data = "".join(json.dumps(example_files.functions(index)) + "\n" for index in range(12)).encode()
    report = checked(file, data)
    assert codes(report) == {"two_kinds_of_calls": 12}
    assert len(report.groups[0].first) == 10
    assert report.ok


def test_tool_message_without_call(file: Path) -> None:
    clean, example = example_files.lines("tools"), example_files.tools(5)
    example["messages"][3]["tool_call_id"] = "call_9"
    report = checked(file, b"".join([*clean[:4], json.dumps(example).encode() + b"\n", *clean[5:]]))
    assert codes(report) == {"no_such_call": 1, "no_answer_to_call": 1}


def test_overlap_of_training_and_validation_file(file: Path, tmp_path: Path) -> None:
    clean = example_files.lines("chat", 30)
    other = tmp_path / "valid.jsonl"
    other.write_bytes(b"".join(clean[10:20]))
    assert codes(checked(file, b"".join(clean[:10]), validation=str(other))) == {}
    report = checked(file, b"".join(clean[:12]), validation=str(other))
    assert codes(report) == {"overlap": 2}
    assert [(finding.line, finding.detail) for finding in report.groups[0].first] == [
        (11, "line 1 there"),
        (12, "line 2 there"),
    ]


def test_validation_file_needs_one_example_and_has_its_own_findings(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "valid.jsonl"
    other.write_bytes(b"{}\n" + example_files.lines("chat", 99)[98])
    report = checked(file, b"".join(example_files.lines("chat")), validation=str(other))
    assert [(group.code, group.path) for group in report.groups] == [("no_messages", str(other))]
    assert report.examples == 12


def test_findings_are_all_counted_and_the_first_ten_kept(file: Path) -> None:
    data = b"".join(example_files.lines("chat", 50)).replace(b'"role": "user"', b'"role": "human"')
    received = []
    report = checked(file, data, on_finding=lambda path, code, finding: received.append((path, code, finding.line)))
    assert codes(report) == {"unknown_role": 50}
    assert [finding.line for finding in report.groups[0].first] == list(range(1, 11))
    assert received == [(str(file), "unknown_role", line) for line in range(1, 51)]
    assert (report.errors, report.warnings, report.advice) == (50, 0, 0)


def level(report: Report) -> str:
    return report.groups[0].level if report.groups else ""


def test_levels_are_those_of_the_provider(file: Path) -> None:
    levels = {}
    for code in ("bom", "bad_function_name", "no_answer_to_call", "refused_name"):
        broken = next(broken for broken in example_files.BROKEN_FILES if broken.code == code)
        data = example_files.content(broken)
        levels[code] = [level(checked(file, data, provider=name)) for name in ("openai", "azure", "other", "local")]
    assert levels == {
        "bom": ["error", "", "warning", "warning"],
        "bad_function_name": ["error", "error", "warning", "warning"],
        "no_answer_to_call": ["error", "error", "warning", "warning"],
        "refused_name": ["error", "error", "warning", "warning"],
    }


def test_data_that_no_local_trainer_learns_from_is_not_called_free(file: Path) -> None:
    for kind, word in (("images", "images"), ("reinforcement", "reinforcement"), ("completion", "completions")):
        data = b"".join(example_files.lines(kind))
        guessed = checked(file, data, provider="local")
        assert guessed.plan is not None
        assert not guessed.plan.is_free
        assert "this machine" not in guessed.headline()
        assert f"no trainer on this machine can learn from {word}; choose the profile of a provider" in guessed.notes
        method = "reinforcement" if kind == "reinforcement" else None
        chosen = checked(file, data, provider="local", model="fttui-tiny-1", method=method)
        assert not chosen.ok
        if kind != "completion":
            assert codes(chosen) == {"not_local": 1}
            assert chosen.groups[0].first[0].detail == word
    of_user = checked(file, b"".join(example_files.lines("images")), provider="local", model="my-vision-model")
    assert of_user.groups == ()
    assert "free: trained on this machine" in of_user.headline()


def test_json_errors_name_the_column(file: Path) -> None:
    broken = {
        b'{"messages":[{"role":"user","content":"hi"}': "Expecting ',' delimiter at column 44",
        b'{"messages": []} {}': "Extra data at column 18",
        b'{"a": "NaN \\" 9", "b": NaN}': "NaN is not a JSON number, at column 24",
        b'{"a": -Infinity}': "-Infinity is not a JSON number, at column 7",
        b'{"a": ' + b"9" * 5000 + b"}": "a number of more than 4300 digits at column 7",
    }
    for end in (b"\n", b"\r\n"):
        for line, detail in broken.items():
            report = checked(file, b"".join([*example_files.lines("chat"), line + end]))
            found = next(group.first[0] for group in report.groups if group.code == "not_json")
            assert (found.line, found.detail) == (13, detail)


def test_unknown_members_are_reported_in_alphabetical_order(file: Path) -> None:
    example = example_files.chat(1) | dict.fromkeys(["zebra", "apple", "mango", "fig"], 1)
    report = checked(file, json.dumps(example).encode() + b"\n" + b"".join(example_files.lines("chat")[1:]))
    assert [finding.member for finding in report.groups[0].first] == ["apple", "fig", "mango", "zebra"]


def test_findings_contain_no_control_characters(file: Path) -> None:
    example = example_files.chat(1)
    example["messages"][1]["\x1b]0;owned\x07"] = 1
    example["messages"][2]["weight"] = "\x1b[2J"
    report = checked(file, json.dumps(example).encode() + b"\n" + b"".join(example_files.lines("chat")))
    shown = json.dumps([group.first for group in report.groups], ensure_ascii=False)
    assert shown.isprintable()
    assert {"unknown_member", "bad_weight"} <= codes(report).keys()


def test_check_reports_progress_and_ends_early_when_asked_to(file: Path) -> None:
    calls: list[tuple[int, int]] = []
    data = b"".join(example_files.lines("chat", 30_000))
    report = checked(
        file, data, progress=lambda done, size: calls.append((done, size)), should_stop=lambda: len(calls) == 2
    )
    assert report.stopped
    assert report.plan is None
    assert 0 < report.examples < 30_000
    assert len(calls) == 2
    assert calls[-1][0] < calls[-1][1] == len(data)
