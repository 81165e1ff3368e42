"""Contrast of colours, and colours that are legible on given backgrounds.

The contrast ratio is that of WCAG 2: 1 for equal colours, 21 for black on white.
"""

from collections.abc import Sequence

from textual.color import Color

TEXT = 4.5
"""Least contrast of text (WCAG 2, level AA)."""
DIM = 3.0
"""Least contrast of dim text and of lines in charts."""
STEPS = 20
"""Number of steps from a colour to black or white."""


def contrast(first: Color, second: Color) -> float:
    """Return the contrast ratio of two colours."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def legible(color: Color, backgrounds: Sequence[Color], least: float) -> Color:
    """Return `color`, made lighter or darker until its contrast to every background is at least `least`.

    The direction is that in which more contrast is possible.
    """
    end = max(BLACK_AND_WHITE, key=lambda extreme: min(contrast(extreme, ground) for ground in backgrounds))
    for step in range(STEPS + 1):
        found = color.blend(end, step / STEPS, 1.0)
        if all(contrast(found, ground) >= least for ground in backgrounds):
            return found
    return end


BLACK_AND_WHITE = (Color(0, 0, 0), Color(255, 255, 255))


def _luminance(color: Color) -> float:
    red, green, blue = (_linear(part / 255) for part in (color.r, color.g, color.b))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
