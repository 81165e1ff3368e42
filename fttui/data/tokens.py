"""How many tokens a text has: by the model's own tokenizer where it is at hand, else by an estimate that says so."""

from collections.abc import Callable
from typing import NamedTuple

ESTIMATE = "estimate"
ESTIMATE_ERROR = 0.15
"""How far an estimate of English text or code was off at most, measured against o200k_base (tests hold it so).
Other scripts may be off by more."""

PER_EXAMPLE = 1
PER_MESSAGE = 3
PER_NAME = 1
"""What the service bills beside the text, measured on recorded jobs (one more for every message with a name)."""

_LETTERS = bytes(range(65, 91)) + bytes(range(97, 123))
_DIGITS = b"0123456789"
_SPACES = b" \t\n\r\f\v"
_BEYOND = bytes(range(128, 256))
_ONE = frozenset(("system", "user", "assistant", "tool", "function", "developer"))
"""Roles are one token each in both encodings."""
Count = Callable[[str], int]


class Counter(NamedTuple):
    """Counts tokens."""

    name: str
    """`cl100k_base`, `o200k_base`, `bytes`, or `estimate`."""
    count: Count
    exact: bool


def estimate(text: str) -> int:
    """Tokens of a text, roughly. Letters, digits, spaces and signs weigh as they do in o200k_base on average."""
    if len(text) < 3 or text in _ONE:
        return 1 if text else 0
    data = text.encode("utf-8", "replace")
    plain = data if text.isascii() else data.translate(None, _BEYOND)
    no_letters = plain.translate(None, _LETTERS)
    no_digits = no_letters.translate(None, _DIGITS)
    signs = len(no_digits.translate(None, _SPACES))
    found = (
        0.24 * (len(plain) - len(no_letters))
        + 0.8 * (len(no_letters) - len(no_digits))
        + 0.14 * (len(no_digits) - signs)
        + 0.5 * signs
        + 0.6 * (len(text) - len(plain))
    )
    return max(1, round(found))


def counter(encoding: str | None) -> Counter:
    """What counts tokens of an encoding. None, an unknown one, or a missing library: the estimate."""
    if encoding == "bytes":
        return Counter("bytes", _bytes, True)
    if encoding in ("cl100k_base", "o200k_base"):
        try:
            # Brings its vocabularies along, so nothing is fetched.
            from rs_bpe.bpe import openai  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            return Counter(ESTIMATE, estimate, False)
        found = openai.cl100k_base() if encoding == "cl100k_base" else openai.o200k_base()
        return Counter(encoding, found.count, True)
    return Counter(ESTIMATE, estimate, False)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def remembered(count: Count, most: int = 4096) -> Count:
    """`count`, which knows short texts again: roles and system prompts stand in every line."""
    known: dict[str, int] = {}

    def counted(text: str) -> int:
        found = known.get(text)
        if found is None:
            found = count(text)
            if len(known) < most and len(text) < 4096:
                known[text] = found
        return found

    return counted
