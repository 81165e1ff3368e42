"""Ranges of hyperparameters, from OpenAI's API reference. Standard library only.

The form, the commands and the embedded service all check with these declarations, before anything is priced or sent.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Range(NamedTuple):
    """Range of a number."""

    above: float
    """Exclusive lower bound."""
    most: float = math.inf
    whole: bool = True
    word: str = "auto"
    """Word that stands for the provider's choice; empty if there is none."""

    @property
    def allowed_values(self) -> str:
        """The range for the user: `auto, or 1 to 50`."""
        word = f"{self.word}, or " if self.word else ""
        if self.whole and self.most < math.inf:
            return f"{word}{self.above + 1:.0f} to {self.most:.0f}"
        if self.whole:
            return f"{word}at least {self.above + 1:.0f}"
        return f"{word}above {self.above:g}" + (f", at most {self.most:,.10g}" if self.most < math.inf else "")

    def value(self, text: str) -> int | float | None:
        """Return the number that a text means; None for the word, an empty text, and a text that is refused."""
        number = _number(text)
        return None if number is None or not self.contains(number) else number

    def contains(self, number: float) -> bool:
        """Return whether a number is in the range."""
        return self.above < number <= self.most and (isinstance(number, int) or not self.whole)

    def refuses(self, text: str) -> bool:
        """Return whether a text is neither a number of the range nor the word nor empty."""
        return text not in ("", self.word) and self.value(text) is None


RANGES: Mapping[str, Range] = {
    "n_epochs": Range(0, 50),
    "batch_size": Range(0, 256),
    "learning_rate_multiplier": Range(0, whole=False),
    "beta": Range(0, 2, whole=False),
    "compute_multiplier": Range(1e-5, 10, whole=False),
    "eval_interval": Range(0),
    "eval_samples": Range(0),
}
"""Ranges of the hyperparameters, which may all be `auto`."""

OWN_RANGES: Mapping[str, Range] = {"learning_rate": Range(0, whole=False)}
"""Ranges of hyperparameters that OpenAI does not have, and other providers have in the place of its own."""

HIGH_RATES: Mapping[str, float] = {"learning_rate_multiplier": 20.0, "learning_rate": 0.01}
"""Learning rates above which runs often diverge. They are allowed, with a warning."""

LOCAL_RANGES: Mapping[str, Range] = {
    **RANGES,
    "learning_rate_multiplier": Range(0, 1_000_000, whole=False),
}
"""Ranges of the embedded service."""


def high_rates(values: Mapping[str, Sequence[object]]) -> dict[str, str]:
    """Return what to say of learning rates that are allowed, but very high, by name."""
    return {
        name: f"high: above {most:g} often diverges"
        for name, most in HIGH_RATES.items()
        if any(isinstance(value, int | float) and value > most for value in values.get(name, ()))
    }


def ranges_at(*, is_local: bool) -> Mapping[str, Range]:
    """Return the ranges of the embedded service, or of every other provider."""
    return LOCAL_RANGES if is_local else RANGES


SEED = Range(-1, 2147483647, word="")
MAX_SUFFIX = 64
"""Greatest length of a suffix, in characters."""


def _number(text: str) -> int | float | None:
    """Return a finite number, an int when written as one; None for any other text."""
    if len(text) > 64:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
