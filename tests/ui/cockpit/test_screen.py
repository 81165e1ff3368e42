"""The cockpit over a fake store: press keys, read the screen."""

import pytest

from fttui.config.choose import Choice
from fttui.learning.run import run_of
from fttui.store.health import State
from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.render.status_line import service_info
from tests.support.fake_store import NOW, FakeStore, event, job
from tests.support.ui_fakes import cockpit


def three() -> FakeStore:
    return FakeStore().put(job(1), job(2, "succeeded"), job(3, "failed", error={"code": "x", "message": "bad file"}))


async def test_empty_service_names_the_key_that_creates_a_job() -> None:
    async with cockpit() as ui:
        assert any("No fine-tuning jobs yet" in line for line in ui.screen)
        assert any("Press a to train on sample data" in line for line in ui.screen)


async def test_empty_list_offers_the_runs_below_the_working_directory() -> None:
    async with cockpit(has_nearby_runs=True) as ui:
        assert any("Runs of other programs below this directory: type :runs to watch." in line for line in ui.screen)


async def test_first_hint_is_whole_at_every_size() -> None:
    place = service_info(Choice("local", "", "", None, "local"), newcomer=True)
    for size in ((40, 20), (60, 20), (80, 24)):
        async with cockpit(place=place, size=size) as ui:
            assert " ".join(ui.prompt.split()) == place.hint
            assert "q quit" in ui.screen[-1]


@pytest.mark.parametrize("keys", [["exclamation_mark"], ["at"]])
async def test_last_row_of_a_picker_is_whole_at_60_cells(keys: list[str]) -> None:
    async with cockpit(three(), size=(60, 20)) as ui:
        await ui.press(*keys)
        assert ui.screen[-1].rstrip().endswith("esc closes")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_list_counts_and_footer_are_visible_at_every_size(size: tuple[int, int]) -> None:
    async with cockpit(three(), size=size) as ui:
        assert ui.shown == ["ftjob-00000001", "ftjob-00000002", "ftjob-00000003"]
        assert "▸1 ✓1 ✗1" in ui.status
        assert "now" in ui.status
        assert all(len(line) <= size[0] for line in ui.screen)
        assert "q quit" in ui.screen[-1]
        assert "? help" in ui.screen[-1]


async def test_cursor_move_shows_detail_and_log_of_the_job() -> None:
    store = three()
    store.log = {"ftjob-00000001": [event(1, "first job's event")], "ftjob-00000002": [event(1, "second job's event")]}
    async with cockpit(store, size=(120, 40)) as ui:
        assert ui.cursor == "ftjob-00000001"
        assert "ftjob-00000001" in ui.detail
        assert "file-train  train.jsonl" in ui.detail
        assert "first job's event" in ui.log[0]
        await ui.press("j")
        assert "ftjob-00000002" in ui.detail
        assert "second job's event" in ui.log[0]
        assert store.looked_at == "ftjob-00000002"
        await ui.press("up", "up", "k")
        assert ui.cursor == "ftjob-00000001"
        await ui.press("G")
        assert ui.cursor == "ftjob-00000003"
        assert "bad file" in ui.detail


async def test_number_key_filters_by_status_and_a_second_press_shows_all() -> None:
    store = three().put(job(4, "queued"), job(5, "validating_files"), job(6, "paused"))
    expected = {"1": [1], "2": [4, 5], "3": [2], "4": [3], "5": [], "6": [6]}
    async with cockpit(store) as ui:
        for key, numbers in expected.items():
            await ui.press(key)
            assert ui.shown == [f"ftjob-{number:08d}" for number in numbers]
            await ui.press("0")
            assert len(ui.shown) == 6
            await ui.press(key, key)
            assert len(ui.shown) == 6


async def test_job_with_a_path_as_its_id_keeps_the_columns_of_the_list() -> None:
    long = job(2, "failed", id=f"exp/{'nested/' * 6}run", model="m", user_provided_suffix="run-2")
    async with cockpit(FakeStore().put(job(1, model="m"), long), size=(120, 40)) as ui:
        before = ui.screen[2].partition("│")[0]
        assert " ID " in before
        await ui.press("4")
        assert ui.shown == [long["id"]]
        await ui.press("0")
        assert ui.screen[2].partition("│")[0] == before


async def test_long_name_of_a_tuned_model_takes_no_column_from_the_list() -> None:
    tuned = "ft:gpt-4.1-nano-2025-04-14:acme:support-2:00000002"
    with_model = job(2, "succeeded", model="m", fine_tuned_model=tuned, user_provided_suffix="run-2")
    async with cockpit(FakeStore().put(job(1, "failed", model="m"), with_model), size=(120, 40)) as ui:
        titles = ui.screen[2].partition("│")[0]
        assert " ID " in titles
        await ui.press("j")
        assert ui.screen[2].partition("│")[0] == titles


async def test_filter_without_matches_is_explained_and_escape_clears_it() -> None:
    async with cockpit(three()) as ui:
        await ui.press("5")
        assert any("0 of 3 shown" in line for line in ui.screen)
        await ui.press("escape")
        assert len(ui.shown) == 3


async def test_filter_applies_while_typing() -> None:
    async with cockpit(three()) as ui:
        await ui.press("slash", *"run-2")
        assert ui.shown == ["ftjob-00000002"]
        await ui.press("enter", "escape")
        assert len(ui.shown) == 3


async def test_escape_while_typing_restores_the_previous_filter() -> None:
    async with cockpit(three()) as ui:
        await ui.press("slash", *"run-2", "enter")
        await ui.press("slash", "x", "escape")
        assert ui.shown == ["ftjob-00000002"]


async def test_command_keys_typed_into_the_filter_are_text() -> None:
    async with cockpit(three()) as ui:
        await ui.press("slash", *"qac1?")
        assert ui.prompt.split()[0] == "/qac1?"
        assert ui.store.sent == []


async def test_invalid_filter_keeps_the_list_and_shows_the_error() -> None:
    async with cockpit(three()) as ui:
        await ui.press("slash", *"age<x")
        assert len(ui.shown) == 3
        assert any("age" in line for line in ui.screen[-4:])


async def test_cancel_asks_and_every_key_but_y_declines() -> None:
    async with cockpit(three()) as ui:
        for no in ("n", "enter", "escape"):
            await ui.press("c")
            assert "Cancel run-1 (..00000001), running? It cannot be resumed. y/N" in ui.prompt
            await ui.press("j")
            assert ui.cursor == "ftjob-00000001", "the question takes the key"
            await ui.press(no)
            assert ui.store.sent == []
            assert "Nothing changed." in ui.prompt


async def test_cancel_confirmed_with_y_is_sent() -> None:
    async with cockpit(three()) as ui:
        await ui.press("c", "y")
        assert ui.store.sent == [("cancel", "ftjob-00000001")]
        assert any("canc" in line and "..00000001" in line for line in ui.screen)


async def test_refused_cancel_shows_the_reason_and_restores_the_row() -> None:
    store = three()
    store.refusal = "Cannot cancel: the queue is locked"
    async with cockpit(store) as ui:
        await ui.press("c", "y")
        assert "the queue is locked" in ui.prompt
        assert any("▸ run" in line for line in ui.screen)


@pytest.mark.parametrize("read_only", [False, True])
async def test_impossible_cancel_is_refused_without_a_question(read_only: bool) -> None:
    async with cockpit(three(), read_only=read_only) as ui:
        if not read_only:
            await ui.press("j")
        await ui.press("c")
        assert "cancel:" in ui.prompt
        assert "read-only" in ui.prompt if read_only else "already succeeded" in ui.prompt
        await ui.press("y")
        assert ui.store.sent == []


async def test_cursor_stays_on_its_job_when_other_jobs_come_and_go() -> None:
    store = three()
    async with cockpit(store) as ui:
        await ui.press("j")
        store.raw = {"ftjob-00000000": job(0)} | store.raw
        await ui.publish()
        assert ui.shown[0] == "ftjob-00000000"
        assert ui.cursor == "ftjob-00000002"
        del store.raw["ftjob-00000001"]
        await ui.publish()
        assert ui.cursor == "ftjob-00000002"


async def test_log_follows_new_events_until_scrolled_up() -> None:
    store = three()
    id = "ftjob-00000001"
    store.log = {id: [event(number, f"event {number}") for number in range(100)]}
    async with cockpit(store, remembered=SavedView(tab="log")) as ui:
        assert "event 99" in ui.log[-1]
        store.log[id].append(event(100, "event 100"))
        await ui.publish()
        assert "event 100" in ui.log[-1]
        await ui.press("enter", "enter", "k")
        before = ui.log
        store.log[id].append(event(101, "event 101"))
        await ui.publish()
        assert ui.log == before
        await ui.press("f")
        assert "event 101" in ui.log[-1]


@pytest.mark.parametrize(
    ("state", "seen"),
    [(State.OFFLINE, "OFFLINE since"), (State.DENIED, "DENIED"), (State.LIMITED, "LIMITED"), (State.STALE, "refused")],
)
async def test_bad_health_is_in_the_status_row_and_the_rows_stay(state: State, seen: str) -> None:
    async with cockpit(three()) as ui:
        await ui.publish(state=state, why="connection refused")
        assert seen in ui.status
        assert len(ui.shown) == 3


async def test_tick_updates_the_age_without_a_publication() -> None:
    async with cockpit(three()) as ui:
        ui.clock.advance(25)
        ui.tick()
        assert "20s" in ui.status


async def test_narrow_terminal_shows_one_pane_at_a_time() -> None:
    async with cockpit(three(), size=(60, 20)) as ui:
        assert any("run-" in line or "..00000001" in line for line in ui.screen)
        await ui.press("enter")
        assert any("Detail" in line for line in ui.screen)
        assert not any("..00000002" in line for line in ui.screen)
        await ui.press("enter")
        assert any(">Log" in line for line in ui.screen)
        await ui.press("escape", "escape")
        assert any("..00000002" in line for line in ui.screen)


async def test_r_polls_and_q_exits() -> None:
    async with cockpit(three()) as ui:
        await ui.press("r")
        assert ui.core.poller.pokes == 1
        await ui.press("q")
        assert ui.app._exit


async def test_control_characters_and_markup_are_shown_as_text() -> None:
    store = FakeStore().put(job(1, model="\x1b]0;owned\x07[red]m[/red]", user_provided_suffix="[/oops]\u202e"))
    store.log = {"ftjob-00000001": [event(1, "[/home/x] [bold]")]}
    async with cockpit(store, size=(120, 40)) as ui:
        screen = "\n".join(ui.screen)
        assert "\x1b" not in screen
        assert "[red]m[/red]" in ui.detail
        assert "[/home/x] [bold]" in ui.log[0]


async def test_unreadable_job_has_a_row_with_the_fault() -> None:
    store = three()
    store.raw["broken"] = {"id": "broken\x00", "status": 5, "model": []}
    async with cockpit(store) as ui:
        assert len(ui.shown) == 4
        assert any("the id has" in line for line in ui.screen)


@pytest.mark.parametrize("size", [(39, 24), (80, 9)])
async def test_too_small_terminal_shows_the_size_it_needs(size: tuple[int, int]) -> None:
    async with cockpit(three(), size=size) as ui:
        assert f"needs 40×10, have {size[0]}×{size[1]}" in ui.status
        await ui.press("q")
        assert ui.app._exit


async def test_status_row_of_an_unreachable_service_shows_the_reason_not_the_address() -> None:
    async with cockpit(three()) as ui:
        await ui.publish(
            state=State.OFFLINE,
            why="cannot reach http://a-very-long-host.example.com:8443/v1: it was refused",
            reason="it was refused",
        )
        assert "it was refused" in ui.status
        assert "r retries" in ui.status


async def test_time_left_is_hidden_while_the_provider_is_unreachable() -> None:
    store = FakeStore().put(job(1, trained_steps=20, total_steps=200))
    points = ((step, {"train_loss": 1.0}, NOW - 20 + step) for step in range(1, 21))
    store.runs = {"ftjob-00000001": run_of(points, total_steps=200)}
    async with cockpit(store) as ui:
        assert "left" in ui.prompt
        await ui.publish(state=State.OFFLINE, why="timeout")
        ui.tick()
        assert "left" not in ui.prompt
