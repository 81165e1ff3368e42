"""Faults of the fast ways of drawing, as the user sees them."""

import pytest

from fttui.ui.terminal import fallbacks
from tests.support.ui_fakes import cockpit


async def test_faults_are_in_the_list_of_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallbacks, "faults", [])
    async with cockpit() as ui:
        fallbacks.give_up("drawing only the changed widgets", KeyError("chops"))
        await ui.press("exclamation_mark")
        text = " ".join(" ".join(line.split()) for line in ui.screen)
        assert "drawing only the changed widgets was switched off by KeyError('chops')" in text
