"""Work of the create form that must not run twice at a time: a repair, and the split of a file."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fttui.ui.create_form.hold_out_action import HoldOutAction
from fttui.ui.create_form.repair_action import RepairAction
from fttui.ui.create_form.view import FormView


class View:
    """View whose workers have not begun yet."""

    def __init__(self) -> None:
        self.workers: list[SimpleNamespace] = []

    def run_worker(self, work: Callable[..., object], **_: object) -> SimpleNamespace:
        self.workers.append(SimpleNamespace(work=work, is_finished=False))
        return self.workers[-1]


def repair(view: FormView) -> Callable[[], None]:
    action = RepairAction(view, lambda: cast(Any, SimpleNamespace()), "openai")
    return lambda: action.start("t.jsonl", "t.repaired.jsonl")


def hold_out(view: FormView) -> Callable[[], None]:
    return HoldOutAction(view, lambda: None, lambda: None).start


@pytest.mark.parametrize("action", [repair, hold_out])
def test_second_start_does_nothing_until_the_first_has_ended(action: Callable[[FormView], Callable[[], None]]) -> None:
    view = View()
    start = action(cast(Any, view))
    start()
    start()
    assert len(view.workers) == 1
    view.workers[0].is_finished = True  # also when it was cancelled before it began
    start()
    assert len(view.workers) == 2
