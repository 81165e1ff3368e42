"""Hostile text from a server: lines keep their width, without control characters and markup."""

import unicodedata
from functools import cache
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.strip import Strip

from fttui.api.errors import ApiError
from fttui.commands import COMMANDS
from fttui.store.health import State
from fttui.ui.render.glyphs import ASCII, UNICODE, Glyphs
from fttui.ui.render.status_line import ServiceInfo
from tests.support.fake_store import NOW
from tests.support.hostile import LONG, NASTY, store, text
from tests.support.ui_fakes import Ui, cockpit

STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
cells = cache(cell_len)


def check(ui: Ui) -> str:
    """Check every line of the screen, and return the screen as one text."""
    strips: list[Strip] = ui.app.screen._compositor.render_strips()
    width, height = ui.app.size
    assert len(strips) == height
    for strip in strips:
        for segment in strip:
            assert segment.control is None
            assert segment.style is None or segment.style.link is None
            assert segment.style is None or "@click" not in segment.style.meta
        line = "".join(segment.text for segment in strip)
        assert sum(map(cells, line)) == strip.cell_length == width, line
        assert len(line) < 5_000, "endless combining marks"
        assert not [c for c in set(line) if unicodedata.category(c) in STEERING], ascii(line)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def walk(ui: Ui, *keys: str) -> str:
    """Press keys one after the other, check every screen, and return the last."""
    screen = check(ui)
    for key in keys:
        await ui.press(key)
        screen = check(ui)
    return screen


@pytest.mark.parametrize(
    ("size", "glyphs", "long"),
    [
        ((60, 20), UNICODE, NASTY),
        ((80, 24), UNICODE, LONG),
        ((80, 24), ASCII, NASTY),
        ((120, 40), UNICODE, NASTY),
        ((200, 60), UNICODE, NASTY),
    ],
)
async def test_panes_show_no_control_characters(size: tuple[int, int], glyphs: Glyphs, long: str) -> None:
    async with cockpit(store(long), size=size, glyphs=glyphs) as ui:
        await walk(ui, "j", "k", "l", "l", "h", "h", "s", "S", "G", "g", "space", "asterisk", "asterisk")
        shown = await walk(ui, "enter", "ctrl+d", "pagedown", "pagedown", "l", "h", "slash", "o", "enter", "n", "N")
        assert "[/home/x][bold]" in shown or size == (60, 20)
        await walk(ui, "escape", "G", "J", "pagedown", "l", "l", "G", "g", "J")
        await walk(ui, "tab", "w", "x", "w", "t", "t", "L", "L", "L", "f", "g", "l", "l", "G")
        await walk(ui, "slash", *"[/home", "enter", "n", "ampersand", "n", "w", "escape", "escape")
        await walk(ui, "right_square_bracket", "right_square_bracket", "j", "j", "l", "G", "z", "z")


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_charts_show_no_control_characters(size: tuple[int, int]) -> None:
    async with cockpit(store(), size=size) as ui:
        await walk(ui, "b", "h", "h", "i", "X", "full_stop", "j", "k", "n", "escape")
        await walk(ui, "space", "j", "space", "C", "j", "k", "h", "space", "z", "X", "i", "escape")


async def test_columns_show_no_control_characters() -> None:
    async with cockpit(store(), size=(200, 60)) as ui:
        await walk(ui, "colon", *"columns id,status,model,suffix,method,tuned,profile,tokens,cost", "enter", "j", "G")


async def test_prompt_shows_no_control_characters() -> None:
    async with cockpit(store()) as ui:
        await walk(ui, "y", "Y", "i", "Y", "escape", "o", "e", "escape", "c", "n")
        await walk(ui, "colon", *"goto plain", "enter", "c", "y")
        assert "was not cancelled" in ui.prompt
        await walk(ui, "asterisk", "c", "n", "P", "n", "D", "n", "asterisk")
        await walk(ui, "exclamation_mark", "escape", "question_mark", *"[/", "escape", "escape")
        await walk(ui, "slash", *"model~[/home", "enter", "escape", "slash", *"[bold]", "escape")
        await walk(ui, "colon", *"nonsense [/x]", "enter", "colon", *"theme [/x]", "enter")


async def test_create_form_shows_no_control_characters() -> None:
    async with cockpit(store(), local=False) as ui:
        shown = await walk(ui, "a", *"mod", "right", "tab", *"file", "down", "down", "right", "tab", "tab")
        assert "Create a job" in shown
    async with cockpit(store()) as ui:
        await walk(ui, "colon", *"goto plain", "enter")
        shown = await walk(ui, "A", *["tab"] * 20, "ctrl+c", "enter")
        assert "[/home/x]" in shown


async def test_health_service_and_notices_show_no_control_characters() -> None:
    place = ServiceInfo(text("profile"), text("host"), False, False, text("hint"), "x")
    error = ApiError(NASTY, code=NASTY, request_id=NASTY)
    for size in ((60, 20), (120, 40)):
        async with cockpit(store(), size=size, place=ServiceInfo(*map(clean_if, place))) as ui:
            ui.store.notices = (ApiError(NASTY).message,)
            for state in State:
                await ui.publish(state=state, why=str(error), as_of=NOW - 100)
                check(ui)
            await walk(ui, "exclamation_mark", "escape", "R", "r")


def clean_if(value: object) -> object:
    """Clean a text as `choose` cleans the names of profiles and hosts."""
    from fttui.text import clean_line

    return clean_line(value) if isinstance(value, str) else value


async def test_profile_names_show_no_control_characters(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[profiles."[/x]"]\nbase_url = "https://a.example/v1"\n[profiles."\\u001b]0;owned\\u0007"]\n', encoding="utf-8"
    )
    async with cockpit(store()) as ui:
        await walk(ui, "at", "down", "escape")
        assert "owned" not in ui.status


async def test_every_key_shows_no_control_characters() -> None:
    async with cockpit(store()) as ui:
        for command in COMMANDS:
            if command.id not in ("quit", "suspend"):
                await walk(ui, "enter", command.keys.split(",")[0])
                await ui.press("escape", "escape")
                while ui.app.screen is not ui.main:
                    await walk(ui, "escape", "y")
