"""Limits of time and size of requests."""

from typing import NamedTuple

MEGABYTE = 1024 * 1024
REDIRECTS = 5
"""Greatest number of redirects of one request."""
UPLOAD_IDLE = 300.0
"""Seconds that a server may take to respond after it has the whole file."""
ANSWER_IDLE = 300.0
"""Longest silence in seconds of a model that answers: it may be loaded first."""
FILE_IDLE = 60.0
"""Longest silence in seconds during a download."""


class Limits(NamedTuple):
    """Limits of time (in seconds) and size (in bytes)."""

    connect: float = 5.0
    idle: float = 15.0
    """Longest silence during a read."""
    read: float = 30.0
    """A read with all its tries and the waits between them."""
    write: float = 60.0
    """A request that changes something."""
    retries: int = 5
    """Number of retries of a read."""
    page: int = 16 * MEGABYTE
    """A decompressed page of a list."""
    object: int = 4 * MEGABYTE
    """Any other decompressed JSON response."""
    content: int = 512 * MEGABYTE
    """A file that is held in memory."""


DEFAULT = Limits()
