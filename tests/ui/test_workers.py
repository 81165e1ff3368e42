"""Background work of widgets."""

import ast
import gc
import warnings
from pathlib import Path

import fttui
from fttui.ui.workers import start_worker
from tests.support.fake_store import FakeStore
from tests.support.ui_fakes import cockpit

TOP = Path(fttui.__file__).parent


async def test_a_worker_that_ends_before_it_starts_warns_of_nothing() -> None:
    async def work() -> None:
        raise AssertionError("The worker started.")

    async with cockpit(FakeStore()) as ui:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            start_worker(ui.app, work, group="test").cancel()
            await ui.press("down")
            gc.collect()
    assert caught == []


def test_every_worker_is_started_by_the_function_that_takes_no_coroutine() -> None:
    found = [
        f"{path.relative_to(TOP)}:{node.lineno}"
        for path in TOP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "run_worker" and path.name != "workers.py"
    ]
    assert found == []
