"""Log file of a detached service."""

import logging
import os

from fttui import atomic
from fttui.own_files import open_own
from fttui.server.home import log_path

LARGEST_LOG = 4 << 20
"""Size, in bytes, above which the log is moved to `service.log.1` and starts again."""


def log_to(descriptor: int) -> None:
    """Send all log records to a file descriptor."""
    stream = os.fdopen(os.dup(descriptor), "w", buffering=1)
    logging.basicConfig(level=logging.INFO, stream=stream, format="%(asctime)s %(process)d %(levelname)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def rotate_log(home: str) -> None:
    """Copy a large log to `service.log.1` and truncate it. Open descriptors keep appending to the same file."""
    path = log_path(home)
    if os.path.exists(path) and os.path.getsize(path) > LARGEST_LOG:
        with open(open_own(path, os.O_RDWR), "r+b") as file:
            atomic.write(path + ".1", file.read(), sync=False)
            file.truncate(0)
