"""Role styles in every theme."""

import pytest
from textual.theme import BUILTIN_THEMES, Theme

from fttui.ui.render.theme import ANSI_VARIABLES, FTTUI_DARK, ROLES, role_styles


def variables(theme: Theme) -> dict[str, str]:
    return ANSI_VARIABLES | theme.to_color_system().generate() | theme.variables


@pytest.mark.parametrize("theme", [FTTUI_DARK, *BUILTIN_THEMES.values()], ids=lambda theme: theme.name)
def test_every_role_has_a_style_in_every_theme(theme: Theme) -> None:
    assert role_styles(variables(theme), ansi=theme.ansi).keys() == {*ROLES, "cursor"}


def test_ansi_themes_distinguish_roles_by_weight_and_reverse() -> None:
    styles = role_styles(variables(BUILTIN_THEMES["ansi-dark"]), ansi=True)
    assert styles["cursor"].reverse
    assert styles["dim"].dim
    assert not styles["text"].dim
