"""The sampler of the built-in model as a program: `python -m fttui.server.trainers.tiny.sampler` (../README.md)."""

import os
import sys
from collections import OrderedDict

from fttui.server.trainers.sampling import IsCancelled, Request, RequestFailed, SamplerLoop, Started
from fttui.server.trainers.tiny.dataset import MAX_TOKENS, prompt_tokens
from fttui.server.trainers.tiny.generate import Options, StreamedAnswer
from fttui.server.trainers.tiny.job_files import Damaged, load_model
from fttui.server.trainers.tiny.network import STANDARD, Network, Shape, base_weights

KEPT_MODELS = 8
"""Tuned models that stay in memory beside the base model."""


class Networks:
    """Base model, and the tuned models that were used last."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._base: Network | None = None
        self._tuned: OrderedDict[tuple[str, int], Network] = OrderedDict()

    def get(self, path: str | None) -> Network:
        """Return the base model for None, else the model in the file at `path`.

        Raises:
            RequestFailed: the file cannot be used.
        """
        if path is None:
            if self._base is None:
                self._base = Network(base_weights(self._shape), self._shape)
            return self._base
        try:
            key = path, os.stat(path).st_mtime_ns
            if key not in self._tuned:
                self._tuned[key] = Network(load_model(path, self._shape), self._shape)
        except FileNotFoundError:
            raise RequestFailed("model_not_found", "The file of the model is gone.", "model") from None
        except (Damaged, ValueError) as error:
            raise RequestFailed("damaged_model", f"The model cannot be used: {error}.", "model") from None
        self._tuned.move_to_end(key)
        if len(self._tuned) > KEPT_MODELS:
            self._tuned.popitem(last=False)
        return self._tuned[key]


class Sampler:
    """Begins answers of the built-in model, and of models tuned from it."""

    def __init__(self, shape: Shape = STANDARD) -> None:
        self._networks = Networks(shape)

    def start(self, request: Request, is_cancelled: IsCancelled) -> Started:
        """Begin the answer to a request.

        Raises:
            RequestFailed: the prompt or the model cannot be used.
        """
        prompt = _prompt_of(request)
        options = Options(
            max_tokens=request["max_tokens"],
            temperature=request["temperature"],
            top_p=request["top_p"],
            seed=request["seed"],
            stop=tuple(request["stop"]),
        )
        network = self._networks.get(request["model"])
        return Started(StreamedAnswer(network, prompt, options, is_cancelled), len(prompt))


def _prompt_of(request: Request) -> list[int]:
    try:
        prompt = prompt_tokens(request["messages"], request)
    except ValueError as error:
        raise RequestFailed("invalid_value", f"Invalid 'messages': {error}.", "messages") from None
    if len(prompt) > MAX_TOKENS:
        message = f"The prompt has {len(prompt):,} tokens. The model takes {MAX_TOKENS:,}."
        raise RequestFailed("context_length_exceeded", message, "messages")
    return prompt


if __name__ == "__main__":
    SamplerLoop(sys.stdout, Sampler().start).run(sys.stdin)
