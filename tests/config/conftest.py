"""Tests of the configuration. Each has its own home directory and no variables that choose a service."""

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
    """Path of the user's config.toml in an existing directory. The file does not exist yet."""
    (home / "config").mkdir()
    return home / "config" / "config.toml"
