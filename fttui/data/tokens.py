"""Count the tokens of a text with the model's tokenizer, or estimate them where it is not installed."""

from collections.abc import Callable
from typing import NamedTuple

ESTIMATE = "estimate"
ESTIMATE_ERROR = 0.15
"""Largest relative error of an estimate of English text or code, measured against o200k_base. The error can be larger
for other scripts."""

PER_EXAMPLE = 1
PER_MESSAGE = 3
PER_NAME = 1
"""Tokens that the provider bills beside the text, measured on recorded jobs."""

_LETTERS = bytes(range(65, 91)) + bytes(range(97, 123))
_DIGITS = b"0123456789"
_SPACES = b" \t\n\r\f\v"
_NON_ASCII = bytes(range(128, 256))
_ONE_TOKEN = frozenset(("system", "user", "assistant", "tool", "function", "developer"))
"""Roles: one token each in both encodings."""
Count = Callable[[str], int]


class Counter(NamedTuple):
    """A way to count tokens."""

    name: str
    """`cl100k_base`, `o200k_base`, `bytes`, or `estimate`."""
    count: Count
    exact: bool


def estimate(text: str) -> int:
    """Estimate the tokens of a text from its letters, digits, spaces and signs, by their average in o200k_base."""
    if len(text) < 3 or text in _ONE_TOKEN:
        return 1 if text else 0
    data = text.encode("utf-8", "replace")
    plain = data if text.isascii() else data.translate(None, _NON_ASCII)
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


def token_counter(encoding: str | None) -> Counter:
    """Return the counter for an encoding: the estimate for None, an unknown encoding or a missing library."""
    if encoding == "bytes":
        return Counter("bytes", _bytes, True)
    if encoding in ("cl100k_base", "o200k_base"):
        try:
            # The package contains its vocabularies: nothing is downloaded.
            from rs_bpe.bpe import openai  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            return Counter(ESTIMATE, estimate, False)
        tokenizer = openai.cl100k_base() if encoding == "cl100k_base" else openai.o200k_base()

        def count(text: str) -> int:
            try:
                return int(tokenizer.count(text))
            except UnicodeEncodeError:  # a lone surrogate
                return int(tokenizer.count(text.encode("utf-8", "replace").decode()))

        return Counter(encoding, count, True)
    return Counter(ESTIMATE, estimate, False)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def cached(count: Count, most: int = 4096) -> Count:
    """Return `count` with a cache of short texts: most lines repeat roles and the system prompt."""
    known: dict[str, int] = {}

    def counted(text: str) -> int:
        found = known.get(text)
        if found is None:
            found = count(text)
            if len(known) < most and len(text) < 4096:
                known[text] = found
        return found

    return counted
