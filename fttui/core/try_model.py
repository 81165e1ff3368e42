"""Trying models: questions to models of one service, their answers, and what they cost.

The cockpit and `fttui models try` use the same object. Answers are kept as long as it lives.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from fttui.api.errors import ApiError, Conflict, Unreachable
from fttui.clock import Clock
from fttui.config.errors import ConfigError
from fttui.core.pricing import SECONDS_PER_TOKEN, Pricing, PromptCost
from fttui.data.plan import money
from fttui.data.prompts import Prompt
from fttui.models.chat import Call, Chunk, Question, joined_calls
from fttui.models.run_state import Phase

NOT_CONNECTED = "Not connected. enter asks again."
BUSY = "accelerator_in_use"
"""Code of the embedded service while a job trains on the accelerator."""
NO_SAMPLER = "no_sampler"
"""Code of the embedded service for a model that cannot answer prompts."""
TOO_LONG = "context_length_exceeded"
"""Code of a prompt that is too long, at OpenAI and the embedded service."""


class ChatApi(Protocol):
    """Request that asks a model."""

    def chat(self, question: Question) -> AsyncGenerator[Chunk, None]: ...


class Sampling(NamedTuple):
    """Settings of an answer. None leaves a setting to the provider."""

    temperature: float = 0.0
    max_tokens: int = 256
    top_p: float | None = None
    seed: int | None = None
    system: str = ""
    """Replaces the system message of the prompt; empty leaves the prompt as it is."""

    def messages(self, prompt: Prompt) -> list[dict[str, Any]]:
        """Return the messages of a prompt with the system message of the settings."""
        if not self.system:
            return prompt.messages
        others = [message for message in prompt.messages if message.get("role") not in ("system", "developer")]
        return [{"role": "system", "content": self.system}, *others]


class AnswerState(StrEnum):
    """State of an answer."""

    WAITING = "waiting"
    LOADING = "loading"
    WRITING = "writing"
    ENDED = "ended"
    STOPPED = "stopped"
    FAILED = "failed"


class Answer:
    """Answer of one model to one prompt, as far as it has come. Its text is clean."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.text = ""
        self.state = AnswerState.WAITING
        self.phase: Phase | None = None
        """Work of the embedded service before the first token."""
        self.error: ApiError | None = None
        """Reason of a failure."""
        self.finish_reason = ""
        self.tokens = 0
        """Tokens of the answer. Until it has ended, the number of pieces that have arrived."""
        self.prompt_tokens: int | None = None
        self.seconds = 0.0
        """Time from the question to the last token."""
        self.calls: tuple[str, ...] = ()
        """Functions that the answer calls: `track({"id": 7731})`."""

    @property
    def is_over(self) -> bool:
        return self.state in (AnswerState.ENDED, AnswerState.STOPPED, AnswerState.FAILED)

    @property
    def content(self) -> str:
        """The text, and the functions that the answer calls."""
        return "\n".join(filter(None, (self.text, *(f"calls {call}" for call in self.calls))))

    @property
    def trouble(self) -> str:
        """Sentence about a failure; empty without one."""
        error = self.error
        if error is None:
            return ""
        if isinstance(error, Unreachable) and self.tokens:
            return f"Connection lost after {self.tokens} token{'' if self.tokens == 1 else 's'}."
        return error.text

    @property
    def is_busy(self) -> bool:
        """A job trains on the accelerator."""
        return isinstance(self.error, Conflict) and self.error.code == BUSY

    def as_json(self) -> dict[str, Any]:
        """Return the answer as `models try --json` prints it."""
        usage = {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.tokens}
        members = {"model": self.model, "content": self.content, "finish_reason": self.finish_reason or None}
        return {**members, "usage": usage if self.prompt_tokens is not None else None}


_Key = tuple[str, str, Sampling]


class TryModel:
    """Asks models of one service."""

    def __init__(self, api: Callable[[], ChatApi | None], pricing: Pricing, clock: Clock) -> None:
        """
        Args:
            api: returns the connection; None while there is none.
        """
        self._api = api
        self._pricing = pricing
        self._clock = clock
        self._answers: dict[_Key, Answer] = {}
        self._currency = "USD"
        self._measured_seconds, self._measured_tokens = 0.0, 0
        """Time and tokens of the complete answers."""
        self.spent = 0.0
        """Cost of the answers so far, in the currency of the prices."""
        self.is_spent_known = True
        """False after an answer whose cost is not known."""

    @property
    def is_local(self) -> bool:
        """The embedded service answers, which sends no bill: nobody has to agree to a question."""
        return self._pricing.provider == "local"

    @property
    def is_free(self) -> bool:
        """Answers cost nothing. Those of a machine with a price by the hour do not count as free."""
        try:
            return self._pricing.is_free
        except ConfigError:
            return False

    @property
    def spent_words(self) -> str:
        """Cost of the answers so far: `free`, `$0.0012`; empty when it is not known."""
        if self.is_free:
            return "free"
        return money(self.spent, self._currency) if self.is_spent_known else ""

    def kept(self, model: str, prompt: Prompt, sampling: Sampling) -> Answer | None:
        """Return the last answer of a model to a prompt, None for a question that was not asked."""
        return self._answers.get((model, prompt.key, sampling))

    def keep(self, answer: Answer, prompt: Prompt, sampling: Sampling) -> None:
        """Keep an answer that was not asked for here."""
        self._answers[(answer.model, prompt.key, sampling)] = answer

    def forget(self, model: str, prompt: Prompt, sampling: Sampling) -> None:
        """Forget an answer, as if the question had not been asked."""
        self._answers.pop((model, prompt.key, sampling), None)

    def cost(self, models: Sequence[str], prompt: Prompt, sampling: Sampling) -> PromptCost:
        """Return the greatest cost of asking models with one prompt.

        Raises:
            ConfigError: the user's own price file is wrong.
        """
        pace = self._measured_seconds / self._measured_tokens if self._measured_tokens else SECONDS_PER_TOKEN
        messages = sampling.messages(prompt)
        found = self._pricing.of_prompt(models, messages, sampling.max_tokens, seconds_per_token=pace)
        self._currency = found.currency
        return found

    def cost_words(self, models: Sequence[str], prompt: Prompt, sampling: Sampling) -> str:
        """Return what a prompt costs on this machine: `free`, `about $0.0089 a prompt`; empty when it is not known."""
        if self.is_free:
            return "free"
        try:
            return f"{self.cost(models, prompt, sampling).text} a prompt"
        except ConfigError:
            return ""

    async def ask(
        self, model: str, prompt: Prompt, sampling: Sampling, changed: Callable[[Answer], object] = lambda _: None
    ) -> Answer:
        """Ask a model and return its complete answer. Failures are part of it. Cancel the call to stop the answer.

        Args:
            changed: called when the answer has grown or changed its state.
        """
        answer = Answer(model)
        self.keep(answer, prompt, sampling)
        began = self._clock.monotonic()
        changed(answer)
        try:
            api = self._api()
            if api is None:
                raise Unreachable(NOT_CONNECTED)
            await self._read(api, answer, _question(model, prompt, sampling), began, changed)
            answer.state = AnswerState.ENDED
        except ApiError as error:
            answer.error, answer.state = error, AnswerState.FAILED
        except asyncio.CancelledError:
            answer.state = AnswerState.STOPPED
            raise
        finally:
            self._bill(answer, self._clock.monotonic() - began)
            changed(answer)
        return answer

    async def _read(
        self, api: ChatApi, answer: Answer, question: Question, began: float, changed: Callable[[Answer], object]
    ) -> None:
        calls: dict[int, list[Call]] = {}
        async with aclosing(api.chat(question)) as chunks:
            async for chunk in chunks:
                if chunk.phase is not None:
                    answer.state, answer.phase = AnswerState.LOADING, chunk.phase
                if chunk.text or chunk.calls:
                    answer.state = AnswerState.WRITING
                    answer.text += chunk.text
                    answer.tokens += 1
                    answer.seconds = self._clock.monotonic() - began
                    for call in chunk.calls:
                        calls.setdefault(call.place, []).append(call)
                    answer.calls = joined_calls(calls)
                answer.finish_reason = chunk.finish_reason or answer.finish_reason
                if chunk.completion_tokens is not None:
                    answer.tokens = chunk.completion_tokens
                if chunk.prompt_tokens is not None:
                    answer.prompt_tokens = chunk.prompt_tokens
                changed(answer)

    def _bill(self, answer: Answer, seconds: float) -> None:
        if answer.state is AnswerState.ENDED and answer.tokens:
            self._measured_seconds += seconds
            self._measured_tokens += answer.tokens
        try:
            cost = self._pricing.of_seconds(seconds)
        except ConfigError:
            cost = None
        if cost is None:
            cost = self._pricing.of_tokens(answer.model, answer.prompt_tokens, answer.tokens)
        if cost is not None:
            self.spent += cost
        elif answer.tokens:
            self.is_spent_known = False


def _question(model: str, prompt: Prompt, sampling: Sampling) -> Question:
    return Question(
        model,
        sampling.messages(prompt),
        sampling.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        seed=sampling.seed,
        tools=prompt.tools,
    )
