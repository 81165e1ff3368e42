"""Values of `auto` hyperparameters, by the heuristics of OpenAI's documentation. Standard library only."""

from collections.abc import Mapping
from typing import Any

AUTO = "auto"


def resolve(asked: Mapping[str, Any], examples: int) -> dict[str, Any]:
    """Return hyperparameters with `auto` replaced, for a number of examples."""
    automatic = {
        "n_epochs": epochs(examples),
        "batch_size": batch_size(examples),
        "learning_rate_multiplier": 1.0,
        "beta": 0.1,
    }
    return {name: automatic[name] if value == AUTO else value for name, value in asked.items()}


def epochs(examples: int) -> int:
    """Return 3 epochs, or more for fewer than 34 examples, or fewer for more than 8333."""
    if 3 * examples < 100:
        return min(25, 100 // max(1, examples))
    if 3 * examples > 25_000:
        return max(1, 25_000 // examples)
    return 3


def batch_size(examples: int) -> int:
    """Return about 0.2 % of the examples, as the hosted service does, from 1 to 256."""
    return max(1, min(256, round(examples * 0.002)))
