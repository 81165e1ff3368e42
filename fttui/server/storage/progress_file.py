"""`progress.jsonl`, the file to which a trainer appends one JSON line for each report."""

import json
import os
from typing import Any

from fttui.own_files import open_own

LONGEST_READ = 1 << 20
"""Bytes to read at once. A longer line is unreadable."""
LARGEST_FILE = 1 << 30
"""Size of progress.jsonl above which the job fails."""


class ProgressFile:
    """Progress file at a path. It may be missing."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self, offset: int) -> tuple[list[Any], int]:
        """Return the decoded whole lines from byte `offset` on, and the offset of the next line.

        An unreadable line is returned as None. A last line without its end is left for the next read.
        """
        try:
            with open(self.path, "rb") as file:
                file.seek(offset)
                data = file.read(LONGEST_READ)
        except FileNotFoundError:
            return [], offset
        end = data.rfind(b"\n") + 1
        if not end and len(data) == LONGEST_READ:
            return [None], offset + LONGEST_READ
        return [_decoded(line) for line in data[:end].splitlines() if line.strip()], offset + end

    def drop_torn_line(self) -> None:
        """Remove a last line that a killed trainer left incomplete, so that the next trainer starts a new line."""
        try:
            file = open_own(self.path, os.O_RDWR)
        except FileNotFoundError:
            return
        try:
            end = os.lseek(file, 0, os.SEEK_END)
            tail = os.pread(file, LONGEST_READ, max(0, end - LONGEST_READ))
            torn = len(tail) - (tail.rfind(b"\n") + 1)
            if torn:
                os.ftruncate(file, end - torn)
        finally:
            os.close(file)


def _decoded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
