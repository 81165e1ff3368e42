"""What terminals can do and Textual does not offer: the clipboard, with its limits."""

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
