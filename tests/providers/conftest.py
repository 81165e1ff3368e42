"""Commands in this process, with a profile for the fake of a provider."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Result, bare, clock, home

__all__ = ["bare", "clock", "home"]

KEY = "sk-near-0123456789"
Fttui = Callable[..., Result]


@pytest.fixture
def near(bare: Fttui, home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Fttui]:
    """Return a function that writes the profile `near` for a provider and returns its commands."""
    monkeypatch.setenv("NEAR_KEY", KEY)

    def profile(provider: str, url: str, **settings: str) -> Fttui:
        given = {"provider": provider, "base_url": url, "api_key_env": "NEAR_KEY", **settings}
        config = Path(os.environ["FTTUI_CONFIG"])
        config.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(f'{name} = "{value}"\n' for name, value in given.items())
        config.write_text(f'profile = "near"\n[profiles.near]\n{lines}')
        return bare

    return profile
