"""Lines of JSON in a compressed file of a job's directory: rows that survive the loss of the database and its copy."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from fttui import atomic

_LONGEST_LINE = 4 << 20


def write(path: str, values: Iterable[Any]) -> None:
    """Write values, one a line."""
    with atomic.writing(path, overwrite=True) as plain, gzip.open(plain, "wb", compresslevel=1) as file:
        for value in values:
            file.write(json.dumps(value).encode() + b"\n")


def read(path: str) -> Iterator[Any]:
    """Return the values, as far as the file is readable."""
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(_LONGEST_LINE):
                yield json.loads(line)
    except (OSError, EOFError, ValueError, zlib.error):
        return
