"""Service in the background, without a terminal, started by `start.ensure`."""

import logging
import os
from collections.abc import Callable
from contextlib import suppress

from fttui.own_files import open_own
from fttui.server.home import ServiceError, log_path, make_home
from fttui.server.lock import check_host, take_lock
from fttui.server.log_file import log_to, rotate_log
from fttui.server.process import ServiceProcess
from fttui.server.service import open_service
from fttui.server.storage.disk_space import DiskSpace, reason_of

log = logging.getLogger("fttui.server")


def run_detached(home: str, idle_limit: float) -> int:
    """Run the service after the process has left its caller: `/` as directory, all output in the log.

    The only line on stdout is the report for the caller; afterwards stdout leads to the log.

    Returns:
        The exit code.
    """
    os.chdir("/")
    try:
        os.makedirs(home, mode=0o700, exist_ok=True)
        rotate_log(home)
        log_file = open_own(log_path(home), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(log_file, 2)
    except OSError as error:
        os.write(1, f"failed {error.strerror} ({error.filename})\n".encode())
        return 1
    log_to(2)

    def report(line: str) -> None:
        with suppress(BrokenPipeError):  # the caller no longer waits
            os.write(1, (" ".join(line.split()) + "\n").encode())
        os.dup2(log_file, 1)

    return run(home, idle_limit, report)


def run(home: str, idle_limit: float, report: Callable[[str], None]) -> int:
    """Run the service until it is idle.

    Args:
        report: gets one line: `ready SOCKET`, `busy` when another process is the service, or `failed REASON`.

    Returns:
        The exit code.
    """
    try:
        make_home(home)
        check_host(home)
        if take_lock(home) is None:  # held until this process ends
            report("busy")
            return 0
        process = ServiceProcess(open_service(home), idle_limit=idle_limit)
        process.serve(lambda: report(f"ready {process.socket_path}"))
    except (OSError, ServiceError) as error:
        reason = reason_of(error, DiskSpace(home))
        log.error("the service failed: %s", reason)
        report(f"failed {reason}")
        return 1
    return 0
