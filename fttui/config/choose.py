"""Choose the service. Standard library only: the first frame shows the choice.

The order: `--base-url` or `--profile`, then `FTTUI_PROFILE`, then the profile in use (`fttui profile use`, else
`profile` in `config.toml`), then `OPENAI_*`, then `AZURE_*` in the environment, then `local`.
"""

import os
from collections.abc import Iterable

from fttui.config.errors import ConfigError
from fttui.config.paths import config_file, profiles_file
from fttui.config.providers import OFFICIAL, PROVIDERS, WATCHED, provider_at
from fttui.config.toml_file import read_toml
from fttui.lean_typing import Any, NamedTuple
from fttui.text import clean_line, has_only, is_name, nearest

LOCAL = "local"
_DEFAULT = "nothing else is configured"
_MANY_PROFILES = 20
"""Number of profiles above which a message does not list them."""
_LONGEST_NAME = 64
"""Most characters of the name of a profile."""


class Choice(NamedTuple):
    """The chosen service. All texts are free of control characters."""

    name: str
    """Name for the user: the profile's name, or the host."""
    origin: str
    """Origin of the choice: a flag, a variable or a file."""
    key: str
    """Key of the service's jobs in the archive: the profile's name, or the base URL with organisation and project."""
    base_url: str | None
    """URL without a trailing slash and without query; None for the embedded service."""
    source: str
    """Origin of the settings: `local`, `profile`, `openai` or `azure` (the environment), `url` (the flag)."""
    query: str = ""
    """Encoded query of the base URL: sent with every request, never shown."""
    provider: str = "openai"
    """One of `PROVIDERS`."""

    @property
    def reason(self) -> str:
        """Origin of the choice, as half a sentence."""
        return f"because {self.origin}" if self.origin == _DEFAULT else f"because of {self.origin}"

    @property
    def is_local(self) -> bool:
        """The choice is the embedded service of this machine."""
        return self.source == LOCAL

    @property
    def is_watched(self) -> bool:
        """The choice is directories with runs that other programs started."""
        return self.provider == WATCHED

    @property
    def is_on_disk(self) -> bool:
        """The jobs are on this machine, so that looking at them costs little."""
        return self.is_local or self.is_watched


def choose(*, profile: str | None = None, base_url: str | None = None) -> Choice:
    """Choose the service by the flags of the command line, the environment and the configuration.

    Raises:
        ConfigError: the profile does not exist, the URL is invalid, or the configuration cannot be read.
    """
    if profile is not None and base_url is not None:
        raise ConfigError("--profile and --base-url cannot be used together")
    if base_url is not None:
        return _by_url(base_url, "--base-url", "url")
    if profile is not None:
        return choose_profile(profile, "--profile")
    if name := _variable("FTTUI_PROFILE"):
        return choose_profile(name, "FTTUI_PROFILE")
    if used := profile_in_use():
        return choose_profile(*used)
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        if _variable(variable):
            return _openai(variable)
    if _variable("AZURE_OPENAI_ENDPOINT"):
        return _azure("AZURE_OPENAI_ENDPOINT")
    return Choice(LOCAL, _DEFAULT, LOCAL, None, LOCAL)


def choose_profile(name: str, origin: str) -> Choice:
    """Choose a profile: one of the configuration, the built-in `local`, `openai` or `azure`, or a directory by its URL.

    Args:
        origin: where the choice was made: a flag, a variable or a file.

    Raises:
        ConfigError: the profile does not exist; the message suggests a name that is alike, else it lists the names.
    """
    if name == LOCAL:
        return Choice(LOCAL, origin, LOCAL, None, LOCAL)
    if name.startswith("file://"):
        return _by_url(name, origin, "url")
    profiles = all_profiles()
    if isinstance(found := profiles.get(name), dict):
        check_name(name)
        return choose_table(name, found, origin)
    if name == "openai":
        return _openai(origin)
    if name == "azure" and _variable("AZURE_OPENAI_ENDPOINT"):
        return _azure(origin)
    raise ConfigError(f"no profile {clean_line(name)!r} ({origin}). {_known_profiles(name, profiles)}")


def _known_profiles(name: str, profiles: Iterable[str]) -> str:
    """Return a sentence with the profile that the name is alike, or with all profiles if none is."""
    if name == "azure":
        return "It needs AZURE_OPENAI_ENDPOINT, or add it with: fttui profile add azure --base-url URL"
    names = sorted({*profiles, LOCAL, "openai"} | ({"azure"} if _variable("AZURE_OPENAI_ENDPOINT") else set()))
    if near := nearest(name, names):
        return f"Did you mean {clean_line(near)!r}?"
    if len(names) > _MANY_PROFILES:
        return f"There are {len(names)} profiles: fttui profile list"
    return f"Profiles: {', '.join(map(clean_line, names))}"


def all_profiles() -> dict[str, Any]:
    """Return the profiles of both files, not validated. The user's replace added ones of the same name."""
    found: dict[str, Any] = {}
    for path in (profiles_file(), config_file()):
        table = read_toml(path).get("profiles")
        if isinstance(table, dict):
            found |= table
    return found


def profile_in_use() -> tuple[str, str] | None:
    """Return the name of the profile in use and the origin of the choice; None without one."""
    for path, member, origin in ((profiles_file(), "use", "profile use"), (config_file(), "profile", "config.toml")):
        name = read_toml(path).get(member)
        if isinstance(name, str) and name:
            return name, origin
    return None


def check_name(name: str) -> None:
    """Check the name of a profile.

    Raises:
        ConfigError: the name is invalid.
    """
    if not is_name(name, "._-", _LONGEST_NAME) or name == LOCAL:
        why = "'local' is the embedded service" if name == LOCAL else "use letters, digits, '.', '_' and '-'"
        raise ConfigError(f"invalid profile name {clean_line(name)!r}: {why}")


def split_url(url: str, where: str) -> tuple[str, str]:
    """Return a base URL in normal form, and its query.

    Args:
        where: the origin of the URL, for messages.

    Raises:
        ConfigError: the URL is not an http(s) URL, or contains a user name or password.
    """
    text = url.strip()
    if _is_plain(text):
        return text.rstrip("/"), ""
    from urllib.parse import urlsplit  # late: its import takes a tenth of the time to the first frame

    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("http", "https") or not host or clean_line(text) != text or " " in text:
        raise ConfigError(f"{where}: must be a URL such as https://host/v1")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"{where}: must not contain a user name or password. Use a variable or a key command")
    if parts.fragment:
        raise ConfigError(f"{where}: must not contain '#'")
    place = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        place += f":{port}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}", parts.query


def _is_plain(url: str) -> bool:
    """Tell whether a URL is in normal form but for slashes at its end. Most are."""
    scheme, _, place = url.partition("://")
    address, _, path = place.partition("/")
    host, colon, port = address.partition(":")
    if scheme not in ("http", "https") or (colon and not _is_plain_port(port)) or not has_only(path, "._~/-"):
        return False
    return has_only(host, ".-") and host == host.lower() and host[:1].isalnum() and host[-1:].isalnum()


def _is_plain_port(port: str) -> bool:
    if not (port.isascii() and port.isdecimal() and len(port) <= 5):
        return False
    return port[0] != "0" and int(port) < 65_536 and port not in ("80", "443")  # the port of a scheme is left out


def host_of(base_url: str) -> str:
    """Return host and port of a base URL in normal form."""
    return base_url.split("://", 1)[-1].split("/", 1)[0]


def place_words(choice: Choice) -> str:
    """Return the place of a service: its host, `this machine`, or the directories of its runs."""
    if choice.base_url is None:
        return "this machine"
    if not choice.is_watched:
        return host_of(choice.base_url)
    from fttui.runs.place import paths_of

    home = os.path.expanduser("~")
    return ", ".join(
        clean_line(f"~{path.removeprefix(home)}" if path.startswith(f"{home}/") else path)
        for path in paths_of(choice.base_url)
    )


def is_official(base_url: str) -> bool:
    """Return whether a base URL is OpenAI's own service, of any region, over TLS."""
    return provider_at(base_url) == "openai"


def is_loopback(base_url: str) -> bool:
    """Return whether a base URL is a port of this machine."""
    host = host_of(base_url)
    host = host[: host.index("]") + 1] if host.startswith("[") else host.split(":", 1)[0]
    return host in ("localhost", "[::1]") or host.endswith(".localhost") or _is_127(host)


def _is_127(host: str) -> bool:
    first, *others = host.split(".")
    return first == "127" and len(others) == 3 and all(map(str.isdecimal, others))


def _by_url(url: str, origin: str, source: str) -> Choice:
    if url.startswith("file://"):
        return _watched("", url, origin, source)
    base, query = split_url(url, origin)
    # Organisations and projects have separate jobs behind one URL.
    account = "/".join(filter(None, (_variable("OPENAI_ORG_ID"), _variable("OPENAI_PROJECT_ID"))))
    key = clean_line(f"{base}#{account}" if account else base)
    name = "openai" if base == OFFICIAL else host_of(base)
    return Choice(name, origin, key, base, source, query, provider_at(base))


def _openai(origin: str) -> Choice:
    if url := _variable("OPENAI_BASE_URL"):
        split_url(url, "OPENAI_BASE_URL")  # so that a message names the variable
    return _by_url(url or OFFICIAL, origin, "openai")


def _azure(origin: str) -> Choice:
    base, query = azure_url(
        _variable("AZURE_OPENAI_ENDPOINT"), _variable("OPENAI_API_VERSION"), "AZURE_OPENAI_ENDPOINT"
    )
    return Choice("azure", origin, base, base, "azure", query, "azure")


def azure_url(endpoint: str, version: str, where: str) -> tuple[str, str]:
    """Return base URL and query of an Azure resource. No version, `v1` and `preview` mean the undated API.

    Raises:
        ConfigError: the endpoint is not a URL.
    """
    base, query = split_url(endpoint, where)
    base = base.removesuffix("/v1").removesuffix("/openai") + "/openai"
    if version in ("", "v1", "preview"):
        base += "/v1"
    if version and "api-version=" not in query:
        from urllib.parse import quote

        query = "&".join(filter(None, (query, f"api-version={quote(version, safe='')}")))
    return base, query


def choose_table(name: str, profile: dict[str, Any], origin: str) -> Choice:
    """Choose the service of a profile that is not validated."""
    provider = profile.get("provider", "")
    if provider and provider not in PROVIDERS:
        raise ConfigError(f"profiles.{name}.provider: must be one of {', '.join(PROVIDERS)}")
    if provider == WATCHED or "directory" in profile:
        return _watched(name, _directory_url(name, profile), origin, "profile")
    url = profile.get("base_url") or (_filled(name, provider, profile) if provider else OFFICIAL)
    where = f"profiles.{name}.base_url"
    if not isinstance(url, str) or not url:
        raise ConfigError(f"{where}: missing. The provider {provider} has no URL of its own")
    base, query = split_url(url, where)
    provider = provider or provider_at(base)
    if provider == "azure":
        base, query = azure_url(url, str(profile.get("api_version") or ""), where)
    return Choice(name, origin, name, base, "profile", query, provider)


def _directory_url(name: str, profile: dict[str, Any]) -> str:
    """Return the URL of the directories of a profile."""
    given = profile.get("directory")
    paths = [given] if isinstance(given, str) else given
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) and path for path in paths):
        raise ConfigError(f"profiles.{name}.directory: missing. It is the directory with the runs")
    from fttui.runs.place import url_of

    return url_of(paths)


def _watched(name: str, url: str, origin: str, source: str) -> Choice:
    """Return the choice of directories with runs. Without a profile, they are named like the last directory."""
    from fttui.runs.place import fixed_part, paths_of

    paths = paths_of(url)
    if not paths:
        raise ConfigError(f"{origin}: must be a URL such as file:///scratch/me")
    shown = clean_line(fixed_part(paths[0]).rstrip("/").rpartition("/")[2] or "/")
    return Choice(name or shown, origin, name or clean_line(url), url, source, "", WATCHED)


def _filled(name: str, provider: str, profile: dict[str, Any]) -> str:
    """Return the base URL of a provider with the members of a profile in its braces."""
    url = PROVIDERS[provider].base_url
    import re

    members = re.findall(r"\{(\w+)\}", url)
    for member in dict.fromkeys(members):
        value = profile.get(member)
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:-]*", value):
            raise ConfigError(f"profiles.{name}.{member}: missing or no id; or give base_url")
        url = url.replace(f"{{{member}}}", value)
    return url


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()
