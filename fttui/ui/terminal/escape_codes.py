"""Escape sequences that Textual does not offer: clipboard and title. Standard library only."""

import base64
import os
from collections.abc import Mapping

OSC52_LIMIT = 74_000
"""Largest clipboard payload in bytes of base64 that terminals and multiplexers pass on."""


def clipboard(text: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the OSC 52 sequence that copies `text` to the terminal's clipboard, or None when it is too long.

    tmux with `set-clipboard on` handles OSC 52 itself. GNU screen needs a pass-through sequence in short pieces.
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
    """Write `text` to a new temporary file that only the owner can read, and return its path.

    Raises:
        OSError: the file cannot be written.
    """
    import tempfile

    with tempfile.NamedTemporaryFile("w", prefix="fttui-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.write(text)
    return file.name


_TITLE_TERMS = (
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
"""Prefixes of TERM for terminals that support OSC 2."""


def takes_title(environment: Mapping[str, str] = os.environ) -> bool:
    """Return True when the terminal supports setting and restoring its title.

    GNU screen does not qualify: its title is the window name, which cannot be restored.
    """
    term = environment.get("TERM", "")
    if environment.get("TMUX"):
        return True
    if environment.get("STY"):
        return False
    return term.partition("-")[0] in _TITLE_TERMS


class Title:
    """Terminal title. Each method returns the sequence to write, or an empty string."""

    def __init__(self, enabled: bool) -> None:
        """
        Args:
            enabled: False never writes anything.
        """
        self._enabled = enabled
        self._text = ""

    def show(self, text: str) -> str:
        """Set the title. An unchanged title writes nothing."""
        if not self._enabled or text == self._text:
            return ""
        self._text = text
        return self._sequence()

    def take(self) -> str:
        """Save the terminal's title and set the cockpit's."""
        return f"\x1b[22;2t{self._sequence()}" if self._enabled else ""

    def give_back(self) -> str:
        """Restore the saved title. Terminals without a title stack get an empty title and show their default."""
        return "\x1b]2;\x07\x1b[23;2t" if self._enabled else ""

    def _sequence(self) -> str:
        return f"\x1b]2;{self._text}\x07" if self._text else ""
