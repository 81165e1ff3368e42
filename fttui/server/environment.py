"""Environment of the service and its trainers, without the API keys of providers. Standard library only."""

from collections.abc import Collection, Iterable, Mapping

KEPT = frozenset({"HF_TOKEN", "WANDB_API_KEY", "COMET_API_KEY", "SWANLAB_API_KEY"})
"""Keys that trainers need: downloads of models, and services that record training."""

_PREFIXES = ("OPENAI_", "AZURE_OPENAI_")
_SUFFIX = "_API_KEY"


def key_variables(names: Iterable[str], others: Collection[str] = (), kept: Collection[str] = ()) -> list[str]:
    """Return the variables among `names` that belong to providers: they have API keys, or lead to a provider.

    Args:
        others: variables with keys that the configuration names.
        kept: variables that the configuration names for trainers.
    """
    return [
        name
        for name in names
        if name not in KEPT
        and name not in kept
        and (name.startswith(_PREFIXES) or name.endswith(_SUFFIX) or name in others)
    ]


COMPARED = ("HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT", "HF_HUB_OFFLINE", "CUDA_VISIBLE_DEVICES")
"""Variables whose values decide where models come from and which devices train."""
COMPARED_SECRETS = ("HF_TOKEN", "WANDB_API_KEY")
"""Variables of which only the presence is told."""


def compared_variables(environ: Mapping[str, str]) -> dict[str, str | bool]:
    """Return what a user has to know of an environment: values, and True for a secret that is set."""
    values: dict[str, str | bool] = {name: environ[name] for name in COMPARED if environ.get(name)}
    return values | {name: True for name in COMPARED_SECRETS if environ.get(name)}
