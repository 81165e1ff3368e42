"""Screen dumps of many states. `FTTUI_SCREENS=write pytest tests/ui/test_states.py` rewrites them."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest
from textual import events

from fttui.models.job import Job
from fttui.store.health import State
from fttui.store.snapshot import Snapshot
from fttui.ui.render.glyphs import ASCII, UNICODE, Glyphs
from tests.support.fake_store import NOW, FakeStore, event, job, measured
from tests.support.simulated_runs import real_run, until
from tests.support.trained import trained
from tests.support.ui_fakes import Ui, cockpit

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
    await ui.until(lambda: any("steps" in line for line in ui.screen))


async def paste(ui: Ui) -> None:
    ui.app.post_message(events.Paste("some text"))
    await ui.pilot.pause()


def keys(*pressed: str) -> Any:
    async def press(ui: Ui) -> None:
        await ui.press(*pressed)

    return press


def refused() -> FakeStore:
    store = busy()
    store.refusal = "you have no permission to cancel jobs here (403)"
    return store


def silent() -> FakeStore:
    """Return a store with jobs whose events are gone."""
    store = FakeStore().put(job(1, "succeeded", finished_at=NOW - 60), job(2, "cancelled"))
    store.log = {ID: []}
    return store


def learning() -> FakeStore:
    """Return a store with a real run that begins to overfit, with its checkpoints and metrics events."""
    run = until(real_run("overfit"), 640)
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 10, "batch_size": 1}}}
    store = FakeStore().put(job(1, user_provided_suffix="ten-epochs", method=method), job(2, "queued"))
    store.runs = {ID: run}
    store.saved = {
        ID: [
            {
                "id": f"ftckpt_{step}",
                "created_at": NOW - 640 + step,
                "step_number": step,
                "fine_tuned_model_checkpoint": f"ft:fttui-tiny-1:local:ten-epochs:xlEvAy7s:ckpt-step-{step}",
                "metrics": {},
            }
            for step in run.checkpoints
        ]
    }
    values = {name: dict(zip(series.steps, series.values, strict=True)) for name, series in run.series.items()}
    store.log = {ID: []}
    for step in range(560, 641):
        found = {name: by_step[step] for name, by_step in values.items() if step in by_step}
        store.log[ID].append(measured(step * 2, **found, step=step))
        if step == 630:
            store.log[ID].append(event(step * 2 + 1, "Checkpoint 7 saved at step 630"))
    return store


async def sending(ui: Ui) -> None:
    """Cancel a job; the provider does not answer."""
    ui.store.answer = asyncio.Event()
    await ui.press("c", "y")


STATES: dict[str, Any] = {
    "empty": (FakeStore, keys()),
    "busy": (busy, keys()),
    "detail": (busy, keys("enter")),
    "failed": (busy, keys("4", "enter")),
    "question": (busy, keys("c")),
    "many": (busy, keys("asterisk", "c")),
    "filter": (busy, keys("slash", *"status:failed")),
    "nothing-shown": (busy, keys("slash", *"nowhere", "enter")),
    "search": (busy, keys("enter", "enter", "slash", *"loss=1", "enter")),
    "held": (busy, keys("R")),
    "create": (busy, create),
    "zoom": (busy, keys("enter", "enter", "z")),
    "help": (busy, keys("question_mark")),
    "raw": (busy, keys("J")),
    "offline": (busy, offline),
    "stale": (busy, stale),
    "denied": (busy, denied),
    "limited": (busy, limited),
    "no-events": (silent, keys("enter", "enter")),
    "files": (busy, keys("enter", "enter", "]", "]")),
    "delete-file": (busy, keys("enter", "enter", "]", "]", "D")),
    "metrics": (learning, keys("enter", "enter")),
    "checkpoints": (learning, keys("enter", "enter", "]", "j", "j", "j")),
    "delete-checkpoint": (learning, keys("enter", "enter", "]", "j", "j", "j", "D")),
    "copy": (busy, keys("Y")),
    "export": (busy, keys("e")),
    "command": (busy, keys("colon", *"sort lo", "tab")),
    "cancelling": (busy, sending),
    "refused": (refused, keys("c", "y")),
    "errors": (refused, keys("c", "y", "exclamation_mark")),
    "profiles": (busy, keys("at")),
    "pasted": (busy, paste),
    "marked": (busy, keys("v", "j", "j")),
    "sorted": (busy, keys("s", "s", "S")),
}


SIZES = [(60, 20), (80, 24), (120, 40)]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def check(ui: Ui, state: str, size: tuple[int, int]) -> None:
    seen = "\n".join(line.rstrip() for line in ui.screen) + "\n"
    file = SCREENS / f"{state}-{size[0]}x{size[1]}.txt"
    if os.environ.get("FTTUI_SCREENS") == "write":
        file.write_text(seen, encoding="utf-8")
    assert seen == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
async def test_screen_of_a_state(state: str, size: tuple[int, int]) -> None:
    make, act = STATES[state]
    async with cockpit(make(), size=size) as ui:
        await act(ui)
        check(ui, state, size)


@pytest.mark.parametrize("size", SIZES)
async def test_screen_of_a_start_with_an_archive(size: tuple[int, int]) -> None:
    rows = {id: Job.read(raw).row() for id, raw in busy().raw.items()}
    async with cockpit(size=size, kept=Snapshot(rows=rows, as_of=NOW - 7200), connects=False) as ui:
        check(ui, "archive", size)


@pytest.mark.parametrize("size", SIZES)
async def test_screen_of_a_start_without_an_archive(size: tuple[int, int]) -> None:
    async with cockpit(size=size, connects=False) as ui:
        check(ui, "loading", size)


CHARTS: dict[str, Any] = {
    "curve": keys(),
    "curve-active": keys("tab", "i"),
    "big-curve": keys("b", "n", "n", "n"),
    "compare": keys("*", "C"),
    "compare-run": keys("*", "C", "j", "j", "n", "n"),
}
"""States of the charts in their pane and over the whole screen."""


@pytest.mark.parametrize(("form", "glyphs"), [("", UNICODE), ("-ascii", ASCII)])
@pytest.mark.parametrize("state", CHARTS)
async def test_chart_at_every_size(state: str, form: str, glyphs: Glyphs) -> None:
    async with cockpit(trained(), size=SIZES[0], glyphs=glyphs) as ui:
        await CHARTS[state](ui)
        for size in (*SIZES, (200, 60)):
            await ui.pilot.resize_terminal(*size)
            await ui.pilot.pause()
            check(ui, state + form, size)
            assert glyphs.unicode or all(line.isascii() for line in ui.screen)


async def test_screen_of_the_widest_layout() -> None:
    async with cockpit(busy(), size=(200, 60)) as ui:
        check(ui, "busy", (200, 60))


@pytest.mark.parametrize("state", STATES)
async def test_screen_without_unicode_is_ascii_at_every_size(state: str) -> None:
    make, act = STATES[state]
    async with cockpit(make(), size=SIZES[0], glyphs=ASCII) as ui:
        await act(ui)
        for size in SIZES:
            await ui.pilot.resize_terminal(*size)
            await ui.pilot.pause()
            assert all(line.isascii() for line in ui.screen)
            assert [len(line) for line in ui.screen] == [size[0]] * size[1]


@pytest.mark.parametrize("size", [(38, 9), (39, 24), (80, 9)])
async def test_too_small_terminal_shows_the_size_it_needs(size: tuple[int, int]) -> None:
    async with cockpit(busy(), size=size) as ui:
        check(ui, "small", size)
