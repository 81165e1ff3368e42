"""Failures of a running training as errors of the job, with what to change."""

import os
import re

from torch.distributed import DistError

from fttui.server.trainers import protocol
from fttui.server.trainers.hf import load
from fttui.server.trainers.hf.options import Options
from fttui.server.trainers.hf.refusal import UNEXPECTED, UNREACHABLE, Refusal
from fttui.server.trainers.hf.reports import Diverged

_ERROR_NUMBER = re.compile(r"\(os error (\d+)\)")
"""Number of an error in the message of a library that is written in Rust."""
_WRITE_FAILURES = ("PytorchStreamWriter failed", "unexpected pos")
"""Words of PyTorch when it cannot write a file. It passes no number on."""
_GLOO = "gloo/transport"
"""Words of gloo when a connection breaks. It raises plain errors; NCCL and the store have a class."""
_FULL = 1 << 20
"""Free bytes below which a disk counts as full."""


def is_disk_full(error: BaseException, directory: str) -> bool:
    """Return whether a training failed because the disk of its directory is full."""
    for link in load.chain(error):
        number = _ERROR_NUMBER.search(str(link))
        if protocol.is_disk_full(link) or (number and protocol.is_disk_full(OSError(int(number[1]), ""))):
            return True
        if any(words in str(link) for words in _WRITE_FAILURES):
            space = os.statvfs(directory)
            return space.f_bavail * space.f_frsize < _FULL
    return False


def explained(error: BaseException, options: Options) -> Refusal:
    """Return the error of the job for a failure of the training."""
    if load.is_out_of_memory(error):
        return out_of_memory(options)
    if isinstance(error, Diverged):
        hint = "a smaller learning_rate_multiplier may help"
        return Refusal("training_diverged", f"Training diverged: {error}; {hint}.")
    if any(isinstance(link, DistError) or _GLOO in str(link) for link in load.chain(error)):
        return Refusal(UNREACHABLE, f"A process could not reach the others: {error}")
    return Refusal(UNEXPECTED, f"{type(error).__name__}: {error}")


def out_of_memory(options: Options) -> Refusal:
    """Return the error for a step that does not fit into memory."""
    advice = lower(options)
    param = "micro_batch" if options.micro_batch > 1 else "max_length"
    size = f"{options.micro_batch} example{'s' if options.micro_batch > 1 else ''} of up to {options.max_length} tokens"
    return Refusal("out_of_memory", f"Memory ran out with {size} at once. {advice}.", param)


def lower(options: Options) -> str:
    """Return what to change for less memory, as the start of a sentence."""
    steps = [f"max_length ({options.max_length})"]
    if options.micro_batch > 1:
        steps.insert(0, f"micro_batch ({options.micro_batch})")
    more = []
    if not options.gradient_checkpointing:
        more.append("set gradient_checkpointing=true")
    if options.full_weights:
        more.append("leave out full_weights")
    elif options.quantize == "none":
        more.append("set quantize=4bit on a GPU")
    more.append("use a smaller model")
    return (
        f"Lower {' or '.join(steps)}, {', '.join(more[:-1])}, or {more[-1]}"
        if more[:-1]
        else (f"Lower {' or '.join(steps)}, or {more[-1]}")
    )
