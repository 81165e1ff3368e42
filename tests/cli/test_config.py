"""Commands `fttui profile` and `fttui config`."""

from pathlib import Path

import pytest

from fttui.config.errors import ConfigError
from fttui.config.load import load
from fttui.config.paths import config_file
from fttui.config.schema import Settings
from tests.cli.conftest import Fttui


def test_init_writes_a_valid_file_once(bare: Fttui, home: Path) -> None:
    path = str(home / "config" / "config.toml")
    assert bare("config", "path").out == path + "\n"
    assert bare("config", "init").out == path + "\n"
    text = Path(path).read_text()
    assert Path(path).stat().st_mode & 0o777 == 0o600
    assert bare("config", "show").code == 0, "what init writes can be read"
    Path(path).write_text(text + "# mine\n")
    again = bare("config", "init")
    assert (again.code, again.out) == (1, "")
    assert Path(path).read_text() == text + "# mine\n"


def test_show_has_the_origin_of_settings_and_no_key(bare: Fttui, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W_KEY", "sk-secret-value")
    monkeypatch.setenv("FTTUI_PROFILE", "w")
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(
        "interval = 9\n[profiles.w]\nbase_url = 'https://w/v1'\napi_key_env = 'W_KEY'\nread_only = true\n"
    )
    result = bare("config", "show")
    rows = {row[0]: row[1:] for row in result.cells}
    assert rows["profile"] == ["w", "FTTUI_PROFILE"]
    assert rows["base_url"] == ["https://w/v1", "FTTUI_PROFILE"]
    assert rows["interval"] == ["9", "config.toml"]
    assert rows["read_only"] == ["true", "profile w"]
    assert rows["api_key_env"] == ["W_KEY", "profile w"]
    assert "sk-secret-value" not in result.out + result.err
    flagged = bare("--interval", "2.5", "config", "show", "--profile", "local", "--json").json
    found = {row["name"]: (row["value"], row["from"]) for row in flagged["data"]}
    assert found["profile"] == ("local", "--profile")
    assert found["interval"] == (2.5, "--interval")


def test_show_has_the_theme_that_the_cockpit_would_use(
    bare: Fttui, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def theme(*flags: str) -> list[str]:
        return next(row[1:] for row in bare(*flags, "config", "show").cells if row[0] == "theme")

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert theme() == ["fttui-dark", "default"]
    (home / "data").mkdir(mode=0o700, exist_ok=True)
    (home / "data" / "state.toml").write_text("theme = 'nord'\n")
    assert theme() == ["nord", "chosen with T, remembered"]
    assert theme("--fresh") == ["fttui-dark", "default"]
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text("theme = 'gruvbox'\n[profiles.w]\nlink = 'slow'\n")
    assert theme() == ["gruvbox", "config.toml"]
    assert theme("--profile", "w") == ["ansi-dark", "link = 'slow'; otherwise gruvbox, config.toml"]
    monkeypatch.setenv("NO_COLOR", "1")
    assert theme() == ["ansi-dark", "NO_COLOR; otherwise gruvbox, config.toml"]


def test_faulty_configuration_is_exit_code_2_with_one_message(bare: Fttui, home: Path) -> None:
    (home / "config").mkdir()
    for text in ("intervall = 3", "= =", "[profiles.w]\napi_key = 'sk-secret-value'"):
        (home / "config" / "config.toml").write_text(text)
        result = bare("jobs", "list", "--base-url", "http://127.0.0.1:9/v1")
        assert (result.code, result.out) == (2, "")
        assert len(result.err.splitlines()) <= 2
        assert "config.toml" in result.err
        assert "sk-secret-value" not in result.err


def test_profile_is_added_used_and_removed(bare: Fttui, home: Path) -> None:
    added = bare("profile", "add", "lab", "--base-url", "http://gpu:8000/v1", "--api-key-env", "LAB_KEY")
    assert (added.code, added.out) == (0, "")
    assert "already exists" in bare("profile", "add", "lab", "--base-url", "http://gpu:8000/v1").err
    assert bare("profile", "use", "lab").code == 0
    rows = bare("profile", "list").cells
    assert ["*", "lab", "http://gpu:8000/v1", "compatible", "LAB_KEY", "fttui profile add"] in rows
    assert [row[1] for row in rows] == ["lab", "local", "openai"]
    listed = bare("profile", "list", "--json").json["data"]
    assert [row["name"] for row in listed if row["in_use"]] == ["lab"]
    result = bare("jobs", "list")
    assert (result.code, result.out) == (4, "")
    assert "LAB_KEY" in result.err
    assert bare("profile", "remove", "lab").code == 0
    assert bare("profile", "use", "lab").code == 2
    assert bare("profile", "use", "local").code == 0
    assert bare("profile", "use", "--clear").code == 0
    assert bare("profile", "use").code == 2
    assert not Path(config_file()).exists()


@pytest.mark.parametrize(
    "flags",
    [
        ["local", "--base-url", "http://x/v1"],
        ["a/b", "--base-url", "http://x/v1"],
        ["x"],
        ["x", "--project", "p"],
        ["x", "--base-url", "nonsense"],
        ["x", "--provider", "azure"],
        ["x", "--api-key-env", "A", "--api-key-command", "b"],
        ["x", "--provider", "mistral"],
    ],
)
def test_invalid_profile_is_not_added(bare: Fttui, flags: list[str]) -> None:
    assert bare("profile", "add", *flags).code == 2
    assert [row[1] for row in bare("profile", "list").cells] == ["local", "openai"]


def test_profile_test_lists_a_job(fttui: Fttui) -> None:
    result = fttui("profile", "test")
    assert result.code == 0
    assert "accepts the key from OPENAI_BASE_URL" not in result.err
    assert "accepts the key from OPENAI_API_KEY" in result.err
    assert fttui("profile", "test", "none").code == 2


def test_read_only_refuses_a_cancel(fttui: Fttui, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text("read_only = true\n")
    result = fttui("jobs", "cancel", "x", "--yes")
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith(" is read-only: nothing was sent\n")
    assert fttui("jobs", "list").code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("jobs", "list"),
        ("jobs", "list", "--offline"),
        ("jobs", "get", "ftjob-1", "--offline"),
        ("files", "check", "sample-train.jsonl", "--model", "m"),
        ("archive", "sync"),
        ("archive", "delete", "x", "--yes"),
        ("models", "list"),
        ("profile", "list"),
        ("profile", "use", "--clear"),
        ("profile", "add", "x"),
        ("profile", "remove", "x"),
        ("profile", "test"),
        ("config", "show"),
        ("serve",),
    ],
    ids=" ".join,
)
def test_every_command_refuses_a_faulty_file_with_the_same_message(
    bare: Fttui, home: Path, command: tuple[str, ...]
) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text("theme = 'nordd'\n[keys]\n'job.cancel' = 'q'\n")
    with pytest.raises(ConfigError) as caught:
        load()
    result = bare(*command)
    assert (result.code, result.out, result.err) == (2, "", f"fttui: {caught.value}\n")


def test_doctor_reports_a_faulty_file_and_checks_the_rest(bare: Fttui, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text("[keys]\n'job.cancel' = 'q'\n")
    with pytest.raises(ConfigError) as caught:
        load()
    result = bare("doctor")
    assert result.code == 2
    words, path = str(caught.value).splitlines()
    assert [cells[1:] for cells in result.cells if cells[0] == "config"] == [["fail", words, path]]
    assert "data" in {cells[0] for cells in result.cells}


def test_faulty_profiles_file_is_refused(bare: Fttui, home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "profiles.toml").write_text("usee = 'x'\n")
    result = bare("jobs", "list")
    words = f"profiles.toml, line 1: usee: unknown setting. Did you mean 'use'?\nFile: {home}/data/profiles.toml\n"
    assert (result.code, result.err) == (2, f"fttui: {words}")
    assert bare("doctor").code == 2


def test_show_has_every_setting_with_its_value(bare: Fttui, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(
        "title = false\nread_only = true\n[keys]\n'job.cancel' = 'f8'\n[profiles.w]\nread_only = false\nlink = 'slow'\n"
    )
    rows = {row[0]: row[1:] for row in bare("config", "show", "--profile", "w").cells}
    assert Settings.settings().keys() - {"keys", "profiles", "local", "alarms"} <= rows.keys()
    assert rows["alarms.overfitting"] == ["true", "default"]
    assert rows["title"] == ["false", "config.toml"]
    assert rows["link"] == ["slow", "profile w"]
    assert rows["notify"] == ['["bell"]', "default"]
    assert rows["interval"] == ["4.0", "default"]
    assert rows["theme"][0] == "ansi-dark"
    assert rows["read_only"] == ["true", "config.toml"], "refused anywhere is refused"
    assert rows["keys.job.cancel"] == ["f8", "config.toml"]
