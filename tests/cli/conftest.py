"""Fixtures that run commands in this process, with a home directory of their own and a fake service."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fttui.cli import invocation
from fttui.cli.main import run
from tests.support.clock import FakeClock
from tests.support.fault_server import in_thread
from tests.support.service import Service


@dataclass
class Result:
    code: Any
    """Exit code, or Options for the cockpit."""
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def cells(self) -> list[list[str]]:
        return [line.split("\t") for line in self.lines]


Fttui = Callable[..., Result]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(("XDG_", "FTTUI_", "OPENAI_", "AZURE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config" / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    found = FakeClock(instant=True)
    monkeypatch.setattr(invocation, "CLOCK", found)
    return found


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    with in_thread(found.server):
        yield found


@pytest.fixture
def bare(capfd: pytest.CaptureFixture[str]) -> Fttui:
    """Run a command without environment variables for a service."""

    def fttui(*arguments: str) -> Result:
        capfd.readouterr()
        code = run(list(arguments))
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return fttui


@pytest.fixture
def fttui(bare: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch) -> Fttui:
    """Run a command with the fake service in OPENAI_BASE_URL."""
    monkeypatch.setenv("OPENAI_BASE_URL", service.server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-cli-0123456789")
    return bare
