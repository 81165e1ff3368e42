"""The filter prompt in the cockpit: what it shows, and what the list does meanwhile."""

from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import Ui, cockpit


def store() -> FakeStore:
    return FakeStore().put(job(1), job(2, "failed"), job(3, "succeeded"))


def rows(ui: Ui) -> tuple[str, str]:
    """Return the prompt row and the row below it."""
    return ui.screen[-2].strip(), ui.screen[-1].strip()


async def test_filter_prompt_hints_in_the_footer_counts_and_completes() -> None:
    async with cockpit(store()) as ui:
        await ui.press("slash")
        prompt, hint = rows(ui)
        assert prompt.split() == ["/", "3", "jobs"]
        assert hint.startswith("words, or field:value:")
        await ui.press("s", "t")
        assert rows(ui)[0].startswith("/status:")  # the completion
        assert len(ui.shown) == 3
        await ui.press("tab", "tab")
        assert rows(ui)[0].startswith("/step ")
        await ui.press("shift+tab", "f")
        assert rows(ui)[0].split() == ["/status:failed", "1", "of", "3", "jobs"]
        assert ui.shown == ["ftjob-00000002"]
        await ui.press("right", "enter")
        assert ui.main.model.view.current.filter == "status:failed"
        assert rows(ui)[1].startswith("a add")


async def test_invalid_filter_leaves_the_list_alone_and_is_not_kept() -> None:
    async with cockpit(store()) as ui:
        await ui.press("slash", *"status:failed", "enter", "slash", "ctrl+u", *"lass<2")
        assert rows(ui)[0].endswith(" 3 jobs"), "the list shows all jobs, not those of the filter before"
        assert rows(ui)[1].startswith("! No field is called lass. Did you mean loss?")
        await ui.press("enter")
        assert "The filter is as before." in ui.prompt
        assert ui.shown == ["ftjob-00000002"]
        await ui.press("slash", "up")
        assert rows(ui)[0].startswith("/lass<2")
        await ui.press("up", "escape", "colon", *"filter lass<2", "enter")
        assert "No field is called lass" in ui.prompt
        assert ui.shown == ["ftjob-00000002"]


async def test_search_prompt_counts_matches_and_keeps_its_history() -> None:
    async with cockpit(store()) as ui:
        await ui.press("enter", "slash", *"gpt")
        prompt, hint = rows(ui)
        assert prompt.startswith("/gpt")
        assert prompt.endswith(f"of {ui.main.side.detail.matches}")
        assert hint.startswith("text to find")
        await ui.press("enter", "slash", "ctrl+u", "up")
        assert rows(ui)[0].startswith("/gpt")
