"""Size of the terminal, also where the terminal does not know it. Standard library only."""

import os
from collections.abc import Mapping

USUAL = (80, 24)
"""Columns and lines of a terminal that says 0×0, as one of `docker exec` does at first."""


def terminal_size(fileno: int, environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Return columns and lines: of the terminal, else of the variables COLUMNS and LINES, else `USUAL`."""
    try:
        found = tuple(os.get_terminal_size(fileno))
    except (OSError, ValueError):
        found = (0, 0)
    columns, lines = (
        number or _number(environment.get(name, "")) or usual
        for number, name, usual in zip(found, ("COLUMNS", "LINES"), USUAL, strict=True)
    )
    return columns, lines


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 5 else 0
