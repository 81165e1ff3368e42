"""Proxies of the environment: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY."""

import ipaddress
import os
import ssl
from collections.abc import Mapping
from urllib.request import getproxies

import httpx

from fttui.api.proxy import Proxy, ProxyTransport
from fttui.config.choose import is_loopback
from fttui.config.errors import ConfigError
from fttui.install import install_line, missing_modules

SCHEMES = ("http", "https", "socks5", "socks5h")
"""Schemes of addresses of proxies."""


def routes(base_url: str, verify: ssl.SSLContext | bool) -> dict[str, httpx.AsyncBaseTransport | None]:
    """Return the transport for each pattern of URLs, as httpx takes them; None for those that need no proxy.

    Args:
        base_url: address of the service. The client of a service on this machine uses no proxy.
        verify: an SSL context or False, as for httpx.

    Raises:
        ConfigError: a variable has an unusable value.
    """
    return {
        pattern: None if proxy is None else ProxyTransport(proxy, verify)
        for pattern, proxy in _by_pattern(base_url).items()
    }


def proxy_of(base_url: str) -> Proxy | None:
    """Return the proxy of requests to the service at an address; None when they use none.

    Raises:
        ConfigError: a variable has an unusable value.
    """
    used: list[Proxy | None] = []

    def noting(proxy: Proxy | None) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            used.append(proxy)
            return httpx.Response(204)

        return httpx.MockTransport(answer)

    # A request that is not sent: httpx decides, by the rules that it applies to the requests of `routes`.
    mounts = {pattern: noting(proxy) for pattern, proxy in _by_pattern(base_url).items()}
    with httpx.Client(transport=noting(None), mounts=mounts, trust_env=False) as client:
        client.get(base_url)
    return used[0]


def _by_pattern(base_url: str) -> dict[str, Proxy | None]:
    """Return the proxy for each pattern of URLs; None for those that need none."""
    if is_loopback(base_url):
        return {}
    values = getproxies()
    proxies = {
        f"{kind}://": _proxy(values[kind], _variable(kind)) for kind in ("http", "https", "all") if values.get(kind)
    }
    without = [host for entry in values.get("no", "").split(",") if (host := entry.strip())]
    if not proxies or "*" in without:
        return {}
    return {
        **proxies,
        **{_pattern(host, _variable("no")): None for host in without},
    }


def _variable(kind: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the variable that a value came from. The lower-case name wins."""
    names = (f"{kind}_proxy", f"{kind}_proxy".upper())
    return next((name for name in names if environment.get(name)), "the settings of the system")


def _proxy(value: str, variable: str) -> Proxy:
    """Return the proxy at an address. Messages do not show it, because it may contain a password."""
    hint = f"Set {variable} to http://HOST:PORT, or unset it."
    try:
        url = httpx.URL(value if "://" in value else f"http://{value}")
    except (httpx.InvalidURL, ValueError):
        raise ConfigError(f"{variable} is not the address of a proxy\n{hint}") from None
    if url.scheme not in SCHEMES or not url.host:
        what = f"the scheme {url.scheme}" if url.scheme not in SCHEMES else "no host"
        raise ConfigError(f"{variable} is not the address of a proxy: it has {what}\n{hint}")
    if url.scheme.startswith("socks") and (missing := missing_modules("socks")):
        raise ConfigError(
            f"{variable} names a SOCKS proxy, which needs a package that is not installed ({', '.join(missing)}): "
            f"{install_line('socks')}\nTo use no proxy, unset {variable}."
        )
    return Proxy(url, variable)


def _pattern(host: str, variable: str) -> str:
    """Return the pattern of httpx for an entry of NO_PROXY."""
    bare = host.removeprefix("[").removesuffix("]")
    if "://" in host:
        pattern = host
    elif _is_address(bare):
        pattern = f"all://[{bare}]" if ":" in bare else f"all://{bare}"
    elif host.lower() == "localhost" or "/" in host:
        pattern = f"all://{host}"
    else:
        pattern = f"all://*{host}"
    try:
        httpx.URL(pattern)
    except (httpx.InvalidURL, ValueError):
        raise ConfigError(
            f"{variable} has an entry that is not a host: {host}\n"
            "Write host names, domains and IP addresses, separated by commas."
        ) from None
    return pattern


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
