"""Requests through a proxy: a failure of the proxy is told apart from a failure of the provider."""

import ssl
from collections.abc import Iterator
from typing import NamedTuple

import httpx

_VIA = "fttui_proxy"
"""Extension of a response that the proxy may have made itself: the proxy in words."""
_STATUSES = (502, 503, 504)
"""Statuses by which a proxy says that it or the server behind it fails."""


class Proxy(NamedTuple):
    """Proxy of the environment."""

    url: httpx.URL
    """May contain a password."""
    variable: str

    def __str__(self) -> str:
        port = f":{self.url.port}" if self.url.port else ""
        return f"the proxy {self.url.host}{port}, set in {self.variable}"


class ProxyFailed(httpx.ProxyError):
    """The proxy cannot be used. `str()` is the reason, and its note names the proxy."""


class ProxyTransport(httpx.AsyncBaseTransport):
    """HTTP through one proxy."""

    def __init__(self, proxy: Proxy, verify: ssl.SSLContext | bool) -> None:
        """
        Args:
            verify: an SSL context or False, as for httpx.
        """
        self._proxy = proxy
        self._inner = httpx.AsyncHTTPTransport(proxy=httpx.Proxy(proxy.url), verify=verify, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self._inner.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            if self._is_of_provider(error):
                error.add_note(str(self._proxy))
                raise
            refused = isinstance(error, httpx.ProxyError)
            why = f"it refused the connection ({error})" if refused else str(error) or "timed out"
            raise self._failed(why, request) from error  # the cause may have a better reason
        except httpx.TransportError as error:
            error.add_note(str(self._proxy))
            raise
        if response.status_code == 407:
            await response.aclose()
            raise self._failed("it asks for a user name and a password", request)
        if request.url.scheme == "http":  # an answer through TLS is the provider's
            response.extensions[_VIA] = str(self._proxy)
        return response

    def _failed(self, why: str, request: httpx.Request) -> ProxyFailed:
        error = ProxyFailed(why, request=request)
        error.add_note(str(self._proxy))  # a note, because the message is read for the reason
        return error

    def _is_of_provider(self, error: Exception) -> bool:
        """Return whether the connection to the proxy was made, and TLS with the provider failed."""
        return self._proxy.url.scheme != "https" and any(isinstance(each, ssl.SSLError) for each in _contexts(error))

    async def aclose(self) -> None:
        await self._inner.aclose()


def failing_proxy(response: httpx.Response) -> str:
    """Return why the proxy failed, if it says so in its answer; empty for every other answer."""
    if response.status_code not in _STATUSES or _VIA not in response.extensions:
        return ""
    squid = response.headers.get("x-squid-error", "")
    _, separator, status = response.headers.get("proxy-status", "").partition("error=")  # RFC 9209
    why = squid if squid.startswith("ERR_") else status.split(";")[0] if separator else ""
    return f"it answered {response.status_code} ({why.strip()})" if why.strip() else ""


def possible_proxy(response: httpx.Response) -> str:
    """Return the proxy that may have made an answer in the provider's place, in words; empty if none can have."""
    if response.status_code not in _STATUSES:
        return ""
    _, _, gateway = response.headers.get("via", "").rpartition(",")[2].strip().partition(" ")
    return response.extensions.get(_VIA) or (f"the gateway {gateway} (header Via)" if gateway else "")


def _contexts(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
