"""Files of the trainer in the job's directory: progress lines, models, and the saved state.

Models and state are written to a temporary file, synced and renamed: a kill never leaves half a file. Each is one line
of JSON followed by the raw bytes of its vectors.
"""

import errno
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from fttui.own_files import open_own
from fttui.server.trainers.tiny.network import Floats, Shape

PROGRESS = "progress.jsonl"
STATE = "state.bin"


class Progress:
    """The job's `progress.jsonl`. Lines are only appended."""

    def __init__(self, directory: str) -> None:
        self._file = open_own(os.path.join(directory, PROGRESS), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, type: str, **members: Any) -> None:
        """Append one line in one write: a kill leaves at most one incomplete line, at the end."""
        present = {name: value for name, value in members.items() if value is not None}
        line = json.dumps({"type": type, **present}, allow_nan=False) + "\n"
        data = line.encode()
        if os.write(self._file, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        """Flush the lines to disk. Call this before saving a state that is later than them."""
        os.fsync(self._file)


def save_model(path: str, shape: Shape, weights: Floats) -> None:
    """Write a model in half precision, which suffices as a start and halves the size."""
    _write(path, {"format": "fttui-tiny", "shape": shape}, [weights.astype(np.float16)])


def load_model(path: str, shape: Shape) -> Floats:
    """Read a model written by `save_model`.

    Raises:
        ValueError: the file is not a complete model of this shape.
        OSError: the file cannot be read.
    """
    header, (weights,) = _read(path, np.float16, 1)
    if header.get("format") != "fttui-tiny" or header.get("shape") != list(shape):
        raise ValueError("the start model was not made by this trainer")
    if len(weights) != shape.size():
        raise ValueError(f"{os.path.basename(path)} is damaged")
    return weights.astype(np.float32)


def save_state(directory: str, header: dict[str, Any], vectors: Sequence[Floats]) -> None:
    """Replace the saved state of the job."""
    _write(os.path.join(directory, STATE), header, vectors)


def load_state(directory: str, count: int) -> tuple[dict[str, Any], list[Floats]] | None:
    """Load header and `count` vectors of the saved state; None for a new job."""
    try:
        return _read(os.path.join(directory, STATE), np.float32, count)
    except FileNotFoundError:
        return None


def _write(path: str, header: dict[str, Any], vectors: Sequence[Floats]) -> None:
    temporary = path + ".new"
    try:
        with open(open_own(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(json.dumps(header).encode() + b"\n")
            for vector in vectors:
                file.write(vector.data.cast("B"))  # not tofile: its errors have no errno
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(temporary)  # frees space on a full disk
        raise
    os.replace(temporary, path)
    directory = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(path: str, number_type: type[Any], count: int) -> tuple[dict[str, Any], list[Floats]]:
    with open(path, "rb") as file:
        header = json.loads(file.readline(4096))
        data = np.frombuffer(bytearray(file.read()), dtype=number_type)
    if not isinstance(header, dict) or len(data) % count:
        raise ValueError(f"{os.path.basename(path)} is damaged")
    return header, np.split(data, count)
