"""Global flags, exit codes, streams, terminals and tables."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fttui import install
from fttui.cli import main as module
from fttui.cli import output
from fttui.cli.output import CUT_FIRST, CUT_LAST, CUT_LATE, CUT_NEVER, CUT_USUAL, Column, at_spaces, table
from fttui.core.options import Options
from tests.cli.conftest import Fttui
from tests.support.fault_server import answer, hang_up, refuse
from tests.support.service import Service, job

PROGRAM = [sys.executable, "-c", "import sys; from fttui.cli.main import run; sys.exit(run(sys.argv[1:]))"]


def test_flags_without_a_command_are_cockpit_options(bare: Fttui) -> None:
    assert bare().code == Options()
    given = ["--profile", "p", "--interval", "7", "--read-only", "--fresh", "--offline"]
    assert bare(*given).code == Options("p", None, 7.0, True, True, True)
    assert bare("--base-url", "http://x/v1", "--interval", "2").code == Options(None, "http://x/v1", 2.0)
    for wrong in (
        ["--interval", "x"],
        ["--interval", "-1"],
        ["--interval", "1"],
        ["--interval", "inf"],
        ["--nope"],
        ["nope"],
    ):
        assert bare(*wrong).code == 2


def test_unknown_command_is_named_with_a_suggestion(bare: Fttui) -> None:
    for words, message in (
        (["metrics"], "Unknown command 'metrics'. See: fttui --help"),
        (["jobs", "show"], "Unknown command 'show'. Did you mean get? See: fttui jobs --help"),
        (["jobs", "compare", "--svg"], "Option '--svg' requires an argument.\nSee: fttui jobs compare --help"),
        (["jobs", "--limit", "5"], "No such option '--limit'.\nSee: fttui jobs --help"),
        (["jobs", "lst"], "Unknown command 'lst'. Did you mean list? See: fttui jobs --help"),
        (["help", "jobz"], "Unknown command or topic 'jobz'. Did you mean jobs? See: fttui help"),
    ):
        result = bare(*words)
        assert (result.code, result.out, result.err) == (2, "", f"fttui: {message}\n")


def test_help_lists_flags_and_loads_no_heavy_package() -> None:
    code = "import sys; from fttui.cli.main import run; run(['--help']); run(['jobs', 'create', '--help']);"
    code += "print([m for m in ('pydantic', 'httpx', 'textual', 'starlette', 'sqlite3') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    for word in (
        "--profile",
        "--base-url",
        "--interval",
        "--read-only",
        "--fresh",
        "jobs",
        "files",
        "serve",
        "Exit codes",
    ):
        assert word in done.stdout
    assert done.stdout.endswith("[]\n")


def test_profile_and_base_url_work_before_and_after_the_command(
    bare: Fttui, service: Service, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(
        f"[profiles.here]\nbase_url = '{service.server.url}'\n[profiles.gone]\nbase_url = 'http://127.0.0.1:9/v1'\n"
    )
    url = service.server.url
    service.jobs = [job(1)]
    for arguments in (
        ["--base-url", url, "jobs", "list"],
        ["jobs", "--base-url", url, "list"],
        ["jobs", "list", "--base-url", url],
        ["--profile", "here", "jobs", "list"],
        ["jobs", "list", "--profile", "here"],
        ["--profile", "gone", "jobs", "list", "--profile", "here"],
    ):
        result = bare(*arguments)
        assert (result.code, len(result.lines)) == (0, 1), arguments
    assert "authorization" not in service.server.requests[0].headers
    assert bare("--profile", "here", "jobs", "list", "--base-url", url).code == 2


def test_failed_request_sets_the_exit_code(fttui: Fttui, service: Service) -> None:
    for step, code in (
        (refuse(400), 1),
        (refuse(401), 4),
        (refuse(403), 1),
        (refuse(404), 1),
        (refuse(429, "quota", "insufficient_quota"), 1),
        (refuse(501), 1),
        (answer(200, "<html>"), 1),
    ):
        for form in ([], ["--json"], ["--jsonl"]):
            service.faults["GET /fine_tuning/jobs"] = [step]
            result = fttui("jobs", "list", *form)
            assert (result.code, result.out) == (code, "")
            assert 1 <= len(result.err.splitlines()) <= 2
            assert result.err.startswith("fttui: ")
            assert "Traceback" not in result.err


def test_lasting_failures_end_after_six_tries(fttui: Fttui, service: Service) -> None:
    for step, code in [(refuse(503), 1), (hang_up(), 3)]:
        service.server.requests.clear()
        service.faults["GET /fine_tuning/jobs"] = [step] * 6
        assert fttui("jobs", "list").code == code
        assert len(service.lines) == 6


def test_unreachable_host_exits_3_and_missing_key_4(bare: Fttui, service: Service) -> None:
    url = service.server.url
    assert bare("jobs", "list", "--base-url", url.replace(str(service.server.port), "1")).code == 3
    result = bare("jobs", "list", "--profile", "openai")
    assert (result.code, result.out) == (4, "")
    assert "OPENAI_API_KEY" in result.err


def test_empty_id_is_a_usage_error(fttui: Fttui, service: Service) -> None:
    assert fttui("jobs", "get", "").code == 2
    assert service.lines == []


def test_missing_extra_prints_the_install_line(bare: Fttui, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(install.EXTRAS, "local", ("no_such_module",))
    for arguments in (["jobs", "list"], ["serve", "--port", "0"], ["models", "list", "--profile", "local"]):
        result = bare(*arguments)
        assert (result.code, result.out) == (2, "")
        assert install.install_line("local") in result.err


def test_bug_prints_one_line_and_writes_a_crash_report(
    bare: Fttui, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(module.root, "main", broken)
    result = bare("jobs", "list")
    assert result.code == 1
    assert "Traceback" not in result.err
    [crash] = (home / "data").glob("crash-*.txt")
    assert "ZeroDivisionError: secret detail" in crash.read_text()
    assert crash.stat().st_mode & 0o777 == 0o600


# The real program


def environment(service: Service, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "OPENAI_BASE_URL": service.server.url,
        "OPENAI_API_KEY": "sk-cli-0123456789",
        "HOME": str(home),
    }


def test_closed_pipe_exits_0(service: Service, home: Path) -> None:
    service.jobs = [job(index, suffix="x" * 1000) for index in reversed(range(900))]
    program = subprocess.Popen(
        [*PROGRAM, "jobs", "list", "--all", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(service, home),
    )
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.read(10)
    program.stdout.close()
    assert program.wait(300) == 0
    assert program.stderr.read() == b""
    program.stderr.close()


def test_full_disk_exits_1_with_a_message(service: Service, home: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    service.jobs = [job(1)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, "jobs", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(service, home),
            check=False,
            timeout=300,
        )
    assert done.returncode == 1
    assert done.stderr == b"fttui: No space left on device\n"


def test_closed_stdout_and_stderr_exit_0(service: Service, home: Path) -> None:
    service.jobs = [job(1)]
    command = " ".join(f"'{part}'" for part in [*PROGRAM, "jobs", "list"])
    done = subprocess.run(f"{command} >&- 2>&-", shell=True, env=environment(service, home), check=False, timeout=300)
    assert done.returncode == 0


def test_ctrl_c_while_waiting_exits_130_and_names_the_job(service: Service, home: Path) -> None:
    program = subprocess.Popen(
        [*PROGRAM, "jobs", "create", "--model", "m", "--training-file", "file-1", "--wait"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(service, home),
    )
    assert program.stdout is not None
    assert program.stdout.readline() == b"ftjob-000\n"
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=300)
    assert program.returncode == 130
    assert b"The job is still running. fttui jobs watch ftjob-000 shows it." in said
    assert b"Traceback" not in said


class Terminal:
    """The program on a pseudo-terminal with 80 columns."""

    def __init__(self, service: Service, home: Path, *arguments: str) -> None:
        import fcntl
        import struct
        import termios

        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment(service, home)
        )
        os.close(slave)
        self.seen = b""

    def until(self, words: bytes) -> None:
        deadline = time.monotonic() + 300
        while words not in self.seen:
            assert time.monotonic() < deadline, self.seen
            assert self._read(), self.seen

    def type(self, text: bytes) -> None:
        os.write(self._master, text)

    def end(self) -> int:
        while self._read():
            pass
        code = self.process.wait(300)
        os.close(self._master)
        return code

    def _read(self) -> bool:
        select.select([self._master], [], [], 60)
        try:
            chunk = os.read(self._master, 65536)
        except OSError:  # Linux, after the program has closed the terminal
            return False
        self.seen += chunk
        return bool(chunk)


def test_terminal_output_is_a_table_within_the_width(service: Service, home: Path) -> None:
    service.jobs = [job(index, user_provided_suffix="a long suffix " * 5) for index in reversed(range(3))]
    terminal = Terminal(service, home, "jobs", "list")
    assert terminal.end() == 0
    lines = terminal.seen.decode().splitlines()
    assert lines[0].split() == ["NAME", "ID", "STATUS", "EPOCHS", "BATCH", "AGE"]
    assert [line.split()[-5] for line in lines[1:4]] == ["ftjob-002", "ftjob-001", "ftjob-000"]
    assert lines[4:] == ["All gpt-4.1-nano, supervised."]
    assert max(map(len, lines)) <= 80
    assert b"\x1b" not in terminal.seen, "no colour"


@pytest.mark.parametrize(
    ("typed", "code", "status"), [(b"y\n", 0, "cancelled"), (b"\n", 1, "running"), (b"n\n", 1, "running")]
)
def test_cancel_on_a_terminal_asks_and_defaults_to_no(
    service: Service, home: Path, typed: bytes, code: int, status: str
) -> None:
    service.jobs = [job(1, "running")]
    terminal = Terminal(service, home, "jobs", "cancel", "ftjob-001")
    terminal.until(b"Cancel ftjob-001? It cannot be resumed. [y/N] ")
    terminal.type(typed)
    assert terminal.end() == code
    assert service.jobs[0]["status"] == status
    assert (b"Nothing was cancelled." in terminal.seen) == bool(code)


def test_ctrl_c_at_the_question_exits_130(service: Service, home: Path) -> None:
    service.jobs = [job(1, "running")]
    terminal = Terminal(service, home, "jobs", "cancel", "ftjob-001")
    terminal.until(b"[y/N] ")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert service.lines == []


def test_download_is_never_written_to_a_terminal(service: Service, home: Path) -> None:
    service.contents["file-1"] = b"\x1b[2J"
    terminal = Terminal(service, home, "files", "download", "file-1", "-o", "-")
    assert terminal.end() == 2
    os.chdir(home)
    terminal = Terminal(service, home, "files", "download", "file-1")
    assert terminal.end() == 0
    assert (home / "file-1").read_bytes() == b"\x1b[2J"
    assert b"\x1b[2J" not in terminal.seen


# Tables


def test_table_cuts_the_widest_column_and_drops_empty_ones() -> None:
    rows = [("a", "", "x" * 50), ("bb", "", "\u65e5\u672c\u8a9e")]
    columns = [Column[tuple[str, str, str]](f"C{index}", lambda row, index=index: row[index]) for index in range(3)]
    assert table(rows, columns, 20) == ["C0  C2", "a   xxxxxxxxxxxxxxx…", "bb  \u65e5\u672c\u8a9e"]


def test_table_cuts_ids_last() -> None:
    columns = [
        Column[tuple[str, str]]("ID", lambda row: row[0], cut=CUT_LAST),
        Column[tuple[str, str]]("TEXT", lambda row: row[1]),
    ]
    rows = [("ftjob-0123456789", "y" * 50)]
    assert table(rows, columns, 30) == ["ID                TEXT", "ftjob-0123456789  yyyyyyyyyyy…"]
    assert table(rows, columns, 20)[1] == "ftjob-01234…  yyyyy…"


def test_table_cuts_and_drops_first_columns_before_others() -> None:
    columns = [
        Column[tuple[str, ...]](title, lambda row, at=at: row[at], cut=yields)
        for at, (title, yields) in enumerate(
            (("ID", CUT_LAST), ("STATUS", CUT_LATE), ("MODEL", CUT_USUAL), ("TUNED", CUT_FIRST))
        )
    ]
    rows = [("ftjob-0123", "succeeded", "gpt-4.1-nano-2025", "ft:gpt-4.1-nano-2025:acme::12345678")]
    assert table(rows, columns, 60)[1] == "ftjob-0123  succeeded  gpt-4.1-nano-2025  ft:gpt-4.1-nano-2…"
    assert table(rows, columns, 45) == [
        "ID          STATUS     MODEL",
        "ftjob-0123  succeeded  gpt-4.1-nano-2025",
    ]
    assert table(rows, columns, 30)[1] == "ftjob-0123  succeeded  gpt-4.…"


@pytest.mark.parametrize(
    ("line", "cells", "indent", "rows"),
    [
        ("3 runs are too few", 18, 0, ["3 runs are too few"]),
        ("3 runs are too few", 10, 0, ["3 runs are", "too few"]),
        ("  clock  10 s behind", 12, 9, ["  clock  10", "s behind"]),
        ("name  one two three", 14, 6, ["name  one two", "      three"]),
        ("see sample-train.jsonl now", 8, 0, ["see", "sample-train.jsonl", "now"]),
    ],
)
def test_line_is_wrapped_at_spaces_and_keeps_its_words(line: str, cells: int, indent: int, rows: list[str]) -> None:
    assert at_spaces(line, cells, indent) == rows


def test_table_wraps_sentences_in_its_last_column() -> None:
    columns = [Column[str]("NAME", lambda _: "a", cut=CUT_NEVER), Column[str]("ALARM", str, cut=CUT_NEVER)]
    assert table(["validation rose from 1.7 to 1.9"], columns, 20) == [
        "NAME  ALARM",
        "a     validation",
        "      rose from 1.7",
        "      to 1.9",
    ]


def test_message_on_a_terminal_is_wrapped_at_spaces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    output.say("word " * 20)
    assert max(map(len, capsys.readouterr().err.splitlines())) <= 80
