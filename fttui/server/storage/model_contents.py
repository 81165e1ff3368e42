"""Sizes and checksums of the models in a job's directory, in a file beside them. They reveal changed bits.

A model is a file or a directory of any size. A model without checksums, of a running job or of an older version,
cannot be checked.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fttui.server.storage import sealed
from fttui.server.storage.descriptions import checksum_of

FILENAME = "contents.json"
_LARGEST = 16 << 20
"""Bytes of the largest file of checksums to read."""

Stop = Callable[[], bool]


def describe(directory: str, models: Iterable[str], should_stop: Stop = lambda: False) -> None:
    """Write the checksums of these models of a job's directory. Reads every byte of them.

    Raises:
        OSError: a model cannot be read, or the disk is full.
        Stopped: `should_stop` returned True.
    """
    found = {model: dict(_contents(os.path.join(directory, model), should_stop)) for model in sorted(models)}
    sealed.write(os.path.join(directory, FILENAME), found)


def is_described(directory: str) -> bool:
    """Return whether the checksums of the models in a job's directory were written."""
    return os.path.exists(os.path.join(directory, FILENAME))


def damage(path: str, should_stop: Stop = lambda: False) -> str:
    """Return what is wrong with the model at `path`; an empty string when it is sound or has no checksums.

    Raises:
        OSError: the model cannot be read.
        Stopped: `should_stop` returned True.
    """
    directory, model = os.path.split(path)
    recorded: Any = sealed.read(os.path.join(directory, FILENAME), _LARGEST)
    expected = recorded.get(model) if isinstance(recorded, dict) else None
    if expected is None:
        return ""
    for name, (size, checksum) in expected.items():
        file = os.path.join(path, name) if name else path
        called = f"its file {name}" if name else "it"
        try:
            actual = os.path.getsize(file)
        except FileNotFoundError:
            return f"{called} is missing"
        if actual != size:
            return f"{called} has {actual} bytes instead of {size}"
        if checksum_of(file, should_stop) != checksum:
            return f"the checksum of {called.removeprefix('its ')} is wrong" if name else "its checksum is wrong"
    return ""


def forget(directory: str, files: Iterable[str]) -> None:
    """Remove files of models from the checksums, before they are removed themselves.

    Args:
        files: paths below the job's directory.

    Raises:
        OSError: the disk is full.
    """
    path = os.path.join(directory, FILENAME)
    recorded: Any = sealed.read(path, _LARGEST)
    if not isinstance(recorded, dict):
        return
    for file in files:
        model, _, name = os.path.relpath(file, directory).partition(os.sep)
        if isinstance(recorded.get(model), dict):
            recorded[model].pop(name, None)
    sealed.write(path, recorded)


def _contents(path: str, should_stop: Stop) -> Iterator[tuple[str, tuple[int, int]]]:
    """Return name in the model, size and checksum of each file of a model. The name of a model of one file is empty."""
    if not os.path.isdir(path):
        yield "", (os.path.getsize(path), checksum_of(path, should_stop))
        return
    for folder, _, names in os.walk(path):
        for name in sorted(names):
            file = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(file).st_mode):
                size = os.path.getsize(file)
                yield os.path.relpath(file, path), (size, checksum_of(file, should_stop))
