"""Cleaning of untrusted text, fitting of text to terminal cells, and the terminal's character set.

Standard library only, because the first frame uses it. For text outside ASCII the width tables of Rich are loaded.
Textual draws with the same tables, so widths always agree.
"""

import os
from collections.abc import Iterable
from functools import lru_cache

# Characters that move or hide text: C0 except tab and newline, DEL, C1, bidi controls, line and paragraph separators,
# zero-width characters, the soft hyphen, the byte order mark and tag characters. Also variation selectors and skin
# tones, whose width differs between terminals; some emoji look plainer without them.
# Patterns are strings, and `re` is imported late: the first frame seldom has such characters.
_UNSAFE = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
)
# A flag is two regional indicators. Terminals differ in their width.
_FLAGS = "[\U0001f1e6-\U0001f1ff]"
_SURROGATE = "[\ud800-\udfff]"
# Characters of one cell in the tables of Rich (checked by a test): Latin letters and the glyphs of fttui.
_NARROW = frozenset(
    {*map(chr, (*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x300), *range(0x2800, 0x2900))), *"…─│·↓↑▸◦⋯✓✗⊘✶"}
)
_MAX_IN_CELL = 8
"""Most characters in one cell. Letters with combining marks of real languages need fewer."""


def clean(text: str) -> str:
    """Remove control, bidi and invisible characters and lone surrogates.

    Newline and tab stay; CRLF and lone CR become newlines. Idempotent.
    """
    if (text.isascii() and text.isprintable()) or _NARROW.issuperset(text):
        return text
    import re

    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(_SURROGATE, "\ufffd", re.sub(_UNSAFE, "", text))
    return re.sub(_FLAGS, lambda flag: chr(ord(flag[0]) - 0x1F1E6 + ord("A")), text)


def clean_line(text: str) -> str:
    """Clean a text and, if it has a newline or tab, replace every run of white space by one space."""
    text = clean(text)
    if "\n" in text or "\t" in text:
        import re

        text = re.sub(r"\s+", " ", text).strip()
    return text


def has_only(text: str, signs: str) -> bool:
    """Tell whether a text consists of ASCII letters, digits and `signs`."""
    return text.isascii() and all(character.isalnum() or character in signs for character in text)


def is_name(text: str, signs: str, longest: int) -> bool:
    """Tell whether a text has at most `longest` ASCII letters, digits and `signs`, and begins with no sign."""
    return text[:1].isalnum() and has_only(text, signs) and len(text) <= longest


def width(text: str) -> int:
    """Return the width of `text` in terminal cells, as Textual counts them."""
    if text.isascii() or _NARROW.issuperset(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def fit(text: str, cells: int, *, ellipsis: str = "…") -> str:
    """Cut `text` to at most `cells` cells. A cut text ends with `ellipsis`, one cell a character.

    A text with more combining marks than real languages have is cut as well.
    """
    if cells <= 0:
        return ""
    if _fits(text, cells):
        return text
    if cells <= len(ellipsis):
        return ellipsis[:cells]
    return _head(text, cells - len(ellipsis)) + ellipsis


def middle_cut(text: str, most: int) -> str:
    """Replace the middle of a text of more than `most` characters by two dots: the ends tell names apart."""
    if len(text) <= most:
        return text
    head = (most - 2) // 2
    return f"{text[:head]}..{text[len(text) - (most - 2 - head) :]}"


def pad(text: str, cells: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """Cut or pad `text` to exactly `cells` cells, aligned left, or right with `right`."""
    text = fit(text, cells, ellipsis=ellipsis)
    space = " " * (cells - width(text))
    return space + text if right else text + space


def wrap(text: str, cells: int) -> list[str]:
    """Break `text` into lines of at most `cells` cells, at spaces if possible. A tab becomes four spaces.

    The result has at least one line.
    """
    lines: list[str] = []
    for paragraph in text.replace("\t", "    ").split("\n"):
        at = 0
        # Look at no more than could fit, plus one character: the rest may be a megabyte.
        while cells > 0 and not _fits(near := paragraph[at : at + cells * _MAX_IN_CELL + 1], cells):
            head = _head(near, cells)
            space = head.rfind(" ")
            if space > cells // 3 and near[len(head) : len(head) + 1] != " ":
                head = head[:space]
            # At least one character, even if it is wider than the line.
            head = head or near[:1]
            lines.append(head.rstrip(" "))
            at += len(head)
            while paragraph[at : at + 1] == " ":
                at += 1
        lines.append(paragraph[at:])
    return lines


def _fits(text: str, cells: int) -> bool:
    return len(text) <= cells * _MAX_IN_CELL and width(text) <= cells


@lru_cache(4096)
def _cells(character: str) -> int:
    return width(character)


def _head(text: str, cells: int) -> str:
    """Return the longest start of `text` that is at most `cells` cells wide."""
    text = text[: cells * _MAX_IN_CELL]
    if text.isascii() or _NARROW.issuperset(text):
        return text[:cells]
    taken = 0
    for index, character in enumerate(text):
        taken += _cells(character)
        if taken > cells:
            return text[:index]
    return text


ASCII_SIGNS = dict(zip("─│·…↓↑▸▾├×±–—‘’“”→←✶\xa0", "-|,~v^>v|x~--''\"\"><* ", strict=True))
"""ASCII for the signs of fttui, each one cell wide."""


def ascii_signs(text: str) -> str:
    """Replace the signs of fttui by ASCII of the same width. Other characters stay."""
    return text if text.isascii() else "".join(ASCII_SIGNS.get(character, character) for character in text)


ALIKE = 0.65
"""Least similarity (`difflib`) of a name that a message suggests: `ls` is like `list`, `nope` is not like `openai`."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the name that is most alike, or an empty string if none is. Capital and small letters are the same."""
    from difflib import get_close_matches  # late: only for the message about a wrong name

    known = {name.lower(): name for name in names}
    found = get_close_matches(name.lower(), list(known), 1, ALIKE)
    return known[found[0]] if found else ""


def size_words(bytes: int | None) -> str:
    """Format a size for users: `870 B`, `1.4 MB`."""
    if bytes is None:
        return ""
    amount = float(bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""


def count(number: int) -> str:
    """Format a count in at most five cells: `812`, `48.3k`, `1.2M`."""
    if number < 10_000:
        return str(number)
    for unit, size in (("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)):
        if number < size * 1000:
            return f"{number / size:.1f}{unit}" if number < size * 100 else f"{number / size:.0f}{unit}"
    return f"{number / 1e12:.0f}T"


def is_utf8_locale(environment: "os._Environ[str] | dict[str, str]" = os.environ) -> bool:
    """Return whether the locale that the user set is a UTF-8 locale. No locale means C, which is not."""
    ctype = environment.get("LC_CTYPE", "")
    if environment is os.environ and ctype in _COERCED and not _is_set_by_user("LC_CTYPE"):
        ctype = ""
    name = environment.get("LC_ALL") or ctype or environment.get("LANG") or ""
    charset = name.partition(".")[2].partition("@")[0] or name
    return charset.lower().replace("-", "") == "utf8"


_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""Values that Python itself gives to LC_CTYPE at its start, when the locale is C or not set (PEP 538)."""


def _is_set_by_user(variable: str) -> bool:
    """Return whether the process was started with a variable. Without /proc, LANG=C tells that it was not."""
    try:
        with open("/proc/self/environ", "rb") as file:
            return f"\0{variable}=".encode() in b"\0" + file.read()
    except OSError:
        return os.environ.get("LANG") not in ("C", "POSIX")


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a cell that spreadsheets take for a formula. They remove tab and carriage return before."""


def csv_cell(text: str) -> str:
    """Return text as a cell that spreadsheets do not run as a formula. Numbers stay numbers."""
    if not text.startswith(_FORMULA_STARTS):
        return text
    try:
        is_number = abs(float(text)) < float("inf")
    except ValueError:
        is_number = False
    return text if is_number else f"'{text}"
