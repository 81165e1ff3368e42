"""Small JSON files that contain their own checksum."""

import json
import zlib
from typing import Any

from fttui import atomic


def write(path: str, value: Any) -> None:
    """Replace a file. A power cut may lose it.

    Raises:
        OSError: writing failed; the old file is unchanged.
    """
    body = json.dumps(value).encode()
    atomic.write(path, b"%08x %b\n" % (zlib.crc32(body), body), sync=False)


def read(path: str, largest: int) -> Any:
    """Return the value of a file; None when there is none, it is damaged, or it has more than `largest` bytes."""
    try:
        with open(path, "rb") as file:
            line = file.read(largest)
        return json.loads(line[9:]) if int(line[:8], 16) == zlib.crc32(line[9:-1]) else None
    except (OSError, ValueError):
        return None
