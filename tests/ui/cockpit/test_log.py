"""Keys of the log pane."""

from functools import partial

from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.render.log_lines import LogStyle
from tests.support import ui_fakes
from tests.support.fake_store import FakeStore, event, job, measured

ID = "ftjob-00000001"
cockpit = partial(ui_fakes.cockpit, remembered=SavedView(tab="log"))


def store(count: int = 100) -> FakeStore:
    found = FakeStore().put(job(1))
    found.log = {ID: [event(n, f"event {n}", "warn" if n % 10 == 5 else "info") for n in range(count)]}
    return found


async def test_log_search_moves_both_ways_and_filters_to_matches() -> None:
    async with cockpit(store()) as ui:
        await ui.press("enter", "enter", "slash", *"event 7", "enter")
        assert any("event 7" in line for line in ui.log)
        assert "11 of 11 'event 7'" in ui.title(), "the nearest match to the end"
        await ui.press("n")
        assert "1 of 11" in ui.title()
        assert any("event 7" in line for line in ui.log)
        await ui.press("N", "N")
        assert "10 of 11" in ui.title()
        await ui.press("ampersand")
        assert len(ui.log) == 11
        assert all("event 7" in line for line in ui.log)
        assert "only" in ui.title()
        await ui.press("escape")
        assert "event 7'" not in ui.title()


async def test_log_key_brings_the_log_to_the_front() -> None:
    async with cockpit(store()) as ui:
        await ui.press("enter")
        assert ">Detail" in ui.title()
        await ui.press("L")
        assert ">Log" in ui.title()
        assert all("warn" in line for line in ui.log)


async def test_log_search_without_a_match_is_reported() -> None:
    async with cockpit(store()) as ui:
        await ui.press("enter", "enter", "slash", *"nowhere", "enter")
        assert "No match" in ui.prompt


async def test_level_time_wrap_and_metrics_keys_change_the_log() -> None:
    async with cockpit(store()) as ui:
        await ui.press("L")
        assert all("warn" in line for line in ui.log)
        assert "warn+" in ui.title()
        await ui.press("L")
        assert "hidden by level error (L changes it)" in ui.log[0]
        await ui.press("L", "t", "t")
        assert "ago" in ui.log[-1]
        await ui.press("w")
        assert len(ui.log) == 16


async def test_narrow_title_of_the_log_keeps_the_number_of_the_match() -> None:
    found = FakeStore().put(job(1))
    found.log = {ID: [event(1, "a long-winded message", level="warn"), event(2, "a long-winded answer", level="warn")]}
    async with cockpit(found, size=(120, 24)) as ui:
        while "── >Log" not in "\n".join(ui.screen):
            await ui.press("tab")
        await ui.press("x", "L", "slash", *"winded", "enter")
        title = next(line for line in ui.screen if ">Log" in line)
        assert "2 of 2" in title
        assert "event" not in title, "too narrow for all facts"


async def test_metrics_key_hides_the_rows_of_metrics_and_brings_them_back() -> None:
    found = FakeStore().put(job(1), job(2))
    found.log = {ID: [measured(1, train_loss=2.5, valid_loss=1.5), event(2, "Checkpoint 1 saved")]}
    found.log["ftjob-00000002"] = [measured(9, train_loss=0.5)]
    async with cockpit(found) as ui:
        heading = next(line for line in ui.screen if " VALID" in line and "TIME" in line)
        assert heading.split() == ["TIME", "STEP", "TRAIN", "VALID"]
        assert ui.log[0].split()[1:] == ["1", "2.500", "1.500"]
        await ui.press("x")
        assert [line.split(None, 2)[2] for line in ui.log] == ["Checkpoint 1 saved"]
        assert "no metrics" in ui.title()
        await ui.press("j")
        assert "1 event hidden by x (x shows metrics)" in ui.log[0]
        await ui.press("x")
        assert ui.log[0].split()[1:] == ["9", "0.500", "·"]


async def test_unseen_events_are_counted_in_the_title() -> None:
    found = store()
    async with cockpit(found) as ui:
        await ui.press("enter", "enter", "g")
        found.log[ID] += [event(100, "event 100"), event(101, "event 101")]
        await ui.publish()
        assert "2 new" in ui.title()
        await ui.press("G")
        assert "follow" in ui.title()
        assert "event 101" in ui.log[-1]


async def test_older_events_are_loaded_at_the_top() -> None:
    found = store(1500)
    async with cockpit(found) as ui:
        assert "newest 500" in ui.title()
        await ui.press("enter", "enter", "g")
        assert ui.main.log_view.event_count == 1000
        assert "event 1000" in ui.log[0], "the first visible event stays"
        await ui.press("g", "g")
        assert "event 0" in ui.log[0]


async def test_detail_search_moves_between_matches() -> None:
    found = FakeStore().put(job(1, metadata={f"key{n}": f"value {n}" for n in range(20)}))
    async with cockpit(found) as ui:
        await ui.press("enter", "slash", *"value 1", "enter")
        assert "1 of 11 'value 1'" in ui.title()
        await ui.press("N")
        assert "11 of 11" in ui.title()
        assert any("value 19" in line for line in ui.main.side.detail.text_lines)
        await ui.press("escape", "slash", *"nowhere", "enter")
        assert "No match" in ui.prompt


async def test_very_long_event_is_cut_with_its_length() -> None:
    found = FakeStore().put(job(1))
    found.log = {ID: [event(1, "世" * 1_000_000)]}
    async with cockpit(found, size=(120, 40)) as ui:
        await ui.press("w")
        await ui.press("tab", "tab", "G")
        assert "1,000,000 characters" in "".join(ui.log)


async def test_title_has_the_longest_name_of_the_job_that_fits() -> None:
    found = FakeStore().put(job(1, user_provided_suffix="support-v4"))
    async with cockpit(found) as ui:
        assert ui.title().endswith(" support-v4 · follow · 0 events ─")
    async with cockpit(found, size=(100, 30)) as ui:
        assert ui.title().endswith(" support-v4 (..00000001) · follow · 0 events ─")
    async with cockpit(found, size=(60, 20)) as ui:
        await ui.press("enter", "]")
        assert ui.title().endswith("  support-v4 ─")


async def test_long_event_scrolls_sideways() -> None:
    found = FakeStore().put(job(1))
    found.log = {ID: [event(1, "x" * 100 + "END")]}
    async with cockpit(found) as ui:
        await ui.press("tab")
        assert any("info" in line and line.rstrip().endswith("xxx…") for line in ui.screen)
        await ui.press("l", "l")
        assert any("info" not in line and line.rstrip().endswith("xxx…") for line in ui.screen)
        await ui.press(*["l"] * 4)
        assert any(line.rstrip().endswith("xxxEND") for line in ui.screen)
        await ui.press(*["h"] * 6)
        assert any("info" in line for line in ui.screen)


async def test_enter_in_the_log_toggles_wrapping() -> None:
    found = FakeStore().put(job(1))
    found.log = {ID: [event(1, "word " * 30 + "END")]}
    async with cockpit(found) as ui:
        await ui.press("enter", "enter", "enter")
        assert any("END" in line for line in ui.screen)
        await ui.press("enter")
        assert not any("END" in line for line in ui.screen)


async def test_undo_restores_the_log_style() -> None:
    found = FakeStore().put(job(1))
    found.log = {ID: [event(n, f"event {n}") for n in range(3)]}
    async with cockpit(found) as ui:
        await ui.press("L", "w", "t")
        assert "3 events hidden by level warn (L changes it)" in ui.log[0]
        await ui.press("u")
        assert ui.main.log_view.log_style.times == "local"
        await ui.press("u", "u")
        assert "event 0" in ui.log[0]
        assert ui.main.log_view.log_style == LogStyle()


async def test_mark_key_in_the_log_marks_the_job_without_scrolling() -> None:
    async with cockpit(store()) as ui:
        await ui.press("enter", "enter", "k", "k")
        shown = ui.log
        await ui.press("space")
        assert ui.marks == {ID}
        assert ui.log == shown


async def test_hidden_metrics_leave_no_empty_page_in_a_log_that_is_scrolled_up() -> None:
    found = FakeStore().put(job(1))
    found.log = {ID: [event(0, "first"), *(measured(n, train_loss=1.5) for n in range(1, 60))]}
    async with cockpit(found) as ui:
        await ui.press("enter", "enter", "k", "k", "x")
        assert [line.split()[-1] for line in ui.log] == ["first"]


async def test_search_comes_first_in_a_narrow_title() -> None:
    async with cockpit(store(), size=(120, 40)) as ui:
        await ui.press("enter", "enter", "x", "slash", *"event 7", "enter")
        assert "11 of 11 'event" in ui.title()


def long_log() -> FakeStore:
    """Return a store whose job resumed long before its newest 500 events."""
    found = FakeStore().put(job(1), job(2))
    resumed = event(10, "Fine-tuning job resumed at step 10")
    rest = [measured(n, train_loss=1.5) for n in range(11, 1800)]
    found.log = {ID: [*(measured(n, train_loss=2.5) for n in range(10)), resumed, *rest, event(1800, "Saved")]}
    return found


async def test_log_search_finds_an_event_that_is_not_loaded() -> None:
    async with cockpit(long_log()) as ui:
        assert "newest 500" in ui.title()
        await ui.press("enter", "enter", "slash", *"resumed", "enter")
        assert "1 of 1 'resumed'" in ui.title()
        assert any("job resumed at step 10" in line for line in ui.log)


async def test_log_search_of_a_very_long_log_says_what_was_searched() -> None:
    found = FakeStore().put(job(1))
    found.log = {ID: [event(n, "resumed" if n == 1 else "working") for n in range(11_000)]}
    async with cockpit(found) as ui:
        await ui.press("enter", "enter", "slash", *"resumed", "enter")
        assert ui.prompt.strip() == "No match for resumed in the newest 10,000 events; g loads older ones."
        await ui.press("g", "n")
        assert "1 of 1 'resumed'" in ui.title()


async def test_log_search_while_the_log_is_read_says_that_older_events_are_missing() -> None:
    found = store(10)
    found.unread = {ID}
    async with cockpit(found) as ui:
        await ui.press("enter", "enter", "slash", *"nowhere", "enter")
        assert "No match for nowhere in the events read so far; older ones are still to be read." in ui.prompt


async def test_hidden_metrics_show_the_messages_of_the_whole_log() -> None:
    async with cockpit(long_log()) as ui:
        await ui.press("x")
        assert [line.split(None, 2)[2] for line in ui.log] == ["Fine-tuning job resumed at step 10", "Saved"]
        await ui.press("j", "k")
        assert [line.split(None, 2)[2] for line in ui.log] == ["Fine-tuning job resumed at step 10", "Saved"]


async def test_hidden_levels_show_the_warnings_of_the_whole_log() -> None:
    found = FakeStore().put(job(1))
    found.log = {ID: [event(0, "a warning", "warn"), *(event(n, "working") for n in range(1, 1800))]}
    async with cockpit(found) as ui:
        await ui.press("L")
        assert [line.split(None, 2)[2] for line in ui.log] == ["a warning"]


async def test_hidden_metrics_of_a_very_long_log_tell_that_older_events_are_not_loaded() -> None:
    found = FakeStore().put(job(1))
    found.log = {ID: [event(0, "first"), *(measured(n, train_loss=1.5) for n in range(1, 15_000))]}
    async with cockpit(found) as ui:
        await ui.press("x")
        assert ui.log[0].strip() == "10,000 events hidden by x (x shows metrics); g loads older ones"
        await ui.press("enter", "enter", "g")
        assert [line.split()[-1] for line in ui.log] == ["first"]


async def test_log_that_is_read_later_shows_its_older_messages() -> None:
    found = long_log()
    whole, found.log[ID] = found.log[ID], []
    async with cockpit(found) as ui:
        await ui.press("x")
        found.log[ID] = whole[-700:]
        await ui.publish()
        found.log[ID] = whole
        await ui.publish()
        assert [line.split(None, 2)[2] for line in ui.log] == ["Fine-tuning job resumed at step 10", "Saved"]


async def test_movement_to_a_very_long_log_loads_no_more_than_a_movement_may_take() -> None:
    found = FakeStore().put(job(1), job(2))
    found.log = {"ftjob-00000002": [measured(n, train_loss=1.5) for n in range(5_000)]}
    async with cockpit(found) as ui:
        await ui.press("x", "j")
        assert ui.log[0].strip() == "2,000 events hidden by x (x shows metrics); g loads older ones"
        await ui.press("x", "x")
        assert ui.log[0].strip() == "5,000 events hidden by x (x shows metrics)"
