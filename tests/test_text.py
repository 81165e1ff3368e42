"""Cleaning of untrusted text, and fitting of text to terminal cells."""

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from fttui.text import clean, clean_line, fit, pad, size_words, width, wrap
from fttui.ui.render.glyphs import ASCII, FACES, UNICODE

ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)


@given(ANY)
@example("\x1b]0;owned\x07")
@example("\x9b31m")
@example("a\u202eb\u2066c")
@example("\ud800")
def test_clean_removes_control_characters(text: str) -> None:
    result = clean(text)
    assert not [c for c in result if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) <= 0x9F]
    assert not set(result) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
    assert not [c for c in result if 0xD800 <= ord(c) <= 0xDFFF]
    assert clean(result) == result


@given(ANY)
def test_clean_line_has_no_line_breaks(text: str) -> None:
    assert not set(clean_line(text)) & set("\n\t\r")


def test_clean_keeps_ordinary_text() -> None:
    text = "Grüße, 世界 – naïve café [bold]not markup[/]"
    assert clean(text) == text
    assert clean("two\r\nlines\rthree\tcolumns") == "two\nlines\nthree\tcolumns"


@given(st.text(max_size=40))
def test_width_equals_the_width_in_rich(text: str) -> None:
    text = clean_line(text)
    assert width(text) == cell_len(text)


@given(ANY)
@example("❤\ufe0f1\ufe0f\u20e3")
@example("\U0001f1e9\U0001f1ea\U0001f44d\U0001f3fd")
@example("\U0001f468\u200d\U0001f469")
def test_width_is_the_sum_of_the_character_widths(text: str) -> None:
    """Otherwise a cut, or a terminal without emoji sequences, shifts the cells to the right."""
    text = clean_line(text)
    assert width(text) == sum(map(cell_len, text))


def test_flag_emoji_becomes_its_letters() -> None:
    assert clean("\U0001f1e9\U0001f1ea") == "DE"


def test_endless_combining_marks_are_cut() -> None:
    flood = "a" + "\u0301" * 1_000_000
    assert width(fit(flood, 10)) <= 10
    assert len(pad(flood, 10)) < 100
    assert len(wrap(flood, 10)[0]) < 100
    assert "".join(wrap(flood, 10)) == flood
    assert fit("a\u0301\u0302\u0303\u0304", 1) == "a\u0301\u0302\u0303\u0304"


@given(ANY, st.integers(1, 20))
@example("a\tb", 80)
def test_wrapped_lines_fit_and_have_no_tabs(text: str, cells: int) -> None:
    for line in wrap(clean(text), cells):
        assert not set(line) & set("\n\t")
        assert cell_len(line) <= max(2, cells)


def test_wrap_of_a_megabyte_is_linear() -> None:
    """Measuring the rest of the text for each line would take minutes."""
    text = "世界" * 250_000
    assert "".join(wrap(text, 80)) == text


def test_every_glyph_is_one_cell_wide() -> None:
    for glyphs in (UNICODE, ASCII):
        for text in (*glyphs[1:], *(glyphs.status(status) for status in FACES)):
            assert cell_len(text) == width(text) == 1


@given(st.text(max_size=40), st.integers(1, 30), st.booleans())
def test_pad_returns_exactly_the_given_width(text: str, cells: int, right: bool) -> None:
    assert cell_len(pad(clean_line(text), cells, right=right)) == cells


def test_fit_ends_cut_text_with_an_ellipsis() -> None:
    assert fit("abcdefgh", 5) == "abcd…"
    assert fit("abcdefgh", 5, ellipsis="~") == "abcd~"
    assert fit("abc", 5) == "abc"
    assert fit("世界世界", 5) == "世界…"


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=80), st.integers(2, 20))
def test_wrap_loses_only_spaces(text: str, cells: int) -> None:
    text = clean(text)
    lines = wrap(text, cells)
    assert all(cell_len(line) <= cells for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_sizes_have_a_unit_and_at_most_one_decimal() -> None:
    assert [size_words(size) for size in (None, 812, 29_900, 1_230_000, 5_000_000_000)] == [
        *("", "812 B", "29.9 kB", "1.2 MB", "5.0 GB"),
    ]
