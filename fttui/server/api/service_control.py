"""Routes that control the process of the service: its state, its end, and room on its disk.

Only the owner's socket has them, because they are about the process and the disk of the owner.
"""

import os
from collections.abc import Mapping
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fttui.server.api.errors import invalid
from fttui.server.api.parameters import json_of, service_of
from fttui.server.environment import compared_variables
from fttui.server.storage import disk_space

_TRAINERS = ("save", "leave")


class ServiceControl(Protocol):
    """Process of the service."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Members of the state that the process knows: `pid`, `version`, `started_at`, `home` and `url`."""

    def stop(self, *, save_trainers: bool) -> None:
        """End soon, after the requests in progress.

        Args:
            save_trainers: stop the trainers, which save their state; otherwise they keep running.
        """


def state(request: Request) -> Response:
    return JSONResponse(_state(request))


def _state(request: Request) -> dict[str, Any]:
    service = service_of(request)
    found = {
        **_control_of(request).facts,
        "notices": list(service.notices),
        "environment": compared_variables(os.environ),
    }
    try:
        jobs = service.database.jobs
        running = [job.id for job in jobs.unfinished() if job.status == "running"]
        trouble = {"trouble": disk_space.FULL} if service.disk.is_full() else {}
        return {**found, "jobs": jobs.counts(), "running_jobs": running, **trouble}
    except OSError as error:  # the service is alive, although its database fails
        return {**found, "trouble": disk_space.reason_of(error)}


async def stop(request: Request) -> Response:
    """End the service. `trainers`: `save` (default) stops them, and they save their state; `leave` lets them run."""
    trainers = (await _body(request)).get("trainers", "save")
    if trainers not in _TRAINERS:
        raise invalid("trainers", f"Invalid 'trainers': it is {' or '.join(_TRAINERS)}.")
    _control_of(request).stop(save_trainers=trainers == "save")
    return JSONResponse(await run_in_threadpool(_state, request))


async def prune(request: Request) -> Response:
    """Free space of ended jobs, or with `dry_run` (default) say what would be freed. `jobs`: ids, or null for all."""
    body = await _body(request)
    jobs, dry_run = body.get("jobs"), body.get("dry_run", True)
    if jobs is not None and not (isinstance(jobs, list) and all(isinstance(id, str) for id in jobs)):
        raise invalid("jobs", "Invalid 'jobs': it is a list of ids, or null.")
    if not isinstance(dry_run, bool):
        raise invalid("dry_run", "Invalid 'dry_run': it is true or false.")
    service = service_of(request)
    pid = _control_of(request).facts["pid"]
    try:
        found = await run_in_threadpool(service.runner.prune, jobs, dry_run=dry_run)
    except OSError as error:
        return JSONResponse({"pid": pid, "trouble": disk_space.reason_of(error, service.disk)})
    return JSONResponse({"pid": pid, "pruned": [job.as_json() for job in found]})


def _control_of(request: Request) -> ServiceControl:
    control: ServiceControl = request.app.control
    return control


async def _body(request: Request) -> dict[str, Any]:
    body = await json_of(request)
    if not isinstance(body, dict):
        raise invalid(None, "The body of the request is not a JSON object.", None)
    return body


routes = [
    Route("/service", state, methods=["GET"]),
    Route("/service/stop", stop, methods=["POST"]),
    Route("/service/prune", prune, methods=["POST"]),
]
