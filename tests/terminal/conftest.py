"""A home of its own for every test, and nothing left running behind it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fttui.server import control
from tests.terminal.term import Terminal, environment


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty home directory; the service that the test started in it is stopped afterwards."""
    yield tmp_path
    control.stop(str(tmp_path / ".local" / "share" / "fttui" / "service"))


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Terminal]]:
    """Start `fttui` with arguments in a terminal of a size; ended with the test."""
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
