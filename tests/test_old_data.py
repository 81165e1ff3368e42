"""A home directory written by fttui 0.1.0 opens without loss (tests/fixtures/data-0.1.0/README.md)."""

import gzip
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fttui.cli.main import run
from fttui.config import paths
from fttui.core.options import Options
from fttui.core.session import Session, open_session
from fttui.store.archive.first_rows import first_log, first_rows
from fttui.ui.cockpit import saved_view
from tests.terminal.terminal import Terminal, environment

FIXTURE = Path(__file__).parent / "fixtures" / "data-0.1.0"
ANSWERS: dict[str, str] = json.loads(gzip.decompress((FIXTURE / "answers.json.gz").read_bytes()))
JOBS = {
    profile: [job["id"] for job in json.loads(ANSWERS[f"jobs list --all --json --offline --profile {profile}"])["data"]]
    for profile in ("local", "work")
}
PAUSED = JOBS["local"][1]

Answer = Callable[[str], str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(("XDG_", "FTTUI_", "OPENAI_", "AZURE_")):
            monkeypatch.delenv(name)
    with tarfile.open(FIXTURE / "home.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config" / "config.toml"))
    monkeypatch.setenv("WORK_KEY", "sk-fixture")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def answer(home: Path, capfd: pytest.CaptureFixture[str]) -> Answer:
    """Run a command; return its output with the home directory written as ROOT."""

    def answer(command: str) -> str:
        capfd.readouterr()
        code = run(command.split())
        captured = capfd.readouterr()
        assert code == 0, f"{command}: {captured.err}"
        return captured.out.replace(str(home), "ROOT")

    return answer


@pytest.fixture
def service(answer: Answer) -> Iterator[Answer]:
    """Commands on the embedded service, which the first command starts."""
    pytest.importorskip("uvicorn")
    pytest.importorskip("numpy")
    yield answer
    run(["serve", "--stop"])


OMITTED = re.compile(r',\s*"(?:expires_at|status_details)": null')
"""Members of a file that 0.1.0 sent as null. OpenAI's schema allows no null there, so they are omitted now."""


def assert_answers(answer: Answer, commands: list[str]) -> None:
    assert commands
    for command in commands:
        now, before = OMITTED.sub("", answer(command)), OMITTED.sub("", ANSWERS[command])
        if is_table(command):
            # Later versions may add columns at the end.
            assert all(map(str.startswith, now.splitlines(), before.splitlines())), command
            assert now.count("\n") == before.count("\n"), command
        elif command == "config show --json":
            # Later versions may add settings.
            rows = {row["name"]: row for row in json.loads(now)["data"]}
            assert all(rows[row["name"]] == row for row in json.loads(before)["data"]), command
        elif command.startswith("models list --json"):
            # Later versions may add members.
            objects = zip(json.loads(now)["data"], json.loads(before)["data"], strict=True)
            assert all(old.items() <= new.items() for new, old in objects), command
        else:
            assert now == before, command


def is_table(command: str) -> bool:
    return command.startswith("jobs list") and "--json" not in command


def test_settings_and_profiles_have_their_values(answer: Answer) -> None:
    assert_answers(answer, ["config show --json", "profile list --json"])


def test_offline_commands_print_the_archive(answer: Answer) -> None:
    assert_answers(answer, [command for command in ANSWERS if "--offline" in command or command.startswith("archive ")])


def test_archive_export_writes_the_same_files(home: Path, answer: Answer) -> None:
    for profile in JOBS:
        target = home / "export" / profile
        answer(f"archive export --all -o {target} --profile {profile}")
        written = {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()}
        prefix = f"export/{profile}/"
        expected = {name.removeprefix(prefix): text for name, text in ANSWERS.items() if name.startswith(prefix)}
        assert written == expected


def test_first_frame_rows_come_from_the_archive(home: Path, answer: Answer) -> None:
    path = str(home / "data" / "archive.db")
    for is_migrated in (False, True):
        if is_migrated:
            answer("archive size")  # migrates the archive
        for profile, ids in JOBS.items():
            rows, as_of = first_rows(path, profile)
            assert as_of is not None
            assert same(rows, ANSWERS[f"first_rows/{profile}"])
            for id in ids:
                assert same(first_log(path, profile, id), ANSWERS[f"first_log/{id}"])


def same(rows: list[Any], text: str) -> bool:
    """Compare rows with the fields that 0.1.0 had; new fields are allowed."""
    expected = json.loads(text)
    return [{name: getattr(row, name) for name in old} for row, old in zip(rows, expected, strict=True)] == expected


async def test_store_has_jobs_events_checkpoints_and_metrics(home: Path) -> None:
    for profile, ids in JOBS.items():
        core = await open_session(Options(profile=profile, offline=True))
        try:
            assert_store(core, profile, ids)
        finally:
            await core.close()


def assert_store(core: Session, profile: str, ids: list[str]) -> None:
    assert list(core.store.snapshot.rows) == ids
    for id in ids:
        prefix = f"export/{profile}/{id}/"
        events = [json.loads(line) for line in ANSWERS.get(f"{prefix}events.jsonl", "").splitlines()]
        assert {row.id for row in core.store.events(id)} == {event["id"] for event in events}
        checkpoints = json.loads(ANSWERS.get(f"{prefix}checkpoints.json", "[]"))
        assert {checkpoint.id for checkpoint in core.store.checkpoints(id)} == {one["id"] for one in checkpoints}
        steps = [int(line.split(",")[0]) for line in ANSWERS.get(f"{prefix}metrics.csv", "").splitlines()[1:]]
        assert [point.step for point in core.store.points(id)] == steps


async def test_create_without_an_answer_is_remembered(home: Path) -> None:
    core = await open_session(Options(profile="lossy", offline=True))
    try:
        [(spec, _)] = core.archive.creates.pending().values()
    finally:
        await core.close()
    assert json.loads(spec)["suffix"] == "lost"


def test_saved_view_has_columns_sort_and_filter(home: Path) -> None:
    view, notice = saved_view.load(paths.view_file())
    assert notice == ""
    assert (view.columns, view.filter) == (("status", "suffix", "model", "cost", "id:20"), "suffix~a")
    assert (view.sort, view.reverse, view.times, view.tab, view.theme) == ("model", True, "utc", "files", "rose-pine")
    # `metrics` of 0.1.0 showed the values of metrics events, which are columns of the log now.
    assert (view.wrap, view.hides_metrics, view.splits) == (True, False, {"normal": 1})


@pytest.mark.slow
def test_cockpit_shows_the_saved_view(home: Path) -> None:
    moved = {name: os.environ[name] for name in ("FTTUI_DATA_DIR", "FTTUI_CONFIG")}
    terminal = Terminal(["--profile", "local", "--offline"], environment(home, **moved))
    try:
        terminal.wait(r"✗ fail  bad +fttui-tiny-1 +free \.\.EmAnkKOf")
        lines = terminal.wait("/suffix~a")
        shown = [line.split()[1] for line in lines if "free" in line and ".." in line]
        assert len(shown) == 4
        terminal.send("q")
        assert terminal.wait_end() == 0
    finally:
        terminal.close()


@pytest.mark.slow
def test_service_has_its_jobs_and_files_and_resumes_the_paused_job(service: Answer) -> None:
    online = [command for command in ANSWERS if command.startswith(("jobs ", "files ", "models "))]
    assert_answers(service, [command for command in online if "--offline" not in command])
    service(f"jobs resume {PAUSED} --profile local")
    service(f"jobs watch {PAUSED} --until-done --plain --profile local")
    job = json.loads(service(f"jobs get {PAUSED} --json --profile local"))
    assert (job["status"], job["trained_tokens"]) == ("succeeded", 42)
    csv = service(f"jobs metrics {PAUSED} --csv --profile local")
    assert [line.split(",")[0] for line in csv.splitlines()] == ["step", "1", "2"]
