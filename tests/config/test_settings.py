"""Settings are read strictly, and the program's own file is kept apart from the person's."""

from pathlib import Path

import pytest

from fttui.config import settings
from fttui.config.choice import choose
from fttui.config.files import ConfigError, profiles_file, read_toml
from fttui.config.settings import Profile, add_profile, load, names, remove_profile, use_profile


def test_no_files_mean_the_defaults() -> None:
    assert load() == settings.Settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("intervall = 5", "config.toml: intervall is not a setting; did you mean interval?"),
        (
            "[profiles.w]\napi_key_evn = 'X'",
            "config.toml: profiles.w.api_key_evn is not a setting; did you mean api_key_env?",
        ),
        ("[profiles.w]\nzzz = 1\nyyy = 2", "profiles.w.zzz is not a setting; there are interval, "),
        ("interval = 'fast'", "config.toml: interval: input should be a valid number"),
        ("interval = -1", "interval must be a number of seconds above 0"),
        ("interval = nan", "interval must be a number of seconds above 0"),
        ("read_only = 1", "read_only: input should be a valid boolean"),
        ("[profiles.local]", "taken by the embedded service"),
        ("[profiles.'a/b']", "cannot be the name of a profile"),
        ("[profiles.w]\nprovider = 'mistral'", "profiles.w.provider: "),
        ("[profiles.w]\napi_key_env = 'A'\napi_key_command = 'b'", "profiles.w names its key more than once"),
        ("profiles = 3", "profiles: "),
    ],
)
def test_faults_name_file_key_and_what_to_do(config: Path, text: str, words: str) -> None:
    config.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["[profiles.w]\napi_key = 'sk-secret'", "[profiles.w]\nheaders = {Authorization = 'Bearer sk-secret'}"]
)
def test_a_key_in_a_file_is_refused_and_not_repeated(config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(ConfigError, match="api_key_env or api_key_command") as caught:
        load()
    assert "sk-secret" not in str(caught.value)


def test_several_faults_are_counted(config: Path) -> None:
    config.write_text("a = 1\nb = 2\nc = 3")
    with pytest.raises(ConfigError, match=r"\(and 2 more\)"):
        load()


def test_an_interval_below_the_floor_counts_as_the_floor(config: Path) -> None:
    config.write_text("interval = 0.5\n[profiles.w]\ninterval = 7")
    found = load()
    assert (found.interval, found.profiles["w"].interval) == (2.0, 7)


def test_adding_using_and_removing_profiles_leaves_the_persons_file_alone(config: Path) -> None:
    text = "# mine\n[profiles.mine]\nbase_url = 'https://m/v1'\n"
    config.write_text(text)
    add_profile("added", Profile(base_url="https://a/v1", api_key_env="A_KEY"))
    use_profile("added")
    assert names() == ["added", "local", "mine", "openai"]
    assert choose().name == "added"
    assert load().of(choose()) == Profile(base_url="https://a/v1", api_key_env="A_KEY")
    with pytest.raises(ConfigError, match="already"):
        add_profile("mine", Profile())
    with pytest.raises(ConfigError, match="yours"):
        remove_profile("mine")
    with pytest.raises(ConfigError, match="no profile"):
        remove_profile("never")
    with pytest.raises(ConfigError, match="no profile"):
        use_profile("never")
    remove_profile("added")
    assert choose().is_local, "a removed profile is no longer in use"
    assert config.read_text() == text
    assert Path(profiles_file()).stat().st_mode & 0o777 == 0o600


def test_the_persons_profile_wins_over_an_added_one_of_its_name(config: Path) -> None:
    add_profile("p", Profile(base_url="https://added/v1"))
    config.write_text("[profiles.p]\nbase_url = 'https://mine/v1'\n")
    assert load().profiles["p"].base_url == choose(profile="p").base_url == "https://mine/v1"


def test_only_what_was_set_is_written() -> None:
    add_profile("p", Profile(base_url="https://h/v1", verify_tls=False))
    assert read_toml(profiles_file()) == {"profiles": {"p": {"base_url": "https://h/v1", "verify_tls": False}}}
