"""Settings are read strictly, and the program's own file is kept apart from the person's."""

from pathlib import Path

import pytest

from fttui.config import load as settings
from fttui.config.choose import choose
from fttui.config.errors import ConfigError
from fttui.config.load import Profile, add_profile, load, names, remove_profile, use_profile
from fttui.config.paths import profiles_file
from fttui.config.toml_file import read_toml


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
        ("interval = 'fast'", "config.toml: interval must be a number of seconds, 2 or more"),
        ("interval = -1", "interval must be a number of seconds, 2 or more"),
        ("interval = 1", "interval must be a number of seconds, 2 or more"),
        ("interval = nan", "interval must be a number of seconds, 2 or more"),
        ("interval = true", "interval must be a number of seconds, 2 or more"),
        ("read_only = 1", "read_only must be true or false"),
        ("theme = 'nordd'", "config.toml: theme names none that there is; did you mean nord?"),
        ("theme = 'zzz'", "theme must be one of fttui-dark, "),
        ('theme = "\\u001b]0;x"', "theme must be one of"),
        ("notify = 'bel'", "title, off, or a list of them without off; did you mean bell?"),
        ("notify = ['bell', 'loud']", "notify must be one of bell"),
        ("notify = ['off', 'bell']", "a list of them without off"),
        ("notify = 5", "notify must be one of bell"),
        ("notify = [['bell']]", "notify must be one of bell"),
        ("notify = 'title'\ntitle = false", "notify has title, and title is false"),
        ("notify_command = 'notify-send'", "notify_command must be a list"),
        ("link = 'tin can'", "link must be one of fast, slow"),
        ("link = []", "link must be one of fast, slow"),
        ("glyphs = 'emoji'", "glyphs must be one of"),
        ("mouse = 'no'", "mouse must be true or false"),
        ("keys = []", "keys must be a table"),
        ("[keys]\n'job.cancle' = 'x'", "keys.job.cancle: no command has this id; did you mean job.cancel?"),
        ("[keys]\n'job.cancel' = 'q'", "keys: 'q' would be both job.cancel and quit"),
        ("[keys]\n'job.cancel' = 'at'\n'profile' = '@'", "keys: 'at' would be both"),
        ("[keys]\n'job.cancel' = 'ctrl+c'", "'ctrl+c' would be both leaving the cockpit and job.cancel"),
        ("[keys]\n'job.cancel' = ''", "must be a key"),
        ("[keys]\n'job.cancel' = 5", "must be a key"),
        ("[keys]\n'job.cancel' = 'foo+x'", "keys.job.cancel: 'foo+x' is no key"),
        ("[keys]\n'job.cancel' = 'F8'", "'F8' is no key such as 'x', 'ctrl+x' or 'f5'; did you mean f8?"),
        ("[keys]\n'job.cancel' = 'pgup'", "did you mean pageup?"),
        ("[keys]\n'job.cancel' = \"\\u001b]0;x\"", "must be a key"),
        ("[profiles.local]", "taken by the embedded service"),
        ("[profiles.'a/b']", "cannot be the name of a profile"),
        ("[profiles.w]\nprovider = 'mistral'", "profiles.w.provider must be one of openai, "),
        ("[profiles.w]\napi_key_env = 'A'\napi_key_command = 'b'", "profiles.w names its key more than once"),
        ("profiles = 3", "profiles must be a table"),
        ("profiles.w = 3", "profiles.w must be a table"),
        ("local = 3", "local must be a table"),
        ("local.trainers.x = 3", "local.trainers.x must be a table"),
        ("[profiles.w]\nheaders = {a = 1}", "profiles.w.headers must be a table of texts"),
        ("[profiles.w]\nheaders = {a = 'ü'}", "profiles.w.headers must be plain ASCII"),
        ("[profiles.w]\nlink = 'slo'", "profiles.w.link must be one of fast, slow; did you mean slow?"),
    ],
)
def test_faults_name_file_key_and_what_to_do(config: Path, text: str, words: str) -> None:
    config.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load()
    assert words in str(caught.value)
    assert str(caught.value).splitlines()[1:] == [f"The file is {config}"]


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
