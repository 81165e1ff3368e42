"""Description of each content, in a small file: the row of its file, and the checksum of the content.

The checksum reveals changed bits. The rows replace those of the database when it and its copy are both lost.
"""

import os
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from fttui.server.storage import sealed
from fttui.server.storage.file_operations import remove
from fttui.server.storage.records import FileRecord, PartRecord

_LARGEST = 16 << 10
"""Bytes of the largest description to read."""
_PIECE = 1 << 20


class Description(NamedTuple):
    """Row of a file or a part without its `seq`, and what its content was when it was accepted."""

    row: dict[str, Any]
    size: int
    """Bytes of the content."""
    checksum: int
    """CRC-32 of the content."""


class Descriptions:
    """Descriptions in one directory, by the id of the file."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def path(self, id: str) -> str:
        return os.path.join(self._directory, f"{id}.json")

    def write(self, record: FileRecord | PartRecord, checksum: int, size: int) -> None:
        """Describe a content. A power cut may lose it: then the content cannot be checked."""
        row = {name: value for name, value in record._asdict().items() if name != "seq"}
        sealed.write(self.path(record.id), {"row": row, "size": size, "checksum": checksum})

    def read(self, id: str) -> Description | None:
        """Return a description; None when there is none, or it is damaged itself."""
        members: Any = sealed.read(self.path(id), _LARGEST)
        try:
            found = Description(members["row"], members["size"], members["checksum"])
            return found if found.row["id"] == id else None
        except (KeyError, TypeError):
            return None

    def remove(self, id: str) -> None:
        remove(self.path(id))

    def ids(self) -> list[str]:
        """Return the ids of all files with a description, also of those that no longer exist."""
        return sorted(name.removesuffix(".json") for name in os.listdir(self._directory) if name.endswith(".json"))

    def tidy(self) -> None:
        """Remove what an interrupted write left."""
        for name in os.listdir(self._directory):
            if name.endswith(".new"):
                remove(os.path.join(self._directory, name))

    def damage(self, id: str, path: str) -> str:
        """Return what is wrong with the content at `path`; an empty string when it is sound or was never described.

        Raises:
            OSError: the content cannot be read.
        """
        found = self.read(id)
        if found is None:
            return ""
        size = os.path.getsize(path)
        if size != found.size:
            return f"it has {size} bytes instead of {found.size}"
        return "" if checksum_of(path) == found.checksum else "its checksum is wrong"


class Stopped(Exception):
    """The work was stopped before its end."""


def checksum_of(path: str, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Return the CRC-32 of a file.

    Raises:
        OSError: the file cannot be read.
        Stopped: `should_stop`, which is called for every megabyte, returned True.
    """
    checksum = 0
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            checksum = zlib.crc32(piece, checksum)
            if should_stop():
                raise Stopped
    return checksum
