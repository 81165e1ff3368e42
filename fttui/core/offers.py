"""Fields of a job that a provider takes. Known from its facts, without a connection."""

from fttui.api import providers
from fttui.models.hyperparameters import OWN_RANGES, ranges_at
from fttui.models.offer import Offer


def offer_of(provider: str, *, is_local: bool) -> Offer:
    """Return the fields that a provider takes.

    Args:
        provider: name of the provider; not used for the embedded service.
    """
    ranges = ranges_at(is_local=is_local)
    if is_local:
        return Offer(ranges)
    facts = providers.provider(provider, "")
    lacks = facts.lacks if facts.keeps_metadata else facts.lacks | {"metadata", "stop_on"}
    return Offer({**ranges, **OWN_RANGES}, facts.hyperparameters, lacks)
