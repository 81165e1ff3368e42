"""Words, glyphs and roles of job statuses, with ASCII alternatives. Standard library only.

A status is always shown as a word. The glyph and the colour repeat it.
"""

import os

from fttui.lean_typing import NamedTuple
from fttui.models.status import Status
from fttui.text import ASCII_SIGNS, is_utf8_locale, width


class Face(NamedTuple):
    """Appearance of a status in a list."""

    word: str
    """At most five cells."""
    glyph: str
    ascii: str
    role: str
    """Style role, see theme.py."""


FACES: dict[Status, Face] = {
    Status.VALIDATING: Face("valid", "⋯", "~", "wait"),
    Status.QUEUED: Face("queue", "◦", ".", "wait"),
    Status.RUNNING: Face("run", "▸", ">", "run"),
    Status.STALLED: Face("stall", "▹", "?", "pause"),
    Status.STOPPING: Face("stop", "⋯", "~", "pause"),
    Status.PAUSED: Face("pause", "=", "=", "pause"),
    Status.SUCCEEDED: Face("done", "✓", "+", "done"),
    Status.FAILED: Face("fail", "✗", "!", "fail"),
    Status.CANCELLED: Face("canc", "⊘", "x", "dim"),
    Status.UNKNOWN: Face("?", "?", "?", "pause"),
}


class Glyphs(NamedTuple):
    """Characters that the terminal shows reliably, each one cell wide."""

    unicode: bool
    rule: str
    bar: str
    dot: str
    cut: str
    """Ellipsis at the end of cut text."""
    down: str
    up: str
    arrow: str
    unfolded: str
    """Before a row whose rows are shown under it."""
    folded: str

    def status(self, status: Status) -> str:
        face = FACES[status]
        return face.glyph if self.unicode else face.ascii

    @property
    def missing(self) -> str:
        """Sign for a number that was not measured."""
        return "·" if self.unicode else "-"


UNICODE = Glyphs(True, "─", "│", "·", "…", "↓", "↑", "▸", "▾", "▸")
ASCII = Glyphs(False, *(ASCII_SIGNS[sign] for sign in UNICODE[1:]))


_PLAIN = {face.glyph: face.ascii for face in FACES.values()} | ASCII_SIGNS


def ascii_only(text: str) -> str:
    """Replace each character by similar ASCII text of the same width, `?` when there is none."""
    return text if text.isascii() else "".join(map(_nearest, text))


def _nearest(character: str) -> str:
    if character.isascii():
        return character
    if character in _PLAIN:
        return _PLAIN[character]
    if "\u2500" <= character <= "\u259f":  # lines, then blocks
        return "-" if character in "━┄┅┈┉╌╍═" else "|" if character in "┃║" else "+" if character < "\u2580" else " "
    from unicodedata import normalize

    letter = normalize("NFKD", character)[0]
    cells = width(character)
    return letter if letter.isascii() and cells == 1 else "?" * cells


def glyphs_for(wish: str = "auto", environment: "os._Environ[str] | dict[str, str]" = os.environ) -> Glyphs:
    """Choose the glyphs.

    Args:
        wish: the setting `glyphs`. `auto` means ASCII when the locale is not UTF-8 or the terminal is the Linux
            console, else Unicode.
    """
    if wish != "auto":
        return ASCII if wish == "ascii" else UNICODE
    return UNICODE if environment.get("TERM") != "linux" and is_utf8_locale(environment) else ASCII
