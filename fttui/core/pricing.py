"""Cost of jobs and prompts. Of jobs: expected before a job is created, billed after it ended, saved on this disk.

Costs are numbers; the words for them are made here as well, so lists, the detail pane and commands agree.
"""

import json
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from fttui.config.errors import ConfigError
from fttui.config.load import load
from fttui.config.paths import data_dir, make_dir, plans_file, prices_file
from fttui.data.plan import Plan, amount, money, plan_from_trained_tokens
from fttui.data.prices import THIS_MACHINE, Price, PriceFileError, price_of, provider_kind
from fttui.data.provider_forms import FORMS
from fttui.own_files import open_own

if TYPE_CHECKING:
    from fttui.models.job import Job
    from fttui.models.spec import JobSpec


_FREE = "free"
SECONDS_PER_TOKEN = 0.05
"""Time of a token of an answer on this machine, as long as none was measured: 20 tokens a second."""
TOKENS_PER_MESSAGE = 4
"""Tokens of a message besides its content: its role and its borders."""


class Cost(NamedTuple):
    """Cost of a job."""

    amount: float | None = None
    """In the currency of the price; None when unknown."""
    text: str = ""
    """`0.0724 USD`, `free`; empty when unknown."""


class ExpectedCost(NamedTuple):
    """Cost of a job as shown before the job was created. None is unknown."""

    tokens: int | None = None
    cost: float | None = None
    currency: str = "USD"
    is_estimate: bool = True

    @property
    def text(self) -> str:
        """`about 0.0724 USD`; `unknown`."""
        if self.cost is None:
            return "unknown"
        return f"{'about ' if self.is_estimate else ''}{amount(self.cost, self.currency)}"


class PromptCost(NamedTuple):
    """Greatest cost of asking models with one prompt. None is unknown."""

    prompt_tokens: int
    """Estimated tokens of the prompt, for one model."""
    cost: float | None
    currency: str
    is_free: bool = False

    @property
    def text(self) -> str:
        """`free`, `about $0.0004`, or `unknown`."""
        if self.is_free:
            return _FREE
        return "unknown" if self.cost is None else f"about {money(self.cost, self.currency)}"


class Billable(Protocol):
    """The members of a job that its cost depends on: `Job` and `JobRow` have them."""

    @property
    def model(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def trained_tokens(self) -> int | None: ...
    @property
    def cost(self) -> float | None: ...
    @property
    def currency(self) -> str: ...


class Service(Protocol):
    """The members of a chosen service that prices depend on."""

    @property
    def key(self) -> str: ...
    @property
    def base_url(self) -> str | None: ...
    @property
    def is_local(self) -> bool: ...
    @property
    def provider(self) -> str: ...


class Pricing:
    """Costs at one service."""

    def __init__(self, service: Service) -> None:
        self._key = service.key
        self.provider = provider_kind(service.base_url, is_local=service.is_local)
        """Kind of provider in the price list: `openai`, `azure`, `local` or `other`."""
        self.form = "" if service.is_local else FORMS.get(service.provider, "")
        """Form in which the provider reads training data; empty for OpenAI's."""
        self._of_models: dict[str, Price | Exception] = {}
        """Prices that were read, or why they could not be."""

    @cached_property
    def per_hour(self) -> float | None:
        """Price of an hour of training on this machine, in USD. None for other services, and when it is free.

        Raises:
            ConfigError: the configuration is wrong.
        """
        return load().local.price_per_hour if self.provider == "local" else None

    @cached_property
    def place(self) -> str:
        """Machines on which the embedded service trains, in words.

        Raises:
            ConfigError: the configuration is wrong.
        """
        return load().local.place if self.provider == "local" else THIS_MACHINE

    @property
    def is_free(self) -> bool:
        """Jobs cost nothing."""
        return self.provider == "local" and self.per_hour is None

    @property
    def own_prices(self) -> str:
        """Path of the user's own price file, which may be missing."""
        return prices_file()

    def price(self, model: str) -> Price:
        """Return the price of a model.

        Raises:
            ConfigError: the user's own price file is wrong.
        """
        try:
            return price_of(
                model, own_file=self.own_prices, provider=self.provider, per_hour=self.per_hour, place=self.place
            )
        except PriceFileError as error:
            raise ConfigError(str(error)) from None

    # Prompts

    def of_prompt(
        self,
        models: Sequence[str],
        messages: Sequence[dict[str, Any]],
        max_tokens: int,
        *,
        seconds_per_token: float = SECONDS_PER_TOKEN,
    ) -> PromptCost:
        """Return the greatest cost of asking each model with one prompt. Base models count as their tuned models.

        Args:
            seconds_per_token: time of a token of an answer, which costs something where hours of this machine do.

        Raises: as `price`.
        """
        from fttui.data.shown_example import message_text
        from fttui.data.tokens import token_counter

        prices = [self.price(model) for model in models]
        count = token_counter(prices[0].encoding).count
        counts: list[int] = [count(message_text(message)) + TOKENS_PER_MESSAGE for message in messages]
        tokens = sum(counts)
        if self.per_hour is not None:
            spent = self.of_seconds(len(models) * max_tokens * seconds_per_token)
            return PromptCost(tokens, spent, prices[0].currency)
        costs = [_prompt_cost(price, tokens, max_tokens) for price in prices]
        known = [cost for cost in costs if cost is not None]
        cost = sum(known) if len(known) == len(costs) else None
        return PromptCost(tokens, cost, prices[0].currency, is_free=all(price.local for price in prices))

    def of_seconds(self, seconds: float) -> float | None:
        """Return the cost of so much time of this machine, in USD; None where time has no price.

        Raises: as `per_hour`.
        """
        return None if self.per_hour is None else seconds / 3600 * self.per_hour

    def of_tokens(self, model: str, prompt_tokens: int | None, answer_tokens: int) -> float | None:
        """Return the cost of an answer; None when it is unknown. An unreadable price is unknown."""
        if prompt_tokens is None:
            return None
        try:
            return _prompt_cost(self.price(model), prompt_tokens, answer_tokens)
        except (ConfigError, OSError):
            return None

    # Before a job is created

    def of_clone(self, source: "Job", spec: "JobSpec") -> Plan | None:
        """Return the plan of a job over the same data as `source`; None when `source` does not give enough.

        Raises: as `price`.
        """
        from fttui.models import lenient

        if (spec.training_file, spec.model, spec.method or "supervised") != (
            source.training_file,
            source.model,
            source.method,
        ):
            return None
        return plan_from_trained_tokens(
            source.trained_tokens,
            lenient.whole(source.hyperparameters.get("n_epochs")),
            self.price(spec.model),
            method=source.method,
            n_epochs=spec.hyperparameters.get("n_epochs"),
        )

    def remember(self, job_id: str, plan: Plan) -> None:
        """Save the expected cost of a job. One line is one write, so two processes do not mix their lines.

        Raises:
            OSError: the file cannot be written.
        """
        make_dir(data_dir())
        line = {
            "profile": self._key,
            "job": job_id,
            "tokens": plan.tokens,
            "cost": plan.cost,
            "currency": plan.currency,
            "about": plan.is_estimate,
        }
        handle = open_own(plans_file(), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(handle, (json.dumps(line) + "\n").encode())
        finally:
            os.close(handle)

    def expected(self, job_id: str) -> ExpectedCost | None:
        """Return the saved expectation of a job; the newest one where there are several."""
        found = None
        quoted = json.dumps(job_id)
        try:
            with open(plans_file(), encoding="utf-8", errors="replace") as file:
                for line in file:
                    if quoted in line:
                        found = _read(line, self._key, job_id) or found
        except OSError:
            pass
        return found

    # After a job has trained

    def billed(self, job: Billable) -> Cost:
        """Return the cost of a job: the provider's own amount, else by the tokens that it says were trained.

        Raises: as `price`.
        """
        return _billed(job) or _cost(job, self._known_price(job.model))

    def row_cost(self, row: Billable) -> Cost:
        """Return the cost of a job in a list, as `billed`. An unreadable price is unknown."""
        try:
            return self.billed(row)
        except (ConfigError, OSError):
            return Cost()

    def _known_price(self, model: str) -> Price:
        """Return the price of a model, as `price`, read once."""
        if model not in self._of_models:
            try:
                self._of_models[model] = self.price(model)
            except (ConfigError, OSError) as error:
                self._of_models[model] = error
        if isinstance(found := self._of_models[model], Exception):
            raise found
        return found

    def fields(self, job: "Job", *, warn: Callable[[str], None] = lambda _: None) -> list[tuple[str, str]]:
        """Return the billed and the expected cost of a job as named texts, without those that are unknown.

        Args:
            warn: receives the reason why no price can be read.
        """
        cost = Cost()
        try:
            cost = self.billed(job)
        except (ConfigError, OSError) as error:
            warn(str(error))
        expected_words = "" if cost.text == _FREE else self._expected_words(job)
        return [(name, words) for name, words in (("cost", cost.text), ("expected cost", expected_words)) if words]

    def _expected_words(self, job: "Job") -> str:
        """Return the expected cost: by the time that the trainer expects, else as saved before the job was created."""
        seconds = job.estimate.get("seconds")
        if seconds is not None and (cost := self.of_seconds(seconds)) is not None:
            return f"about {amount(cost, 'USD')}"
        expected = self.expected(job.id)
        return "" if expected is None or expected.cost is None else expected.text

    def comparison(self, plan: Plan, job: "Job") -> str:
        """Return trained tokens and cost beside the expected ones; empty when the provider does not report tokens.

        Raises: as `price`.
        """
        if job.trained_tokens is None or plan.tokens is None or plan.is_free:
            return ""
        if (counted := job.estimate.get("tokens")) is not None:  # by the trainer's own tokenizer
            return f"trained tokens {job.trained_tokens:,}, expected {counted:,.0f}"
        cost = self.billed(job).text
        cost_words = f"; cost {cost}, expected {plan.cost_text}" if cost else ""
        about = "about " if plan.is_estimate else ""
        return f"trained tokens {job.trained_tokens:,}, expected {about}{plan.tokens:,}{cost_words}"


def _prompt_cost(price: Price, prompt_tokens: int, answer_tokens: int) -> float | None:
    if price.input is None or price.output is None:
        return None
    return (prompt_tokens * price.input + answer_tokens * price.output) / 1e6


def _billed(job: Billable) -> Cost | None:
    """Return the amount that the provider billed for a job, if it says one."""
    return None if job.cost is None else Cost(job.cost, amount(job.cost, job.currency or "USD"))


def _cost(job: Billable, price: Price) -> Cost:
    if price.is_free:
        return Cost(0.0, _FREE)
    is_by_token = price.training is not None and price.per_hour is None and job.method != "reinforcement"
    if job.trained_tokens is None or price.training is None or not is_by_token:
        return Cost()
    cost = job.trained_tokens * price.training / 1e6
    return Cost(cost, amount(cost, price.currency))


def _read(line: str, service_key: str, job_id: str) -> ExpectedCost | None:
    """Read a line of the file of expectations; None for a line that is broken or about another job."""
    try:
        item = json.loads(line)
        if (item["profile"], item["job"]) != (service_key, job_id):
            return None
        tokens, cost = item["tokens"], item["cost"]
        return ExpectedCost(
            tokens if isinstance(tokens, int) else None,
            float(cost) if isinstance(cost, int | float) else None,
            str(item["currency"])[:8],
            bool(item["about"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
