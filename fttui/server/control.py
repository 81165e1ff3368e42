"""The embedded service seen from outside: is it there, start it, stop it, run it over TCP.

Standard library only and quick to import. Every call blocks; callers in an event loop use a thread. `home` is
the service's own directory. In it lie `lock`, which the service holds for life, `service.json`, which says
where its socket is, and the socket itself, unless its path is too long or the file system has no sockets.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from fttui import __version__, atomic
from fttui.install import install_line, missing_modules
from fttui.server.home import ServiceError as ServiceError
from fttui.server.home import check_host, log_path, make_home, settings_path, socket_paths, take_lock


class Info(NamedTuple):
    """The service that answers."""

    pid: int
    version: str
    socket: str
    started_at: float
    """Unix seconds."""


def running(home: str) -> Info | None:
    """Who answers on the socket now; None when nobody does."""
    state = status(home)
    return Info(state["pid"], state["version"], state["socket"], state["started_at"]) if state else None


def status(home: str) -> dict[str, Any] | None:
    """All that the service says of itself: the members of `Info`, `url` when it serves TCP, `jobs` by state."""
    for path in socket_paths(home):
        answer = _ask(path, "GET", "/service")
        if answer is not None:
            return {**answer, "socket": path}
    return None


def ensure(home: str, *, timeout: float = 15.0, settings: Mapping[str, Any] | None = None) -> str:
    """The path of a socket that answers. Starts the service, detached, if nobody does.

    Args:
        settings: what `configure` takes; None leaves them as they are.

    Raises:
        ServiceError: it could not be started within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    if settings is not None:
        configure(home, settings)
    while True:
        state = status(home)
        if state is not None and not (_is_older(state["version"]) and _is_idle(state)):
            return str(state["socket"])
        if state is not None:
            stop(home)  # an older program's service with nothing to do makes room for this one's
        _need_extra()
        make_home(home)
        check_host(home)
        path = _start(home, deadline)
        if path is not None:
            return path
        check_host(home, held=True)
        # Another process holds the lock: it is starting, ending, or about to put its socket back.
        if time.monotonic() > deadline:
            raise ServiceError(
                f"The embedded service did not answer within {timeout:.0f} seconds.\n"
                f"Its log may say why: {log_path(home)}"
            )
        time.sleep(0.05)


def stop(home: str) -> bool:
    """End the service; its trainers save and stop, and go on when it is started again. False when none ran.

    Trainers that a killed service left behind are stopped in the same way.

    Raises:
        ServiceError: it is there and does not end.
    """
    left = _leave(home, "save")
    return _stop_orphans(home) or left  # also after one that left: it may have been killed in that moment


def serve(
    home: str, host: str, port: int, api_key_file: str | None, *, settings: Mapping[str, Any] | None = None
) -> int:
    """Run the service in the foreground, over TCP and on its socket, until it is interrupted.

    Takes over from a detached one, whose trainers go on. Talks on stderr; returns the exit code.
    """
    try:
        _need_extra()
        if settings is not None:
            configure(home, settings)
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 2
    from fttui.server.process import serve_tcp  # late: needs the extra packages

    return serve_tcp(home, host, port, api_key_file)


def hand_over(home: str) -> None:
    """Make a detached service leave, its trainers going on, so that the caller can take its place.

    Raises:
        ServiceError: it does not leave, or is no detached one.
    """
    state = status(home)
    if state and state.get("url"):
        raise ServiceError(
            f"A service is already serving this directory at {state['url']} (pid {state['pid']}).\n"
            "Stop it first: fttui serve --stop"
        )
    _leave(home, "leave")


def configure(home: str, settings: Mapping[str, Any]) -> None:
    """Write the settings of the service: `max_running`, and `trainers` by name (catalog.read_settings).

    A running service follows at once.

    Raises:
        ServiceError: they cannot be written.
    """
    content = json.dumps(settings, indent=1, sort_keys=True)
    path = settings_path(home)
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == content:
                return
    except (OSError, ValueError):
        pass
    make_home(home)
    try:
        atomic.write(path, content.encode(), sync=False)
    except OSError as error:
        raise ServiceError(f"The service's settings cannot be written to {path}: {error.strerror}.") from None


# Talking to it


def _ask(path: str, method: str, target: str, body: bytes = b"", timeout: float = 5.0) -> dict[str, Any] | None:
    """One exchange with the service on a socket; None when nobody answers in its language."""
    if not _is_trusted(path):
        return None
    head = f"{method} {target} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = bytearray()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            connection.sendall(head.encode() + body)
            while chunk := connection.recv(65536):
                answer += chunk
    except OSError:
        return None
    head_of_answer, _, content = bytes(answer).partition(b"\r\n\r\n")
    try:
        found = json.loads(content)
    except ValueError:
        return None
    ok = b" 200 " in head_of_answer[:20] + b" " and isinstance(found, dict) and "pid" in found
    return found if ok else None


def _is_trusted(path: str) -> bool:
    """Whether there is something at `path`, and nobody else can have put it there."""
    try:
        return os.lstat(path).st_uid == os.lstat(os.path.dirname(path)).st_uid == os.getuid()
    except OSError:
        return False


def _leave(home: str, trainers: str) -> bool:
    if not os.path.isdir(home):
        return False
    lock = take_lock(home)
    if lock is not None:
        os.close(lock)
        return False
    check_host(home, held=True)
    body = json.dumps({"trainers": trainers}).encode()
    asked = False
    deadline = time.monotonic() + 20
    while (lock := take_lock(home)) is None:
        # One that is only just starting does not answer yet, so it is asked until it does.
        asked = asked or any(_ask(path, "POST", "/service/stop", body) for path in socket_paths(home))
        if time.monotonic() > deadline:
            raise ServiceError(f"The service of {home} does not end.\nIts log may say why: {log_path(home)}")
        time.sleep(0.02)
    os.close(lock)
    return True


def _stop_orphans(home: str) -> bool:
    """Make trainers save and stop that have no service; whether there were any."""
    jobs = os.path.join(home, "jobs")
    lock = take_lock(home) if os.path.isdir(jobs) else None
    if lock is None:
        return False
    import signal

    from fttui.server.jobs.job_dir import JobDirectory

    try:
        orphans = [JobDirectory(os.path.join(jobs, name)) for name in os.listdir(jobs)]
        found = [orphan for orphan in orphans if orphan.is_held()]
        left = unasked = found
        deadline = time.monotonic() + 10
        while left := [orphan for orphan in left if orphan.is_held()]:
            unasked = [orphan for orphan in unasked if not orphan.signal(signal.SIGTERM)]
            if time.monotonic() > deadline:
                for orphan in left:
                    orphan.signal(signal.SIGKILL)
            time.sleep(0.02)
        for orphan in orphans:
            orphan.end_strays()
    finally:
        os.close(lock)
    return bool(found)


def _is_older(version: str) -> bool:
    return _numbers(version) < _numbers(__version__)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in version.split(".")[:3])


def _is_idle(state: dict[str, Any]) -> bool:
    jobs = state.get("jobs") or {}
    return not any(jobs.get(name) for name in ("validating_files", "queued", "running")) and not state.get("url")


# Starting it


def _need_extra() -> None:
    if missing := missing_modules("local"):
        raise ServiceError(
            f"The embedded service needs packages that are not installed ({', '.join(missing)}).\n"
            f"Install them: {install_line('local')}"
        )


def _start(home: str, deadline: float) -> str | None:
    """Start a detached service; its socket once it answers, or None when another process holds the lock."""
    import select
    import subprocess

    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "fttui.server", "--home", os.path.abspath(home), "--detach"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    assert process.stdout is not None
    said = bytearray()
    try:
        # The process leaves at once; the service it left behind says one line, when it answers or cannot.
        while b"\n" not in said:
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(process.stdout.fileno(), 4096) if ready else b""
            if not chunk:
                break
            said += chunk
    finally:
        process.stdout.close()
        process.wait()
    word, _, rest = said.decode("utf-8", "replace").strip().partition(" ")
    if word == "ready":
        return rest
    if word == "busy":
        return None
    why = rest or "it ended without a word"
    raise ServiceError(f"The embedded service did not start: {why}.\nIts log may say more: {log_path(home)}")
