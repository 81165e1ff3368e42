"""Environment of a trainer: the variables of the service without API keys, and those that its settings name.

The values of secrets are found when a trainer starts. They are never written to the disk.
"""

import os
from collections.abc import Mapping
from typing import NamedTuple

from fttui.key_command import KeyCommandError, printed_key
from fttui.server.environment import COMPARED, KEPT, key_variables
from fttui.server.settings import Settings, Trainer, referenced_variables

_THREAD_COUNTS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
# glibc: keep the memory of freed arrays. Returning it to the system costs a trainer a fifth of its time.
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(256 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}


class EngineVariables(NamedTuple):
    """Variables of a trainer that an engine runs on another machine. Nothing else of the service's reaches it."""

    listed: dict[str, str]
    """Variables that may be written to the disk."""
    secrets: dict[str, str]
    """Variables whose values must not be written to the disk."""


class NoVariable(Exception):
    """A variable of a trainer has no value. The message is a sentence for the user, without any value."""


def trainer_environment(
    trainer: Trainer, settings: Settings, *, commands: bool = True, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return all variables of a trainer.

    Args:
        commands: run the commands that print values. Otherwise variables without a known value are left out.
        environ: the environment of the service.

    Raises:
        NoVariable: a value is missing, or its command fails.
    """
    # A variable that another trainer names may have a key; the well-known ones are for every trainer.
    secret = {*key_variables(environ), *(referenced_variables(settings) - KEPT)}
    kept = {name: value for name, value in environ.items() if name not in secret}
    found = {**kept, **dict.fromkeys(_THREAD_COUNTS, "1"), **_MEMORY}
    for name, value in trainer.env.items():
        if isinstance(value, str):
            found[name] = os.path.expanduser(value)
        elif "env" in value:
            given = environ.get(str(value["env"]))
            if given is not None:
                found[name] = given
            elif commands:
                raise NoVariable(
                    f"{name} of the trainer {trainer.name} comes from {value['env']}, which the service does not have. "
                    "Set it, stop the service (fttui serve --stop), and try again."
                )
        elif commands:
            try:
                found[name] = printed_key(value["command"])
            except KeyCommandError as error:
                raise NoVariable(f"The command for {name} of the trainer {trainer.name} {error}.") from None
    return found


def engine_variables(
    trainer: Trainer, settings: Settings, *, well_known: bool = True, environ: Mapping[str, str] = os.environ
) -> EngineVariables:
    """Return the variables of a trainer that an engine runs: those of its settings, and the well-known ones.

    Args:
        well_known: include well-known secrets that the settings of the trainer do not name.

    Raises:
        NoVariable: a value is missing, or its command fails.
    """
    every = trainer_environment(trainer, settings, environ=environ)
    texts = {name for name, value in trainer.env.items() if isinstance(value, str)}
    listed = {*texts, *_THREAD_COUNTS, *_MEMORY, *(name for name in COMPARED if name.startswith("HF_"))}
    secrets = {*trainer.env, *(KEPT if well_known else ())} - listed
    return EngineVariables(
        {name: value for name, value in every.items() if name in listed},
        {name: value for name, value in every.items() if name in secrets},
    )
