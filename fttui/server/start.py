"""Start of the detached service, unless one is running. Standard library only, quick to import.

Several cockpits may do this at the same time. Each of them starts a process; the process that gets the lock of the
home directory (lock.py) becomes the service, the others end, and every cockpit connects to the one service.
"""

import os
import sys
import time
from collections.abc import Collection, Mapping
from typing import Any

from fttui import __version__
from fttui.server.environment import key_variables
from fttui.server.home import ServiceBusy, ServiceError, log_path, make_home, starting_path
from fttui.server.lock import check_host
from fttui.server.settings import named_variables, write_settings
from fttui.server.socket_client import status
from fttui.server.stop import stop

_LOOK = 1.0
"""Seconds between two looks at the progress of a start."""


def ensure(
    home: str,
    *,
    timeout: float = 15.0,
    settings: Mapping[str, Any] | None = None,
    secrets: Collection[str] = (),
) -> str:
    """Return the path of the socket of a running service. Start a detached service when none is running.

    A service of an older version is replaced when it has no live job.

    Args:
        settings: settings to write first (settings.py); None leaves them as they are.
        secrets: environment variables with keys of providers, in addition to the known ones. A service that is started
            does not get them.

    Raises:
        ServiceError: the service could not be started within `timeout` seconds, or did nothing for so long while it
            checked its database.
    """
    patience = _Patience(home, timeout)
    if settings is not None:
        write_settings(home, settings)
    while True:
        try:
            state = status(home)
        except ServiceBusy as error:  # it runs: starting another one would not help
            if patience.left() <= 0:
                raise ServiceBusy(f"{error}\nSee its log: {log_path(home)}") from None
            time.sleep(0.05)
            continue
        if state is not None and not (_is_older(state["version"]) and _is_idle(state)):
            return str(state["socket"])
        if state is not None:
            stop(home)
        require_packages()
        make_home(home)
        check_host(home)
        path = _start(home, patience, secrets)
        if path is not None:
            return path
        check_host(home, held=True)
        # Another process holds the lock: it is starting, ending, or about to create its socket again.
        if patience.left() <= 0:
            raise ServiceError(
                f"The embedded service did not answer within {timeout:.0f} seconds.\nSee its log: {log_path(home)}"
            )
        time.sleep(0.05)


def require_packages() -> None:
    """Check that the packages of the service are installed.

    Raises:
        ServiceError: a package is missing. The message has the install line.
    """
    from fttui.install import install_line, missing_modules

    missing = missing_modules("local")
    if missing:
        raise ServiceError(
            f"The embedded service needs packages that are not installed ({', '.join(missing)}).\n"
            f"Install them: {install_line('local')}"
        )


def _is_older(version: str) -> bool:
    return _numbers(version) < _numbers(__version__)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in version.split(".")[:3])


def _is_idle(state: dict[str, Any]) -> bool:
    jobs = state.get("jobs") or {}
    return not any(jobs.get(name) for name in ("validating_files", "queued", "running")) and not state.get("url")


class _Patience:
    """Time to wait for a service. It begins again as long as the check of a large database makes progress."""

    def __init__(self, home: str, seconds: float) -> None:
        self._path = starting_path(home)
        self._seconds = seconds
        self._seen = self._progress()
        self._deadline = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, 0 or less at the end."""
        if (progress := self._progress()) != self._seen:
            self._seen = progress
            self._deadline = time.monotonic() + self._seconds
        return self._deadline - time.monotonic()

    def _progress(self) -> bytes:
        try:
            with open(self._path, "rb") as file:
                return file.read(100)
        except OSError:
            return b""


def _start(home: str, patience: _Patience, secrets: Collection[str]) -> str | None:
    """Start a detached service, and wait for its report.

    Returns:
        The path of its socket; None when another process holds the lock.

    Raises:
        ServiceError: the service reported a failure, or nothing.
    """
    import select
    import subprocess

    # Deleting the keys in the service would leave them in /proc/PID/environ.
    hidden = key_variables(os.environ, secrets, named_variables(home))
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "fttui.server", "--home", os.path.abspath(home), "--detach"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env={name: value for name, value in os.environ.items() if name not in hidden},
    )
    assert process.stdout is not None
    output = bytearray()
    try:
        # The process forks and ends at once. Its child, the service, prints one line when it is ready or has failed.
        while b"\n" not in output:
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, min(patience.left(), _LOOK)))
            if not ready and patience.left() > 0:
                continue
            chunk = os.read(process.stdout.fileno(), 4096) if ready else b""
            if not chunk:
                break
            output += chunk
    finally:
        process.stdout.close()
        process.wait()
    outcome, _, rest = output.decode("utf-8", "replace").strip().partition(" ")
    if outcome == "ready":
        return rest
    if outcome == "busy":
        return None
    reason = rest.rstrip(".") or "it reported nothing"
    raise ServiceError(f"The embedded service did not start: {reason}.\nSee its log: {log_path(home)}")
