"""Jobs that a provider would refuse, by its facts: told before anything is uploaded."""

from fttui.api.providers.base import Provider
from fttui.models import labels
from fttui.models.auto_hyperparameters import AUTO
from fttui.models.job import TOKEN_KEY
from fttui.models.spec import HYPERPARAMETERS, JobSpec

_ORDINARY = frozenset(name for names in HYPERPARAMETERS.values() for name in names)
_WORDS = {"wandb_project": "reports to Weights & Biases", "validation_file": "validation file"}
"""Words for members of a job, where they are not the name."""


def of(provider: Provider, spec: JobSpec) -> str:
    """Return why a provider would refuse a job, as a clause without a full stop; empty if nothing is known."""
    if provider.closed:
        return f"{provider.title} {provider.closed}"
    method = spec.method or "supervised"
    if method not in provider.hyperparameters:
        offered = ", ".join(provider.hyperparameters)
        return f"{provider.title} does not offer the method {method}, only {offered}"
    for member in sorted(provider.lacks):
        if getattr(spec, member):
            return f"{provider.title} has no {_WORDS.get(member, member)}"
    names = frozenset(name for given in provider.hyperparameters.values() for name in given)
    for name, value in spec.hyperparameters.items():
        if name in _ORDINARY and name not in names and (provider.has_auto or value != AUTO):
            return f"{provider.title} has no {name}{_remedy(name, names)}"
    if not provider.keeps_metadata and any(
        key != TOKEN_KEY and not key.startswith(labels.PREFIX) for key in spec.metadata
    ):
        return f"{provider.title} keeps no metadata, so it would be lost"
    return ""


def _remedy(name: str, names: frozenset[str]) -> str:
    if name == "learning_rate_multiplier" and "learning_rate" in names:
        return ": it takes learning_rate, an absolute rate such as 1e-5"
    return ""
