"""Answer to `--describe`: methods, settings, versions, devices. Imports torch only for the devices."""

import os
from importlib import metadata
from typing import Any

from fttui.server.trainers.hf import hub
from fttui.server.trainers.hf.options import OPTIONS

METHODS = ("supervised", "dpo")
PACKAGES = ("torch", "transformers", "trl", "peft", "bitsandbytes")


def describe(model: str | None = None, *, with_devices: bool = False) -> dict[str, Any]:
    """Return the description of this trainer.

    Args:
        model: base model, by id or directory, that limits the settings. One that is not on this machine limits none.
        with_devices: name the devices and ask whether the hub answers, which takes seconds.
    """
    settings = {option.name: option.described() for option in OPTIONS}
    if model is not None and (positions := _positions(model)):
        length = settings["max_length"]
        length |= {"maximum": positions, "default": min(length["default"], positions)}
    described: dict[str, Any] = {
        "protocol": 2,
        "methods": list(METHODS),
        "hyperparameters": ["n_epochs", "batch_size", "learning_rate_multiplier", "beta"],
        "settings": settings,
        "versions": versions(),
        "hub": {"reachable": hub.is_reachable() if with_devices else None, "token": hub.has_token()},
        "sampler": True,
    }
    if with_devices:
        from fttui.server.trainers.hf import devices

        described["devices"] = devices.names()
    return described


def _positions(model: str) -> int | None:
    """Return the tokens that a model can read, if it is on this machine and its configuration says so."""
    try:
        found = hub.model_in(model) if os.path.isdir(model) else hub.find(model, None)
        return None if found is None else hub.positions(found.path)
    except (OSError, ValueError):
        return None


def versions() -> dict[str, str]:
    """Return the versions of the installed packages that the numbers of a job depend on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name).partition("+")[0]
        except metadata.PackageNotFoundError:
            continue
    return found
