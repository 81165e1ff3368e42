"""Sweeps in the job list of the cockpit."""

from typing import Any

import pytest

from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import Ui, cockpit

MARK = {"fttui.sweep": "a1b2c3d4 lr"}


def _store() -> FakeStore:
    members: list[dict[str, Any]] = [{"metadata": MARK, "user_provided_suffix": f"lr-{number}"} for number in (1, 3)]
    jobs = [job(0), job(1, "succeeded", **members[0]), job(2, "failed"), job(3, "running", **members[1])]
    return FakeStore().put(*jobs)


def _names(ui: Ui) -> list[str]:
    """Return the names in the list, from the lines of its jobs."""
    texts = ("run-0", "sweep lr", "├ lr-1", "├ lr-3", "run-2")
    return [next((text for text in texts if text in line), "") for line in ui.screen[3:8] if line.strip()]


async def test_enter_folds_a_sweep_and_targets_are_its_jobs() -> None:
    async with cockpit(_store(), size=(80, 24)) as ui:
        assert _names(ui)[:5] == ["run-0", "sweep lr", "├ lr-1", "├ lr-3", "run-2"]
        await ui.press("j")
        assert ui.screen[4].startswith(">▾ ✓1 ▸1 sweep lr  2 jobs, 1 done")
        await ui.press("enter")
        assert _names(ui)[:3] == ["run-0", "sweep lr", "run-2"]
        assert ui.screen[4].startswith(">▸ ✓1 ▸1 sweep lr")
        assert "4 jobs" in " ".join(ui.screen), "jobs of a folded sweep are counted"
        await ui.press("space")
        assert "2 marked" in " ".join(ui.screen)
        await ui.press("escape", "colon", *"goto lr-3", "enter")
        assert ui.screen[6].startswith(">▸ run")
        assert "├ lr-3" in ui.screen[6]


async def test_detail_of_a_sweep_is_that_of_its_best_job_and_changes_move_its_counts() -> None:
    store = _store()
    async with cockpit(store, size=(80, 24)) as ui:
        await ui.press("j")
        assert ui.main.model.selected == "ftjob-00000003", "the best one"
        await ui.press("c")
        question = " ".join(" ".join(ui.screen).split())
        assert (
            "Cancel lr-3 (..00000003), running? It cannot be resumed. 1 job of the sweep has already ended." in question
        )
        await ui.press("n")
        store.put(job(3, "succeeded", metadata=MARK, user_provided_suffix="lr-3"))
        store.publish()
        await ui.pilot.pause()
        assert ui.screen[4].startswith(">▾ ✓2    sweep lr  2 jobs, all done")
        await ui.press("j")
        assert ui.screen[5].startswith(">✓ done")


pytestmark = pytest.mark.painted
