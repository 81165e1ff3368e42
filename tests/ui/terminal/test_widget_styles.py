"""Memory of a screen after it is closed."""

import gc
import weakref

from fttui.ui.terminal.widget_styles import release_closed_widgets
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import cockpit


async def test_a_closed_screen_leaves_neither_widgets_nor_their_lines_behind() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("question_mark")
        left = [
            weakref.ref(part) for widget in ui.app.screen.walk_children() for part in (widget, widget._styles_cache)
        ]
        await ui.press("escape", "question_mark", "escape")  # Textual remembers the screen that was closed last
        gc.collect()
        assert len(left) > 2
        assert [part() for part in left if part() is not None] == []


def test_a_second_call_changes_nothing() -> None:
    release_closed_widgets()
    from textual._styles_cache import StylesCache

    first = StylesCache.get_inner_outer
    release_closed_widgets()
    assert StylesCache.get_inner_outer is first
