"""What terminals can do and Textual does not offer: the clipboard with its limits, the title. Standard library only."""

import base64
import os
from collections.abc import Mapping

OSC52_LIMIT = 74_000
"""Bytes of base64 that terminals and multiplexers pass on; a longer text goes to a file instead."""


def clipboard(text: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The control sequence that puts `text` on the terminal's clipboard; None when it is too long for one.

    tmux (with `set-clipboard on`) understands the sequence itself; GNU screen must be told to pass it through,
    in pieces it can hold.
    """
    payload = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if len(payload) > OSC52_LIMIT:
        return None
    sequence = f"\x1b]52;c;{payload}\x07"
    if environment.get("STY") and not environment.get("TMUX"):
        pieces = [sequence[start : start + 250] for start in range(0, len(sequence), 250)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return sequence


def to_file(text: str) -> str:
    """Put `text` into a new file of the owner's alone, and return its path.

    Raises:
        OSError: it cannot be written.
    """
    import tempfile

    with tempfile.NamedTemporaryFile("w", prefix="fttui-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.write(text)
    return file.name


_TITLED = (
    "xterm",
    "tmux",
    "rxvt",
    "alacritty",
    "foot",
    "ghostty",
    "kitty",
    "konsole",
    "mintty",
    "st",
    "vte",
    "wezterm",
)
"""Beginnings of TERM of terminals that are known to take OSC 2."""


def takes_title(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal is known to take a title, and to give the old one back.

    In GNU screen it is the name of a window, which the person may have given and which could not be restored.
    """
    term = environment.get("TERM", "")
    if environment.get("TMUX"):
        return True
    if environment.get("STY"):
        return False
    return term.partition("-")[0] in _TITLED


class Title:
    """The terminal's title while the cockpit has it. It returns what to write; empty when there is nothing to."""

    def __init__(self, can: bool) -> None:
        """
        Args:
            can: whether there may be a title at all; without it nothing is ever written.
        """
        self._can = can
        self._text = ""

    def show(self, text: str) -> str:
        """Another title; the same one costs nothing."""
        if not self._can or text == self._text:
            return ""
        self._text = text
        return self._sequence()

    def take(self) -> str:
        """Keep the title that was found, and put ours in its place."""
        return f"\x1b[22;2t{self._sequence()}" if self._can else ""

    def give_back(self) -> str:
        """The title that was found. Terminals that cannot keep one get an empty title, and show their usual one."""
        return "\x1b]2;\x07\x1b[23;2t" if self._can else ""

    def _sequence(self) -> str:
        return f"\x1b]2;{self._text}\x07" if self._text else ""
