"""Themes, and the style of each role.

A role is a short name (`run`, `dim`, `error`) that the pure line builders attach to text.
"""

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from fttui.config.theme import DEFAULT_THEME
from fttui.ui.render.contrast import DIM, TEXT, legible

FTTUI_DARK = Theme(
    name=DEFAULT_THEME,
    dark=True,
    primary="#6cb6ff",
    secondary="#d2a8ff",
    accent="#56d4dd",
    foreground="#d7dde5",
    background="#0f1419",
    surface="#0f1419",
    panel="#1b222b",
    success="#8fd18f",
    warning="#e3b341",
    error="#ff7b72",
    variables={"line-cursor": "#1f3a55", "line-rule": "#46525f", "line-dim": "#8b98a5"},
)

OKABE_ITO = Theme(
    name="okabe-ito",
    dark=True,
    primary="#56b4e9",
    secondary="#cc79a7",
    accent="#f0e442",
    foreground="#e6e6e6",
    background="#101418",
    surface="#101418",
    panel="#1b222b",
    success="#56b4e9",
    warning="#f0e442",
    error="#e69f00",
)
"""Theme whose colours differ for people with protanopia and deuteranopia too. Okabe and Ito chose the colours."""

OWN_THEMES = (FTTUI_DARK, OKABE_ITO)

_ANSI_VARIABLES = {"line-cursor": "ansi_default", "line-rule": "ansi_default", "line-dim": "ansi_default"}
_CURSOR_SHARE, _RULE_SHARE, _DIM_SHARE = 0.22, 0.3, 0.6
"""Parts of the primary colour in the cursor line, and of the text colour in rules and in dim text."""

ROLES = {
    "text": ("foreground", ""),
    "bold": ("", "bold"),
    "dim": ("line-dim", ""),
    "head": ("line-dim", "bold"),
    "rule": ("line-rule", ""),
    "title": ("accent", "bold"),
    "key": ("accent", "bold"),
    "off": ("line-rule", ""),
    "wait": ("secondary", ""),
    "run": ("primary", "bold"),
    "pause": ("warning", ""),
    "done": ("success", ""),
    "fail": ("error", "bold"),
    "warn": ("warning", "bold"),
    "error": ("error", "bold reverse"),
    "ask": ("warning", "bold"),
    "caret": ("", "reverse"),
    "match": ("warning", "bold underline"),
}
"""Style of each role: theme variable of the colour, and text attributes. Empty for none."""

CHART_ROLES = {
    "train": "primary",
    "valid": "warning",
    "best": "success",
    "cross": "accent",
    "gap": "error",
    "mark": "foreground",
}
"""Theme variables of the colours in charts. Training and validation are blue and yellow in most themes."""
_RUNS = ("primary", "warning", "secondary", "success", "error", "accent")
_OWN_RUNS = ("#6cb6ff", "#e3b341", "#e08cc4", "#57c7a5", "#ff9166", "#b7a3ff", "#d6d65c", "#8fb0c0", "#c98b6b")
"""Colours of runs 1 to 9 in fttui's themes. The digits on the lines tell runs apart without colour."""
_ANSI_CHART = {
    "train": "blue",
    "valid": "yellow",
    "best": "green",
    "cross": "cyan",
    "gap": "red",
    "raw": "bright_black",
}
_ANSI_RUNS = ("blue", "yellow", "magenta", "green", "red", "cyan", "bright_blue", "bright_yellow", "bright_magenta")
MOST_RUNS = 9

CURSOR = "line-cursor"
"""Theme variable of the cursor line's background."""

_QUIET = {"dim", "head", "off", "rule"}
"""Roles of dim text, which need less contrast."""
_ANSI_ATTRIBUTES = ("bold", "reverse", "underline")


def line_variables(theme: Theme) -> dict[str, str]:
    """Return fttui's own theme variables for a theme that does not define them.

    A theme with the terminal's own colours gets the defaults of the terminal.
    """
    if theme.ansi:
        return _ANSI_VARIABLES
    if CURSOR in theme.variables:
        return {}
    colors = theme.to_color_system().generate()
    background, foreground, primary = (Color.parse(colors[name]) for name in ("background", "foreground", "primary"))
    cursor = background.blend(primary, _CURSOR_SHARE, 1.0)
    return {
        CURSOR: cursor.hex,
        "line-rule": background.blend(foreground, _RULE_SHARE, 1.0).hex,
        "line-dim": legible(background.blend(foreground, _DIM_SHARE, 1.0), (background, cursor), DIM).hex,
    }


def role_styles(variables: Mapping[str, str], *, ansi: bool) -> dict[str, Style]:
    """Build the style of each role for the theme of `variables`. The style `cursor` applies to a whole line.

    Colours are changed until they are legible on the background and on the cursor line. With the terminal's own
    colours, whose contrast is unknown, roles differ by weight and reverse only.

    Component classes would be the usual way. Textual matches each of them against every rule, for every widget,
    whenever a class of the screen changes, which took a third of the time to the first frame.
    """
    if ansi:
        styles = {role: Style.parse(_ansi_look(look)) for role, (_, look) in ROLES.items()}
        return styles | _ansi_chart_styles() | {"cursor": Style(reverse=True)}
    cursor = Color.parse(variables[CURSOR])
    grounds = (Color.parse(variables["background"]), cursor)
    styles = {}
    for role, (name, look) in ROLES.items():
        color = None
        if name:
            found = Color.parse(variables[name])
            color = (found if role == "rule" else legible(found, grounds, DIM if role in _QUIET else TEXT)).rich_color
        styles[role] = Style(color=color) + Style.parse(look)
    return styles | _chart_styles(variables, grounds[0]) | {"cursor": Style(bgcolor=cursor.rich_color)}


def _chart_styles(variables: Mapping[str, str], background: Color) -> dict[str, Style]:
    primary, rule = Color.parse(variables["primary"]), Color.parse(variables["line-rule"])
    colors = {role: Color.parse(variables[name]) for role, name in CHART_ROLES.items()}
    is_own = any(theme.background == variables["background"].lower() for theme in OWN_THEMES)
    for number in range(MOST_RUNS):
        name = _OWN_RUNS[number] if is_own else variables[_RUNS[number % len(_RUNS)]]
        color = Color.parse(name)
        colors[f"run{number + 1}"] = color if is_own or number < len(_RUNS) else color.blend(background, 0.4, 1.0)
    colors["raw"] = background.blend(primary, 0.45, 1.0)
    found = {role: Style(color=legible(color, (background,), DIM).rich_color) for role, color in colors.items()}
    return found | {"grid": Style(color=background.blend(rule, 0.6, 1.0).rich_color)}


def _ansi_chart_styles() -> dict[str, Style]:
    """Return styles of the 16 colours for charts, whose lines have markers as well."""
    named = {**_ANSI_CHART, **{f"run{number}": name for number, name in enumerate(_ANSI_RUNS, 1)}}
    return {role: Style(color=name) for role, name in named.items()} | {"mark": Style(), "grid": Style()}


def _ansi_look(look: str) -> str:
    return " ".join(word for word in look.split() if word in _ANSI_ATTRIBUTES)
