"""Sentences about what a trainer expects of a job. Standard library only."""

from collections.abc import Mapping
from typing import Any

from fttui.learning.pace import rounded
from fttui.text import size_words


def estimate_words(estimate: Mapping[str, Any]) -> str:
    """Return the estimate of a trainer: `9,100,000 tokens, 15,453 steps, about 2 h, 5.1 GB of memory`; empty for none.

    Args:
        estimate: numbers by name: `tokens`, `steps`, `seconds`, `memory_bytes`. Any of them may be missing.
    """
    parts = [f"{estimate[name]:,.0f} {name}" for name in ("tokens", "steps") if estimate.get(name)]
    if seconds := estimate.get("seconds"):
        parts.append(f"about {rounded(seconds)}")
    if memory := estimate.get("memory_bytes"):
        parts.append(f"{size_words(int(memory))} of memory")
    return ", ".join(parts)
