"""The service as an ASGI application: the API's routes, and around them what every answer has in common."""

import hmac
import logging
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Router

from fttui.server.api import files, jobs, models, uploads
from fttui.server.api.errors import Refused, no_route, no_space, our_fault
from fttui.server.service import Service

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Guard = Callable[[Request], Refused | None]
"""Says why a request is not let in; None lets it in."""

log = logging.getLogger("fttui.server")


def create_app(service: Service, guard: Guard = lambda request: None) -> App:
    """The API over a service. The application takes part in no lifespan; the caller starts the runner."""
    return Front(service, guard)


class Front:
    """What every request passes: its id, its path put straight, the guard, and the net under everything."""

    def __init__(self, service: Service, guard: Guard) -> None:
        self.service = service
        self._guard = guard
        router = Router([*jobs.routes, *files.routes, *uploads.routes, *models.routes], redirect_slashes=False)
        self._inner = ExceptionMiddleware(router, {Refused: _refusal, HTTPException: _stray})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        id = "req_" + os.urandom(16).hex()
        began = time.monotonic()
        status = 0

        async def answer(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                took = str(int((time.monotonic() - began) * 1000)).encode()
                headers = [(b"x-request-id", id.encode()), (b"openai-processing-ms", took)]
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
            await send(message)

        scope = {**scope, "path": _straight(scope["path"]), "app": self}
        refused = self._guard(Request(scope))
        try:
            app: App = self._inner if refused is None else _response(refused)
            await app(scope, receive, answer)
        except ClientDisconnect:
            log.info("%s %s was given up by the client %s", scope["method"], _shown(scope["path"]), id)
            return
        except Exception as error:
            log.error("%s %s failed (%s)", scope["method"], _shown(scope["path"]), id, exc_info=error)
            if status:
                raise  # part of the answer is out; cutting the connection is all that is left to say
            fault = no_space(error.strerror or str(error)) if isinstance(error, OSError) else our_fault()
            await _response(fault)(scope, receive, answer)
        took_ms = (time.monotonic() - began) * 1000
        log.info("%s %s %d %.0f ms %s", scope["method"], _shown(scope["path"]), status, took_ms, id)


def keyed(keys: Sequence[str]) -> Guard:
    """Lets in who brings one of the keys. Each is compared in a time that says nothing about it."""
    known = [key.encode() for key in keys]

    def guard(request: Request) -> Refused | None:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not given.strip():
            message = "You didn't provide an API key: send it as 'Authorization: Bearer KEY'."
            return Refused(401, message, code="invalid_api_key")
        matches = [hmac.compare_digest(key, given.strip().encode("utf-8", "replace")) for key in known]
        return None if any(matches) else Refused(401, "Incorrect API key provided.", code="invalid_api_key")

    return guard


def local_only(request: Request) -> Refused | None:
    """Lets in programs of this machine, and keeps out web pages that a browser on it shows.

    For the keyless door: a page may not send requests here (Origin), nor by a name of its own (Host).
    """
    host = _hostname(request.headers.get("host", ""))
    origin = request.headers.get("origin")
    if not _is_loopback(host) or (origin is not None and not _is_loopback(_hostname(origin.partition("://")[2]))):
        return Refused(403, "Without a key file, only programs on this machine are let in.", code="not_local")
    return None


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


def _hostname(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _straight(path: str) -> str:
    """A path without doubled or trailing slashes; `//` for an empty id is read as the live service reads it."""
    while "//" in path:
        path = path.replace("//", "/")
    return path.rstrip("/") or "/"


def _refusal(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return _response(refused)


def _stray(request: Request, error: Exception) -> Response:
    """No such route, or not with this method: to the API that is the same."""
    return _response(no_route(request.method, request.url.path))


def _response(refused: Refused) -> JSONResponse:
    return JSONResponse(refused.body(), status_code=refused.status, headers=refused.headers)


def _shown(path: str) -> str:
    """A path as a log may hold it."""
    return path.encode("ascii", "backslashreplace").decode()[:200] if path.isprintable() else repr(path)[:200]
