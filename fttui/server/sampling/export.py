"""Export of models: by the exporter of their trainer, or as copies of what the trainer wrote.

The files appear in the directory together, when all of them are written.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, NamedTuple

from fttui.server.jobs.trainer_environment import NoVariable, trainer_environment
from fttui.server.sampling.line_process import LineProcess
from fttui.server.sampling.question import Loading, Refused, SamplingError, item_of
from fttui.server.settings import Settings, Trainer
from fttui.server.storage.file_operations import remove
from fttui.server.trainers.hf import hub


class Order(NamedTuple):
    """Validated request for an export."""

    model: str
    """File or directory of the tuned model."""
    base: str
    source: str | None
    """Directory of the base model; None for one that is found by its id."""
    directory: str
    """Absolute path of a directory that does not exist, or is empty."""
    merged: bool
    """Write the weights of base model and adapter together."""


class Exported(NamedTuple):
    """Files of an export."""

    files: tuple[str, ...]
    """Names in the directory."""
    is_copy: bool
    """The model is as its trainer wrote it."""


def check_directory(path: str) -> None:
    """Check that a directory can take an export.

    Raises:
        Refused: it is no absolute path, or has files already.
    """
    if not os.path.isabs(path) or "\0" in path:
        raise Refused("invalid_value", "Invalid 'directory': it is not an absolute path.", "directory")
    if os.path.lexists(path) and not (os.path.isdir(path) and not os.listdir(path)):
        raise Refused("directory_not_empty", f"{path} exists and is not an empty directory.", "directory")


def base_directory(trainer: Trainer, settings: Settings, order: Order) -> str | None:
    """Return the directory of the base model; None for one that is not on this disk, or is in no directory."""
    if order.source is not None or not trainer.takes_any_model:
        return order.source
    try:
        found = hub.find(order.base, None, trainer_environment(trainer, settings, commands=False))
    except ValueError:
        return None
    return found.path if found else None


async def export(trainer: Trainer, settings: Settings, order: Order) -> AsyncGenerator[Loading | Exported, None]:
    """Export a model. The last item is an `Exported`.

    Raises:
        SamplingError: the export failed. Nothing is left in the directory.
        OSError: the directory cannot be written.
    """
    if not trainer.exporter and order.merged:
        message = f"The trainer {trainer.name} cannot merge models. Export without merging."
        raise Refused("unsupported_value", message, "merged")
    part = f"{order.directory}.{os.getpid()}.part"
    await asyncio.to_thread(os.makedirs, part, 0o700)
    try:
        if trainer.exporter:
            async for phase in _run(trainer, settings, order._replace(directory=part)):
                yield phase
        else:
            await asyncio.to_thread(_copy, order.model, part)
        files = await asyncio.to_thread(_finish, part, order.directory)
        yield Exported(files, not trainer.exporter)
    finally:
        remove(part)


async def _run(trainer: Trainer, settings: Settings, order: Order) -> AsyncGenerator[Loading, None]:
    words = ["--model", order.model, "--base", order.base, "--source", order.source or "", "-o", order.directory]
    command = [*trainer.exporter, *words, *(["--merged"] if order.merged else [])]
    try:
        environment = await asyncio.to_thread(trainer_environment, trainer, settings)
        process = await LineProcess.start(command, environment)
    except (NoVariable, OSError) as error:
        raise SamplingError("exporter_not_started", f"The exporter could not be started: {error}.") from None
    is_done = False
    try:
        while (line := await process.read()) is not None:
            if "files" in line:
                is_done = True
            elif line.get("type") == "error":
                raise _refusal(line)
            elif isinstance(item := item_of(line), Loading):
                yield item
    finally:
        how = await process.end()
    if not is_done:
        raise SamplingError("exporter_ended", f"The exporter of the trainer {trainer.name} {how}.")


def _refusal(line: dict[str, Any]) -> Refused:
    code, message, param = (line.get(name) for name in ("code", "message", "param"))
    reason = str(message or "The exporter gave no reason.")
    return Refused(str(code or "exporter_error"), reason, param if isinstance(param, str) else None)


def _copy(model: str, directory: str) -> None:
    if os.path.isdir(model):
        shutil.copytree(model, directory, dirs_exist_ok=True)
    else:
        shutil.copy2(model, directory)


def _finish(part: str, directory: str) -> tuple[str, ...]:
    files = sorted(
        os.path.relpath(os.path.join(parent, name), part) for parent, _, names in os.walk(part) for name in names
    )
    with suppress(FileNotFoundError):
        os.rmdir(directory)
    os.rename(part, directory)
    return tuple(files)
