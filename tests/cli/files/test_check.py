"""`fttui files check`: output, exit codes, the repaired copy. tests/data covers the findings."""

import gzip
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fttui.cli.files.check_report import lines
from fttui.data.check import check_file
from tests.cli.conftest import Fttui
from tests.data import example_files
from tests.support.service import Service

BAD = example_files.content(next(broken for broken in example_files.BROKEN_FILES if broken.code == "unknown_role"))


@pytest.fixture
def write(home: Path) -> Callable[[str, bytes], str]:
    def write(name: str, data: bytes) -> str:
        (home / name).write_bytes(data)
        return name

    return write


Write = Callable[[str, bytes], str]
CLEAN = b"".join(example_files.lines("chat"))


def test_clean_file_prints_summary_on_stderr_and_exits_0(fttui: Fttui, service: Service, write: Write) -> None:
    result = fttui("files", "check", write("t.jsonl", CLEAN), "--model", "gpt-4o-mini")
    assert (result.code, result.out, service.lines) == (0, "", [])
    assert result.err.startswith("t.jsonl: 12 chat examples, ")
    assert "8 epochs, about 96 steps, cost unknown" in result.err, "published prices do not apply to other hosts"


def test_price_depends_on_model_and_provider(bare: Fttui, write: Write) -> None:
    # Without configuration the profile is local. Models of other providers have their published price.
    assert "cost " in bare("files", "check", write("t.jsonl", CLEAN), "--model", "gpt-4o-mini").err
    assert "USD" in bare("files", "check", "t.jsonl", "--model", "gpt-4o-mini").err
    assert "free: trained on this machine" in bare("files", "check", "t.jsonl", "--model", "fttui-tiny-1").err
    assert (
        "cost unknown (no model given)"
        in bare("--base-url", "https://api.openai.com/v1", "files", "check", "t.jsonl").err
    )


def test_price_file_of_the_user_overrides_published_prices(fttui: Fttui, write: Write, home: Path) -> None:
    (home / "config").mkdir(exist_ok=True)
    prices = home / "config" / "prices.toml"
    prices.write_text('currency = "EUR"\n[models.lab-7b]\ntraining = 1000000\n')
    result = fttui("files", "check", write("t.jsonl", CLEAN), "--model", "lab-7b", "--n-epochs", "1", "--json").json
    assert result["plan"]["cost"] == result["tokens"]["total"]
    assert (result["plan"]["currency"], result["plan"]["why"]) == ("EUR", "your price file")
    prices.write_text("[models.lab-7b]\ncost = 1\n")
    wrong = fttui("files", "check", "t.jsonl")
    assert (wrong.code, wrong.out) == (2, "")
    assert 'prices.toml: models."lab-7b".cost: unknown setting' in wrong.err


def test_findings_are_tab_separated(fttui: Fttui, write: Write) -> None:
    result = fttui("files", "check", write("t.jsonl", BAD))
    assert result.code == 1
    [[place, level, code, member, what, mend]] = result.cells
    assert (place, level, code, member) == ("t.jsonl:5", "error", "unknown_role", "messages[1].role")
    assert what == 'the role is unknown ("User"; known roles: system, user, assistant, tool, function)'
    assert mend == "use system, user, assistant or tool"
    assert "12 chat examples" in result.err
    assert "1 error." in result.err


def test_json_output_has_all_findings_and_figures(fttui: Fttui, write: Write) -> None:
    many = b"".join(example_files.lines("chat", 30)).replace(b'"user"', b'"human"')
    result = fttui("files", "check", write("t.jsonl", many), "--json")
    assert result.code == 1
    report = result.json
    assert (report["object"], report["errors"], report["examples"], report["complete"]) == ("fttui.check", 30, 30, True)
    assert [finding["line"] for finding in report["findings"]] == list(range(1, 31))
    [group] = report["groups"]
    assert (group["code"], group["count"], group["level"]) == ("unknown_role", 30, "error")
    assert sum(step["examples"] for step in report["tokens"]["histogram"]) == 30
    lines = [json.loads(line) for line in fttui("files", "check", "t.jsonl", "--jsonl").lines]
    assert lines[:-1] == report["findings"]
    assert "findings" not in lines[-1]
    assert lines[-1] == {key: value for key, value in report.items() if key != "findings"}


def test_warnings_exit_0(fttui: Fttui, write: Write) -> None:
    result = fttui(
        "files", "check", write("t.jsonl", CLEAN), "--validation", write("v.jsonl", CLEAN[: len(CLEAN) // 3])
    )
    assert {cells[1] for cells in result.cells} >= {"warning"}
    assert {cells[2] for cells in result.cells if cells[0].startswith("t.jsonl")} == {"overlap"}


def test_fix_writes_a_copy_and_checks_it(fttui: Fttui, write: Write, home: Path) -> None:
    data = BAD.replace(b"\n", b"\r\n")
    result = fttui("files", "check", write("t.jsonl", data), "--fix", "-o", "repaired.jsonl")
    assert (result.code, result.out) == (0, "")
    assert result.err.splitlines()[:3] == [
        "wrote repaired.jsonl: 12 lines",
        "  Windows line end replaced: 12",
        "  role changed to lower case: 1",
    ]
    assert result.err.splitlines()[3].startswith("repaired.jsonl: 12 chat examples")
    assert (home / "t.jsonl").read_bytes() == data
    assert fttui("files", "check", "repaired.jsonl").out == ""


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--fix"], "together: PATH"),
        (["-o", "x"], "together: PATH"),
        (["--fix", "-o", "t.jsonl"], "is the checked file"),
        (["--fix", "-o", "t.jsonl", "--force"], "is the checked file"),
        (["--fix", "-o", "link.jsonl", "--force"], "is the checked file"),
        (["--fix", "-o", "there"], "already exists"),
        (["--fix", "-o", "none/x"], "no such directory: none"),
        (["--validation", "none.jsonl"], "--validation: no such file: none.jsonl"),
        (["--method", "magic"], "magic"),
    ],
)
def test_usage_errors_exit_2_and_write_nothing(
    fttui: Fttui, write: Write, home: Path, flags: list[str], words: str
) -> None:
    write("t.jsonl", BAD)
    write("there", b"precious")
    os.link(home / "t.jsonl", home / "link.jsonl")
    before = sorted((path.name, path.read_bytes()) for path in home.iterdir() if path.is_file())
    result = fttui("files", "check", "t.jsonl", *flags)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert sorted((path.name, path.read_bytes()) for path in home.iterdir() if path.is_file()) == before


def test_missing_file_and_directory_exit_2(fttui: Fttui, home: Path) -> None:
    for path, words in [("none.jsonl", "no such file: none.jsonl"), (".", "is not a regular file")]:
        result = fttui("files", "check", path)
        assert (result.code, result.out) == (2, "")
        assert words in result.err


def test_fix_of_broken_json_leaves_no_file(fttui: Fttui, write: Write, home: Path) -> None:
    result = fttui("files", "check", write("t.jsonl", b'[{"a": 1}, {"b":'), "--fix", "-o", "x")
    assert result.code == 2
    assert "t.jsonl:1 is not JSON: Expecting value at column 17" in result.err
    assert [path.name for path in home.iterdir() if path.name.startswith("x")] == []


def test_terminal_output_is_a_report(write: Write, home: Path) -> None:
    write("t.jsonl", BAD)
    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "fttui", "files", "check", "t.jsonl", "--model", "gpt-4o-mini"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "TERM": "xterm"}
    done = subprocess.run(command, stdout=inner, stderr=subprocess.PIPE, env=environment, check=False, timeout=60)
    os.close(inner)
    text = os.read(outer, 65_536).decode().replace("\r\n", "\n")
    os.close(outer)
    assert done.returncode == 1
    assert "error: the role is unknown\n  fix: use system, user, assistant or tool; --fix -o PATH does it\n" in text
    assert "\n  t.jsonl:5 messages[1]" in text
    assert "tokens per example: " in text
    assert "####" in text
    assert "\x1b" not in text


def test_grader_is_checked_against_the_data(bare: Fttui, write: Write) -> None:
    grader = {"type": "string_check", "name": "g", "input": "x", "reference": "{{item.solution}}", "operation": "eq"}
    write("g.json", json.dumps(grader).encode())
    write("t.jsonl", b"".join(example_files.lines("reinforcement")))
    result = bare("files", "check", "t.jsonl", "--method", "reinforcement", "--grader", "g.json")
    assert (result.code, len(result.lines)) == (1, 12)
    assert result.cells[0][2:4] == ["no_graded_member", "solution"]
    assert bare("files", "check", "t.jsonl", "--grader", "none.json").code == 2


@pytest.mark.parametrize("named", ["pipe", "/dev/zero", "large.json", "file-pipe"])
def test_grader_that_may_never_end_is_refused(
    bare: Fttui, write: Write, tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fttui.bounded.PIPE_WAIT", 0.01)
    write("t.jsonl", b"".join(example_files.lines("reinforcement")))
    write("large.json", b" " * (2**20 + 1))
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "file-pipe")
    result = bare("files", "check", "t.jsonl", "--grader", named)
    assert (result.code, result.out) == (2, "")
    assert named in result.err
    assert bare("files", "check", "t.jsonl", "--validation", "pipe").code == 2
    assert bare("files", "check", "pipe").code == 2


def test_fix_never_writes_a_file_with_more_findings(fttui: Fttui, write: Write, home: Path) -> None:
    # The first finding hides two more: NUL bytes make a line unreadable.
    hidden = b'{"messages": [{"role": "usr", "content": 5, "mood": 1}]}\0\n'
    result = fttui("files", "check", write("t.jsonl", CLEAN + hidden), "--fix", "-o", "new.jsonl")
    assert (result.code, result.out) == (2, "")
    assert "not written: the repaired copy would have 3 findings, t.jsonl has 1" in result.err
    assert not (home / "new.jsonl").exists()
    assert not list(home.glob("*.part"))


ALPACA = [{"system": f"s{number}", "instruction": "", "output": ""} for number in range(12)]


@pytest.mark.parametrize(
    ("name", "content", "before"),
    [
        ("t.json", json.dumps(ALPACA).encode(), 13),
        ("t.jsonl", "".join(json.dumps(row) + "\n" for row in ALPACA).encode("utf-16"), 13),
        ("t.json.gz", gzip.compress(json.dumps(ALPACA).encode()), 14),
    ],
)
def test_fix_compares_with_the_findings_that_the_format_hides(
    fttui: Fttui, write: Write, home: Path, name: str, content: bytes, before: int
) -> None:
    result = fttui("files", "check", write(name, content), "--fix", "-o", "new.jsonl")
    assert (result.code, result.out) == (2, "")
    assert f"not written: the repaired copy would have 24 findings, {name} has {before}" in result.err
    assert not (home / "new.jsonl").exists()


def test_conversion_of_a_file_with_errors_is_written(fttui: Fttui, write: Write, home: Path) -> None:
    rows = b"prompt,completion\n" + b"".join(b"q%d,a\n" % number for number in range(9))
    result = fttui("files", "check", write("t.csv", rows), "--fix", "-o", "new.jsonl")
    assert result.code == 1, "the table has too few examples, too"
    assert (home / "new.jsonl").read_bytes().count(b"\n") == 9


def test_fix_converts_alpaca_data(fttui: Fttui, write: Write, home: Path) -> None:
    data = b"".join(b'{"instruction": "Say %d", "input": "", "output": "%d!"}\n' % (n, n) for n in range(12))
    result = fttui("files", "check", write("t.jsonl", data), "--fix", "-o", "new.jsonl")
    assert (result.code, result.out) == (0, "")
    assert "Alpaca data converted: 12" in result.err
    assert json.loads((home / "new.jsonl").read_bytes().splitlines()[0])["messages"][1]["content"] == "0!"


def test_fix_that_changes_nothing_writes_no_copy(fttui: Fttui, write: Write, home: Path) -> None:
    data = CLEAN + b'{"messages": [{"role": "user", "content": "q"}]}\n'
    result = fttui("files", "check", write("t.jsonl", data), "--fix", "-o", "new.jsonl")
    assert result.code == 1, "the findings decide"
    assert "new.jsonl was not written: a repair changes nothing in t.jsonl" in result.err
    assert "no message is from the assistant" in result.out
    assert not (home / "new.jsonl").exists()


def test_report_on_a_terminal_names_the_option_that_mends(write: Write) -> None:
    alpaca = b'{"instruction": "a", "output": "b"}\n' * 3
    found = list(lines(check_file(write("t.jsonl", alpaca))))
    assert '  fix: write "messages": [...]; --fix -o PATH does it' in found
    assert not any("does it" in line for line in found if "too few" in line)


def test_tokens_for_this_machine_without_a_model_are_not_called_exact(write: Write) -> None:
    (note,) = check_file(write("t.jsonl", CLEAN), provider="local").notes
    assert note == "tokens are counted as for hosted models; --model NAME counts as a model of this machine does"
    assert check_file(write("t.jsonl", CLEAN), provider="local", model="fttui-tiny-1").notes == ()
