"""The theme of the cockpit, and where it comes from. Standard library only."""

import os

from fttui.config.errors import ConfigError
from fttui.config.paths import view_file
from fttui.config.schema import THEMES, Settings, Shared
from fttui.config.toml_file import read_toml
from fttui.lean_typing import NamedTuple
from fttui.text import clean_line

DEFAULT_THEME = "fttui-dark"
PLAIN_THEME = "ansi-dark"
"""Theme that uses only the terminal's own colours."""

_MANY_COLORS = ("-256color", "-direct")
_WITHOUT_COCKPIT = ("", "dumb")


class Theme(NamedTuple):
    """A theme and the origin of its choice."""

    name: str
    origin: str


def usual_theme(settings: Settings, remembered: str) -> Theme:
    """Return the theme for a terminal with all colours: the configured one, else the remembered one.

    Args:
        remembered: the theme of the saved view; an empty or unknown name is ignored.
    """
    if settings.theme:
        return Theme(settings.theme, "config.toml")
    if remembered in THEMES:
        return Theme(remembered, "chosen with T, remembered")
    return Theme(DEFAULT_THEME, "default")


def theme_in_use(settings: Settings, shared: Shared, *, fresh: bool = False) -> Theme:
    """Return the theme that the cockpit would start with on this terminal.

    Args:
        shared: the settings in effect for the profile.
        fresh: ignore the remembered theme.
    """
    usual = usual_theme(settings, "" if fresh else _remembered())
    reason = few_colors() or ("link = 'slow'" if shared.link == "slow" else "")
    return Theme(PLAIN_THEME, f"{reason}; otherwise {usual.name}, {usual.origin}") if reason else usual


def few_colors(environment: "os._Environ[str] | dict[str, str]" = os.environ) -> str:
    """Return the variable that limits the terminal to its own 16 colours; empty if none does."""
    if environment.get("NO_COLOR"):
        return "NO_COLOR"
    term = environment.get("TERM", "")
    has_many = environment.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith(_MANY_COLORS)
    return "" if has_many or term in _WITHOUT_COCKPIT else f"TERM={clean_line(term)}"


def _remembered() -> str:
    try:
        name = read_toml(view_file()).get("theme")
    except ConfigError:
        return ""  # the cockpit sets a broken file aside
    return name if isinstance(name, str) else ""
