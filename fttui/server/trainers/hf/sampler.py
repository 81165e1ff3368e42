"""The sampler for open models as a program: `python -m fttui.server.trainers.hf.sampler` (../README.md).

One base model is in memory. Adapters are loaded beside it; a tuned model with all weights takes its place.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch
from peft import PeftModel
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList
from transformers import PreTrainedTokenizerBase as Tokenizer
from transformers.generation.streamers import BaseStreamer

from fttui.server.trainers.hf import load
from fttui.server.trainers.hf.conversations import messages_of, tools_of
from fttui.server.trainers.hf.masks import Masks, UnverifiedMask, masks_of
from fttui.server.trainers.hf.refusal import Refusal
from fttui.server.trainers.hf.samples import end_tokens
from fttui.server.trainers.sampling import (
    LENGTH,
    STOP,
    IsCancelled,
    Request,
    RequestFailed,
    SamplerLoop,
    Started,
    StopTexts,
)

KEPT_ADAPTERS = 8
"""Adapters that stay in memory beside the base model."""
OnPhase = Callable[..., None]


class Models:
    """Base model in memory with its tokenizer, and adapters by their directories."""

    def __init__(self, on_phase: OnPhase) -> None:
        self._on_phase = on_phase
        self._path = ""
        self._model: Any = None
        self._adapters: list[str] = []
        self.tokenizer: Tokenizer
        self.masks: Masks

    def get(self, base: str, source: str | None, tuned: str | None) -> Any:
        """Return the base model, or a model tuned from it.

        Raises:
            Refusal: a model cannot be loaded.
        """
        path = load.fetch(base, source, on_bytes=self._downloading)
        has_adapter = tuned is not None and load.is_adapter(tuned)
        self._load(tuned if tuned is not None and not has_adapter else path, path, base)
        if tuned is not None and has_adapter:
            self._choose(tuned)
        return self._model

    def uses_adapter(self, tuned: str | None) -> bool:
        """Return whether the answer of a tuned model needs an adapter; without one, adapters are turned off."""
        return tuned is not None and tuned in self._adapters

    def _load(self, weights: str, path: str, base: str) -> None:
        if weights == self._path:
            return
        self._model, self._path, self._adapters = None, "", []  # frees the memory first
        self._on_phase(type="phase", phase="loading")
        self.tokenizer = load.load_tokenizer(path, base)
        self.masks = masks_of(self.tokenizer, base)
        self._model = load.load_model(weights, base, dtype=load.compute_dtype()).eval()
        self._path = weights

    def _choose(self, directory: str) -> None:
        """Activate the adapter in a directory. Its path is its name, without the dots that PyTorch refuses."""
        name = directory.replace(".", "_")
        if directory not in self._adapters:
            try:
                if isinstance(self._model, PeftModel):
                    self._model.load_adapter(directory, name, use_safetensors=True)
                else:
                    self._model = PeftModel.from_pretrained(
                        self._model, directory, adapter_name=name, use_safetensors=True
                    ).eval()
            except Exception as error:
                first = next(iter(str(error).splitlines()), type(error).__name__)
                raise Refusal("damaged_model", f"The adapter cannot be used: {first[:300]}.", "model") from error
            self._adapters.append(directory)
        self._model.set_adapter(name)
        if len(self._adapters) > KEPT_ADAPTERS:
            oldest = next(each for each in self._adapters if each != directory)
            self._model.delete_adapter(oldest.replace(".", "_"))
            self._adapters.remove(oldest)

    def _downloading(self, done: int, total: int) -> None:
        known = {"done": done, "total": total} if total else {}
        self._on_phase(type="phase", phase="downloading", unit="bytes", **known)


class Sampler:
    """Begins answers."""

    def __init__(self, on_phase: OnPhase) -> None:
        self._models = Models(on_phase)

    def start(self, request: Request, is_cancelled: IsCancelled) -> Started:
        """Begin the answer to a request.

        Raises:
            RequestFailed: the prompt or the model cannot be used.
        """
        base, tuned = request["base"], request["model"]
        try:
            model = self._models.get(base["id"], base["source"], tuned)
            text = self._models.masks.prompt(messages_of(request["messages"], param="messages"), tools_of(request))
        except Refusal as refusal:
            raise RequestFailed(refusal.code, str(refusal), refusal.param) from refusal
        except UnverifiedMask as error:
            message = f"{base['id']} cannot read this prompt: {error}."
            raise RequestFailed("invalid_value", message, "messages") from None
        tokenizer = self._models.tokenizer
        prompt = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        longest = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        if longest and prompt.shape[1] + request["max_tokens"] > longest:
            message = (
                f"The prompt has {prompt.shape[1]:,} tokens and the answer may have {request['max_tokens']:,}. "
                f"The model takes {longest:,}. Lower max_tokens, or shorten the prompt."
            )
            raise RequestFailed("context_length_exceeded", message, "messages")
        answer = Answer(model, tokenizer, prompt, request, is_cancelled, self._models.uses_adapter(tuned))
        return Started(answer, int(prompt.shape[1]))


class Answer:
    """An answer to one prompt that is generated, in a thread, while it is iterated."""

    def __init__(
        self,
        model: Any,
        tokenizer: Tokenizer,
        prompt: torch.Tensor,
        request: Request,
        is_cancelled: IsCancelled,
        uses_adapter: bool,
    ) -> None:
        self.finish_reason = STOP
        self.tokens = 0
        self._model = model
        self._tokenizer = tokenizer
        self._prompt = prompt.to(model.device)
        self._request = request
        self._is_cancelled = is_cancelled
        self._uses_adapter = uses_adapter
        self._is_over = False

    def __iter__(self) -> Iterator[str]:
        stop = StopTexts(self._request["stop"])
        for piece in self._pieces():
            if text := stop.feed(piece):
                yield text
            if stop.found:
                self.finish_reason = STOP
                self._is_over = True
        if not stop.found and (text := stop.rest()):
            yield text

    def _pieces(self) -> Iterator[str]:
        """Yield valid text, and set the finish reason."""
        ends = end_tokens(self._model, self._tokenizer)
        made: queue.SimpleQueue[int | BaseException | None] = queue.SimpleQueue()
        thread = threading.Thread(target=self._generate, args=(made, ends), daemon=True)
        thread.start()
        self.finish_reason = LENGTH
        text = Decoder(self._tokenizer)
        while (token := made.get()) is not None:
            if isinstance(token, BaseException):
                thread.join()
                raise self._failed(token)
            self.tokens += 1
            if token in ends:
                self.finish_reason = STOP
            elif not self._is_over and (piece := text.feed(token)):
                yield piece
        thread.join()
        if self._is_cancelled():
            self.finish_reason = STOP
        if not self._is_over and (piece := text.rest()):
            yield piece

    def _generate(self, made: "queue.SimpleQueue[int | BaseException | None]", ends: list[int]) -> None:
        try:
            adapters_off = isinstance(self._model, PeftModel) and not self._uses_adapter
            with torch.inference_mode():
                if adapters_off:
                    with self._model.disable_adapter():
                        self._run(made, ends)
                else:
                    self._run(made, ends)
        except BaseException as error:
            made.put(error)
        else:
            made.put(None)

    def _run(self, made: "queue.SimpleQueue[int | BaseException | None]", ends: list[int]) -> None:
        request = self._request
        if request["seed"] is not None:
            torch.manual_seed(request["seed"])
        chosen: dict[str, Any] = {"do_sample": False}
        if request["temperature"] > 0:
            chosen = {"do_sample": True, "temperature": request["temperature"], "top_p": request["top_p"], "top_k": 0}
        config = GenerationConfig(
            max_new_tokens=request["max_tokens"],
            eos_token_id=ends,
            pad_token_id=self._tokenizer.pad_token_id,
            use_cache=True,
            **chosen,
        )
        self._model.generate(
            input_ids=self._prompt,
            attention_mask=torch.ones_like(self._prompt),
            generation_config=config,
            streamer=_Streamer(made),
            stopping_criteria=StoppingCriteriaList([_Cancelled(lambda: self._is_over or self._is_cancelled())]),
        )

    def _failed(self, error: BaseException) -> BaseException:
        if load.is_out_of_memory(error):
            message = "Memory ran out. Shorten the prompt, lower max_tokens, or wait for the job that trains."
            return RequestFailed("out_of_memory", message, "messages")
        return error


class Decoder:
    """Text of tokens that arrive one by one. A character can consist of several tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._tokens: list[int] = []
        self._begin = self._end = 0

    def feed(self, token: int) -> str:
        """Return the new text, empty within a character."""
        self._tokens.append(token)
        text = self._new()
        if not text or text.endswith("\N{REPLACEMENT CHARACTER}"):
            return ""
        self._begin, self._end = self._end, len(self._tokens)
        return text

    def rest(self) -> str:
        """Return the text that is left at the end of an answer."""
        return self._new()

    def _new(self) -> str:
        """Return the text after the part that was returned. Some tokenizers decode a token by the one before it."""
        before = self._decode(self._tokens[self._begin : self._end])
        return self._decode(self._tokens[self._begin :])[len(before) :]

    def _decode(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))


class _Streamer(BaseStreamer):
    """Puts each token of an answer into a queue. The first call has the prompt."""

    def __init__(self, made: "queue.SimpleQueue[int | BaseException | None]") -> None:
        self._made = made
        self._has_prompt = False

    def put(self, value: torch.Tensor) -> None:
        if not self._has_prompt:
            self._has_prompt = True
            return
        for token in value.flatten().tolist():
            self._made.put(int(token))

    def end(self) -> None:
        pass


class _Cancelled(StoppingCriteria):
    def __init__(self, is_over: Callable[[], bool]) -> None:
        self._is_over = is_over

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> Any:
        return torch.full((input_ids.shape[0],), self._is_over(), device=input_ids.device)


def main() -> None:
    """Answer requests until the input ends. Libraries that print write to standard error."""
    output = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

    def on_phase(**members: Any) -> None:
        loop.write(**members)

    loop = SamplerLoop(output, Sampler(on_phase).start)
    loop.run(sys.stdin)


if __name__ == "__main__":
    main()
