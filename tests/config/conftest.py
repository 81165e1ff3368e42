"""Every test here has a home of its own and an environment that chooses nothing."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(("XDG_", "FTTUI_", "OPENAI_", "AZURE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config" / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def config(home: Path) -> Path:
    """The person's config.toml, not yet written; its directory exists."""
    (home / "config").mkdir()
    return home / "config" / "config.toml"
