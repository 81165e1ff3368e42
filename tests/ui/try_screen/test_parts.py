"""Pure parts of Try: the editor, the arrangement, the lines, the settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.data.shown_example import Part
from fttui.text import clean
from fttui.ui.cockpit.command_line import CommandError
from fttui.ui.render.rows import line_width
from fttui.ui.try_screen.arrangement import FIXED, arrange
from fttui.ui.try_screen.lines import prompt_lines
from fttui.ui.try_screen.settings_line import SETTINGS, completions, hint, parse
from fttui.ui.try_screen.text_edit import TextEdit

KEYS = ["backspace", "delete", "left", "right", "up", "down", "home", "end", "ctrl+o", "ctrl+u", "ctrl+k", "ctrl+w"]


def typed(edit: TextEdit, *keys: str) -> str:
    for key in keys:
        edit.key(key, key if len(key) == 1 else None)
    return edit.text


def test_the_editor_breaks_and_joins_lines_and_moves_between_them() -> None:
    edit = TextEdit("one")
    assert typed(edit, "ctrl+o", "t", "w", "o") == "one\ntwo"
    assert typed(edit, "up", "home", "x") == "xone\ntwo"
    assert typed(edit, "down", "home", "backspace") == "xonetwo"
    assert typed(edit, "left", "delete") == "xontwo"
    assert typed(TextEdit("a\nb"), "up", "delete") == "ab"
    assert typed(TextEdit("a\nb"), "home", "left", "x") == "ax\nb"


@given(st.text(max_size=80), st.lists(st.sampled_from([*KEYS, "x", "漢"])), st.integers(4, 40))
def test_any_keys_keep_the_caret_on_the_screen(text: str, keys: list[str], cells: int) -> None:
    edit = TextEdit()
    edit.insert(text)
    assert edit.text == clean(text).replace("\t", "    ")
    typed(edit, *keys)
    rows, cursor = edit.lines(cells)
    assert sum(role == "caret" for row in rows for _, role in row) == 1
    assert any(role == "caret" for _, role in rows[cursor])
    shown = "".join(text for row in rows for text, _ in row)
    assert shown.replace(" ", "") == edit.text.replace("\n", "").replace(" ", "")


@given(
    st.integers(20, 200),
    st.integers(8, 80),
    st.integers(1, 2),
    st.integers(1, 60),
    st.integers(0, 60),
    st.sampled_from([None, True, False]),
    st.booleans(),
)
def test_any_terminal_has_room_for_an_answer(
    width: int, height: int, answers: int, prompt: int, expected: int, shows: bool | None, zoomed: bool
) -> None:
    place = arrange(
        width, height, answers=answers, prompt=prompt, expected=expected, shows_expected=shows, zoomed=zoomed
    )
    titles = 1 if place.one_answer or place.is_wide else 2
    used = place.prompt + titles + (place.expected + 1 if place.expected else 0)
    assert 1 <= place.prompt <= max(1, height // 3)
    assert place.answer >= 1
    assert used + place.answer <= height - FIXED
    assert place.expected == 0 or shows is not False


@given(st.lists(st.text(max_size=200).map(clean), min_size=1, max_size=5), st.integers(30, 120), st.integers(1, 10))
def test_a_prompt_takes_its_rows_at_most_and_ends_with_its_last_message(
    texts: list[str], cells: int, rows: int
) -> None:
    lines = prompt_lines([Part("漢字 role", text) for text in texts], cells, rows)
    assert 1 <= len(lines) <= rows
    assert all(line_width(line) <= cells for line in lines)


@pytest.mark.parametrize(
    ("line", "members"),
    [
        ("temperature 0.7", {"temperature": 0.7}),
        ("max-tokens 512", {"max_tokens": 512}),
        ("top-p 0.9", {"top_p": 0.9}),
        ("top-p", {"top_p": None}),
        ("seed 1", {"seed": 1}),
        ("seed", {"seed": None}),
        ("system Be brief.", {"system": "Be brief."}),
        ("system", {"system": ""}),
    ],
)
def test_a_line_changes_a_setting(line: str, members: dict[str, object]) -> None:
    assert parse(line) == members


@pytest.mark.parametrize(
    "line", ["temperature", "temperature 3", "max-tokens 0", "max-tokens x", "seed -1", "x 1", "top-p 2"]
)
def test_a_wrong_line_is_refused(line: str) -> None:
    with pytest.raises(CommandError):
        parse(line)
    assert hint(line).text


def test_settings_are_completed_and_explained() -> None:
    assert completions("t") == ["temperature ", "top-p "]
    assert completions("temperature 0") == []
    for word in SETTINGS:
        assert not hint(word).is_error
    assert hint("temperature 9").is_error
    assert hint("").example == "temperature 0.7"
