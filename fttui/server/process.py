"""The process that is the service: one event loop, its doors (a Unix socket, perhaps a TCP port), its lifetime."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn

from fttui import __version__
from fttui.server import control, sockets
from fttui.server import home as homedir
from fttui.server.api.app import App, Guard, Receive, Scope, Send, create_app, keyed, local_only
from fttui.server.api.http_protocol import config_of
from fttui.server.control import ServiceError
from fttui.server.service import Service, open_service
from fttui.server.storage.paths import write_durably

IDLE_LIMIT = 600.0
"""Seconds without a request and without anything running after which a detached service ends."""
LARGEST_LOG = 4 << 20

log = logging.getLogger("fttui.server")


class Process:
    """One service over `home`, whose lock the caller holds, until it is told to stop."""

    def __init__(self, home: str, service: Service, *, idle_limit: float | None, url: str | None = None) -> None:
        self._home = home
        self._service = service
        self._idle_limit = idle_limit
        self._url = url
        self._started_at = time.time()
        self._asked_at = time.monotonic()
        self._save_trainers = True
        self.socket_path = ""
        """Where the Unix socket is, once it is there."""
        self._socket_id: tuple[int, int] | None = None
        self._server = uvicorn.Server(config_of(self._unix_app(create_app(service))))

    # Doors

    async def _listen(self, door: socket.socket, config: uvicorn.Config) -> asyncio.Server:
        def protocol() -> asyncio.Protocol:
            return config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=self._server.server_state, app_state={}
            )

        server = await asyncio.get_running_loop().create_server(protocol, sock=door)
        self._server.servers.append(server)
        return server

    async def _open_socket(self) -> None:
        """Put the Unix socket in place."""
        door, self.socket_path = sockets.unix_socket(self._home)
        found = os.lstat(self.socket_path)
        self._socket_id = (found.st_dev, found.st_ino)
        await self._listen(door, self._server.config)
        self._write_card()

    def _write_card(self) -> None:
        card = {"pid": os.getpid(), "version": __version__, "socket": self.socket_path, "started_at": self._started_at}
        card["host"] = socket.gethostname()
        write_durably(homedir.card_path(self._home), json.dumps(card).encode())

    def _socket_is_in_place(self) -> bool:
        try:
            found = os.lstat(self.socket_path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._socket_id and os.path.exists(homedir.card_path(self._home))

    def _unix_app(self, inner: App) -> App:
        """The API, and beside it what only the owner of the socket may ask for."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            self._asked_at = time.monotonic()
            ours = scope["type"] == "http" and scope["path"] in ("/service", "/service/stop")
            await (self._control if ours else inner)(scope, receive, send)

        return app

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.requests import Request
        from starlette.responses import JSONResponse

        request = Request(scope, receive)
        if scope["path"] == "/service/stop" and scope["method"] == "POST":
            asked = json.loads(await request.body() or b"{}")
            self.stop(save_trainers=asked.get("trainers") != "leave")
        await JSONResponse(self._state())(scope, receive, send)

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            "pid": os.getpid(),
            "version": __version__,
            "started_at": self._started_at,
            "home": self._home,
            "url": self._url,
        }
        try:
            running = [job.id for job in self._service.database.jobs.unfinished() if job.status == "running"]
            return {**state, "jobs": self._service.database.jobs.counts(), "running_jobs": running}
        except OSError as error:  # it is there all the same, and must not be taken for dead
            return {**state, "trouble": _reason(error)}

    # Life

    def stop(self, *, save_trainers: bool) -> None:
        """End soon: answer what was asked, and let the trainers save and stop, or leave them running."""
        self._save_trainers = save_trainers
        self._server.should_exit = True

    def serve(self, ready: Callable[[], None], tcp: socket.socket | None = None, guard: Guard | None = None) -> None:
        """Serve until told to stop; `ready` is called once the doors are open.

        Raises:
            OSError, ServiceError: the doors cannot be opened.
        """
        # While a thread checks a large training file, others get their turn ten times sooner than by default.
        sys.setswitchinterval(0.0005)
        asyncio.run(self._serve(ready, tcp, guard))

    async def _serve(self, ready: Callable[[], None], tcp: socket.socket | None, guard: Guard | None) -> None:
        server = self._server
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, partial(self.stop, save_trainers=True))
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[])
        await self._open_socket()
        if tcp is not None and guard is not None:
            await self._listen(tcp, config_of(self._noticing(create_app(self._service, guard))))
        self._service.runner.start()
        ready()
        keeper = asyncio.create_task(self._keep())
        try:
            await server.main_loop()
        finally:
            keeper.cancel()
            self._take_socket_away()
            await server.shutdown()
            await asyncio.to_thread(self._service.runner.close, save=self._save_trainers)
            self._service.database.close()

    def _noticing(self, inner: App) -> App:
        """`inner`, and a note that somebody asked."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            self._asked_at = time.monotonic()
            await inner(scope, receive, send)

        return app

    async def _keep(self) -> None:
        """Put the socket back when something removed it; end when nobody has needed the service for long."""
        looks = 0
        while True:
            await asyncio.sleep(0.5)
            looks += 1
            try:
                if not self._socket_is_in_place():
                    log.warning("the socket was gone, and is put back")
                    await self._open_socket()
            except OSError as error:
                log.warning("the socket cannot be put back: %s", error)
            if looks % (homedir.HEARTBEAT * 2) == 0:
                await asyncio.to_thread(self._now_and_then)
            if await asyncio.to_thread(self._is_unneeded):
                log.info("nothing runs and nobody asks: the service ends")
                self.stop(save_trainers=True)

    def _now_and_then(self) -> None:
        """What need not be done often: say that we live, keep the log small, forget what has expired."""
        try:
            os.utime(homedir.card_path(self._home))
            bound_log(homedir.log_path(self._home))
            self._service.drop_expired()
            self._service.paths.keep_reserve()
        except OSError as error:
            log.warning("the home cannot be written to: %s", error)

    def _is_unneeded(self) -> bool:
        if self._idle_limit is None or time.monotonic() - self._asked_at < self._idle_limit:
            return False
        try:
            return not any(count for state, count in self._service.database.jobs.counts().items() if state != "paused")
        except OSError:
            return False  # not known: so not now

    def _take_socket_away(self) -> None:
        if self._socket_is_in_place():
            with suppress(OSError):
                os.unlink(self.socket_path)
                os.unlink(homedir.card_path(self._home))


def bound_log(path: str) -> None:
    """Begin the log anew when it has grown large; what it held stays beside it, once.

    It is emptied in place: our own descriptors, which append, go on.
    """
    if os.path.exists(path) and os.path.getsize(path) > LARGEST_LOG:
        import shutil  # late: seldom

        shutil.copyfile(path, path + ".1")
        os.truncate(path, 0)


def run_detached(home: str, *, idle_limit: float = IDLE_LIMIT, say: Callable[[str], None]) -> int:
    """Be the service until nobody needs it. `say` gets one line: `ready SOCKET`, `busy`, or `failed WHY`.

    Returns the exit code.
    """
    try:
        homedir.make_home(home)
        homedir.check_host(home)
        if homedir.take_lock(home) is None:  # held to the end of this process
            say("busy")
            return 0
        process = Process(home, open_service(home), idle_limit=idle_limit)
        process.serve(lambda: say(f"ready {process.socket_path}"))
    except (OSError, ServiceError) as error:
        log.error("the service cannot run: %s", _reason(error))
        say(f"failed {_reason(error)}")
        return 1
    return 0


def serve_tcp(home: str, host: str, port: int, api_key_file: str | None) -> int:
    """What `daemon.serve` says."""
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        guard: Guard = keyed(sockets.keys(api_key_file)) if api_key_file is not None else local_only
        if api_key_file is None and not sockets.is_loopback(host):
            raise ServiceError(
                f"Without a key file the service listens on loopback only, and {host} is not that.\n"
                "Name a file that holds a key: --api-key-file FILE"
            )
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        door = sockets.tcp_socket(host, port)
        lock = _take_over(home)
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{door.getsockname()[1]}/v1"
        process = Process(home, open_service(home), idle_limit=None, url=url)

        def announce() -> None:
            print(f"Serving {url} and {process.socket_path}; ctrl+c stops it.", file=sys.stderr, flush=True)
            if api_key_file is None:
                print("Any key is accepted: every user of this host can reach it.", file=sys.stderr, flush=True)

        process.serve(announce, door, guard)
        os.close(lock)
    except (OSError, ServiceError) as error:
        print(_reason(error), file=sys.stderr)
        return 1
    return 0


def _take_over(home: str) -> int:
    """The home's lock, from whoever holds it now.

    Raises:
        ServiceError: the holder does not give it up.
    """
    homedir.make_home(home)
    homedir.check_host(home)
    deadline = time.monotonic() + 20
    while (lock := homedir.take_lock(home)) is None:
        if time.monotonic() > deadline:
            raise ServiceError(f"The service of {home} does not make room.\nStop it: fttui serve --stop")
        control.hand_over(home)
    return lock


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f' ({error.filename})' if error.filename else ''}"
    return str(error) or type(error).__name__
