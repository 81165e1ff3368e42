"""Small line plots as SVG, legible on light and dark backgrounds."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 210, 52, 56
"""Margins around the axes."""
LABEL_GAP = 17.0
"""Least distance of two names at the ends of lines."""
_LIGHT = ("#0b62b5", "#b5400d", "#0b7551", "#a8327a", "#8a5f00", "#5a43c4")
_DARK = ("#6cb6ff", "#ff9166", "#57c7a5", "#e08cc4", "#e3b341", "#b7a3ff")
_DASHES = ("", "8 4", "3 3", "12 3 3 3", "1 4", "16 5")


class Line(NamedTuple):
    """A line of a plot."""

    name: str
    points: Sequence[tuple[float, float]]


class Axis(NamedTuple):
    """An axis. A log axis has its marks at powers of ten."""

    title: str
    is_log: bool = False
    text: Callable[[float], str] = "{:g}".format
    """Returns the text of a mark."""
    least: float | None = None
    """Lowest value; that of the lines if None."""
    most: float | None = None


class _Scale:
    """Positions of the values of one axis on the canvas."""

    def __init__(self, axis: Axis, values: Sequence[float], start: float, end: float) -> None:
        self._is_log = axis.is_log
        self._start, self._end = start, end
        low = min(values) if axis.least is None else axis.least
        high = max(values) if axis.most is None else axis.most
        if axis.is_log:
            low, high = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
        self._low, self._high = low, high if high > low else low + 1
        if axis.is_log:
            self.marks = [10.0**power for power in range(int(self._low), int(self._high) + 1)]
        else:
            self.marks = _round_marks(self._low, self._high)

    def at(self, value: float) -> float:
        place = math.log10(value) if self._is_log else value
        return self._start + (place - self._low) / (self._high - self._low) * (self._end - self._start)


def _round_marks(low: float, high: float) -> list[float]:
    raw = (high - low) / 6
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)
    return [step * index for index in range(math.ceil(low / step), math.floor(high / step) + 1)]


def svg(title: str, x: Axis, y: Axis, lines: Sequence[Line]) -> str:
    """Return a plot with the name of each line at its end."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    across = _Scale(x, [value for line in lines for value, _ in line.points], LEFT, right)
    up = _Scale(y, [value for line in lines for _, value in line.points], bottom, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_style()}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        _text(LEFT, 28, title, "title"),
    ]
    for mark in up.marks:
        parts.append(f'<path class="grid" d="M{LEFT} {up.at(mark):.1f}H{right}"/>')
        parts.append(_text(LEFT - 8, up.at(mark) + 4, y.text(mark), "tick end"))
    for mark in across.marks:
        parts.append(f'<path class="axis" d="M{across.at(mark):.1f} {bottom}v5"/>')
        parts.append(_text(across.at(mark), bottom + 20, x.text(mark), "tick middle"))
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>')
    parts.append(_text((LEFT + right) / 2, bottom + 42, x.title, "middle"))
    middle = (TOP + bottom) / 2
    parts.append(
        f'<text class="middle" transform="rotate(-90 16 {middle:.0f})" x="16" y="{middle:.0f}">{escape(y.title)}</text>'
    )
    ends = _apart([up.at(line.points[-1][1]) + 4 for line in lines])
    for index, (line, end) in enumerate(zip(lines, ends, strict=True)):
        path = "L".join(f"{across.at(a):.1f} {up.at(b):.1f}" for a, b in line.points)
        dash = f' stroke-dasharray="{_DASHES[index]}"' if _DASHES[index] else ""
        parts.append(f'<path class="line l{index}"{dash} d="M{path}"/>')
        parts.append(_text(across.at(line.points[-1][0]) + 10, end, line.name, f"t{index}"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _apart(places: Sequence[float]) -> list[float]:
    """Return places in the same order, at least `LABEL_GAP` apart."""
    found = list(places)
    last = -math.inf
    for index in sorted(range(len(places)), key=places.__getitem__):
        last = found[index] = max(places[index], last + LABEL_GAP)
    return found


def _style() -> str:
    def colors(lines: Sequence[str], paper: str, ink: str, dim: str, grid: str) -> str:
        each = "".join(f".l{index}{{stroke:{color}}}.t{index}{{fill:{color}}}" for index, color in enumerate(lines))
        return (
            f".paper{{fill:{paper}}}text{{fill:{ink}}}.tick{{fill:{dim}}}.grid{{stroke:{grid}}}"
            f".axis{{stroke:{dim};fill:none}}{each}"
        )

    return (
        "text{font:13px ui-sans-serif,system-ui,sans-serif}.title{font-size:16px;font-weight:600}.tick{font-size:12px}"
        ".line{fill:none;stroke-width:2;stroke-linejoin:round}.end{text-anchor:end}.middle{text-anchor:middle}"
        + colors(_LIGHT, "#ffffff", "#1c2128", "#59636e", "#e3e7eb")
        + "@media (prefers-color-scheme:dark){"
        + colors(_DARK, "#12171d", "#e6edf3", "#96a1ac", "#29323c")
        + "}"
    )


def _text(x: float, y: float, text: str, role: str = "") -> str:
    attribute = f' class="{role}"' if role else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{attribute}>{escape(text)}</text>'
