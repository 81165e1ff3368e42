"""Loading of both configuration files, and the messages for their faults."""

from pathlib import Path

import pytest

from fttui.config.errors import ConfigError
from fttui.config.load import load, profile_names
from fttui.config.paths import profiles_file
from fttui.config.schema import Settings

SOURCES = "api_key_env, api_key_command, api_key_keyring"
TRAINER = "[local.trainers.x]\ncommand = 'x'\nmodels = ['m']\n"


def test_without_files_every_setting_has_its_default() -> None:
    assert load() == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("intervall = 5", "config.toml, line 1: intervall: unknown setting. Did you mean 'interval'?"),
        (
            "[profiles.w]\napi_key_env = 'sk-proj-abcdef123456'",
            "profiles.w.api_key_env: must be the name of an environment variable, not the key itself",
        ),
        (
            "[profiles.w]\napi_key_env = 'gsk_abcdefghijk1234567890'",
            "profiles.w.api_key_env: must be the name of an environment variable, not the key itself",
        ),
        ("[profiles.w]\napi_key_evn = 'X'", "profiles.w.api_key_evn: unknown setting. Did you mean 'api_key_env'?"),
        ("[profiles.w]\nzzz = 1", "profiles.w.zzz: unknown setting. Known: interval, "),
        ("[profiles.w]\nbase_url = 'api.example.com/v1'", "profiles.w.base_url: must be a URL such as https://host/v1"),
        ("interval = 'fast'", "config.toml, line 1: interval: must be a number of seconds, 2 or more"),
        ("interval = 1", "interval: must be a number of seconds, 2 or more"),
        ("interval = nan", "interval: must be a number of seconds, 2 or more"),
        ("interval = true", "interval: must be a number of seconds, 2 or more"),
        ("read_only = 1", "read_only: must be true or false"),
        ("theme = 'nrod'", "config.toml, line 1: theme: unknown value 'nrod'. Did you mean 'nord'?"),
        ("theme = 'zzz'", "theme: must be the name of a theme"),
        ('theme = "\\u001b]0;x"', "theme: must be the name of a theme"),
        ("notify = 'bel'", "notify: unknown value 'bel'. Did you mean 'bell'?"),
        ("notify = ['bell', 'xxxx']", "notify: must be 'bell', 'osc9', 'osc777', 'title' or 'off', or a list of them"),
        ("notify = ['off', 'bell']", "a list of them without 'off'"),
        ("notify = 5", "notify: must be 'bell'"),
        ("notify = [['bell']]", "notify: must be 'bell'"),
        ("notify = 'title'\ntitle = false", "notify: 'title' needs title = true"),
        ("notify_command = 'notify-send'", "notify_command: must be a list of text in quotes"),
        ("link = 'tin can'", "link: must be 'fast' or 'slow'"),
        ("link = []", "link: must be 'fast' or 'slow'"),
        ("glyphs = 'emoji'", "glyphs: must be 'auto', 'unicode' or 'ascii'"),
        ("mouse = 'no'", "mouse: must be true or false"),
        ("keys = []", "keys: must be a table"),
        ("[keys]\n'job.cancle' = 'x'", "keys.job.cancle: unknown command id. Did you mean 'job.cancel'?"),
        ("[keys]\n'job.cancel' = 'q'", "keys: both job.cancel and quit have the key 'q'"),
        ("[keys]\n'job.cancel' = 'at'\n'profile' = '@'", "keys: both job.cancel and profile have the key 'at'"),
        ("[keys]\n'job.cancel' = 'ctrl+c'", "keys: both quitting and job.cancel have the key 'ctrl+c'"),
        ("[keys]\n'job.cancel' = ''", "keys.job.cancel: must be a key such as 'x', 'ctrl+x' or 'f5'"),
        ("[keys]\n'job.cancel' = 5", "keys.job.cancel: must be a key"),
        ("[keys]\n'job.cancel' = 'foo+x'", "keys.job.cancel: unknown key 'foo+x'. Use a key such as 'x', 'ctrl+x'"),
        ("[keys]\n'job.cancel' = 'F8'", "keys.job.cancel: unknown key 'F8'. Did you mean 'f8'?"),
        ("[keys]\n'job.cancel' = 'pgup'", "Did you mean 'pageup'?"),
        ("[keys]\n'job.cancel' = \"\\u001b]0;x\"", "keys.job.cancel: must be a key"),
        ("[profiles.local]", "'local' is the embedded service"),
        ("[profiles.'a/b']", "invalid profile name 'a/b'"),
        ("[profiles.w]\nprovider = 'mistral'", "profiles.w.provider: must be 'openai', "),
        (
            "[profiles.w]\napi_key_env = 'A'\napi_key_command = 'b'",
            f"profiles.w: more than one source of the key. Keep one of {SOURCES}",
        ),
        ("profiles = 3", "profiles: must be a table"),
        ("profiles.w = 3", "profiles.w: must be a table"),
        ("[profiles.w]\nheaders = {a = 1}", "profiles.w.headers: must be a table of text"),
        ("[profiles.w]\nheaders = {a = 'ü'}", "profiles.w.headers: must be printable ASCII"),
        ("[profiles.w]\nlink = 'slo'", "profiles.w.link: unknown value 'slo'. Did you mean 'slow'?"),
        ("local = 3", "local: must be a table"),
        ("local.trainers.x = 3", "local.trainers.x: must be a table"),
        ("[local]\nmax_runing = 2", "local.max_runing: unknown setting. Did you mean 'max_running'?"),
        ("[local]\nmax_running = 0", "local.max_running: must be a whole number, 1 or more"),
        ("[local]\nmax_running = true", "local.max_running: must be a whole number, 1 or more"),
        ("[local.trainers.x]\nmodels = ['m']", "local.trainers.x.command: missing. It is the program that trains"),
        ("[local.trainers.x]\ncommand = 'x'", "local.trainers.x.models: missing"),
        ("[local.trainers.x]\ncommand = ''\nmodels = ['m']", "local.trainers.x.command: missing"),
        ("[local.trainers.x]\ncommand = []\nmodels = ['m']", "local.trainers.x.command: missing"),
        ("[local.trainers.x]\ncommand = ['']\nmodels = ['m']", "local.trainers.x.command: names no program"),
        ("[local.trainers.x]\ncommand = './x'\nmodels = ['m']", "local.trainers.x.command: must be an absolute path"),
        (
            "[local.trainers.x]\ncommand = \"x 'y\"\nmodels = ['m']",
            "x.command: cannot be split into words",
        ),
        (f"{TRAINER}method = ['dpo']", "local.trainers.x.method: unknown setting. Did you mean 'methods'?"),
        (f"{TRAINER}methods = ['reinforcement']", "local.trainers.x.methods: must be a list of 'supervised' or 'dpo'"),
        (f"{TRAINER}methods = []", "local.trainers.x.methods: must be a list"),
        (f"{TRAINER}hang_after = 0", "local.trainers.x.hang_after: must be a number above 0"),
        ("[local.trainers.x]\ncommand = 'x'\nmodels = ['ft:a']", "local.trainers.x.models: names of models consist of"),
        ("[local.trainers.x]\ncommand = 'x'\nmodels = ['fttui-tiny-1']", "is the model of the built-in trainer"),
        ("[local.trainers.hf]\nmodels = ['m']", "line 2: local.trainers.hf.models: this trainer is in the box. Give a"),
        ("[local.trainers.tiny]\nstop = 1", "local.trainers.tiny.stop: unknown setting. Known: env, stop_after"),
        ("[local.trainers.hf]\nstop_after = 0", "stop_after: must be a number above 0, at most 3600"),
        (
            "[local.trainers.hf.env]\nHF_HOME = '/data'\nHF_TOKEN = 'hf_abcdefghijk'",
            "config.toml, line 3: local.trainers.hf.env.HF_TOKEN: a key in plain text is refused. Use { env",
        ),
        (f"{TRAINER}env = {{ my_api_key = 'x' }}", "env.my_api_key: a key in plain text is refused"),
        (f"{TRAINER}env = {{ PASSWORD = 'x' }}", "env.PASSWORD: a key in plain text is refused"),
        (f"{TRAINER}env = {{ A = 3 }}", 'env.A: must be text, { env = "NAME" } or { command = "…" }'),
        (f"{TRAINER}env = {{ A = {{ env = 'B', command = 'c' }} }}", "env.A: must be text"),
        (
            f"{TRAINER}env = {{ A = {{ env = 'hf_abcdefghijklmn1234' }} }}",
            "env.A: env must be the name of an environment",
        ),
        (f"{TRAINER}env = {{ A = {{ command = '' }} }}", "env.A: command names no program"),
        (f"{TRAINER}env = {{ 'A-B' = 'x' }}", "env.A-B: names of variables consist of"),
        ("[local]\nmodels = ['./here']", "local.models: must be absolute paths, or ids of the hub such as Qwen"),
        ("[local]\nmodels = ['/a/m', '~/b/m/']", "local.models: two models have the id m. Rename a directory"),
        (f"[local]\nmodels = ['/a/m']\n{TRAINER}", "local.trainers: both models and x offer m"),
        (f"{TRAINER}[local.trainers.y]\ncommand = 'y'\nmodels = ['m']", "local.trainers: both x and y offer m"),
    ],
)
def test_fault_names_the_setting_and_the_file(config: Path, text: str, message: str) -> None:
    config.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load()
    assert message in str(caught.value)
    assert str(caught.value).splitlines()[1:] == [f"File: {config}"]


@pytest.mark.parametrize(
    "text", ["[profiles.w]\napi_key = 'sk-secret'", "[profiles.w]\nheaders = {Authorization = 'Bearer sk-secret'}"]
)
def test_key_in_a_file_is_refused_and_not_repeated(config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(ConfigError, match="api_key_env or api_key_command") as caught:
        load()
    assert "sk-secret" not in str(caught.value)


def test_all_faults_of_both_files_are_named_with_their_lines(config: Path) -> None:
    config.write_text("# mine\nintervall = 5\n\n[profiles.w]\nlink = 'slo'\n[keys]\n'job.cancle' = 'x'\n")
    added = Path(profiles_file())
    added.parent.mkdir(mode=0o700, exist_ok=True)
    added.write_text("[profiles.v]\nbase_url = 'x'\n")
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value).splitlines() == [
        "4 settings cannot be used:",
        "config.toml, line 2: intervall: unknown setting. Did you mean 'interval'?",
        "config.toml, line 5: profiles.w.link: unknown value 'slo'. Did you mean 'slow'?",
        "config.toml, line 7: keys.job.cancle: unknown command id. Did you mean 'job.cancel'?",
        "profiles.toml, line 2: profiles.v.base_url: must be a URL such as https://host/v1",
        f"Files: {config}, {added}",
    ]
    config.write_text("= 3\n")
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value).splitlines()[1:] == [
        f"{config} is not valid TOML: Invalid statement (at line 1, column 1)",
        "profiles.toml, line 2: profiles.v.base_url: must be a URL such as https://host/v1",
        f"File: {added}",
    ]


def test_more_than_fifty_faults_are_counted(config: Path) -> None:
    config.write_text("".join(f"a{number} = 1\n" for number in range(60)))
    with pytest.raises(ConfigError) as caught:
        load()
    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-2]) == (53, "and 10 more")


def test_values_are_converted(config: Path) -> None:
    config.write_text("interval = 9\nnotify = 'osc9'\n[profiles.w]\nheaders = {a = 'b'}\n[local]\nmax_running = 2\n")
    settings = load()
    assert (settings.interval, type(settings.interval)) == (9.0, float)
    assert settings.notify == ["osc9"]
    assert settings.profiles["w"].headers == {"a": "b"}
    assert (settings.local.max_running, settings.local.trainers) == (2, {})


def test_shared_settings_of_a_profile_replace_those_at_the_top(config: Path) -> None:
    config.write_text(
        "interval = 9\nread_only = true\n[profiles.w]\ninterval = 3\nlink = 'slow'\nread_only = false\n[profiles.v]\n"
    )
    settings = load()
    own, top = settings.shared(settings.profiles["w"]), settings.shared(settings.profiles["v"])
    assert (own.interval, own.link, own.read_only) == (3.0, "slow", True)
    assert (top.interval, top.link, top.read_only) == (9.0, "fast", True)


def test_azure_is_a_name_only_with_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    assert profile_names() == ["local", "openai"]
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com")
    assert profile_names() == ["azure", "local", "openai"]
