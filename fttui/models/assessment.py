"""Answer of a provider about a job before it is created."""

from typing import NamedTuple


class Assessment(NamedTuple):
    """Refusal or price of a job that is not created yet. All empty where the provider says nothing."""

    refusal: str = ""
    """Reason why the provider would refuse the job, as a clause without a full stop."""
    member: str = ""
    """Member of the job that is refused, such as `model`; empty if it is not known."""
    cost: float | None = None
    """Cost by the provider's own estimate, in `currency`."""
    currency: str = ""
    tokens: int | None = None
    """Tokens that would be billed."""
