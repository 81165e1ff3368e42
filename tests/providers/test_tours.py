"""Tours of docs/providers.md, run as written except for the address of the provider."""

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Result
from tests.data import example_files
from tests.providers.conftest import KEY
from tests.support.fault_server import in_thread
from tests.support.providers.dashscope import FakeModelStudio
from tests.support.providers.localai import FakeLocalAI
from tests.support.providers.together import FakeTogether, job

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"


def steps(name: str) -> list[list[str]]:
    """Return the commands below a mark of the tour."""
    found = re.search(rf"<!-- tour: {name} -->\n```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return [shlex.split(line)[1:] for line in found[1].splitlines()]


def run(bare: Callable[..., Result], name: str, there: str, here: str) -> list[Result]:
    assert any(there in step for step in steps(name))
    done = [bare(*(here if word == there else word for word in step)) for step in steps(name)]
    assert [result.code for result in done] == [0] * len(done), [result.err for result in done]
    return done


def test_tour_of_together(bare: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "train.jsonl").write_bytes(b"".join(example_files.lines("chat")))
    monkeypatch.setenv("TOGETHER_API_KEY", KEY)
    service = FakeTogether()
    service.put(job(1))
    with in_thread(service.server):
        added, listed, *_, made = run(bare, "together", "https://api.together.ai/v1", service.server.url)
    assert "Its key is in TOGETHER_API_KEY" in added.err
    assert listed.lines[0].startswith(job(1)["id"])
    assert made.out == f"{list(service.jobs)[-1]}\n"
    profiles = (Path(os.environ["FTTUI_CONFIG"]).parent.parent / "data").rglob("*")
    assert not any(KEY.encode() in path.read_bytes() for path in profiles if path.is_file())


def test_tour_of_model_studio(bare: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "train.jsonl").write_bytes(b"".join(example_files.lines("chat")))
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    service = FakeModelStudio()
    with in_thread(service.server):
        *_, made = run(bare, "dashscope", "https://dashscope.aliyuncs.com/api/v1", service.url)
    assert made.out == f"{service.jobs[0]['job_id']}\n"


def test_tour_of_localai(bare: Callable[..., Result], home: Path) -> None:
    (home / "train.jsonl").write_bytes(b"".join(example_files.lines("chat")))
    service = FakeLocalAI()
    with in_thread(service.server):
        *_, made = run(bare, "localai", "http://localhost:8080/api/fine-tuning", service.url)
    assert made.out == f"{service.jobs[0]['id']}\n"
