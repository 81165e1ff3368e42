"""Stop of a running service, from another process. Standard library only, quick to import."""

import json
import os
import time

from fttui.server.home import ServiceBusy, ServiceError, log_path, socket_paths
from fttui.server.lock import check_host, take_lock
from fttui.server.socket_client import request, status

STOP_SECONDS = 20.0
"""Seconds to wait for the end of a service, besides the time that its trainers need to save their state."""


def stop(home: str) -> bool:
    """Stop the service. Its trainers save their state and stop; the next service restarts them.

    Trainers of a service that was killed are stopped in the same way.

    Returns:
        False when neither a service nor a trainer was running.

    Raises:
        ServiceError: the service does not end.
    """
    stopped = _end_service(home, trainers="save")
    # Also after a service that ended: it may have been killed at this moment.
    return _stop_orphaned_trainers(home) or stopped


def take_over(home: str) -> None:
    """End a detached service without stopping its trainers, so that the caller can become the service.

    Raises:
        ServiceError: the service does not end, or serves TCP already.
    """
    state = status(home)
    if state and state.get("url"):
        raise ServiceError(
            f"A service already uses this directory: {state['url']} (pid {state['pid']}).\n"
            "Stop it first: fttui serve --stop"
        )
    _end_service(home, trainers="leave")


def _end_service(home: str, *, trainers: str) -> bool:
    """End the service, and wait until it has released its lock. Return False when none was running."""
    if not os.path.isdir(home):
        return False
    lock = take_lock(home)
    if lock is not None:
        os.close(lock)
        return False
    check_host(home, held=True)
    body = json.dumps({"trainers": trainers}).encode()
    requested, refusal = False, ""
    deadline = time.monotonic() + STOP_SECONDS + (_save_seconds(home) if trainers == "save" else 0)
    while (lock := take_lock(home)) is None:
        # A service that is starting or busy does not answer yet: repeat the request until there is an answer.
        try:
            requested = requested or any(request(path, "POST", "/service/stop", body) for path in socket_paths(home))
        except ServiceBusy as error:
            refusal = f"\n{error}"
        if time.monotonic() > deadline:
            raise ServiceError(f"The service of {home} does not stop.{refusal}\nSee its log: {log_path(home)}")
        time.sleep(0.02)
    os.close(lock)
    return True


def _save_seconds(home: str) -> float:
    """Return the seconds that the trainers of a service may need to save their state."""
    from fttui.server.jobs.stop_trainer import stop_after
    from fttui.server.launchers.trainer_process import TrainerProcess

    jobs = os.path.join(home, "jobs")
    paths = [os.path.join(jobs, name) for name in os.listdir(jobs)] if os.path.isdir(jobs) else []
    return max((stop_after(path) for path in paths if TrainerProcess(path).is_alive()), default=0.0)


def _stop_orphaned_trainers(home: str) -> bool:
    """Stop trainers that have no service. Return whether there were any."""
    jobs = os.path.join(home, "jobs")
    lock = take_lock(home) if os.path.isdir(jobs) else None
    if lock is None:
        return False
    from fttui.server.jobs.stop_trainer import stop_all
    from fttui.server.launchers.trainer_process import TrainerProcess

    try:
        return stop_all(TrainerProcess(os.path.join(jobs, name)) for name in os.listdir(jobs))
    finally:
        os.close(lock)
