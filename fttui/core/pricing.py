"""What was expected of a job when it was created, kept on this disk to be compared with what the provider bills."""

import json
import os
from typing import NamedTuple

from fttui.data.plan import Plan, amount
from fttui.data.prices import Price


class Kept(NamedTuple):
    """A job's price as it was told before it was created. None is unknown."""

    tokens: int | None = None
    cost: float | None = None
    currency: str = "USD"
    about: bool = True
    """The figures rest on an estimate."""

    @property
    def words(self) -> str:
        """`about 0.0724 USD`; `unknown`."""
        return "unknown" if self.cost is None else f"{'about ' if self.about else ''}{amount(self.cost, self.currency)}"


def keep(path: str, profile: str, job: str, plan: Plan) -> None:
    """Remember what was told of a job. One line is one write, so two processes do not mix theirs.

    Raises:
        OSError: it cannot be written.
    """
    kept = Kept(plan.tokens, plan.cost, plan.currency, plan.is_estimate)
    line = json.dumps({"profile": profile, "job": job, **kept._asdict()}) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def recall(path: str, profile: str) -> dict[str, Kept]:
    """What was told of a profile's jobs, by their ids. What cannot be read is passed over."""
    found: dict[str, Kept] = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    item = json.loads(line)
                    if item["profile"] == profile:
                        found[str(item["job"])] = _read(item)
                except (ValueError, KeyError, TypeError):
                    continue
    except OSError:
        pass
    return found


def _read(item: dict[str, object]) -> Kept:
    tokens, cost = item["tokens"], item["cost"]
    return Kept(
        tokens if isinstance(tokens, int) else None,
        float(cost) if isinstance(cost, int | float) else None,
        str(item["currency"])[:8],
        bool(item["about"]),
    )


def spent_on(tokens: int | None, price: Price, *, method: str = "supervised") -> float | None:
    """What a job has cost by the tokens that the provider says were trained, in the price's currency; None when that is
    unknown."""
    if price.local:
        return 0.0
    if tokens is None or price.training is None or price.per_hour is not None or method == "reinforcement":
        return None
    return tokens * price.training / 1e6


def cost_of(tokens: int | None, price: Price, *, method: str = "supervised") -> str:
    """The same in words: `free`, `0.0724 USD`; empty when it is unknown."""
    spent = spent_on(tokens, price, method=method)
    return "" if spent is None else "free" if price.local else amount(spent, price.currency)
