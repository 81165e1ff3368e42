"""Fixtures: a home directory for each test, and the cockpit in a pseudo-terminal."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fttui.server import control
from tests.terminal.terminal import Terminal, environment


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Create an empty home directory. A service started in it is stopped after the test."""
    yield tmp_path
    control.stop(str(tmp_path / ".local" / "share" / "fttui" / "service"))


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Terminal]]:
    """Start `fttui` in a pseudo-terminal of a given size. It is killed after the test."""
    running: list[Terminal] = []

    def run(
        *arguments: str, size: tuple[int, int] = (80, 24), program: tuple[str, ...] = ("-m", "fttui"), **env: str
    ) -> Terminal:
        terminal = Terminal(list(arguments), environment(home, **env), size, program)
        running.append(terminal)
        return terminal

    yield run
    for terminal in running:
        terminal.close()
