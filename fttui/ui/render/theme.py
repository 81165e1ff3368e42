"""Themes, and the style of each role.

A role is a short name (`run`, `dim`, `error`) that the pure line builders attach to text.
"""

from collections.abc import Mapping

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from fttui.config.theme import DEFAULT_THEME

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
    variables={"line-cursor": "#24405e", "line-rule": "#46525f", "line-dim": "#8b98a5"},
)

ANSI_VARIABLES = {"line-cursor": "ansi_default", "line-rule": "ansi_default", "line-dim": "ansi_default"}
"""Values of fttui's own theme variables in themes that use the terminal's own colours."""

ROLES = {
    "text": ("foreground", ""),
    "bold": ("", "bold"),
    "dim": ("line-dim", ""),
    "head": ("line-dim", "bold"),
    "rule": ("line-rule", ""),
    "title": ("accent", "bold"),
    "key": ("accent", "bold"),
    "off": ("line-rule", "dim"),
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

CURSOR = "line-cursor"
"""Theme variable of the cursor line's background."""

# With the terminal's own colours, weight and reverse replace shades.
_ANSI_ROLES = {"dim": ("line-dim", "dim"), "rule": ("line-rule", "dim"), "head": ("line-dim", "dim bold")}


def role_styles(variables: Mapping[str, str], *, ansi: bool) -> dict[str, Style]:
    """Build the style of each role for the theme of `variables`. The style `cursor` applies to a whole line.

    Component classes would be the usual way. Textual matches each of them against every rule, for every widget,
    whenever a class of the screen changes, which took a third of the time to the first frame.
    """
    looks = ROLES | _ANSI_ROLES if ansi else ROLES
    styles = {role: Style(color=_color(variables, name)) + Style.parse(look) for role, (name, look) in looks.items()}
    styles["cursor"] = Style(bgcolor=_color(variables, CURSOR), reverse=True if ansi else None)
    return styles


def _color(variables: Mapping[str, str], name: str) -> RichColor | None:
    return Color.parse(variables[name]).rich_color if name else None
