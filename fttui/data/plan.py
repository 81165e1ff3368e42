"""Plan of a training run: epochs, steps, trained tokens, cost."""

from typing import Any, NamedTuple

from fttui.data.prices import Price
from fttui.models import auto_hyperparameters


class Plan(NamedTuple):
    """Expected size and cost of a run. None: unknown."""

    epochs: int
    epochs_auto: bool
    """The number comes from the documented heuristic, not from the user."""
    batch_size: int | None
    batch_auto: bool
    steps: int | None
    tokens: int | None
    """Billed tokens over all epochs; None when tokens were not counted."""
    cost: float | None
    currency: str
    is_estimate: bool
    """Tokens and cost are estimates."""
    cost_note: str
    """Source of the price, or the reason for an unknown cost."""
    is_free: bool = False
    """Trained by the embedded service, where hours cost nothing. `cost_note` names the machines."""

    @property
    def cost_text(self) -> str:
        """Cost as text: `0.04 USD`, `about 0.04 USD`, `free`, `unknown`."""
        if self.is_free:
            return "free"
        if self.cost is None:
            return "unknown"
        return f"{'about ' if self.is_estimate else ''}{amount(self.cost, self.currency)}"

    def summary(self) -> str:
        """Return epochs, steps and cost: `3 epochs, 120 steps, cost 0.04 USD`."""
        return f"{self.size_words()}, {self.cost_words()}"

    def size_words(self) -> str:
        """Return epochs and steps: `3 epochs, 120 steps`."""
        parts = [f"{self.epochs} epoch{'' if self.epochs == 1 else 's'}"]
        if self.steps is not None:
            parts.append(f"{'about ' if self.batch_auto else ''}{self.steps:,} step{'' if self.steps == 1 else 's'}")
        return ", ".join(parts)

    def cost_words(self) -> str:
        """Return the cost, with the reason when it is unknown: `cost 0.04 USD`."""
        if self.is_free:
            return f"free: {self.cost_note}"
        return f"cost {self.cost_text}" + (f" ({self.cost_note})" if self.cost is None else "")

    def resized(self, examples: int, n_epochs: Any, batch_size: Any) -> "Plan":
        """Return the plan of a run over the same data with different settings, which may be `auto`."""
        epochs = n_epochs if isinstance(n_epochs, int) else auto_hyperparameters.epochs(examples)
        batch = batch_size if isinstance(batch_size, int) else auto_hyperparameters.batch_size(examples)
        return self._replace(
            epochs=epochs,
            epochs_auto=not isinstance(n_epochs, int),
            batch_size=batch,
            batch_auto=not isinstance(batch_size, int),
            steps=-(-examples // batch) * epochs,
            tokens=None if self.tokens is None else self.tokens // self.epochs * epochs,
            cost=None if self.cost is None else self.cost / self.epochs * epochs,
        )

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
    """Plan a run over a training file.

    Args:
        examples: number of examples.
        billed: tokens of one epoch, of each example at most the model's limit; None when tokens were not counted.
        exact: the model's tokenizer and the documented formula counted the tokens.
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
        is_free=price.is_free,
    )


def plan_from_trained_tokens(
    trained: int | None,
    epochs: int | None,
    price: Price,
    *,
    method: str = "supervised",
    n_epochs: int | str | None = None,
) -> Plan | None:
    """Plan a run over the data of a finished job, by the tokens and epochs of that job.

    Return None when the job has no such figures, or when the new number of epochs is `auto`.
    """
    if not trained or not epochs or trained < 0 or epochs < 0 or not isinstance(n_epochs, int):
        return None
    tokens = round(trained / epochs * n_epochs)
    cost, why = _cost(tokens, price, method)
    return Plan(n_epochs, False, None, True, None, tokens, cost, price.currency, False, why, price.is_free)


def _cost(tokens: int | None, price: Price, method: str) -> tuple[float | None, str]:
    if price.is_free:
        return 0.0, f"trained on {price.place}"
    if method == "reinforcement" or price.per_hour is not None:
        if price.per_hour is None:
            return None, "reinforcement is billed by the hour, and the hourly price is unknown"
        return None, f"{price.per_hour:,.2f} {price.currency} per hour of training; the duration is unknown"
    if price.training is None and price.is_other_provider:
        return None, "this provider publishes no prices; set one in prices.toml"
    if price.training is None:
        return None, f"no known price for {price.model or 'this model'}"
    if tokens is None:
        return None, "the tokens were not counted"
    source = "your price file" if price.from_own_file else "the provider's price list"
    return tokens * price.training / 1e6, f"{source}{f' of {price.updated}' if price.updated else ''}"


def plan_of_estimate(before: Plan | None, tokens: int | None, cost: float | None, currency: str) -> Plan:
    """Return a plan with a provider's own estimate in place of ours."""
    known = before or Plan(1, True, None, True, None, None, None, currency, True, "")
    return known._replace(
        tokens=tokens or known.tokens, cost=cost, currency=currency, is_estimate=True, cost_note="", is_free=False
    )


def amount(cost: float, currency: str) -> str:
    """Return an amount of money with two decimals, four below 1."""
    return f"{cost:,.{2 if cost >= 1 or cost == 0 else 4}f} {currency}"


def money(cost: float, currency: str) -> str:
    """Return an amount of money for a sentence: `$1.62`, `$0.0031`, `1.62 EUR`."""
    digits = 2 if cost >= 0.1 or cost == 0 else 4
    return f"${cost:,.{digits}f}" if currency == "USD" else f"{cost:,.{digits}f} {currency}"
