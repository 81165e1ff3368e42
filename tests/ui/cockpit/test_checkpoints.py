"""Keys of the checkpoints pane."""

import json
from pathlib import Path
from typing import Any

import pytest

from fttui.learning.run import run_of
from fttui.models.restrictions import Restrictions
from tests.support.fake_store import NOW, FakeStore, event, job
from tests.support.ui_fakes import Ui, cockpit

ID = "ftjob-00000001"
LOSSES = {90: 1.868, 180: 1.824, 270: 1.745, 360: 1.738, 450: 1.763, 540: 1.826, 630: 1.886}


def model(step: int) -> str:
    return f"ft:fttui-tiny-1:local:ten-epochs:xlEvAy7s:ckpt-step-{step}"


def checkpoint(step: int, loss: float) -> dict[str, Any]:
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": f"ftckpt_{step}",
        "created_at": NOW - 700 + step,
        "step_number": step,
        "fine_tuned_model_checkpoint": model(step),
        "metrics": {"full_valid_loss": loss},
    }


def store() -> FakeStore:
    found = FakeStore().put(job(1, user_provided_suffix="ten-epochs"), job(2, "queued"))
    found.saved = {ID: [checkpoint(step, loss) for step, loss in LOSSES.items()]}
    points = ((step, {"train_loss": 2.5 - step / 600}, None) for step in range(1, 641))
    found.runs[ID] = run_of(points, total_steps=900, n_epochs=10)
    return found


async def open_pane(ui: Ui) -> None:
    ui.main.controllers.layout.go("checkpoints")
    await ui.pilot.pause()


def shown(ui: Ui) -> list[str]:
    return list(ui.main.side.checkpoints.text_lines)


def steps(lines: list[str]) -> list[str]:
    return [line.lstrip("> ✶").split()[0] for line in lines]


@pytest.mark.painted
async def test_pane_is_a_tab_with_a_table_and_the_best_marked() -> None:
    async with cockpit(store()) as ui:
        await open_pane(ui)
        title = next(line for line in ui.screen if ">Checkpoints" in line)
        assert title.startswith("── Curve ─ Detail ─ Log ─ >Checkpoints ─ Files ─")
        assert title.endswith(" ten-epochs · 4 ─")
        assert any(line.split() == ["STEP", "EPOCH", "VALID", "TRAIN", "GAP", "SAVED", "MODEL"] for line in ui.screen)
        lines = shown(ui)
        assert lines[0].split()[1:4] == ["630", "7", "1.886"]
        assert steps([line for line in lines if "✶" in line]) == ["360"]
        assert ui.prompt == "✶ Step 360 is best: validation 1.738. The last one is 0.148 worse."
        await ui.press("escape")
        assert "Step 360 is best" not in ui.prompt


async def test_sort_key_puts_the_best_first_and_the_cursor_stays_on_its_checkpoint() -> None:
    async with cockpit(store()) as ui:
        await open_pane(ui)
        await ui.press("j", "s")
        assert steps(shown(ui)) == ["360", "450", "540", "630"]
        assert ui.main.side.checkpoints.row is not None
        assert ui.main.side.checkpoints.row.step == 540
        assert "the best validation first" in ui.prompt


async def test_copy_key_copies_the_name_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    async with cockpit(store()) as ui:
        copied: list[str] = []
        monkeypatch.setattr(
            "fttui.ui.cockpit.clipboard.clipboard", lambda text: copied.append(text) or "\x1b]52;c;eA==\x07"
        )
        await open_pane(ui)
        await ui.press("j", "y")
        assert copied == [model(540)]
        await ui.press("enter")
        assert ui.prompt == model(540)


async def test_delete_key_asks_and_deletes_one_model() -> None:
    found = store()
    async with cockpit(found) as ui:
        await open_pane(ui)
        await ui.press("j", "j", "j", "D")
        assert ui.prompt == "Delete the model of step 360 of ten-epochs? It is the best one. y/N"
        await ui.press("y")
        assert ("delete_model", model(360)) in found.sent
        assert next(line for line in shown(ui) if " 360 " in line).rstrip().endswith("no longer kept")
        await ui.press("D")
        assert ui.prompt == "delete: this model is no longer kept"


async def test_refused_deletion_keeps_the_model_in_the_table() -> None:
    found = store()
    found.refusal = "you may not delete models here (403)"
    async with cockpit(found) as ui:
        await open_pane(ui)
        await ui.press("D", "y")
        assert "you may not delete models here (403)" in ui.prompt
        assert "no longer kept" not in shown(ui)[0]


async def test_delete_says_why_it_cannot() -> None:
    found = store()
    found.restrictions = Restrictions({"delete_model"})
    async with cockpit(found) as ui:
        await open_pane(ui)
        await ui.press("D")
        assert "delete: " in ui.prompt
        assert "does not" in ui.prompt


async def test_checkpoints_that_the_embedded_service_has_dropped_are_not_listed() -> None:
    async with cockpit(store()) as ui:
        await open_pane(ui)
        assert steps(shown(ui)) == ["630", "540", "450", "360"]


async def test_dropped_checkpoints_are_not_offered_to_be_tried() -> None:
    async with cockpit(store()) as ui:
        row = ui.main.model.rows()[ID]
        trying = ui.main.controllers.by_pane["checkpoints"]._trying  # type: ignore[attr-defined]
        assert await trying.try_step(row, 90) == "No model of step 90 is kept."


async def test_export_writes_csv_or_the_objects_as_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with cockpit(store()) as ui:
        await open_pane(ui)
        await ui.press("e", "enter")
        written = (tmp_path / f"{ID}-checkpoints.csv").read_text().splitlines()
        assert written[0] == "id,step,epoch,full_valid_loss,train_loss,created_at,model,best"
        assert written[1].startswith("ftckpt_360,360,4,1.738,")
        assert written[1].endswith(",best")
        await ui.press("colon", *"export json out.json", "enter")
        assert json.loads((tmp_path / "out.json").read_text())["data"][0] == checkpoint(360, LOSSES[360])


async def test_job_without_checkpoints_says_why() -> None:
    found = FakeStore().put(job(1), job(2, "succeeded"))
    async with cockpit(found) as ui:
        await open_pane(ui)
        assert shown(ui) == [" No checkpoints yet."]
        await ui.press("D")
        assert ui.prompt == "delete: no checkpoint with a model is selected"
        await ui.press("escape", "j")
        assert shown(ui) == [" No checkpoints."]
        found.restrictions = Restrictions({"checkpoints"})
        await ui.press("k")
        assert shown(ui)[0].endswith("does not offer checkpoints.")


async def test_new_checkpoint_appears_above_the_cursor() -> None:
    found = store()
    found.log = {ID: [event(1, "Checkpoint 8 saved at step 720")]}
    async with cockpit(found) as ui:
        await open_pane(ui)
        found.saved[ID].append(checkpoint(720, 2.0466))
        await ui.publish()
        assert steps(shown(ui))[0] == "720"
        assert ui.main.side.checkpoints.row is not None
        assert ui.main.side.checkpoints.row.step == 630


async def test_export_in_an_unknown_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with cockpit(store()) as ui:
        await open_pane(ui)
        for line in ("export xml", "export out.xml"):
            await ui.press("colon", *line, "enter")
            assert "xml is no format. The checkpoints pane can be written as csv or json." in ui.prompt
    assert not list(tmp_path.iterdir())
