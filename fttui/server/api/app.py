"""ASGI application of the service: the routes, request ids, error envelopes and the request log."""

import logging
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Router

from fttui.server.api import chat, exports, files, jobs, models, service_control, uploads
from fttui.server.api.access import AccessCheck, everyone, unambiguous
from fttui.server.api.errors import RequestError, disk_failure, internal_error, no_route
from fttui.server.api.service_control import ServiceControl
from fttui.server.service import Service

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("fttui.server")


def create_app(service: Service, access: AccessCheck = everyone, control: ServiceControl | None = None) -> App:
    """Return the API over a service. The caller starts the runner; the application has no lifespan.

    Args:
        control: process that the requests may control; None for requests that may not.
    """
    return ApiApp(service, access, control)


class ApiApp:
    """Handles every request: normalizes the path, checks access, adds a request id, answers errors, writes the log."""

    def __init__(self, service: Service, access: AccessCheck, control: ServiceControl | None) -> None:
        self.service = service
        self.control = control
        self._access = access
        self.is_owner = access is everyone
        """The requests come over the owner's socket."""
        routes = [*jobs.routes, *files.routes, *uploads.routes, *models.routes, *chat.routes, *exports.routes]
        if control is not None:
            routes += service_control.routes
        router = Router(routes, redirect_slashes=False)
        self._router = ExceptionMiddleware(router, {RequestError: _error_response, HTTPException: _no_route_response})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        id = "req_" + os.urandom(16).hex()
        began = time.monotonic()
        status = 0

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                took = str(int((time.monotonic() - began) * 1000)).encode()
                headers = [(b"x-request-id", id.encode()), (b"openai-processing-ms", took)]
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
            await send(message)

        scope = {**scope, "path": _normalized(scope["path"]), "app": self}
        request = Request(scope)
        refusal = unambiguous(request) or self._access(request)
        try:
            app: App = self._router if refusal is None else _response(refusal)
            await app(scope, receive, send_with_headers)
        except ClientDisconnect:
            log.info("%s %s: the client disconnected %s", scope["method"], _for_log(scope["path"]), id)
            return
        except Exception as error:
            log.error("%s %s failed (%s)", scope["method"], _for_log(scope["path"]), id, exc_info=error)
            if status:
                raise  # a part of the response is sent already: only closing the connection can report the error
            answer = disk_failure(error.strerror or str(error)) if isinstance(error, OSError) else internal_error()
            await _response(answer)(scope, receive, send_with_headers)
        took_ms = (time.monotonic() - began) * 1000
        log.info("%s %s %d %.0f ms %s", scope["method"], _for_log(scope["path"]), status, took_ms, id)


def _normalized(path: str) -> str:
    """Return a path without doubled or trailing slashes, as the hosted service reads it."""
    while "//" in path:
        path = path.replace("//", "/")
    return path.rstrip("/") or "/"


def _error_response(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return _response(error)


def _no_route_response(request: Request, error: Exception) -> Response:
    """Answer a request for an unknown path, or with a wrong method. The API does not distinguish the two."""
    return _response(no_route(request.method, request.url.path))


def _response(error: RequestError) -> JSONResponse:
    return JSONResponse(error.body(), status_code=error.status, headers=error.headers)


def _for_log(path: str) -> str:
    return path.encode("ascii", "backslashreplace").decode()[:200] if path.isprintable() else repr(path)[:200]
