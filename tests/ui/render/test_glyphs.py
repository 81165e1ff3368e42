"""ASCII replacements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.models.row import JobRow
from fttui.text import clean_line, width
from fttui.ui.first_frame import frame
from fttui.ui.render.glyphs import ASCII, UNICODE, ascii_only
from fttui.ui.render.status_line import ServiceInfo


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a b", "a b"),
        ("✓ done · 3…", "+ done , 3~"),
        ("Zoë ½", "Zoe 1"),
        ("漢", "??"),
        ("│─┌█", "|-+ "),
        ("“x”", '"x"'),
    ],
)
def test_characters_become_similar_ascii(text: str, plain: str) -> None:
    assert ascii_only(text) == plain


def test_glyphs_become_their_ascii_alternatives() -> None:
    assert ascii_only("".join(UNICODE[1:])) == "".join(ASCII[1:])


@given(st.text())
def test_the_replacement_is_ascii_and_has_the_same_width(text: str) -> None:
    text = clean_line(text)
    assert ascii_only(text).isascii()
    assert len(ascii_only(text)) == width(text)


def test_the_first_frame_with_ascii_glyphs_is_ascii() -> None:
    row = JobRow(id="ftjob-ä", model="模型", suffix="naïve…")
    place = ServiceInfo("büro", "this machine", True, False, "")
    shown = frame(place, [row], 1.0, 100.0, (80, 24), ASCII)
    assert shown.isascii()
    assert "b?ro" not in shown
    assert "buro" in shown
