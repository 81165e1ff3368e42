"""Samples: answers of the model in training to a few fixed prompts, to see how they change from step to step."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList
from transformers import PreTrainedTokenizerBase as Tokenizer

from fttui.models.preference import by_api
from fttui.server.trainers import protocol
from fttui.server.trainers.hf import devices, sample_plan
from fttui.server.trainers.hf.conversations import Message, messages_of, prompt_and_answer, tools_of
from fttui.server.trainers.hf.masks import Masks
from fttui.server.trainers.hf.sample_plan import Pace, Plan

PROMPTS = 5
_PROBE_TOKENS = 4
_PROBE_FORWARDS = 6
"""Time of so many tokens in forward passes, about."""


class Prompt(NamedTuple):
    """Prompt, the answer of the data, and the text that the model gets."""

    messages: list[Message]
    expected: str
    text: str


def read_prompts(path: str, method: str, masks: Masks, most: int = PROMPTS) -> list[Prompt]:
    """Return the first prompts of a data file that the model's template accepts."""
    prompts: list[Prompt] = []
    for _, example in protocol.examples(path):
        if method == "dpo":
            example = by_api(example)
        messages, expected = prompt_and_answer(example, method)
        if messages:
            tools = tools_of(example.get("input", example))
            prompts.append(Prompt(messages, expected, masks.prompt(messages_of(messages), tools)))
        if len(prompts) == most:
            break
    return prompts


class Run(NamedTuple):
    """Sizes of a training, from which its time is estimated."""

    steps: int
    checkpoints: int
    micro_batch: tuple[int, int]
    """Sequences that are computed at once, and tokens of each."""
    accumulated: int
    """Micro-batches of a step."""


class Samples:
    """Samples of a model. Taking them changes neither its weights nor the random state of the training."""

    def __init__(
        self, directory: str, model: Any, tokenizer: Tokenizer, prompts: list[Prompt], max_length: int, began: float
    ) -> None:
        """
        Args:
            directory: of the job. It keeps the plan.
            began: monotonic time at which the run began.
        """
        self._directory = directory
        self._model = model
        self._tokenizer = tokenizer
        self._prompts = prompts
        self._max_length = max_length
        self._began = began
        self._plan = Plan.read(directory) if prompts else Plan(0, 0, everywhere=False)

    def begin(self, run: Run) -> None:
        """Decide what is sampled, unless an earlier start has. Call this before the first step.

        Raises:
            OSError: the plan cannot be kept.
        """
        if self._plan is not None:
            return
        try:
            with self._sampling():
                self._plan = self._measured(run)
        except Exception:  # a sample is not worth a training: the reason goes to the log
            traceback.print_exc()
            self._plan = Plan(0, 0, everywhere=False)
        self._plan.write(self._directory)

    def take(self, *, is_end: bool) -> list[dict[str, Any]]:
        """Return one answer for each prompt: empty where none is planned, or when sampling failed.

        Args:
            is_end: this is the state before the first step, or the last one.
        """
        if self._plan is None or not self._plan.includes(is_end=is_end):
            return []
        try:
            with self._sampling():
                return self._answers(self._prompts[: self._plan.prompts], self._plan.max_tokens)
        except Exception:
            traceback.print_exc()
            return []

    @contextmanager
    def _sampling(self) -> Iterator[None]:
        was_training = self._model.training
        self._model.eval()
        try:
            with torch.random.fork_rng(), torch.inference_mode():
                yield
        finally:
            self._model.train(was_training)

    def _measured(self, run: Run) -> Plan:
        """Return the plan that fits into the share of the time that the run is expected to take."""
        sequences = torch.zeros(run.micro_batch, dtype=torch.long, device=self._model.device)
        dtype, half = torch.bfloat16, devices.has_bf16()
        forward, measuring = float("inf"), time.monotonic()
        for _ in range(2):  # the first one is slow
            began = time.monotonic()
            with torch.autocast(self._model.device.type, dtype, enabled=half):
                float(self._model(input_ids=sequences, use_cache=False).logits[0, -1, 0])  # waits for the device
            forward = min(forward, time.monotonic() - began)
        started = time.monotonic()
        training = run.steps * run.accumulated * forward * sample_plan.STEP_FORWARDS
        room = sample_plan.SHARE * (started - self._began + training)
        if room < started - measuring + _PROBE_FORWARDS * forward:
            return Plan(0, 0, everywhere=False)
        times: list[float] = []
        self._generate(self._prompts, _PROBE_TOKENS, least=_PROBE_TOKENS, on_token=times.append)
        pace = Pace(times[0] - started, min(later - earlier for earlier, later in pairwise(times)))
        return sample_plan.plan(room - (times[-1] - measuring), run.checkpoints, len(self._prompts), pace)

    def _answers(self, prompts: list[Prompt], max_tokens: int) -> list[dict[str, Any]]:
        ends = end_tokens(self._model, self._tokenizer)
        answers = []
        for prompt, tokens in zip(prompts, self._generate(prompts, max_tokens), strict=True):
            end = next((index for index, token in enumerate(tokens) if token in ends), None)
            answers.append(
                {
                    "prompt": prompt.messages,
                    "expected": prompt.expected,
                    "answer": self._tokenizer.decode(tokens[:end], skip_special_tokens=True),
                    "finish_reason": "length" if end is None else "stop",
                }
            )
        return answers

    def _generate(
        self,
        prompts: list[Prompt],
        max_tokens: int,
        *,
        least: int | None = None,
        on_token: Callable[[float], object] | None = None,
    ) -> list[list[int]]:
        """Return the tokens of the answers.

        Args:
            on_token: called with the monotonic time of each token.
        """
        inputs = self._tokenizer(
            [prompt.text for prompt in prompts],
            add_special_tokens=False,
            padding=True,
            padding_side="left",
            truncation=True,
            truncation_side="left",
            max_length=self._max_length,
            return_tensors="pt",
        ).to(self._model.device)
        config = GenerationConfig(
            max_new_tokens=max_tokens,
            min_new_tokens=least,
            do_sample=False,
            eos_token_id=end_tokens(self._model, self._tokenizer),
            pad_token_id=self._tokenizer.pad_token_id,
            use_cache=True,
        )
        made = self._model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            generation_config=config,
            stopping_criteria=StoppingCriteriaList([_Clock(on_token)] if on_token else []),
        )
        tokens: list[list[int]] = made[:, inputs["input_ids"].shape[1] :].tolist()
        return tokens


class _Clock(StoppingCriteria):
    """Tells the time of each token, and never stops."""

    def __init__(self, on_token: Callable[[float], object]) -> None:
        self._on_token = on_token

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> Any:
        int(input_ids[0, -1])  # waits for the device
        self._on_token(time.monotonic())
        return torch.zeros((input_ids.shape[0],), dtype=torch.bool, device=input_ids.device)


def end_tokens(model: Any, tokenizer: Tokenizer) -> list[int]:
    """Return the tokens that end an answer: those of the model's generation settings, and the tokenizer's."""
    given = model.generation_config.eos_token_id
    ends = {*(given if isinstance(given, list) else [given]), tokenizer.eos_token_id}
    return sorted(token for token in ends if token is not None)
