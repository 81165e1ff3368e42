"""Losses as text. Standard library only."""

LOST = "nan"
"""Figure of a value that is not finite."""


def figure(value: float) -> str:
    """Return a loss with four digits: `1.659`, `26.42`, `342.8`, `0.029`."""
    size = abs(value)
    if size >= 10_000 or 0 < size < 0.01:
        return f"{value:.3g}"
    return f"{value:.{3 if size < 10 else 2 if size < 100 else 1}f}"


def signed_figure(value: float) -> str:
    """Return a difference of losses with its sign: `+3.951`, `-0.029`."""
    return f"+{figure(value)}" if value >= 0 else figure(value)


def small_cell(value: float) -> str:
    """Return a value between -0.01 and 0.01, but not 0, in at most five cells and its sign: `.0010`, `4e-4`."""
    if abs(value) >= 0.001:
        return f"{value:.4f}".replace("0.", ".", 1)
    return f"{value:.0e}".replace("e-0", "e-")


def places(value: float) -> str:
    """Return a loss with three places; one that is large or nearly 0 as `figure` does."""
    return figure(value) if abs(value) >= 10 or 0 < abs(value) < 0.001 else f"{value:.3f}"


def short_figure(value: float) -> str:
    """Return a loss for a sentence: `1.89`, `26.4`, `343`, `0.029`."""
    size = abs(value)
    if size < 0.1:
        return figure(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
