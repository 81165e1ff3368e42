"""Actions on jobs: clone, copy, link, JSON and refusals."""

import base64
from pathlib import Path
from typing import Any

import pytest

from fttui.models.restrictions import Restrictions
from fttui.store.health import State
from fttui.ui.terminal.escape_codes import clipboard
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import cockpit

METHOD = {
    "type": "dpo",
    "dpo": {"hyperparameters": {"n_epochs": 4, "batch_size": "auto", "learning_rate_multiplier": 1.8}},
}


async def test_clone_opens_the_form_with_the_settings_of_the_job() -> None:
    store = FakeStore().put(job(1, method=METHOD, seed=7, validation_file="file-v"))
    async with cockpit(store) as ui:
        await ui.press("A")
        assert ui.screen[0].startswith("── Create a job like run-1 (..00000001) ─")
        wanted = {
            "model": "gpt-4o-mini-2024-07-18",
            "training_file": "file-train",
            "validation_file": "file-v",
            "suffix": "run-1",
            "method": "dpo",
            "n_epochs": "4",
            "batch_size": "auto",
            "learning_rate_multiplier": "1.8",
            "beta": "auto",
            "seed": "7",
            "metadata": "",
            "wandb_project": "",
        }
        assert wanted.items() <= ui.form.items()
        await ui.press("enter")
        assert [name for name, *_ in ui.store.sent] == ["create"], "nothing is uploaded for file ids"


async def test_y_copies_the_id_to_the_clipboard() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        written: list[str] = []
        assert ui.app._driver is not None
        ui.app._driver.write = written.append  # type: ignore[method-assign]
        await ui.press("y")
        assert written == ["\x1b]52;c;" + base64.b64encode(b"ftjob-00000001").decode() + "\x07"]
        assert "to the terminal's clipboard" in ui.prompt


async def test_raw_key_toggles_the_json_without_control_characters() -> None:
    async with cockpit(FakeStore().put(job(1, odd={"x": "\x1b[31m[red]"})), size=(120, 40)) as ui:
        await ui.press("J")
        assert '"status": "running"' in ui.detail
        assert "[31m[red]" in ui.detail
        assert "\x1b" not in ui.detail
        await ui.press("J")
        assert '"status"' not in ui.detail


UNSENT: dict[str, Any] = {"reason": "connection refused", "unsent": True}


async def test_actions_are_refused_while_the_provider_is_unreachable() -> None:
    async with cockpit(FakeStore().put(job(1, "succeeded", fine_tuned_model="ft:m"))) as ui:
        await ui.publish(state=State.OFFLINE, why="cannot reach it: connection refused", **UNSENT)
        for key in ("c", "P"):
            await ui.press(key)
            assert "offline (connection refused)" in ui.prompt
            assert ui.app.screen is ui.main
        await ui.press("D", "y")
        assert ui.store.sent == [("forget", "ftjob-00000001")], "the archived copy is local"
        await ui.press("[", "tab", "D")
        assert "delete: offline (connection refused)" in ui.prompt
        assert len(ui.store.sent) == 1


async def test_delete_offers_only_what_can_be_deleted() -> None:
    async with cockpit(FakeStore(restrictions=Restrictions({"delete_job"})).put(job(1, "succeeded"), job(2))) as ui:
        await ui.press("D")
        assert ui.prompt == "delete: local does not offer deleting jobs"
        await ui.publish(state=State.OFFLINE, why="cannot reach it: connection refused", **UNSENT)
        await ui.press("G", "D")
        assert ui.prompt == "delete: offline (connection refused)"
        await ui.press("asterisk", "D")
        assert "Delete the local copy of run-1 (..00000001)?" in ui.prompt
        assert "1 marked job cannot be deleted and stays." in ui.prompt
        await ui.press("y")
        assert ui.store.sent == [("forget", "ftjob-00000001")]


async def test_delete_asks_what_when_there_is_a_choice() -> None:
    names = ("ft:m:1", "ft:m:2", "ft:m")
    checkpoints = [{"id": f"ckpt-{name}", "fine_tuned_model_checkpoint": name} for name in names]
    store = FakeStore(saved={"ftjob-00000001": checkpoints})
    store.put(job(1, "succeeded", fine_tuned_model="ft:m", training_file="file-own"), job(2, "queued", model="ft:m"))
    async with cockpit(store) as ui:
        await ui.press("D")
        assert ui.prompt == "Delete what of run-1 (..00000001)?  j job  m model  c 2 checkpoints esc nothing"
        await ui.press("escape", "D", "c")
        assert ui.prompt == (
            "Delete 2 checkpoints of run-1 (..00000001)? Requests to them will fail. Its tuned model stays. y/N"
        )
        await ui.press("y", "D", "j")
        assert ui.prompt == (
            "Delete run-1 (..00000001) with its model, 3 checkpoints and 1 file that no other job uses? "
            "run-2 is queued to be tuned from it and will fail. y/N"
        )
        await ui.press("y")
        models = [("delete_model", "ft:m:1"), ("delete_model", "ft:m:2")]
        assert store.sent == [*models, ("delete_jobs", "ftjob-00000001")]


async def test_cancel_is_sent_while_the_server_answers_with_errors() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.publish(state=State.OFFLINE, why="the server failed (500)")
        await ui.press("c", "y")
        assert ui.store.sent == [("cancel", "ftjob-00000001")]


async def test_help_shows_unavailable_commands_in_grey() -> None:
    async with cockpit(FakeStore().put(job(1)), read_only=True) as ui:
        await ui.press("question_mark", *"job.cancel")
        entry = ui.app.screen.entries.line_at(0)  # type: ignore[attr-defined]
        assert [role for _, role in entry][:2] == ["off", "dim"]
        assert entry[1][0].strip() == "cancel: this session is read-only"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_zoom_shows_one_pane_and_escape_restores_all(size: tuple[int, int]) -> None:
    async with cockpit(FakeStore().put(job(1)), size=size) as ui:
        await ui.press("enter", "z")
        assert ui.main.side.detail.size.width >= size[0] - 1
        assert ui.main.panes.visible == ["detail"]
        await ui.press("tab")
        assert ui.main.log_view.size.width >= size[0] - 1
        await ui.press("escape")
        assert ui.main.jobs.display


def test_clipboard_sequence_has_a_size_limit() -> None:
    assert clipboard("x" * 60_000, {}) is None
    assert clipboard("x" * 50_000, {}) is not None


def test_clipboard_sequence_is_split_for_gnu_screen() -> None:
    sequence = clipboard("x" * 400, {"STY": "1.pts"})
    assert sequence is not None
    assert sequence.startswith("\x1bP\x1b]52;c;")
    assert sequence.count("\x1bP") == 3


async def test_copy_menu_copies_the_model_and_closes_on_other_keys() -> None:
    async with cockpit(FakeStore().put(job(1, fine_tuned_model="ft:m"))) as ui:
        written: list[str] = []
        assert ui.app._driver is not None
        ui.app._driver.write = written.append  # type: ignore[method-assign]
        await ui.press("Y")
        assert "copy  i id  m model" in ui.prompt
        await ui.press("m")
        assert base64.b64encode(b"ft:m").decode() in written[0]
        await ui.press("Y", "x")
        assert len(written) == 1
        await ui.press("j", "Y", "escape", "c")
        assert "Cancel" in ui.prompt


async def test_link_key_copies_the_web_address_or_reports_none() -> None:
    run = {"type": "wandb", "wandb": {"project": "p", "entity": "e", "run_id": "r/1"}}
    async with cockpit(FakeStore().put(job(1), job(2, integrations=[run])), size=(200, 60)) as ui:
        await ui.press("o")
        assert "no known web address" in ui.prompt
        await ui.press("j", "o")
        assert "https://wandb.ai/e/p/runs/r%2F1" in ui.prompt
        assert "https://wandb.ai/e/p/runs/r%2F1" in ui.detail


async def test_text_too_long_for_the_clipboard_is_written_to_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with cockpit(FakeStore().put(job(1, note="x" * 100_000))) as ui:
        await ui.press("Y", "j")
        (file,) = tmp_path.iterdir()
        assert "Too long for the clipboard. Wrote" in ui.prompt
        assert "x" * 100_000 in file.read_text(encoding="utf-8")
        assert file.stat().st_mode & 0o077 == 0
