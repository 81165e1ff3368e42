"""Files of the trainer in the job's directory: models and the saved state.

Models and state are written to a temporary file, synced and renamed: a kill never leaves half a file. Each is one line
of JSON, with a checksum of everything else, followed by the raw bytes of its vectors.
"""

import json
import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from fttui.own_files import open_own
from fttui.server.trainers.tiny.network import Floats, Shape

STATE = "state.bin"


class Damaged(ValueError):
    """A model or state changed on the disk. The message names the file."""


def save_model(path: str, shape: Shape, weights: Floats) -> None:
    """Write a model in half precision, which suffices as a start and halves the size."""
    _write(path, {"format": "fttui-tiny", "shape": shape}, [weights.astype(np.float16)])


def load_model(path: str, shape: Shape) -> Floats:
    """Read a model written by `save_model`.

    Raises:
        ValueError: the file is not a model of this shape.
        Damaged: its content changed on the disk.
        OSError: the file cannot be read.
    """
    header, (weights,) = _read(path, np.float16, 1)
    if header.get("format") != "fttui-tiny" or header.get("shape") != list(shape):
        raise ValueError("the start model was not made by this trainer")
    if len(weights) != shape.size():
        raise _damaged(path)
    return weights.astype(np.float32)


def set_state_aside(directory: str) -> str:
    """Rename a state that cannot be used, and return its new name."""
    aside = f"{STATE}.damaged"
    os.replace(os.path.join(directory, STATE), os.path.join(directory, aside))
    return aside


def save_state(directory: str, header: dict[str, Any], vectors: Sequence[Floats]) -> None:
    """Replace the saved state of the job."""
    _write(os.path.join(directory, STATE), header, vectors)


def load_state(directory: str, count: int) -> tuple[dict[str, Any], list[Floats]] | None:
    """Load header and `count` vectors of the saved state; None for a new job.

    Raises:
        Damaged: its content changed on the disk.
    """
    try:
        return _read(os.path.join(directory, STATE), np.float32, count)
    except FileNotFoundError:
        return None


def _write(path: str, header: dict[str, Any], vectors: Sequence[Floats]) -> None:
    temporary = path + ".new"
    try:
        with open(open_own(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(json.dumps({**header, "checksum": _checksum(header, vectors)}).encode() + b"\n")
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
    try:
        with open(path, "rb") as file:
            header = json.loads(file.readline(4096))
            data = np.frombuffer(bytearray(file.read()), dtype=number_type)
    except ValueError:
        raise _damaged(path) from None
    if not isinstance(header, dict) or len(data) % count:
        raise _damaged(path)
    checksum = header.pop("checksum", None)  # older versions wrote none
    if checksum is not None and checksum != _checksum(header, [data]):
        raise _damaged(path)
    return header, np.split(data, count)


def _checksum(header: dict[str, Any], vectors: Sequence[Floats]) -> int:
    checksum = zlib.crc32(json.dumps(header).encode())
    for vector in vectors:
        checksum = zlib.crc32(vector.data.cast("B"), checksum)
    return checksum


def _damaged(path: str) -> Damaged:
    return Damaged(f"{os.path.basename(path)} is damaged")
