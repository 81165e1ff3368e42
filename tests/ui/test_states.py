"""What the screen says in every state, as text: `FTTUI_SCREENS=write pytest tests/ui/test_states.py` writes anew."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from fttui.store.health import State
from tests.ui.fakes import NOW, FakeStore, Ui, cockpit, event, job

SCREENS = Path(__file__).parent / "screens"
ID = "ftjob-00000001"


def busy() -> FakeStore:
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": 8}}}
    error = {"code": "invalid_file_format", "message": "Line 3 is not JSON", "param": "training_file"}
    store = FakeStore().put(
        job(1, method=method, seed=7, metadata={"team": "support"}),
        job(2, "validating_files"),
        job(3, "queued"),
        job(4, "paused"),
        job(5, "succeeded", finished_at=NOW - 60, trained_tokens=1_234_567, fine_tuned_model="ft:m:acme:v3:8J6LXhXG"),
        job(6, "failed", error=error),
        job(7, "cancelled"),
        job(8, "model_polishing"),
        {"id": "odd", "status": 5},
    )
    store.log = {ID: [event(n, f"Step {n}/30: training loss={3 - n / 10:.2f}") for n in range(1, 21)]}
    store.log[ID].append(event(21, "a file had 2 empty lines", "warn"))
    return store


async def offline(ui: Ui) -> None:
    await ui.publish(state=State.OFFLINE, why="connection refused", as_of=NOW - 120)


async def stale(ui: Ui) -> None:
    await ui.publish(state=State.STALE, why="timeout", as_of=NOW - 34)


async def denied(ui: Ui) -> None:
    await ui.publish(state=State.DENIED, why="the key was refused (401)")


async def limited(ui: Ui) -> None:
    await ui.publish(state=State.LIMITED, why="the server asks for patience")


async def create(ui: Ui) -> None:
    await ui.press("a")
    async with asyncio.timeout(10):
        while not any("steps" in line for line in ui.screen):
            await ui.pilot.pause()


def keys(*pressed: str) -> Any:
    async def press(ui: Ui) -> None:
        await ui.press(*pressed)

    return press


STATES: dict[str, Any] = {
    "empty": (FakeStore, keys()),
    "busy": (busy, keys()),
    "detail": (busy, keys("enter")),
    "failed": (busy, keys("4", "enter")),
    "question": (busy, keys("c")),
    "many": (busy, keys("asterisk", "c")),
    "filter": (busy, keys("slash", *"status:failed")),
    "nothing-shown": (busy, keys("slash", *"nowhere", "enter")),
    "search": (busy, keys("tab", "tab", "slash", *"loss=1", "enter")),
    "held": (busy, keys("R")),
    "create": (busy, create),
    "zoom": (busy, keys("tab", "tab", "z")),
    "help": (busy, keys("question_mark")),
    "raw": (busy, keys("J")),
    "offline": (busy, offline),
    "stale": (busy, stale),
    "denied": (busy, denied),
    "limited": (busy, limited),
}


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
@pytest.mark.parametrize("state", STATES)
async def test_the_screen_of_a_state(state: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    import time

    time.tzset()
    make, act = STATES[state]
    async with cockpit(make(), size=size) as ui:
        await act(ui)
        seen = "\n".join(line.rstrip() for line in ui.screen) + "\n"
    file = SCREENS / f"{state}-{size[0]}x{size[1]}.txt"
    if os.environ.get("FTTUI_SCREENS") == "write":
        file.write_text(seen, encoding="utf-8")
    assert seen == file.read_text(encoding="utf-8")
