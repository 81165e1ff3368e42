"""Samples: answers of the model in training to a few fixed prompts, to see how they change from step to step."""

import time
import traceback
from typing import Any, NamedTuple

import torch
from transformers import GenerationConfig
from transformers import PreTrainedTokenizerBase as Tokenizer

from fttui.models.preference import by_api
from fttui.server.trainers import protocol
from fttui.server.trainers.hf.conversations import Message, messages_of, prompt_and_answer, tools_of
from fttui.server.trainers.hf.masks import Masks

PROMPTS = 5
MAX_TOKENS = 64
SHARE = 0.02
"""Largest share of the run's time for samples."""
LEAST_SECONDS = 1.0
"""Seconds that one round of samples may take in any case, so that a short run has some too."""


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


class Samples:
    """Samples of a model. Taking them changes neither its weights nor the random state of the training."""

    def __init__(self, model: Any, tokenizer: Tokenizer, prompts: list[Prompt], max_length: int) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._prompts = prompts
        self._max_length = max_length
        self._began = time.monotonic()
        self._spent = 0.0

    def take(self) -> list[dict[str, Any]]:
        """Return one answer for each prompt: empty without prompts, or when sampling failed.

        The time for an answer is limited. An answer that took longer is cut.
        """
        began = time.monotonic()
        if not self._prompts:
            return []
        allowed = max(LEAST_SECONDS, SHARE * (began - self._began) - self._spent)
        try:
            answers = self._answers(allowed)
        except Exception:  # a sample is not worth a training: the reason goes to the log
            traceback.print_exc()
            answers = []
        self._spent += time.monotonic() - began
        return answers

    def _answers(self, seconds: float) -> list[dict[str, Any]]:
        was_training = self._model.training
        self._model.eval()
        try:
            with torch.random.fork_rng(), torch.inference_mode():
                return self._generate(seconds)
        finally:
            self._model.train(was_training)

    def _generate(self, seconds: float) -> list[dict[str, Any]]:
        tokenizer = self._tokenizer
        inputs = tokenizer(
            [prompt.text for prompt in self._prompts],
            add_special_tokens=False,
            padding=True,
            padding_side="left",
            truncation=True,
            truncation_side="left",
            max_length=self._max_length,
            return_tensors="pt",
        ).to(self._model.device)
        ends = end_tokens(self._model, tokenizer)
        config = GenerationConfig(
            max_new_tokens=MAX_TOKENS,
            do_sample=False,
            max_time=seconds,
            eos_token_id=ends,
            pad_token_id=tokenizer.pad_token_id,
            use_cache=True,
        )
        made = self._model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            generation_config=config,
        )
        answers = []
        for prompt, tokens in zip(self._prompts, made[:, inputs["input_ids"].shape[1] :].tolist(), strict=True):
            end = next((index for index, token in enumerate(tokens) if token in ends), None)
            answers.append(
                {
                    "prompt": prompt.messages,
                    "expected": prompt.expected,
                    "answer": tokenizer.decode(tokens[:end], skip_special_tokens=True),
                    "finish_reason": "length" if end is None else "stop",
                }
            )
        return answers


def end_tokens(model: Any, tokenizer: Tokenizer) -> list[int]:
    """Return the tokens that end an answer: those of the model's generation settings, and the tokenizer's."""
    given = model.generation_config.eos_token_id
    ends = {*(given if isinstance(given, list) else [given]), tokenizer.eos_token_id}
    return sorted(token for token in ends if token is not None)
