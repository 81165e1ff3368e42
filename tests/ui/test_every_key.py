"""Every key of the table in every pane: something sensible happens, nothing is sent unasked, nothing breaks."""

from pathlib import Path

import pytest

from fttui.ui.commands import BY_ID, COMMANDS, footer_entries
from fttui.ui.view import View
from tests.ui.fakes import FakeStore, cockpit, event, job

# What a key shows, somewhere on the screen; the others are looked at in tests of their own.
SHOWS = {
    "help": "Keys",
    "command": ":",
    "errors": "Errors",
    "profile": "Profiles",
    "job.create": "Create a fine-tuning job",
    "job.clone": "Create a fine-tuning job",
    "job.cancel": "Cancel ..00000001 (running)?",
    "copy.id": "sent to terminal clipboard",
    "copy.more": "copy  i id",
    "export": "write to:",
    "job.link": "no web address",
    "filter.failed": "4 failed",
    "mark.toggle": "1 marked",
    "mark.all": "2 marked",
    "mark.range": "range: v ends it",
    "sort.next": "status↑",
    "sort.reverse": "age↑",
    "log.level": "warn+",
    "time.mode": "times: utc",
    "refresh.hold": "HELD",
    "undo": "nothing to take back",
    "search.next": "nothing was searched for",
    "log.only": "search first",
    "detail.raw": '"status": "running"',
}
LEAVE = {"quit", "suspend"}
# What depends on what was pressed before.
ELSEWHERE = {"undo", "log.level", "time.mode", "detail.raw", "sort.next", "sort.reverse", "job.cancel", "mark.range"}


def store() -> FakeStore:
    found = FakeStore().put(job(1), job(2, "failed"))
    found.log = {"ftjob-00000001": [event(n, f"event {n}", "warn") for n in range(60)]}
    return found


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path))


@pytest.mark.parametrize("id", [command.id for command in COMMANDS if command.id not in LEAVE])
async def test_every_key_in_the_list(id: str) -> None:
    for key in BY_ID[id].keys.split(","):
        async with cockpit(store()) as ui:
            await ui.press(key)
            assert SHOWS.get(id, "") in "\n".join(ui.screen)
            assert [sent for sent in ui.store.sent if sent[0] != "pause"] == []


@pytest.mark.parametrize("pane", ["detail", "log"])
async def test_every_key_in_the_other_panes(pane: str) -> None:
    async with cockpit(store(), size=(120, 40)) as ui:
        for command in COMMANDS:
            if command.id in LEAVE:
                continue
            for key in command.keys.split(","):
                ui.main._go(pane)
                await ui.press(key)
                assert SHOWS.get(command.id, "") in "\n".join(ui.screen) or command.id in ELSEWHERE, key
                while ui.app.screen is not ui.main or ui.main.prompt.takes_keys:
                    await ui.press("escape")
                ui.main._list.view = View()
                ui.main._held = False
        assert [sent for sent in ui.store.sent if sent[0] != "pause"] == []


async def test_every_command_is_found_where_people_look() -> None:
    readme = Path("README.md").read_text(encoding="utf-8")
    async with cockpit(size=(160, 70)) as ui:
        await ui.press("question_mark")
        listed = "\n".join(ui.screen)
        for command in COMMANDS:
            assert command.id in listed, "help, which is the palette too"
            assert f"`{command.id}`" in readme
    assert {command.id for command, _, _ in footer_entries()} >= {"job.create", "job.cancel", "help", "quit"}
