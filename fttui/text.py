"""The one place where untrusted text is made safe, and where text is fitted to terminal cells.

Standard library only: the first frame is painted with it. Rich's width tables, the ones Textual draws
with, are loaded only when a text is not ASCII, so both always agree about how wide a character is.
"""

import re
from functools import lru_cache

# C0 without tab and newline, DEL, C1, the bidi controls, and what else moves or hides text: line and
# paragraph separators, zero-width characters, the soft hyphen, the byte order mark, tag characters. Also what makes a
# character as wide as its neighbours say, about which terminals disagree: variation selectors and the tones of a skin.
# (An emoji may look plainer without them, and without the joiner inside it: a harmless loss.)
# (Patterns as text are compiled when they are first needed, which is after the first frame.)
_UNSAFE = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
)
# Flags are two letters, each of one cell or two.
_FLAGS = "[\U0001f1e6-\U0001f1ff]"
_SURROGATE = "[\ud800-\udfff]"
# One cell each in Rich's tables (a test holds it so): Latin letters and the glyphs fttui draws itself.
_NARROW = frozenset(
    {*map(chr, (*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x300), *range(0x2800, 0x2900))), *"…─│·↓↑▸◦⋯✓✗⊘"}
)
_CROWD = 8
"""Characters that one cell may hold: a letter with the marks of any language. More is no text but a flood."""


def clean(text: str) -> str:
    """Text that can stand on a terminal: no control, bidi or invisible characters, no lone surrogates.

    Newline and tab survive; CRLF and lone CR become newlines. Idempotent.
    """
    if text.isascii() and text.isprintable():
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(_SURROGATE, "\ufffd", re.sub(_UNSAFE, "", text))
    return re.sub(_FLAGS, lambda flag: chr(ord(flag[0]) - 0x1F1E6 + ord("A")), text)


def clean_line(text: str) -> str:
    """`clean`, and every run of white space that holds a newline or tab becomes one space."""
    text = clean(text)
    if "\n" in text or "\t" in text:
        text = re.sub(r"\s+", " ", text).strip()
    return text


def width(text: str) -> int:
    """Terminal cells that `text` takes, as Textual counts them."""
    if text.isascii() or _NARROW.issuperset(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def fit(text: str, cells: int, *, ellipsis: str = "…") -> str:
    """`text` cut to at most `cells` cells; what is cut ends with `ellipsis` (one cell a character).

    So is a text with more marks on its letters than any language has.
    """
    if cells <= 0:
        return ""
    if _fits(text, cells):
        return text
    if cells <= len(ellipsis):
        return ellipsis[:cells]
    return _head(text, cells - len(ellipsis)) + ellipsis


def pad(text: str, cells: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """`text` fitted to exactly `cells` cells, flush left, or flush right when `right`."""
    text = fit(text, cells, ellipsis=ellipsis)
    space = " " * (cells - width(text))
    return space + text if right else text + space


def wrap(text: str, cells: int) -> list[str]:
    """`text` broken into lines of at most `cells` cells, at spaces where it can be; never empty. A tab is four spaces:
    a terminal would jump."""
    lines: list[str] = []
    for paragraph in text.replace("\t", "    ").split("\n"):
        at = 0
        # Never the whole rest, which may be a megabyte: no more than could fit, and one.
        while cells > 0 and not _fits(near := paragraph[at : at + cells * _CROWD + 1], cells):
            head = _head(near, cells)
            space = head.rfind(" ")
            if space > cells // 3 and near[len(head) : len(head) + 1] != " ":
                head = head[:space]
            # A character wider than the line must still make progress.
            head = head or near[:1]
            lines.append(head.rstrip(" "))
            at += len(head)
            while paragraph[at : at + 1] == " ":
                at += 1
        lines.append(paragraph[at:])
    return lines


def _fits(text: str, cells: int) -> bool:
    return len(text) <= cells * _CROWD and width(text) <= cells


@lru_cache(4096)
def _cells(character: str) -> int:
    return width(character)


def _head(text: str, cells: int) -> str:
    """The longest beginning of `text` that takes at most `cells` cells."""
    text = text[: cells * _CROWD]
    if text.isascii() or _NARROW.issuperset(text):
        return text[:cells]
    taken = 0
    for index, character in enumerate(text):
        taken += _cells(character)
        if taken > cells:
            return text[:index]
    return text


def size_words(bytes: int | None) -> str:
    """A size for a person: `870 B`, `1.4 MB`."""
    if bytes is None:
        return ""
    amount = float(bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""
