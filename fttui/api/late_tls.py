"""Transport for https that reads the certificate authorities with its first request.

Reading them takes longer than a request to this machine, and a service without TLS rarely redirects to one with it.
"""

import ssl
from collections.abc import Callable

import httpx


class LateTls(httpx.AsyncBaseTransport):
    """Transport whose TLS context is made when it is needed."""

    def __init__(self, context: Callable[[], ssl.SSLContext]) -> None:
        """
        Args:
            context: makes the context. It is called at most once.
        """
        self._context = context
        self._inner: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._inner is None:
            self._inner = httpx.AsyncHTTPTransport(verify=self._context(), trust_env=False)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        if self._inner is not None:
            await self._inner.aclose()
