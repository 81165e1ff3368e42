"""Round values for the axes of charts, and numbers beside them. Standard library only."""

import math

DECIMAL_UNITS = (1, 2, 2.5, 5, 10)
LOG_UNITS = ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
"""Multiples of powers of ten for a logarithmic axis, the densest first."""


def nice_step(span: float, most: int) -> float:
    """Return the smallest of 1, 2, 2.5, 5 times a power of ten that makes at most `most` steps of `span`."""
    if span <= 0 or most < 1:
        return 1.0
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * unit for unit in DECIMAL_UNITS if power * unit >= rough * (1 - 1e-9))


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most about `most` round values from `low` to `high`."""
    step = nice_step(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{index * step:.12g}") for index in range(first, min(last, first + 4 * most) + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values of a logarithmic axis, as values and not as exponents."""
    found: list[float] = []
    for units in LOG_UNITS:
        found = [
            unit * 10.0**power
            for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            for unit in units
            if low * (1 - 1e-9) <= unit * 10.0**power <= high * (1 + 1e-9)
        ]
        if len(found) <= most:
            return found if len(found) > 1 else [tick for tick in ticks(low, high, most) if tick > 0]
    return found[:: math.ceil(len(found) / most)]


def fitted_number(value: float, cells: int, step: float = 0.0) -> str:
    """Return a value in at most `cells` cells, which are at least 5."""
    text = number(value, step)
    return text if len(text) <= cells else exponent(value).replace("+", "")[:cells]


def exponent(value: float) -> str:
    """Return a value with one digit and a power of ten: `2e-5`, `1e12`."""
    return f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-")


def number(value: float, step: float = 0.0) -> str:
    """Return a value in at most seven cells: for an axis with ticks at the distance `step`, or for a read-out."""
    size = abs(value)
    if size >= 1e6 or (0 < size < 1e-3 and (not step or step < 1e-3)):
        return exponent(value)
    if step:
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        if round(step * 10**places, 9) % 1:
            places += 1
        return f"{value:.{min(places, 4)}f}"
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"
