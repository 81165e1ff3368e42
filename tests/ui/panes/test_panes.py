"""Panes by key and by mouse: sizes, tabs, columns and undo."""

import base64

import pytest

from fttui.store.health import State
from fttui.ui.cockpit.arrangement import TABS
from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.cockpit.screen import MainScreen
from fttui.ui.messages import EscapeSequenceRequested
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.widgets.line_view import TextRow
from tests.support.fake_store import FakeStore, event, job
from tests.support.ui_fakes import Ui, cockpit


def store() -> FakeStore:
    found = FakeStore().put(job(1), job(2, "succeeded"), job(3, "failed"))
    found.log = {"ftjob-00000001": [event(n, f"event {n}") for n in range(60)]}
    return found


def split(ui: Ui) -> int:
    """Height of the list pane in rows."""
    return ui.main.jobs.size.height


def title(ui: Ui) -> TextRow:
    """Title with the tabs."""
    return ui.main.side.panes[ui.main.panes.tab].title_row


async def test_undo_reverts_zoom() -> None:
    async with cockpit(store(), size=(120, 40)) as ui:
        await ui.press("z")
        assert ui.main.panes.visible == ["jobs"]
        await ui.press("u")
        assert len(ui.main.panes.visible) == 4
        assert "Nothing to undo" not in ui.prompt


async def test_each_layout_keeps_its_own_split() -> None:
    async with cockpit(store(), size=(80, 24)) as ui:
        usual = split(ui)
        await ui.press("minus", "minus")
        smaller = split(ui)
        assert smaller < usual
        await ui.pilot.resize_terminal(120, 40)
        await ui.pilot.pause()
        assert ui.main.jobs.size.width == 69, "the other layout keeps its usual size"
        await ui.press("plus")
        assert ui.main.jobs.size.width > 69
        await ui.pilot.resize_terminal(80, 24)
        await ui.pilot.pause()
        assert split(ui) == smaller
        assert ui.app.remembered.splits == {"normal": -2, "wide": 1}
        await ui.press("equals_sign")
        assert split(ui) == usual


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_a_short_terminal_shows_one_pane_at_any_width(width: int) -> None:
    async with cockpit(store(), size=(width, 12), remembered=SavedView(tab="files")) as ui:
        assert ui.main.jobs.size.width == width
        for pane in TABS:
            word = f">{pane.capitalize()}"
            await ui.press("tab")
            body = ui.screen[1:-2]
            assert word in body[0]
            assert "LOSS" not in "\n".join(body)
            views = {
                "curve": ui.main.side.curve,
                "detail": ui.main.side.detail,
                "log": ui.main.log_view,
                "checkpoints": ui.main.side.checkpoints,
                "files": ui.main.side.files,
            }
            assert ui.main.panes.visible == [pane]
            assert views[pane].size.height == 8


async def test_split_keys_do_nothing_when_one_pane_fills_the_screen() -> None:
    async with cockpit(store(), size=(60, 12)) as ui:
        await ui.press("plus")
        assert "Only one pane fits" in ui.prompt


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_click_activates_a_pane(size: tuple[int, int]) -> None:
    async with cockpit(store(), size=size, remembered=SavedView(tab="log")) as ui:
        await ui.pilot.click(ui.main.side.log_view)
        assert ui.pane == "log"
        await ui.pilot.click(ui.main.jobs.list, offset=(5, 1))
        assert (ui.pane, ui.cursor) == ("jobs", "ftjob-00000002")


async def test_a_click_on_a_tab_selects_it() -> None:
    async with cockpit(store()) as ui:
        row = ui.screen[6]
        await ui.pilot.click(title(ui), offset=(row.index("Files") + 1, 0))
        assert ">Files" in ui.screen[6]
        await ui.pilot.click(title(ui), offset=(row.index("Detail") + 1, 0))
        assert ">Detail" in ui.screen[6]


async def test_a_double_click_opens_the_job() -> None:
    async with cockpit(store()) as ui:
        await ui.pilot.double_click(ui.main.jobs.list, offset=(5, 2))
        await ui.pilot.pause()
        assert (ui.pane, ui.cursor) == ("detail", "ftjob-00000003")


async def test_a_click_on_a_column_title_sorts_and_a_second_reverses() -> None:
    async with cockpit(store()) as ui:
        x = ui.screen[2].index("NAME")
        await ui.pilot.click(ui.main.jobs.head, offset=(x + 1, 0))
        assert "name ↑" in ui.screen[1]
        await ui.pilot.click(ui.main.jobs.head, offset=(x + 1, 0))
        assert "name ↓" in ui.screen[1]


def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Capture the texts sent to the terminal's clipboard."""
    monkeypatch.delenv("STY", raising=False)
    texts: list[str] = []
    usual = MainScreen.post_message

    def post(self: MainScreen, message: object) -> bool:
        if isinstance(message, EscapeSequenceRequested):
            texts.append(base64.b64decode(message.sequence.split(";")[2].rstrip("\x07")).decode())
        return usual(self, message)  # type: ignore[arg-type]

    monkeypatch.setattr(MainScreen, "post_message", post)
    return texts


async def test_a_log_line_and_a_curl_command_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = copied(monkeypatch)
    place = ServiceInfo("work", "api.example.com", False, False, "", "work", "https://api.example.com/v1")
    async with cockpit(store(), place=place, remembered=SavedView(tab="log")) as ui:
        await ui.press("Y", "n")
        assert texts[-1].endswith("info  event 59")
        await ui.press("tab", "slash", *"event 7", "enter", "Y", "n")
        assert texts[-1].endswith("info  event 7"), "the line that the search stands on"
        await ui.press("Y", "c")
        url = "https://api.example.com/v1/fine_tuning/jobs/ftjob-00000001"
        assert texts[-1] == f'curl -H "Authorization: Bearer $KEY" {url}'


async def test_the_local_service_has_no_url_to_copy() -> None:
    async with cockpit(store()) as ui:
        await ui.press("Y")
        assert "curl" not in ui.prompt


async def test_command_line_completes_behind_the_cursor_and_hints_in_the_footer() -> None:
    async with cockpit(store()) as ui:
        await ui.press("colon", *"fil")
        assert ui.prompt == ":filter"
        assert ui.main.footer.text.startswith(" filter  filter.text  filter.all")
        await ui.press(*"ter st")
        assert ui.main.footer.text.startswith(" status:  step")
        await ui.press("ctrl+u", *"sort lo")
        assert ui.prompt == ":sort loss"


async def test_long_errors_are_shown_whole_in_the_error_list() -> None:
    async with cockpit(store()) as ui:
        why = "word " * 40 + "end"
        await ui.publish(state=State.OFFLINE, why=why)
        await ui.press("exclamation_mark")
        assert "end" in "\n".join(ui.screen[:6])


async def test_sideways_keys_scroll_to_hidden_columns() -> None:
    async with cockpit(store()) as ui:
        usual = ui.screen[2]
        assert "METHOD" not in usual
        await ui.press("l")
        assert ui.screen[2].split()[:4] == ["ST", "!", "NAME", "STEP"]
        assert ui.screen[3].split()[:3] == [">▸", "run", "run-1"], "cursor, state and name stay"
        await ui.press(*["l"] * 20)
        assert ui.screen[2].rstrip().endswith("FINE-TUNED MODEL")
        assert ui.prompt == "Nothing more to the right."
        await ui.press(*["h"] * 20)
        assert ui.screen[2] == usual


async def test_messages_give_way_to_the_headline_and_warnings_stay_longer() -> None:
    async with cockpit(store()) as ui:
        await ui.press("y")
        assert "to the terminal's clipboard" in ui.prompt
        for _ in range(3):
            ui.tick()
        assert ui.prompt.startswith("step 3")
        await ui.press("colon", *"nonsense", "enter")
        for _ in range(3):
            ui.tick()
        assert "Unknown command" in ui.prompt
        for _ in range(4):
            ui.tick()
        assert ui.prompt.startswith("step 3")


@pytest.mark.parametrize(("size", "panes"), [((80, 24), 2), ((120, 40), 4), ((200, 60), 5), ((60, 20), 6)])
async def test_tab_goes_through_the_panes_on_the_screen(size: tuple[int, int], panes: int) -> None:
    async with cockpit(store(), size=size) as ui:
        seen = []
        for _ in range(panes):
            seen.append(ui.pane)
            await ui.press("tab")
        assert len(set(seen)) == panes
        assert ui.pane == "jobs"


async def test_the_footer_shows_the_keys_of_the_active_pane() -> None:
    async with cockpit(store()) as ui:
        assert "c cancel" in ui.screen[-1]
        await ui.press("enter", "enter")
        assert "f follow" in ui.screen[-1]
        await ui.press("]")
        assert "y copy name  D delete model" in ui.screen[-1]
        await ui.press("]")
        assert "e download  D delete" in ui.screen[-1]
        assert all("? help  q quit" in line for line in ui.screen[-1:])


async def test_an_action_clears_the_marks_of_its_jobs() -> None:
    found = FakeStore().put(job(1), job(2))
    async with cockpit(found) as ui:
        await ui.press("asterisk", "c", "y")
        assert found.sent == [("cancel", "ftjob-00000001", "ftjob-00000002")]
        assert "marked" not in "\n".join(ui.screen)


@pytest.mark.painted
async def test_a_pane_shows_the_newest_data_when_it_becomes_visible_again() -> None:
    jobs = store()
    async with cockpit(jobs) as ui:
        await ui.press("enter")
        selected = ui.main.model.selected
        assert selected is not None
        await ui.press("enter")
        jobs.raw[selected] = jobs.raw[selected] | {"model": "model-4711"}
        await ui.publish()
        await ui.press("escape")
        assert any("model" in line and "model-4711" in line for line in ui.screen[7:]), "\n".join(ui.screen)
