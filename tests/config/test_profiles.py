"""Adding, using and removing profiles."""

from pathlib import Path

import pytest

from fttui.config.choose import choose
from fttui.config.errors import ConfigError
from fttui.config.load import load, profile_names
from fttui.config.paths import profiles_file
from fttui.config.profiles import add_profile, remove_profile, use_profile
from fttui.config.schema import Profile
from fttui.config.toml_file import read_toml


def test_added_profile_is_used_and_removed_without_a_change_to_the_users_file(config: Path) -> None:
    text = "# mine\n[profiles.mine]\nbase_url = 'https://m/v1'\n"
    config.write_text(text)
    added = Profile(base_url="https://a/v1", api_key_env="A_KEY")
    add_profile("added", added)
    use_profile("added")
    assert profile_names() == ["added", "local", "mine", "openai"]
    assert choose().name == "added"
    assert load().of(choose()) == added
    remove_profile("added")
    assert choose().is_local, "a removed profile is no longer in use"
    assert config.read_text() == text
    assert Path(profiles_file()).stat().st_mode & 0o777 == 0o600


def test_name_that_is_taken_or_unknown_is_refused(config: Path) -> None:
    config.write_text("[profiles.mine]\nbase_url = 'https://m/v1'\n")
    with pytest.raises(ConfigError, match="profile mine already exists"):
        add_profile("mine", Profile())
    with pytest.raises(ConfigError, match=f"profile mine is in your own file: delete it in {config}"):
        remove_profile("mine")
    with pytest.raises(ConfigError, match="no profile 'never' to remove"):
        remove_profile("never")
    with pytest.raises(ConfigError, match="no profile 'never'"):
        use_profile("never")


def test_users_profile_replaces_an_added_one_of_the_same_name(config: Path) -> None:
    add_profile("p", Profile(base_url="https://added/v1"))
    config.write_text("[profiles.p]\nbase_url = 'https://mine/v1'\n")
    assert load().profiles["p"].base_url == choose(profile="p").base_url == "https://mine/v1"


def test_only_values_that_were_set_are_written() -> None:
    add_profile("p", Profile(base_url="https://h/v1", verify_tls=False))
    assert read_toml(profiles_file()) == {"profiles": {"p": {"base_url": "https://h/v1", "verify_tls": False}}}


def test_removing_the_profile_in_use_leaves_the_choice_to_the_users_file(config: Path) -> None:
    config.write_text("profile = 'mine'\n[profiles.mine]\nbase_url = 'https://m/v1'\n")
    add_profile("p", Profile(base_url="https://h/v1"))
    use_profile("p")
    assert choose().name == "p"
    use_profile(None)
    assert choose().name == "mine"
