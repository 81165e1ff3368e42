"""Keys come from the named source only, go to the right service only, and are not shown."""

import logging
import pickle
import re
import sys
from pathlib import Path

import pytest

from fttui import key_command
from fttui.config.choose import Choice, choose
from fttui.config.errors import ConfigError, NoKey
from fttui.config.load import load
from fttui.config.schema import Profile
from fttui.config.secrets import Secret, find_key
from fttui.install import install_line


def test_secret_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("sk-secret")
    logging.getLogger("x").warning("%s %r", secret, [secret])
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", str({"k": secret}), caplog.text]
    assert not any("sk-secret" in text for text in shown)
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert secret == Secret("sk-secret") != Secret("other")
    assert secret.reveal() == "sk-secret"


def key_of(choice: Choice) -> str | None:
    secret, _ = find_key(choice, load().of(choice))
    return secret.reveal() if secret else None


def test_openai_key_goes_to_openai_openai_base_url_and_base_url_only(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sk-env\n")
    config.write_text("[profiles.w]\nbase_url = 'https://w/v1'\n[profiles.o]\n")
    assert key_of(choose()) == "sk-env"
    assert key_of(choose(base_url="https://other/v1")) == "sk-env"
    assert key_of(choose(profile="w")) is None, "a profile uses only the key it names"
    with pytest.raises(NoKey, match="profile o names no key"):
        key_of(choose(profile="o"))
    assert key_of(choose(profile="local")) is None
    monkeypatch.setenv("OPENAI_BASE_URL", "https://mine/v1")
    assert key_of(choose()) == "sk-env"
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com")
    with pytest.raises(NoKey, match="AZURE_OPENAI_API_KEY"):
        key_of(choose(profile="azure"))
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "az")
    assert key_of(choose(profile="azure")) == "az"


def test_own_variable_of_a_provider_goes_to_its_hosts_only(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    nebius = "https://api.tokenfactory.nebius.com/v1"
    with pytest.raises(NoKey, match="set NEBIUS_API_KEY"):
        find_key(choose(base_url=nebius), None)
    monkeypatch.setenv("OPENAI_BASE_URL", nebius)
    assert find_key(choose(), None) == (Secret("sk-openai"), "OPENAI_API_KEY"), "both variables say so"
    monkeypatch.setenv("NEBIUS_API_KEY", "sk-nebius")
    assert find_key(choose(), None) == (Secret("sk-nebius"), "NEBIUS_API_KEY")
    assert find_key(choose(base_url=nebius), None) == (Secret("sk-nebius"), "NEBIUS_API_KEY")
    assert find_key(choose(base_url="https://gateway.example/v1"), None)[1] == "OPENAI_API_KEY"
    config.write_text('[profiles.n]\nprovider = "nebius"\n')
    with pytest.raises(NoKey, match='names no key: set api_key_env = "NEBIUS_API_KEY"'):
        find_key(choose(profile="n"), Profile(provider="nebius"))


def test_missing_key_is_an_error_for_openai_only() -> None:
    with pytest.raises(NoKey, match="set OPENAI_API_KEY"):
        key_of(choose(profile="openai"))
    assert key_of(choose(base_url="http://127.0.0.1:1/v1")) is None
    assert key_of(choose(base_url="https://elsewhere/v1")) is None


def test_profile_takes_its_key_from_the_variable_it_names(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("[profiles.w]\nbase_url = 'https://w/v1'\napi_key_env = 'W_KEY'\n")
    choice = choose(profile="w")
    with pytest.raises(NoKey, match="W_KEY"):
        key_of(choice)
    monkeypatch.setenv("W_KEY", "w")
    assert find_key(choice, load().of(choice)) == (Secret("w"), "W_KEY (profile w)")


def run(command: str | list[str]) -> str | None:
    profile = Profile(base_url="https://w/v1", api_key_command=command)
    secret, _ = find_key(Choice("w", "", "w", "https://w/v1", "profile"), profile)
    return secret.reveal() if secret else None


def test_key_is_the_first_line_of_the_key_command_without_a_shell() -> None:
    assert run([sys.executable, "-c", "print('sk-1'); print('more')"]) == "sk-1"
    assert run(f"{sys.executable} -c \"import sys; print(sys.argv[1])\" '$HOME;x'") == "$HOME;x"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            [sys.executable, "-c", "import sys; print('sk-half'); sys.exit('locked \x1b[2J')"],
            r"exit code 1: locked \[2J$",
        ),
        ([sys.executable, "-c", ""], "printed nothing"),
        (["no-such-program-anywhere"], "cannot be run"),
        ("'open", "unclosed quote"),
        ([sys.executable, "-c", "print('sk-\\x07half')"], "invalid characters"),
    ],
)
def test_message_of_a_failed_key_command_has_no_output(command: str | list[str], words: str) -> None:
    with pytest.raises(NoKey, match=words) as caught:
        run(command)
    assert "half" not in str(caught.value)


def test_key_command_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_command, "TIMEOUT", 0.1)
    with pytest.raises(NoKey, match="took longer"):
        run([sys.executable, "-c", "import threading; threading.Event().wait(30)"])


def test_key_command_that_prints_without_end_is_stopped() -> None:
    with pytest.raises(NoKey, match=r"\(yes\) was stopped: it printed more than 64 kB"):
        run("yes x")


def test_missing_keyring_names_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    profile = Profile(base_url="https://w/v1", api_key_keyring="fttui/me")
    with pytest.raises(ConfigError, match=re.escape(install_line("keyring"))):
        find_key(Choice("w", "", "w", "https://w/v1", "profile"), profile)


def test_key_is_read_from_the_keyring_by_service_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    class Keyring:
        @staticmethod
        def get_password(service: str, user: str) -> str | None:
            asked.append((service, user))
            if service == "locked":
                raise RuntimeError("the vault is locked \x1b[2J")
            return "sk-ring" if service == "fttui" else None

    monkeypatch.setitem(sys.modules, "keyring", Keyring)

    def key(entry: str) -> Secret | None:
        profile = Profile(base_url="https://w/v1", api_key_keyring=entry)
        return find_key(Choice("w", "", "w", "https://w/v1", "profile"), profile)[0]

    assert key("fttui/me") == Secret("sk-ring") == key("fttui")
    assert asked == [("fttui", "me"), ("fttui", "fttui")]
    with pytest.raises(NoKey, match="has no key"):
        key("other/me")
    with pytest.raises(NoKey, match=r"locked \[2J"):
        key("locked/me")
