"""The trainer's own files: progress lines, model files and the state from which an interrupted job goes on.

Every file that is read back is written beside its place, synced and renamed, so it is whole or not there.
A model or state file is one line of JSON and then the raw bytes of its vectors.
"""

import errno
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from fttui.server.trainers.tiny.network import Floats, Shape

PROGRESS = "progress.jsonl"
STATE = "state.bin"


class Progress:
    """The job's `progress.jsonl`, to which lines are only ever added."""

    def __init__(self, directory: str) -> None:
        self._file = os.open(os.path.join(directory, PROGRESS), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def say(self, type: str, **members: Any) -> None:
        """Append one line, in one write, so that a kill leaves at most one torn line at the end."""
        kept = {name: value for name, value in members.items() if value is not None}
        line = json.dumps({"type": type, **kept}, allow_nan=False) + "\n"
        data = line.encode()
        if os.write(self._file, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        """Make what was said outlive a power cut: done before a state is saved that lies behind it."""
        os.fsync(self._file)


def save_model(path: str, shape: Shape, weights: Floats) -> None:
    """Write a model, in half precision: enough to start from, and half as large."""
    _write(path, {"format": "fttui-tiny", "shape": shape}, [weights.astype(np.float16)])


def load_model(path: str, shape: Shape) -> Floats:
    """Read a model written by `save_model`.

    Raises:
        ValueError: the file is no whole model of this shape.
        OSError: it cannot be read.
    """
    header, (weights,) = _read(path, np.float16, 1)
    if header.get("format") != "fttui-tiny" or header.get("shape") != list(shape):
        raise ValueError("the model to start from is none of this trainer's")
    if len(weights) != shape.size():
        raise ValueError(f"{os.path.basename(path)} is damaged")
    return weights.astype(np.float32)


def save_state(directory: str, header: dict[str, Any], vectors: Sequence[Floats]) -> None:
    """Replace the job's saved state."""
    _write(os.path.join(directory, STATE), header, vectors)


def load_state(directory: str, count: int) -> tuple[dict[str, Any], list[Floats]] | None:
    """The job's saved state: its header and its `count` vectors; None when there is none yet."""
    try:
        return _read(os.path.join(directory, STATE), np.float32, count)
    except FileNotFoundError:
        return None


def _write(path: str, header: dict[str, Any], vectors: Sequence[Floats]) -> None:
    beside = path + ".new"
    try:
        with open(beside, "wb") as file:
            file.write(json.dumps(header).encode() + b"\n")
            for vector in vectors:
                file.write(vector.data.cast("B"))  # not tofile, whose errors have no number
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(beside)  # a full disk needs the room
        raise
    os.replace(beside, path)
    directory = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(path: str, kind: type[Any], count: int) -> tuple[dict[str, Any], list[Floats]]:
    with open(path, "rb") as file:
        header = json.loads(file.readline(4096))
        data = np.frombuffer(bytearray(file.read()), dtype=kind)
    if not isinstance(header, dict) or len(data) % count:
        raise ValueError(f"{os.path.basename(path)} is damaged")
    return header, np.split(data, count)
