"""Process of the service: one event loop, its listeners (a Unix socket and an optional TCP port), and its lifetime."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn

from fttui import __version__, atomic
from fttui.server import sockets
from fttui.server.api.access import AccessCheck
from fttui.server.api.app import App, Receive, Scope, Send, create_app
from fttui.server.api.http_protocol import HttpProtocol, Listener, uvicorn_config
from fttui.server.home import service_file_path
from fttui.server.idle import IdleTimer
from fttui.server.lock import HEARTBEAT, boot_id, host_name
from fttui.server.log_file import rotate_log
from fttui.server.maintenance import Duty, in_thread, maintain
from fttui.server.service import Service
from fttui.server.storage import disk_space

log = logging.getLogger("fttui.server")


class ServiceProcess:
    """Service with its sockets. The caller holds the lock of its home directory."""

    def __init__(self, service: Service, *, idle_limit: float | None, url: str | None = None) -> None:
        """
        Args:
            idle_limit: seconds after which an idle service ends; None for a service in the foreground.
            url: address of the TCP listener.
        """
        self._home = service.paths.home
        self._service = service
        self._idle = IdleTimer(service.database, service.clock, idle_limit)
        self._url = url
        self._started_at = time.time()
        self._save_trainers = True
        self.socket_path = ""
        """Path of the Unix socket; empty before `serve`."""
        self._socket_id: tuple[int, int] | None = None
        self._is_announced = False
        """`service.json` has the path of the socket."""
        self._server = uvicorn.Server(uvicorn_config(self._noted(create_app(service, control=self))))

    # Listeners

    async def _listen(self, bound: socket.socket, config: uvicorn.Config, listener: Listener) -> None:
        def protocol() -> asyncio.Protocol:
            return HttpProtocol(config=config, server_state=self._server.server_state, app_state={}, listener=listener)

        self._server.servers.append(await asyncio.get_running_loop().create_server(protocol, sock=bound))

    async def _open_socket(self) -> None:
        """Create the Unix socket."""
        bound, self.socket_path = sockets.unix_socket(self._home)
        found = os.lstat(self.socket_path)
        self._socket_id = (found.st_dev, found.st_ino)
        self._is_announced = False
        await self._listen(bound, self._server.config, Listener(makes_room=True))

    def _announce(self) -> None:
        """Write `service.json`, by which other processes find the socket."""
        content = {"pid": os.getpid(), "version": __version__, "socket": self.socket_path}
        content |= {"started_at": self._started_at, "host": host_name(), "boot": boot_id()}
        content |= {"notices": list(self._service.notices)}
        atomic.write(service_file_path(self._home), json.dumps(content).encode())
        self._is_announced = True

    def _socket_exists(self) -> bool:
        """Return whether the socket is still there, and not one of another service."""
        try:
            found = os.lstat(self.socket_path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._socket_id

    def _remove_socket(self) -> None:
        if self._socket_exists():
            with suppress(OSError):
                os.unlink(self.socket_path)
                os.unlink(service_file_path(self._home))

    @property
    def facts(self) -> dict[str, Any]:
        """State of the process."""
        facts = {"pid": os.getpid(), "version": __version__, "started_at": self._started_at}
        return facts | {"home": self._home, "url": self._url}

    def _noted(self, api: App) -> App:
        """Return an application that notes each request for the idle timer."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            self._idle.note_request()
            await api(scope, receive, send)

        return app

    # Lifetime

    def stop(self, *, save_trainers: bool) -> None:
        """End soon, after the requests in progress.

        Args:
            save_trainers: stop the trainers, which save their state; otherwise they keep running.
        """
        self._save_trainers = save_trainers
        self._server.should_exit = True

    def serve(
        self, ready: Callable[[], None], tcp: Sequence[socket.socket] = (), access: AccessCheck | None = None
    ) -> None:
        """Serve until a signal, a request to stop or the idle limit ends the process.

        Args:
            ready: called when the sockets are open.
            tcp: listening TCP sockets.
            access: check for requests over TCP.

        Raises:
            OSError, ServiceError: a socket cannot be opened.
        """
        # While one thread checks a large training file, other threads get their turn ten times sooner than by default.
        sys.setswitchinterval(0.0005)
        asyncio.run(self._serve(ready, tcp, access))

    async def _serve(self, ready: Callable[[], None], tcp: Sequence[socket.socket], access: AccessCheck | None) -> None:
        server = self._server
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, partial(self.stop, save_trainers=True))
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[])
        await self._open_socket()
        self._announce()
        if tcp and access is not None:
            config = uvicorn_config(self._noted(create_app(self._service, access)))
            for bound in tcp:
                await self._listen(bound, config, Listener())
        self._service.runner.start()
        self._service.alerts.start()
        if self._service.disk.is_full():
            log.warning(disk_space.FULL)
        ready()
        maintenance = asyncio.create_task(maintain(self._duties(), self._service.clock))
        try:
            await server.main_loop()
        finally:
            maintenance.cancel()
            self._remove_socket()
            await self._service.samplers.close()
            await server.shutdown()
            await asyncio.to_thread(self._service.runner.close, save=self._save_trainers)
            await asyncio.to_thread(self._service.alerts.close)
            await asyncio.to_thread(self._service.close)

    def _duties(self) -> list[Duty]:
        """Return the regular duties. A damaged service ends before the copy of its database is replaced."""
        service = self._service
        return [
            Duty("create the missing socket or service.json again", self._restore_socket),
            Duty("end a damaged service", self._end_if_corrupt),
            in_thread("update the time of service.json", self._touch, HEARTBEAT),
            in_thread("rotate the log", partial(rotate_log, self._home), HEARTBEAT),
            in_thread("remove expired files", service.remove_expired, HEARTBEAT),
            in_thread("keep the reserve", service.disk.keep_reserve, HEARTBEAT),
            in_thread("copy the database", self._copy_database, HEARTBEAT),
            Duty("tend the sampler", service.samplers.tend),
            Duty("end an idle service", self._end_if_idle),
        ]

    async def _restore_socket(self) -> None:
        if not self._socket_exists():
            log.warning("the socket was removed; creating it again")
            await self._open_socket()
        if not self._is_announced or not os.path.exists(service_file_path(self._home)):
            self._announce()

    async def _end_if_corrupt(self) -> None:
        if self._service.database.is_corrupt:
            self._end_damaged("SQLite found damage")

    def _touch(self) -> None:
        os.utime(service_file_path(self._home), follow_symlinks=False)

    def _copy_database(self) -> None:
        if wrong := self._service.copy.make_due():
            self._end_damaged(wrong)

    async def _end_if_idle(self) -> None:
        if self._service.samplers.is_answering:
            self._idle.note_request()
        if await asyncio.to_thread(self._idle.is_idle):
            log.info("no live job and no requests: the service ends")
            self.stop(save_trainers=True)

    def _end_damaged(self, reason: str) -> None:
        log.error("the database is damaged (%s): the service ends, and the next start repairs it", reason)
        self.stop(save_trainers=False)
