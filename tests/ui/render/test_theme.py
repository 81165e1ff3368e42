"""Role styles in every theme."""

import itertools
import math

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from fttui.config.schema import THEMES
from fttui.ui.render.contrast import DIM, TEXT, contrast
from fttui.ui.render.theme import CHART_ROLES, FTTUI_DARK, OKABE_ITO, OWN_THEMES, ROLES, line_variables, role_styles

OFFERED = {**BUILTIN_THEMES, **{theme.name: theme for theme in OWN_THEMES}}
COLOURED = [OFFERED[name] for name in THEMES if not OFFERED[name].ansi]
QUIET = {"dim", "head", "off", "raw"}
CHART = {*CHART_ROLES, "raw", "grid", *(f"run{number}" for number in range(1, 10))}


def variables(theme: Theme) -> dict[str, str]:
    return line_variables(theme) | theme.to_color_system().generate() | theme.variables


@pytest.mark.parametrize("theme", OFFERED.values(), ids=lambda theme: theme.name)
def test_every_role_has_a_style_in_every_theme(theme: Theme) -> None:
    assert role_styles(variables(theme), ansi=theme.ansi).keys() == {*ROLES, *CHART, "cursor"}


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_text_is_legible_on_the_background_and_on_the_cursor_line(theme: Theme) -> None:
    values = variables(theme)
    background, cursor = Color.parse(values["background"]), Color.parse(values["line-cursor"])
    assert contrast(background, Color.parse(values["foreground"])) >= TEXT
    assert cursor != background
    for role, style in role_styles(values, ansi=False).items():
        if style.color is None or role in ("rule", "grid"):
            continue
        color = Color.from_rich_color(style.color)
        for ground in (background,) if role in CHART else (background, cursor):
            assert contrast(color, ground) >= (DIM if role in QUIET | CHART else TEXT) - 0.05, (role, ground)


def test_colours_of_the_default_theme_are_used_unchanged() -> None:
    styles = role_styles(variables(FTTUI_DARK), ansi=False)
    for role in ("run", "done", "warn", "fail", "title"):
        assert styles[role].color == Color.parse(variables(FTTUI_DARK)[ROLES[role][0]]).rich_color


@pytest.mark.parametrize("name", ["ansi-dark", "ansi-light"])
def test_ansi_themes_use_the_defaults_bold_and_reverse_only(name: str) -> None:
    styles = role_styles(variables(BUILTIN_THEMES[name]), ansi=True)
    assert styles["cursor"].reverse
    for role, style in styles.items():
        assert style.bgcolor is None
        assert not style.dim
        if role not in CHART:  # the lines of charts have markers too
            assert style.color is None


# Machado, Oliveira and Fernandes (2009), full severity, for linear RGB.
PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
NORMAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@pytest.mark.parametrize("matrix", [NORMAL, PROTANOPIA, DEUTERANOPIA], ids=["normal", "protanopia", "deuteranopia"])
def test_colour_blind_people_tell_the_states_of_okabe_ito_apart(matrix: tuple[tuple[float, ...], ...]) -> None:
    colors = {name: Color.parse(getattr(OKABE_ITO, name)) for name in ("success", "warning", "error", "foreground")}
    for (first, one), (second, other) in itertools.combinations(colors.items(), 2):
        assert math.dist(_lab(one, matrix), _lab(other, matrix)) >= 16, (first, second)


def _lab(color: Color, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
    red, green, blue = (sum(a * b for a, b in zip(row, linear, strict=True)) for row in matrix)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)
