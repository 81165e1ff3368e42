"""Choice of the service: precedence, base URLs, names."""

from itertools import product
from pathlib import Path

import pytest

from fttui.config import choose as choosing
from fttui.config.choose import OFFICIAL, azure_url, choose, is_loopback, is_official, split_url
from fttui.config.errors import ConfigError
from fttui.config.profiles import use_profile

PROFILES = """
profile = "work"
[profiles.work]
base_url = "https://work.example/v1/"
[profiles.other]
base_url = "http://127.0.0.1:9/v1"
"""


def test_default_is_the_embedded_service() -> None:
    choice = choose()
    assert (choice.name, choice.key, choice.base_url, choice.is_local) == ("local", "local", None, True)
    assert choice.origin == "nothing else is configured"


def test_each_source_of_the_choice_overrides_the_next(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://res.openai.azure.com")
    assert (choose().name, choose().origin) == ("azure", "AZURE_OPENAI_ENDPOINT")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert (choose().name, choose().origin, choose().base_url) == ("openai", "OPENAI_API_KEY", OFFICIAL)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://proxy.example:8443/v1")
    assert (choose().name, choose().origin) == ("proxy.example:8443", "OPENAI_BASE_URL")
    config.write_text(PROFILES)
    assert (choose().name, choose().origin, choose().base_url) == ("work", "config.toml", "https://work.example/v1")
    use_profile("other")
    assert (choose().name, choose().origin) == ("other", "profile use")
    monkeypatch.setenv("FTTUI_PROFILE", "local")
    assert (choose().name, choose().origin) == ("local", "FTTUI_PROFILE")
    assert (choose(profile="work").name, choose(profile="work").origin) == ("work", "--profile")
    assert (choose(base_url="http://x/v1").name, choose(base_url="http://x/v1").origin) == ("x", "--base-url")
    with pytest.raises(ConfigError, match="cannot be used together"):
        choose(profile="work", base_url="http://x/v1")


def test_clearing_the_profile_in_use_leaves_the_choice_to_config_toml(config: Path) -> None:
    config.write_text(PROFILES)
    use_profile("other")
    use_profile(None)
    assert choose().name == "work"


def test_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FTTUI_PROFILE", "OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.setenv(name, " ")
    assert choose().is_local


def test_unknown_profile_is_an_error_with_the_nearest_name(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(PROFILES)
    with pytest.raises(ConfigError, match=r"no profile 'wrok' \(--profile\)\. Did you mean 'work'\?"):
        choose(profile="wrok")
    monkeypatch.setenv("FTTUI_PROFILE", "zzz")
    with pytest.raises(ConfigError, match=r"\(FTTUI_PROFILE\)\. Profiles: local, openai, other, work$"):
        choose()


def test_unknown_profile_that_is_alike_no_name_lists_the_names() -> None:
    with pytest.raises(ConfigError, match=r"no profile 'nope' \(--profile\)\. Profiles: local, openai$"):
        choose(profile="nope")
    with pytest.raises(ConfigError, match="It needs AZURE_OPENAI_ENDPOINT"):
        choose(profile="azure")


def test_built_in_profiles_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(profile="openai").base_url == OFFICIAL
    with pytest.raises(ConfigError):
        choose(profile="azure")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://res.openai.azure.com/")
    assert choose(profile="azure").base_url == "https://res.openai.azure.com/openai/v1"


def test_archive_key_differs_between_accounts(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(PROFILES)
    assert choose(profile="work").key == "work"
    plain = choose(base_url="https://h/v1").key
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_a")
    assert {plain, choose(base_url="https://h/v1").key} == {"https://h/v1", "https://h/v1#proj_a"}
    monkeypatch.setenv("OPENAI_BASE_URL", "https://h/v1/")
    assert choose(profile="openai").key == choose(base_url="https://H:443/v1").key


@pytest.mark.parametrize(
    ("url", "base", "query"),
    [
        ("https://Host.Example/v1/", "https://host.example/v1", ""),
        ("http://h:80", "http://h", ""),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1", ""),
        (" https://h/x?api-version=2024-10-21 ", "https://h/x", "api-version=2024-10-21"),
    ],
)
def test_base_url_is_normalised(url: str, base: str, query: str) -> None:
    assert split_url(url, "--base-url") == (base, query)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host/v1",
        "ftp://h",
        "https://",
        "https://h:99999/v1",
        "https://h/v1#x",
        "https://h/a b",
        "https://h/\x1b[2J",
    ],
)
def test_invalid_base_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="--base-url"):
        choose(base_url=url)


def test_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        choose(base_url="https://me:sk-secret@h/v1")
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("endpoint", "version", "base", "query"),
    [
        ("https://r.openai.azure.com", "", "https://r.openai.azure.com/openai/v1", ""),
        (
            "https://r.openai.azure.com/openai/v1/",
            "preview",
            "https://r.openai.azure.com/openai/v1",
            "api-version=preview",
        ),
        ("https://r.openai.azure.com/", "2024-10-21", "https://r.openai.azure.com/openai", "api-version=2024-10-21"),
        (
            "https://r.openai.azure.com/openai",
            "2024-10-21",
            "https://r.openai.azure.com/openai",
            "api-version=2024-10-21",
        ),
    ],
)
def test_azure_url_depends_on_the_version(endpoint: str, version: str, base: str, query: str) -> None:
    assert azure_url(endpoint, version, "AZURE_OPENAI_ENDPOINT") == (base, query)


def test_provider_is_named_or_guessed_from_the_host(config: Path) -> None:
    config.write_text(
        """
[profiles.a]
[profiles.b]
base_url = "https://eu.api.openai.com/v1"
[profiles.c]
base_url = "https://r.openai.azure.com"
api_version = "2024-10-21"
[profiles.d]
provider = "nebius"
[profiles.e]
base_url = "http://gpu:8000/v1"
[profiles.f]
provider = "litellm"
"""
    )
    found = {name: choose(profile=name) for name in "abcde"}
    assert {name: choice.provider for name, choice in found.items()} == {
        "a": "openai",
        "b": "openai",
        "c": "azure",
        "d": "nebius",
        "e": "compatible",
    }
    assert found["a"].base_url == OFFICIAL
    assert (found["c"].base_url, found["c"].query) == ("https://r.openai.azure.com/openai", "api-version=2024-10-21")
    with pytest.raises(ConfigError, match=r"profiles\.f\.base_url: missing"):
        choose(profile="f")


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("https://api.tokenfactory.nebius.com/v1", "nebius"),
        ("https://bedrock-mantle.us-west-2.api.aws/v1", "bedrock"),
        ("https://api.together.ai/v1", "together"),
        ("https://dashscope-intl.aliyuncs.com/api/v1", "dashscope"),
        ("https://w1.eu-1.maas.aliyuncs.com/api/v1", "dashscope"),
        ("https://dashscope.aliyuncs.com.evil/api/v1", "compatible"),
        ("https://bedrock-mantle.us-west-2.api.aws.evil/v1", "compatible"),
        ("https://evil/api.tokenfactory.nebius.com/v1", "compatible"),
    ],
)
def test_base_url_alone_selects_the_provider_of_its_host(url: str, provider: str) -> None:
    assert choose(base_url=url).provider == provider


def test_lookalike_hosts_are_neither_official_nor_loopback() -> None:
    assert is_official(OFFICIAL)
    assert is_official("https://us.api.openai.com/v1")
    for url in (
        "http://api.openai.com/v1",
        "https://api.openai.com.evil/v1",
        "https://xapi.openai.com",
        "https://evil/api.openai.com",
    ):
        assert not is_official(url)
    assert all(map(is_loopback, ("http://localhost:1/v1", "http://127.0.0.1", "http://[::1]:9", "http://a.localhost")))
    assert not any(map(is_loopback, ("http://127.0.0.1.evil", "http://localhost.evil", "http://10.0.0.1")))


def test_plain_url_is_split_the_same_with_and_without_urllib(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ("a", "a-b.c", "A", "a_b", "-a", "a.", "1.2.3.4", "[::1]", "", "a b", "ü")
    ports = ("", ":80", ":443", ":8000", ":0", ":65536", ":4430", ":x")
    paths = ("", "/", "/v1", "//v1//", "/a/../b", "/%20", "/~x", "?a=1", "#a")
    urls = [f"https://{host}{port}{path}" for host, port, path in product(hosts, ports, paths)]

    def split(url: str) -> object:
        try:
            return split_url(url, "here")
        except ConfigError as error:
            return str(error)

    quick = list(map(split, urls))
    monkeypatch.setattr(choosing, "_is_plain", lambda url: False)
    assert quick == list(map(split, urls))
