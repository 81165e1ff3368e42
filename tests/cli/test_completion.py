"""Shell completion: offered items, a real bash, and loaded modules."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fttui.cli.completion import SHELLS
from fttui.config.paths import archive_file
from fttui.store.archive.archive import Archive
from tests.cli.conftest import Fttui
from tests.support.service import Service, job
from tests.support.store_fakes import entry

Complete = Callable[..., list[str]]


@pytest.fixture
def archived(fttui: Fttui, service: Service) -> Fttui:
    service.jobs = [job(3, "running", user_provided_suffix="sup"), job(2, model="gpt\x1b-4o"), job(1)]
    service.files = {
        "file-aa": {"id": "file-aa", "object": "file", "filename": "train-v2.jsonl", "purpose": "fine-tune"},
        "file-ab": {"id": "file-ab", "object": "file", "filename": "valid.jsonl", "purpose": "fine-tune"},
    }
    assert fttui("archive", "sync").code == 0
    asked = len(service.lines)
    yield fttui
    assert len(service.lines) == asked, "completion asks nothing of the service"


def program(*arguments: str, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "fttui", *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **more},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def offered(line: str, shell: str = "zsh") -> list[list[str]]:
    """Return type, value and help of the items offered for the last word of `line`."""
    words = line.split(" ")
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_FTTUI_COMPLETE": f"{shell}_complete"}
    answer = program(**asked).strip("\n").split("\n")
    answer = [] if answer == [""] else answer
    return [answer[start : start + 3] for start in range(0, len(answer), 3)]


def values(line: str) -> list[str]:
    return [item[1] for item in offered(line)]


def test_job_ids_are_offered_from_the_archive_newest_first(archived: Fttui) -> None:
    assert offered("fttui jobs get ft") == [
        ["plain", "ftjob-003", "running gpt-4.1-nano sup"],
        ["plain", "ftjob-002", "succeeded gpt-4o"],
        ["plain", "ftjob-001", "succeeded gpt-4.1-nano"],
    ]
    assert values("fttui jobs cancel ftjob-003 ftjob-0") == ["ftjob-002", "ftjob-001"], "each is given once"
    assert values("fttui jobs watch ftjob-001") == ["ftjob-001"]
    assert values("fttui jobs events x") == []


def test_suffixes_are_offered_before_ids(archived: Fttui) -> None:
    assert offered("fttui jobs get s") == [["plain", "sup", "running gpt-4.1-nano ftjob-003"]]
    assert values("fttui jobs get ") == ["sup", "ftjob-003", "ftjob-002", "ftjob-001"]
    assert values("fttui jobs cancel sup ") == ["ftjob-003", "ftjob-002", "ftjob-001"]


def test_jobs_of_another_profile_are_offered_after_its_name(archived: Fttui, home: Path, service: Service) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(
        f'[profiles.work]\nbase_url = "{service.server.url}"\napi_key_env = "OPENAI_API_KEY"\n'
    )
    asyncio.run(_archive_for("work", job(9, user_provided_suffix="lr-1")))
    assert values("fttui jobs get work/l") == ["work/lr-1"]
    assert values("fttui jobs get work/") == ["work/lr-1", "work/ftjob-009"]
    assert values("fttui jobs get nowhere/") == []


async def _archive_for(profile: str, raw: dict[str, Any]) -> None:
    archive = Archive(archive_file(), profile)
    await archive.jobs.save([entry(raw)], 1.0)
    await archive.close()


def test_files_models_profiles_and_states_are_offered(archived: Fttui) -> None:
    assert values("fttui files get file-a") == ["file-aa", "file-ab"]
    assert offered("fttui files download tr") == [["plain", "file-aa", "train-v2.jsonl"]]
    assert values("fttui jobs create --training-file file-ab") == ["file-ab"]
    assert offered("fttui jobs create --training-file da") == [["file", "da", "_"]]
    assert "gpt-4.1-nano" in values("fttui jobs create --model gpt")
    assert values("fttui --profile lo") == ["local"]
    assert values("fttui profile use lo") == ["local"]
    assert values("fttui jobs list --status fa") == ["failed"]
    assert values("fttui jobs list --sort be") == ["best"]
    assert values("fttui jobs wa") == ["watch"]
    assert "--until-done" in values("fttui jobs watch --")


def test_missing_archive_offers_nothing_without_an_error(home: Path) -> None:
    assert values("fttui jobs get ft") == []
    assert offered("fttui files check tr") == [["file", "tr", "_"]]


def test_completion_prints_a_script_for_each_shell(bare: Fttui) -> None:
    for shell in SHELLS:
        script = bare("completion", shell).out
        assert f"_FTTUI_COMPLETE={shell}_complete" in script
        if (path := shutil.which(shell)) is not None:
            subprocess.run([path, "-n" if shell != "fish" else "--no-execute"], input=script, text=True, check=True)


def test_unknown_shell_is_a_usage_error(bare: Fttui) -> None:
    assert bare("completion", "csh").code == 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_job_ids_with_the_script(archived: Fttui, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "fttui"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m fttui "$@"\n')
    command.chmod(0o755)
    code = (
        'eval "$(fttui completion bash)"; COMP_WORDS=(fttui jobs get ftj); COMP_CWORD=3; '
        '_fttui_completion fttui; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        ["bash", "-c", code], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.stdout.split(), done.stderr) == (["ftjob-003", "ftjob-002", "ftjob-001"], "")


def test_completion_loads_neither_pydantic_nor_httpx(archived: Fttui) -> None:
    code = (
        "import sys, fttui.main\n"
        "try: fttui.main.main()\n"
        "except SystemExit: pass\n"
        "print(*{name.split('.')[0] for name, module in sys.modules.items() if module}, file=sys.stderr)"
    )
    asked = {"COMP_WORDS": "fttui jobs get ft", "COMP_CWORD": "3", "_FTTUI_COMPLETE": "bash_complete"}
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **asked}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "ftjob-003" in done.stdout
    loaded = set(done.stderr.split())
    assert "click" in loaded
    assert not loaded & {"pydantic", "httpx", "textual", "numpy", "starlette"}
