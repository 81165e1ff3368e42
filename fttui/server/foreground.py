"""Service in the foreground over TCP: `fttui serve`."""

import logging
import os
import sys
import time

from fttui.server import sockets
from fttui.server.api.access import AccessCheck, api_key, local_only, read_keys
from fttui.server.home import ServiceError, make_home
from fttui.server.lock import check_host, take_lock
from fttui.server.process import ServiceProcess
from fttui.server.service import open_service
from fttui.server.stop import STOP_SECONDS, take_over
from fttui.server.storage.disk_space import DiskSpace, reason_of


def serve_tcp(home: str, host: str, port: int, api_key_file: str | None) -> int:
    """Run the service until it is interrupted. Messages go to stderr.

    Returns:
        The exit code.
    """
    try:
        access: AccessCheck = api_key(read_keys(api_key_file)) if api_key_file is not None else local_only
        if api_key_file is None and not sockets.is_loopback(host):
            raise ServiceError(
                f"Refusing to listen on {host} without --api-key-file.\n"
                "Name a file with a key, or use --host 127.0.0.1."
            )
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        listeners = sockets.tcp_sockets(host, port)
        os.umask(0o077)
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
        lock = _lock_home(home)
        shown_host = f"[{host}]" if ":" in host else host
        url = f"http://{shown_host}:{listeners[0].getsockname()[1]}/v1"
        process = ServiceProcess(open_service(home), idle_limit=None, url=url)

        def announce() -> None:
            print(f"Serving {url} and {process.socket_path}. Press ctrl+c to stop.", file=sys.stderr, flush=True)
            if api_key_file is None:
                print("No key file: every user of this host can connect.", file=sys.stderr, flush=True)

        process.serve(announce, listeners, access)
        os.close(lock)
    except (OSError, ServiceError) as error:
        print(reason_of(error, DiskSpace(home)), file=sys.stderr)
        return 1
    return 0


def _lock_home(home: str) -> int:
    """Take the lock of the home directory, after a detached service has made room.

    Raises:
        ServiceError: the service that holds the lock does not end.
    """
    make_home(home)
    check_host(home)
    deadline = time.monotonic() + STOP_SECONDS
    while (lock := take_lock(home)) is None:
        if time.monotonic() > deadline:
            raise ServiceError(f"The service of {home} does not stop.\nStop it: fttui serve --stop")
        take_over(home)
    return lock
