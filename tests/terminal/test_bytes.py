"""Bytes written by the cell diff, and the same screen as without it."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fttui.store.archive.archive import Archive
from fttui.store.archive.jobs import ListState
from tests.benchmarks.support.pages import job
from tests.support.store_fakes import entry
from tests.support.visible import visible
from tests.terminal.terminal import Terminal

Start = Callable[..., Terminal]

JOBS = 100
STEPS = (
    *(
        "jj",
        "k",
        "\x1b[6~",
        "G",
        "k",
        "g",
        " ",
        "*",
        "uu",
        "2",
        "0",
        "s",
        "S",
        "+",
        "-",
        "T",
        "T",
        "\t",
        "j",
        "z",
        "z",
        "J",
        "J",
    ),
    *((100, 30), "j", (60, 20), "\t", (130, 45), "g", (80, 24), "\x0c", (120, 40), "G"),
)
"""Keys to press, and sizes to resize the terminal to."""


@pytest.fixture
def offline(home: Path) -> dict[str, str]:
    """Create the environment of a cockpit with an archive and an unreachable service."""

    async def fill() -> None:
        archive = Archive(str(home / "archive.db"), "work")
        await archive.jobs.save([entry(job(number)) for number in range(JOBS, 0, -1)], 1.0)
        await archive.jobs.save_list_state(ListState(1.0, True, None, 1.0))
        await archive.close()

    asyncio.run(fill())
    (home / "config.toml").write_text('profile = "work"\n[profiles.work]\nbase_url = "http://127.0.0.1:9/v1"\n')
    return {"FTTUI_DATA_DIR": str(home), "FTTUI_CONFIG": str(home / "config.toml"), "COLORTERM": "truecolor"}


def cells(terminal: Terminal) -> list[list[Any]]:
    """Return the cells of the screen without the status row, which shows the time."""
    screen = terminal.screen
    return [[visible(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(1, screen.lines)]


def agree(stock: Terminal, reduced: Terminal, step: object) -> None:
    """Read from both terminals until they show the same cells."""
    deadline = time.monotonic() + 60
    while cells(stock) != cells(reduced):
        assert time.monotonic() < deadline, "\n".join([f"after {step!r}:", *stock.lines, *reduced.lines])
        for terminal in (stock, reduced):
            terminal.read()


def test_the_cell_diff_shows_the_same_screen(start: Start, offline: dict[str, str]) -> None:
    reduced = start("--fresh", size=(120, 40), **offline)
    stock = start("--fresh", size=(120, 40), **offline, FTTUI_DIFF="0")
    for terminal in (reduced, stock):
        terminal.wait("fine-tuned model")
    assert len(stock.raw) > 2 * len(reduced.raw)
    for number, step in enumerate(STEPS):
        for terminal in (reduced, stock):
            if isinstance(step, str):
                terminal.send(step)
            else:
                terminal.resize(*step)
                terminal.wait(lambda lines: "work" in lines[0] and "q quit" in lines[-1])  # keys depend on the layout
            terminal.send(f":none{number}\r")  # when that is refused, the keys before it are through
        for terminal in (reduced, stock):
            terminal.wait(rf"(?m)^ *[^: ].*none{number}\b")
        agree(stock, reduced, step)


def test_start_keys_and_screens_take_few_bytes(start: Start, offline: dict[str, str]) -> None:
    terminal = start("--fresh", size=(120, 40), **offline)
    terminal.wait("connection refused")
    terminal.wait("fine-tuned model")
    assert len(terminal.raw) < 20_000
    before = len(terminal.raw)
    for number in range(JOBS - 1, JOBS - 11, -1):
        terminal.send("j")
        terminal.wait(f"id +ftjob-{number:024}")
    assert (len(terminal.raw) - before) / 10 < 700, "a cursor key with its detail"
    before = len(terminal.raw)
    terminal.send("\x0c")
    terminal.wait(lambda _: b"NAME" in terminal.raw[before:] and b"quit" in terminal.raw[before:])
    assert len(terminal.raw) - before < 14_000, "the whole screen"
