"""Nothing of the person who runs the tests is seen or touched."""

from pathlib import Path

import pytest
from textual._compositor import Compositor

from fttui.ui.terminal.compositor import ChangesCompositor


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "OPENAI_API_KEY", "OPENAI_BASE_URL", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def unpainted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the frames that Textual renders for a terminal; tests read the screen on demand.

    The marker `painted` turns rendering on.
    """
    if request.node.get_closest_marker("painted"):
        return

    def skip(compositor: Compositor, *_: object, **__: object) -> None:
        compositor._dirty_regions.clear()

    for owner in (Compositor, ChangesCompositor):
        monkeypatch.setattr(owner, "render_full_update", skip)
        monkeypatch.setattr(owner, "render_partial_update", skip)
