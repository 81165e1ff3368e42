"""Curves as a standalone SVG drawing, legible on a light and on a dark background.

Lines differ by dashes and by a mark on the line as well as by colour. Texts are escaped: names come from providers.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from fttui.learning.metric_groups import LOSS, MetricGroup
from fttui.learning.run import Run
from fttui.learning.series import Series
from fttui.learning.summary import first_judged
from fttui.learning.ticks import log_ticks, number, ticks
from fttui.text import clean_line, middle_cut

WIDTH, HEIGHT = 960, 540
LEFT, RIGHT, TOP, BOTTOM = 70, 220, 56, 60
"""Margins around the plot."""
LONGEST_NAME = 26
"""Characters of a name in the legend."""
MARKS = 6
"""Number of marks on each line."""
_DASHES = ("", "9 4", "3 3", "12 3 3 3", "1 4", "16 5", "6 2 2 2 2 2", "2 6", "10 3 2 3 2 3")
_LIGHT = ("#0b62b5", "#8a5f00", "#a8327a", "#0b7551", "#b5400d", "#5a43c4", "#686600", "#3d6275", "#84471d")
_DARK = ("#6cb6ff", "#e3b341", "#e08cc4", "#57c7a5", "#ff9166", "#b7a3ff", "#d6d65c", "#8fb0c0", "#c98b6b")


class SvgLine(NamedTuple):
    """A line of the drawing."""

    name: str
    mark: str
    """One character on the line and in the legend."""
    points: Sequence[Sequence[tuple[float, float]]]
    """Points by parts: a value that is not finite ends a part."""
    is_faint: bool = False
    """Background of another line, without a mark and outside the legend."""
    color: int | None = None
    """Index of the colour; None takes the place of the line."""


class Drawing(NamedTuple):
    """Contents of a drawing."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[SvgLine]
    is_log: bool = False
    best: tuple[float, float] | None = None
    """The best point of a single run."""
    epochs: Sequence[float] = ()
    checkpoints: Sequence[float] = ()
    notes: Sequence[str] = ()


def parts_of(series: Series, values: Sequence[float], base: float | None = None) -> list[list[tuple[float, float]]]:
    """Return the points of a series by parts, divided where a value is not finite.

    Args:
        base: value of the base model, with which the line begins.
    """
    parts: list[list[tuple[float, float]]] = []
    start = 0
    for end in (*sorted(set(series.gaps)), len(series.steps)):
        if part := list(zip(series.steps[start:end], values[start:end], strict=True)):
            parts.append(part)
        start = end
    if base is not None and parts:
        parts[0].insert(0, (0.0, base))
    return parts


def drawing_of_runs(runs: Sequence[tuple[str, Run]], title: str, group: MetricGroup = LOSS) -> Drawing:
    """Return the drawing of several runs: a line for each, of validation where there is one, else of training."""
    lines, kinds, notes = [], set(), []
    for index, (name, run) in enumerate(runs):
        series, values, kind = main_line(run, group)
        kinds.add(kind)
        base = _base_of(run, group) if kind == "validation" else None
        lines.append(SvgLine(name, str(index + 1), parts_of(series, values, base)))
        if series.not_finite:
            notes.append(f"{name}: not finite from step {min(series.not_finite):g}")
    kind = kinds.pop() if len(kinds) == 1 else ""
    return Drawing(title, "step", f"{kind} {group.label}".strip(), lines, notes=notes)


def main_line(run: Run, group: MetricGroup) -> tuple[Series, Sequence[float], str]:
    """Return the line by which runs are compared, and its kind: validation where there is one, else training."""
    for name, kind in ((group.valid, "validation"), (group.whole, "validation"), (group.train, "training")):
        if (series := run.get(name)).values:
            return series, (series.values if name == group.whole else run.smoothed(series)), kind
    return Series(), (), "training"


def _base_of(run: Run, group: MetricGroup) -> float | None:
    """Return the value of the base model, unless the validation line has it: the line of values over the whole file."""
    return run.base_value(group.whole, group.train) if run.get(group.valid).values else None


def drawing_of_run(name: str, run: Run, group: MetricGroup = LOSS, *, is_log: bool = False) -> Drawing:
    """Return the drawing of one run: training with its single points, validation, epochs, checkpoints and the best."""
    train, valid = run.get(group.train), run.get(group.valid)
    valid_values: Sequence[float] = run.smoothed(valid)
    if not valid.values:
        valid = run.get(group.whole)
        valid_values = valid.values
    lines = []
    if train.values:
        lines.append(SvgLine("", "", parts_of(train, train.values), is_faint=True, color=0))
        lines.append(SvgLine("training", "", parts_of(train, run.smoothed(train)), color=0))
    if valid.values:
        lines.append(SvgLine("validation", "o", parts_of(valid, valid_values, _base_of(run, group)), color=1))
    best = None
    whole = run.trained(group.whole, group.train)
    by_step = run.get(group.valid)
    series, values = (whole, whole.values) if whole.values else (by_step, run.smoothed(by_step))
    if values:
        pick = max if group.higher_is_better else min
        start = first_judged(len(values), is_smoothed=not whole.values)
        index = pick(range(start, len(values)), key=values.__getitem__)
        best = (series.steps[index], values[index])
    lost = sorted({*train.not_finite, *valid.not_finite})
    notes = [f"{len(lost)} values are not finite, the first at step {lost[0]:g}"] if lost else []
    title = f"{name}: {group.label}"
    return Drawing(title, "step", group.label, lines, is_log, best, list(run.epoch_ends), list(run.checkpoints), notes)


class _Scale(NamedTuple):
    """Positions of values on the canvas."""

    x0: float
    x1: float
    low: float
    high: float
    is_log: bool

    def x(self, value: float) -> float:
        return LEFT + (value - self.x0) / ((self.x1 - self.x0) or 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.low, self.high
        if self.is_log:
            value, low, high = math.log10(max(value, 1e-300)), math.log10(low), math.log10(high)
        return TOP + (high - value) / ((high - low) or 1.0) * (HEIGHT - TOP - BOTTOM)


def svg(drawing: Drawing) -> str:
    """Return a drawing as an SVG document."""
    lines = [line for line in drawing.lines if any(line.points)]
    scale, cut = _scale(lines, is_log=drawing.is_log)
    foot = " · ".join([*drawing.notes, *cut])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{_text(drawing.title)}</title>",
        f"<style>{_style()}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<clipPath id="plot"><rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}"'
        f' height="{HEIGHT - TOP - BOTTOM}"/></clipPath>',
        _label(LEFT, 30, drawing.title, "title"),
        *_axes(drawing, scale),
        *(part for index, line in enumerate(lines) for part in _line(line, _color(line, index), scale)),
        *_best(drawing, scale),
        *_legend(drawing, lines),
    ]
    if foot:
        parts.append(_label(LEFT, HEIGHT - 6, middle_cut(foot, 150), "note"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _scale(lines: Sequence[SvgLine], *, is_log: bool) -> tuple[_Scale, list[str]]:
    """Return the scale, and a sentence for each line with values above it.

    Neither a steep start nor a diverging run may flatten the others: the range leaves room above 95 % of the values,
    and ends at three times the end of the lower middle run.
    """
    values = [[y for part in line.points for _, y in part if not is_log or y > 0] for line in lines]
    x1 = max((x for line in lines for part in line.points for x, _ in part), default=1.0)
    flat = [value for each in values for value in each]
    if not flat:
        return _Scale(0.0, x1, 1.0 if is_log else 0.0, 10.0 if is_log else 1.0, is_log), []
    low, high = min(flat), max(flat)
    named = [each for line, each in zip(lines, values, strict=True) if each and not line.is_faint]
    ends = sorted(sorted(each)[len(each) * 4 // 5] for each in named)
    if not is_log and ends and ends[0] > 0:
        steep = max(sorted(each)[len(each) * 95 // 100] for each in named)  # without the first steps
        high = min(high, max(3 * ends[(len(ends) - 1) // 2], low), steep + 0.5 * (steep - low))
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    cut = [
        f"{line.name} reaches {number(max(each))}"
        for line, each in zip(lines, values, strict=True)
        if each and not line.is_faint and max(each) > high + room
    ]
    if is_log:
        return _Scale(0.0, x1, low / 1.1, high * 1.1, is_log), cut
    return _Scale(0.0, x1, max(0.0, low - room) if low >= 0 else low - room, high + room, is_log), cut


def _color(line: SvgLine, index: int) -> int:
    return (index if line.color is None else line.color) % len(_LIGHT)


def _style() -> str:
    """Return the style sheet: dark colours where the viewer prefers them."""

    def colors(strokes: Sequence[str], paper: str, ink: str, dim: str, grid: str) -> str:
        runs = "".join(f".l{index}{{stroke:{color}}}.t{index}{{fill:{color}}}" for index, color in enumerate(strokes))
        return (
            f".paper{{fill:{paper}}}text{{fill:{ink}}}.note,.tick{{fill:{dim}}}.grid{{stroke:{grid}}}"
            f".axis{{stroke:{dim}}}.mark{{stroke:{paper}}}.best{{fill:{strokes[3]}}}{runs}"
        )

    return (
        "text{font:13px ui-sans-serif,system-ui,sans-serif}.title{font-size:17px;font-weight:600}"
        ".tick,.note{font-size:12px}.line{fill:none;stroke-width:2;stroke-linejoin:round}"
        ".faint{fill:none;stroke-width:1;opacity:.3}.grid{stroke-width:1}.epoch{stroke-dasharray:2 4}"
        ".mark{font-size:12px;font-weight:700;text-anchor:middle;stroke-width:4;paint-order:stroke}"
        + colors(_LIGHT, "#ffffff", "#1c2128", "#59636e", "#e3e7eb")
        + "@media (prefers-color-scheme:dark){"
        + colors(_DARK, "#12171d", "#e6edf3", "#96a1ac", "#29323c")
        + "}"
    )


def _axes(drawing: Drawing, scale: _Scale) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    found = []
    y_ticks = log_ticks(scale.low, scale.high, 8) if scale.is_log else ticks(scale.low, scale.high, 7)
    distance = 0.0 if scale.is_log or len(y_ticks) < 2 else y_ticks[1] - y_ticks[0]
    for value in y_ticks:
        y = scale.y(value)
        found.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>')
        text = f"{value:.3g}" if scale.is_log else number(value, distance)
        found.append(_label(LEFT - 8, y + 4, text, "tick", anchor="end"))
    if len(drawing.epochs) <= 40:
        for end in drawing.epochs:
            if scale.x0 < end < scale.x1:
                found.append(f'<path class="grid epoch" d="M{scale.x(end):.1f} {TOP}V{bottom}"/>')
    for value in ticks(scale.x0, scale.x1, 8):
        found.append(f'<path class="axis" d="M{scale.x(value):.1f} {bottom}v5"/>')
        found.append(_label(scale.x(value), bottom + 20, f"{value:g}", "tick", anchor="middle"))
    for step in drawing.checkpoints:
        if scale.x0 <= step <= scale.x1:
            found.append(f'<path class="axis" d="M{scale.x(step):.1f} {bottom}l-4 7h8z"/>')
    found.append(f'<path class="axis" fill="none" d="M{LEFT} {TOP}V{bottom}H{right}"/>')
    found.append(_label((LEFT + right) / 2, bottom + 40, drawing.x_label, anchor="middle"))
    middle = (TOP + bottom) / 2
    found.append(
        f'<text transform="rotate(-90 18 {middle:.0f})" x="18" y="{middle:.0f}" text-anchor="middle">'
        f"{_text(drawing.y_label)}</text>"
    )
    return found


def _line(line: SvgLine, color: int, scale: _Scale) -> list[str]:
    path = "".join(
        "M" + "L".join(f"{scale.x(x):.1f} {_limited(scale.y(y)):.1f}" for x, y in _thinned(part, scale))
        for part in line.points
        if part
    )
    if line.is_faint:
        return [f'<path class="faint l{color}" clip-path="url(#plot)" d="{path}"/>']
    dash = f' stroke-dasharray="{_DASHES[color]}"' if _DASHES[color] else ""
    found = [f'<path class="line l{color}"{dash} clip-path="url(#plot)" d="{path}"/>']
    if line.mark:
        found += [
            f'<text class="mark t{color}" x="{x:.1f}" y="{y + 4:.1f}">{_text(line.mark)}</text>'
            for x, y in _marks(line, color, scale)
        ]
    return found


def _marks(line: SvgLine, color: int, scale: _Scale) -> Iterable[tuple[float, float]]:
    """Return places on a line at equal distances, those of several lines apart from each other."""
    points = [point for part in line.points for point in part]
    xs = [x for x, _ in points]
    width = (scale.x1 - scale.x0) / MARKS
    for index in range(MARKS):
        at = scale.x0 + width * (index + 0.3 + 0.11 * color)
        place = bisect_left(xs, at)
        if place < len(points) and TOP <= (y := scale.y(points[place][1])) <= HEIGHT - BOTTOM:
            yield scale.x(points[place][0]), y


def _thinned(part: Sequence[tuple[float, float]], scale: _Scale) -> Sequence[tuple[float, float]]:
    """Keep first, lowest, highest and last point of each pixel column of a long line."""
    if len(part) <= 2 * WIDTH:
        return part
    xs = [x for x, _ in part]
    found: list[tuple[float, float]] = []
    index = 0
    size = (scale.x1 - scale.x0) / (WIDTH - LEFT - RIGHT)
    while index < len(part):
        end = max(index + 1, bisect_right(xs, xs[index] + size))
        column = part[index:end]
        kept = {column[0], column[-1], min(column, key=lambda point: point[1]), max(column, key=lambda point: point[1])}
        found += sorted(kept)
        index = end
    return found


def _limited(y: float) -> float:
    """Limit a position: viewers fail with numbers of many digits."""
    return max(-10.0 * HEIGHT, min(10.0 * HEIGHT, y))


def _best(drawing: Drawing, scale: _Scale) -> list[str]:
    if drawing.best is None:
        return []
    step, value = drawing.best
    if not TOP <= scale.y(value) <= HEIGHT - BOTTOM:
        return []
    x, y = scale.x(step), scale.y(value)
    return [
        f'<circle class="best" cx="{x:.1f}" cy="{y:.1f}" r="5"/>',
        _label(x, y + 20, f"best {number(value)} at step {step:g}", "tick", anchor="middle"),
    ]


def _legend(drawing: Drawing, lines: Sequence[SvgLine]) -> list[str]:
    found = []
    left, y = WIDTH - RIGHT + 16, TOP + 12
    for index, line in enumerate(lines):
        if line.is_faint:
            continue
        color = _color(line, index)
        dash = f' stroke-dasharray="{_DASHES[color]}"' if _DASHES[color] else ""
        found.append(f'<path class="line l{color}"{dash} d="M{left} {y}h36"/>')
        if line.mark:
            found.append(f'<text class="mark t{color}" x="{left + 18}" y="{y + 4}">{_text(line.mark)}</text>')
        last = next((part[-1][1] for part in reversed(line.points) if part), None)
        found.append(_label(left + 44, y + 4, middle_cut(clean_line(line.name), LONGEST_NAME)))
        if last is not None:
            found.append(_label(left + 44, y + 20, f"last {number(last)}", "tick"))
        y += 42
    return found


def _label(x: float, y: float, text: str, role: str = "", *, anchor: str = "") -> str:
    attributes = (f' class="{role}"' if role else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{_text(text)}</text>'


def _text(text: str) -> str:
    """Return text for XML, without the control characters that XML does not allow."""
    return escape("".join(character for character in clean_line(text) if character >= " "))
