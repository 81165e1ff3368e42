"""Which service is looked at, and why. Standard library only: the first frame says it.

The order: `--base-url` or `--profile`, then `FTTUI_PROFILE`, then the profile in use (`fttui profile use`, else
`profile` in `config.toml`), then `OPENAI_*`, then `AZURE_*` in the environment, then `local`.
"""

import os
import re
from typing import Any, NamedTuple

from fttui.config.errors import ConfigError
from fttui.config.paths import config_file, profiles_file
from fttui.config.toml_file import read_toml
from fttui.text import clean_line

LOCAL = "local"
OFFICIAL = "https://api.openai.com/v1"

PROVIDERS: dict[str, str] = {
    "openai": OFFICIAL,
    "azure": "",
    "nebius": "https://api.tokenfactory.nebius.com/v1",
    "litellm": "",
    "compatible": "",
}
"""Providers that a profile may name, with their base URLs; empty if the profile must give one.

Each has a module of its name in `fttui/api/providers/`.
"""

_OFFICIAL_HOST = r"(?:(?:us|eu|ae|au|in|jp)\.)?api\.openai\.com"
_AZURE_HOST = r".+\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)"
# A URL that is in its normal form as it stands. Most are, and `urllib` takes a tenth of the time to the first frame.
_PLAIN = r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::(?!80/|443/|80$|443$)[1-9]\d{0,3})?(?:/[A-Za-z0-9._~/-]*)?"
_NOTHING = "nothing else is configured"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


class Choice(NamedTuple):
    """The service that was chosen. Every text is clean."""

    name: str
    """What a person calls it: the profile's name, or the host."""
    why: str
    """What decided: a flag, a variable or a file. See `because`."""
    key: str
    """Under which the archive keeps its jobs: a profile's name, or the base URL with organisation and project."""
    base_url: str | None
    """Without a trailing slash and without query; None for the embedded service."""
    source: str
    """Where its settings come from: `local`, `profile`, `openai` or `azure` (the environment), `url` (the flag)."""
    query: str = ""
    """The query of the base URL, still encoded: sent with every request, never shown."""
    provider: str = "openai"
    """One of `PROVIDERS`."""

    @property
    def because(self) -> str:
        """What decided, as half a sentence."""
        return f"because {self.why}" if self.why == _NOTHING else f"because of {self.why}"

    @property
    def is_local(self) -> bool:
        """It is the embedded service of this machine."""
        return self.source == LOCAL


def choose(*, profile: str | None = None, base_url: str | None = None) -> Choice:
    """The service to talk to; the arguments are the flags of the command line.

    Raises:
        ConfigError: the profile does not exist, the URL is none, or the configuration cannot be read.
    """
    if profile is not None and base_url is not None:
        raise ConfigError("--profile and --base-url each name a service: give one of them")
    if base_url is not None:
        return _by_url(base_url, "--base-url", "url")
    if profile is not None:
        return named(profile, "--profile")
    if name := _variable("FTTUI_PROFILE"):
        return named(name, "FTTUI_PROFILE")
    if used := in_use():
        return named(*used)
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        if _variable(variable):
            return _openai(variable)
    if _variable("AZURE_OPENAI_ENDPOINT"):
        return _azure("AZURE_OPENAI_ENDPOINT")
    return Choice(LOCAL, _NOTHING, LOCAL, None, LOCAL)


def named(name: str, why: str) -> Choice:
    """The profile called `name`: one of the configuration, or `local`, `openai`, `azure`, which always exist.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    if name == LOCAL:
        return Choice(LOCAL, why, LOCAL, None, LOCAL)
    profiles = known()
    if isinstance(found := profiles.get(name), dict):
        check_name(name)
        return of_profile(name, found, why)
    if name == "openai":
        return _openai(why)
    if name == "azure" and _variable("AZURE_OPENAI_ENDPOINT"):
        return _azure(why)
    from difflib import get_close_matches

    names = [*profiles, LOCAL, "openai", "azure"]
    near = get_close_matches(name, names, 1)
    more = f"did you mean {near[0]}?" if near else "fttui profile list shows those there are."
    raise ConfigError(f"there is no profile {clean_line(name)!r} ({why}); {more}")


def known() -> dict[str, Any]:
    """The profiles of `config.toml` and those the program added, unchecked; the person's own win."""
    found: dict[str, Any] = {}
    for path in (profiles_file(), config_file()):
        table = read_toml(path).get("profiles")
        if isinstance(table, dict):
            found |= table
    return found


def in_use() -> tuple[str, str] | None:
    """The name of the profile in use and the file that says so; None when none is."""
    for path, member, why in ((profiles_file(), "use", "profile use"), (config_file(), "profile", "config.toml")):
        name = read_toml(path).get(member)
        if isinstance(name, str) and name:
            return name, why
    return None


def check_name(name: str) -> None:
    """Refuse what would not do as the name of a profile.

    Raises:
        ConfigError: it would not do.
    """
    if not re.fullmatch(_NAME, name) or name == LOCAL:
        why = "'local' is the embedded service" if name == LOCAL else "use letters, digits, '.', '_' and '-'"
        raise ConfigError(f"invalid profile name {clean_line(name)!r}: {why}")


def split_url(url: str, where: str) -> tuple[str, str]:
    """A base URL in its normal form, and its query apart.

    Raises:
        ConfigError: it is no http(s) URL, or holds a user name or password; `where` says whose URL it is.
    """
    text = url.strip()
    if re.fullmatch(_PLAIN, text):
        return text.rstrip("/"), ""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("http", "https") or not host or clean_line(text) != text or " " in text:
        raise ConfigError(f"{where} must be a URL such as https://host/v1")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"{where} holds a user name or password; a key belongs in a variable or a key command")
    if parts.fragment:
        raise ConfigError(f"{where} must not hold a '#'")
    place = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        place += f":{port}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}", parts.query


def host_of(base_url: str) -> str:
    """Host and port of a base URL in its normal form."""
    return base_url.split("://", 1)[-1].split("/", 1)[0]


def is_official(base_url: str) -> bool:
    """Whether this is OpenAI's own service, of any region, over TLS."""
    return base_url.startswith("https://") and bool(re.fullmatch(_OFFICIAL_HOST, host_of(base_url)))


def is_loopback(base_url: str) -> bool:
    """Whether this is a port of this very machine."""
    host = host_of(base_url)
    host = host[: host.index("]") + 1] if host.startswith("[") else host.split(":", 1)[0]
    return host in ("localhost", "[::1]") or host.endswith(".localhost") or bool(re.fullmatch(r"127(\.\d+){3}", host))


def _by_url(url: str, why: str, source: str) -> Choice:
    base, query = split_url(url, why)
    # Organisation and project are separate worlds behind one URL.
    world = "/".join(filter(None, (_variable("OPENAI_ORG_ID"), _variable("OPENAI_PROJECT_ID"))))
    key = clean_line(f"{base}#{world}" if world else base)
    provider = "azure" if re.fullmatch(_AZURE_HOST, host_of(base)) else "openai" if is_official(base) else "compatible"
    return Choice("openai" if base == OFFICIAL else host_of(base), why, key, base, source, query, provider)


def _openai(why: str) -> Choice:
    if url := _variable("OPENAI_BASE_URL"):
        split_url(url, "OPENAI_BASE_URL")  # a fault in it is named after the variable, whatever led here
    return _by_url(url or OFFICIAL, why, "openai")


def _azure(why: str) -> Choice:
    base, query = azure_url(
        _variable("AZURE_OPENAI_ENDPOINT"), _variable("OPENAI_API_VERSION"), "AZURE_OPENAI_ENDPOINT"
    )
    return Choice("azure", why, base, base, "azure", query, "azure")


def azure_url(endpoint: str, version: str, where: str) -> tuple[str, str]:
    """Base URL and query of an Azure resource; no version, `v1` and `preview` mean the undated API.

    Raises:
        ConfigError: the endpoint is no URL.
    """
    base, query = split_url(endpoint, where)
    base = base.removesuffix("/v1").removesuffix("/openai") + "/openai"
    if version in ("", "v1", "preview"):
        base += "/v1"
    if version and "api-version=" not in query:
        from urllib.parse import quote

        query = "&".join(filter(None, (query, f"api-version={quote(version, safe='')}")))
    return base, query


def of_profile(name: str, profile: dict[str, Any], why: str) -> Choice:
    """Reads only what it needs; `settings` checks the rest, and more strictly."""
    provider = profile.get("provider", "")
    if provider and provider not in PROVIDERS:
        raise ConfigError(f"profiles.{name}.provider must be one of {', '.join(PROVIDERS)}")
    url = profile.get("base_url") or PROVIDERS.get(provider, OFFICIAL if not provider else "")
    where = f"profiles.{name}.base_url"
    if not isinstance(url, str) or not url:
        raise ConfigError(f"{where} is missing: the provider {provider} has no address of its own")
    base, query = split_url(url, where)
    if not provider:
        azure = re.fullmatch(_AZURE_HOST, host_of(base))
        provider = "azure" if azure else "openai" if is_official(base) else "compatible"
    if provider == "azure":
        base, query = azure_url(url, str(profile.get("api_version") or ""), where)
    return Choice(name, why, name, base, "profile", query, provider)


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()
