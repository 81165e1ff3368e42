"""Tours of docs/providers.md, run as written except for the address of the provider."""

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from fttui.api.providers import vertex
from tests.cli.conftest import Result
from tests.data import example_files
from tests.providers.conftest import KEY
from tests.providers.test_bedrock import GRADER
from tests.providers.test_bedrock import LINE as PROMPT
from tests.support.fault_server import in_thread
from tests.support.providers.dashscope import FakeModelStudio
from tests.support.providers.fireworks import FakeFireworks
from tests.support.providers.fireworks import job as fireworks_job
from tests.support.providers.localai import FakeLocalAI
from tests.support.providers.nebius import FakeNebius
from tests.support.providers.together import FakeTogether, job
from tests.support.providers.vertex import FakeVertex
from tests.support.service import Service
from tests.support.service import job as openai_job

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"


def steps(name: str) -> list[list[str]]:
    """Return the commands below a mark of the tour."""
    found = re.search(rf"<!-- tour: {name} -->\n```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return [shlex.split(line)[1:] for line in found[1].splitlines()]


def run(bare: Callable[..., Result], name: str, here: str) -> list[Result]:
    """Run the steps of a tour. The first adds the profile, here with another address."""
    added, *others = steps(name)
    assert added[:2] == ["profile", "add"]
    if "--base-url" in added:
        del added[added.index("--base-url") :][:2]
    return [_succeeded(bare(*step)) for step in ([*added, "--base-url", here], *others)]


def _succeeded(result: Result) -> Result:
    assert result.code == 0, result.err
    return result


@pytest.fixture
def data(home: Path) -> Path:
    """Return a file of chats in the current directory."""
    path = home / "train.jsonl"
    path.write_bytes(b"".join(example_files.lines("chat")))
    return path


def test_tour_of_nebius(bare: Callable[..., Result], data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEBIUS_API_KEY", KEY)
    service = FakeNebius()
    service.jobs.append(openai_job(1))
    with in_thread(service.server):
        _, listed, *_, made = run(bare, "nebius", service.server.url)
    assert listed.lines[0].startswith("ftjob-001")
    assert made.out == f"{service.jobs[0]['id']}\n"


def test_tour_of_bedrock(bare: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "prompts.jsonl").write_text("".join(PROMPT % number for number in range(12)))
    (home / "grader.json").write_text(json.dumps(GRADER))
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", KEY)
    service = Service()
    with in_thread(service.server):
        *_, made = run(bare, "bedrock", service.server.url)
    assert made.out == f"{service.jobs[0]['id']}\n"


def test_tour_of_together(bare: Callable[..., Result], data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", KEY)
    service = FakeTogether()
    service.put(job(1))
    with in_thread(service.server):
        added, listed, *_, exported, made = run(bare, "together", service.server.url)
    assert "Its key is in TOGETHER_API_KEY" in added.err
    assert listed.lines[0].startswith(job(1)["id"])
    assert Path(exported.out.strip()).read_bytes() == service.weights
    assert made.out == f"{list(service.jobs)[-1]}\n"
    profiles = (Path(os.environ["FTTUI_CONFIG"]).parent.parent / "data").rglob("*")
    assert not any(KEY.encode() in path.read_bytes() for path in profiles if path.is_file())


def test_tour_of_model_studio(bare: Callable[..., Result], data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    service = FakeModelStudio()
    with in_thread(service.server):
        *_, made = run(bare, "dashscope", service.url)
    assert made.out == f"{service.jobs[0]['job_id']}\n"


def test_tour_of_localai(bare: Callable[..., Result], data: Path) -> None:
    service = FakeLocalAI()
    with in_thread(service.server):
        *_, made = run(bare, "localai", service.url)
    assert made.out == f"{service.jobs[0]['id']}\n"


def test_tour_of_vertex(bare: Callable[..., Result], data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = data.parent / "bin" / "gcloud"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ntest "$*" = "auth print-access-token" && echo {KEY}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    service = FakeVertex()
    with in_thread(service.server):
        monkeypatch.setattr(vertex, "STORAGE", service.server.origin)
        *_, made = run(bare, "vertex", service.url)
    assert made.out == f"{service.jobs[0]['name'].rpartition('/')[2]}\n"
    assert list(service.objects.values()) == [(data.parent / "gemini.jsonl").read_bytes()]


def test_tour_of_fireworks(bare: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREWORKS_API_KEY", KEY)
    service = FakeFireworks()
    service.put(fireworks_job(1))
    with in_thread(service.server):
        *_, listed = run(bare, "fireworks", service.url)
    assert listed.lines[0].startswith("j1")


def test_every_near_provider_has_a_tour() -> None:
    assert set(re.findall(r"<!-- tour: (\w+) -->", PAGE.read_text())) == {
        *("nebius", "bedrock", "together", "dashscope", "localai", "vertex", "fireworks"),
    }
