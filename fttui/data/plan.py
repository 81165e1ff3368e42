"""What a job would come to: epochs, steps, trained tokens, cost. Pure."""

from typing import Any, NamedTuple

from fttui.data.prices import Price
from fttui.models import auto_hyperparameters


class Plan(NamedTuple):
    """What a run over a file would be. None is unknown."""

    epochs: int
    epochs_auto: bool
    """The number is the documented heuristic's, not the person's."""
    batch_size: int | None
    batch_auto: bool
    steps: int | None
    tokens: int | None
    """Trained tokens, which are billed; None when they were not counted."""
    cost: float | None
    currency: str
    is_estimate: bool
    """The figures rest on an estimate."""
    cost_note: str
    """Where the cost comes from, or why it is unknown."""
    local: bool = False

    @property
    def cost_text(self) -> str:
        """The cost in words: `0.04 USD`, `free`, `unknown`."""
        if self.local:
            return "free"
        if self.cost is None:
            return "unknown"
        return f"{'about ' if self.is_estimate else ''}{amount(self.cost, self.currency)}"

    def summary(self) -> str:
        """Epochs, steps and cost in half a sentence."""
        parts = [f"{self.epochs} epoch{'' if self.epochs == 1 else 's'}"]
        if self.steps is not None:
            parts.append(f"{'about ' if self.batch_auto else ''}{self.steps:,} step{'' if self.steps == 1 else 's'}")
        cost = "free: trained on this machine" if self.local else f"cost {self.cost_text}"
        if self.cost is None and not self.local:
            cost += f" ({self.cost_note})"
        return ", ".join((*parts, cost))

    def as_json(self) -> dict[str, Any]:
        return {
            "n_epochs": self.epochs,
            "n_epochs_auto": self.epochs_auto,
            "batch_size": self.batch_size,
            "batch_size_auto": self.batch_auto,
            "steps": self.steps,
            "trained_tokens": self.tokens,
            "cost": None if self.cost is None else round(self.cost, 6),
            "currency": self.currency,
            "estimate": self.is_estimate,
            "why": self.cost_note,
        }


def plan(
    examples: int,
    billed: int | None,
    price: Price,
    *,
    method: str = "supervised",
    n_epochs: int | str | None = None,
    batch_size: int | str | None = None,
    exact: bool = True,
) -> Plan:
    """What a run would be.

    Args:
        examples: of the training file.
        billed: tokens of one epoch, each example counted up to the model's limit; None when not counted.
        exact: the tokens were counted by the model's own tokenizer and the documented formula.
    """
    epochs = n_epochs if isinstance(n_epochs, int) else auto_hyperparameters.epochs(examples)
    batch = batch_size if isinstance(batch_size, int) else auto_hyperparameters.batch_size(examples)
    tokens = None if billed is None else billed * epochs
    cost, why = _cost(tokens, price, method)
    return Plan(
        epochs=epochs,
        epochs_auto=not isinstance(n_epochs, int),
        batch_size=batch,
        batch_auto=not isinstance(batch_size, int),
        steps=-(-examples // batch) * epochs,
        tokens=tokens,
        cost=cost,
        currency=price.currency,
        is_estimate=not exact,
        cost_note=why,
        local=price.local,
    )


def plan_from_trained_tokens(
    trained: int | None,
    epochs: int | None,
    price: Price,
    *,
    method: str = "supervised",
    n_epochs: int | str | None = None,
) -> Plan | None:
    """What a run over the same data would be as that of a job which trained so many tokens in so many epochs.

    None where that job does not say enough, or where `auto` leaves open how many epochs it would be.
    """
    if not trained or not epochs or trained < 0 or epochs < 0 or not isinstance(n_epochs, int):
        return None
    tokens = round(trained / epochs * n_epochs)
    cost, why = _cost(tokens, price, method)
    return Plan(n_epochs, False, None, True, None, tokens, cost, price.currency, False, why, price.local)


def _cost(tokens: int | None, price: Price, method: str) -> tuple[float | None, str]:
    if price.local:
        return 0.0, "trained on this machine"
    if method == "reinforcement" or price.per_hour is not None:
        if price.per_hour is None:
            return None, "reinforcement is billed by the hour, and the price is not known"
        return None, f"{price.per_hour:,.2f} {price.currency} an hour of training; how long it takes is not known"
    if price.training is None and price.elsewhere:
        return None, "the published prices are not this service's; your prices.toml can tell it"
    if price.training is None:
        return None, f"no price is known for {price.model or 'this model'}"
    if tokens is None:
        return None, "the tokens were not counted"
    whose = "your own price file" if price.own else "the provider's price list"
    return tokens * price.training / 1e6, f"{whose}{f' of {price.updated}' if price.updated else ''}"


def amount(cost: float, currency: str) -> str:
    """Money: two digits, four where it is less than one."""
    return f"{cost:,.{2 if cost >= 1 or cost == 0 else 4}f} {currency}"
