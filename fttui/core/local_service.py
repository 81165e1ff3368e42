"""The embedded service as an endpoint: check that it can run, start it, and reach it over its socket.

When several cockpits start at once, `server.start.ensure` decides under a file lock which process starts the service.
"""

import asyncio
from collections.abc import Collection
from typing import Any

import httpx

from fttui.config.errors import ConfigError
from fttui.config.paths import make_dir, service_dir
from fttui.install import install_line, missing_modules
from fttui.server import control


def check_installed() -> None:
    """Check that the extra `local` is installed.

    Raises:
        ConfigError: it is missing; the message has the install line.
    """
    if missing := missing_modules("local"):
        raise ConfigError(
            f"the local service needs packages that are not installed ({', '.join(missing)}): {install_line('local')}\n"
            "To use a different service: --profile NAME or --base-url URL"
        )


async def open_transport(settings: dict[str, Any], secrets: Collection[str] = ()) -> "AutoStartTransport":
    """Start the service if it is not running, and return a transport to its socket.

    Args:
        settings: the `[local]` settings that the service takes.
        secrets: environment variables of the profiles' keys, which the service does not get.

    Raises:
        ConfigError: the extra `local` is missing.
        ServiceError: the service cannot be started.
    """
    check_installed()
    home = make_dir(service_dir())
    socket = await asyncio.to_thread(control.ensure, home, settings=settings, secrets=secrets)
    return AutoStartTransport(home, socket, settings, secrets)


class AutoStartTransport(httpx.AsyncBaseTransport):
    """HTTP over the socket of the embedded service. A request that finds no service starts it.

    An idle service ends by itself, and a machine may have slept.
    """

    def __init__(self, home: str, socket: str, settings: dict[str, Any], secrets: Collection[str] = ()) -> None:
        self._home = home
        self._settings = settings
        self._secrets = secrets
        self._socket = socket
        self._inner = _transport(socket)
        self.notices = control.notices(home)
        """Messages of the service for the user, such as a damaged database that was rebuilt."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        except httpx.ConnectError:
            pass
        # Outside the handler, so that a failed start does not carry the socket's error as its context.
        await self._start()
        return await self._inner.handle_async_request(request)

    async def _start(self) -> None:
        try:
            socket = await asyncio.to_thread(control.ensure, self._home, settings=self._settings, secrets=self._secrets)
        except control.ServiceError as error:
            raise httpx.ConnectError(str(error)) from None
        if socket != self._socket:
            await self._inner.aclose()
            self._socket = socket
            self._inner = _transport(socket)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _transport(socket: str) -> httpx.AsyncHTTPTransport:
    # No TLS on a socket: the certificate authorities of the environment are not read.
    return httpx.AsyncHTTPTransport(uds=socket, verify=False, trust_env=False)
