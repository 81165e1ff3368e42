"""The sampler of the built-in model as a program: `python -m fttui.server.trainers.tiny.sampler` (../README.md).

Requests are JSON lines on standard input, answers are JSON lines on standard output. A thread reads, so that a request
to cancel arrives while an answer is generated.
"""

import json
import os
import queue
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, TextIO

from fttui.server.trainers.tiny.dataset import MAX_TOKENS, prompt_tokens
from fttui.server.trainers.tiny.generate import Options, StreamedAnswer
from fttui.server.trainers.tiny.job_files import Damaged, load_model
from fttui.server.trainers.tiny.network import STANDARD, Network, Shape, base_weights

KEPT_MODELS = 8
"""Tuned models that stay in memory beside the base model."""


class RequestFailed(Exception):
    """Refusal of a request, in the terms of the API."""

    def __init__(self, code: str, message: str, param: str | None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


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
    """Answers requests one after another."""

    def __init__(self, output: TextIO, shape: Shape = STANDARD) -> None:
        self._output = output
        self._networks = Networks(shape)
        self._cancelled: set[object] = set()
        self._requests: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._is_over = False

    def run(self, lines: Iterable[str]) -> None:
        """Answer the requests in `lines`, in a thread of its own, until the lines end."""
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        self._write(type="ready")
        while (request := self._requests.get()) is not None:
            self._answer(request)

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            request = json.loads(line)
            if "cancel" in request:
                self._cancelled.add(request["cancel"])
            else:
                self._requests.put(request)
        self._is_over = True  # nobody reads the current answer any more
        self._requests.put(None)

    def _answer(self, request: dict[str, Any]) -> None:
        id = request["id"]
        try:
            prompt = _prompt_of(request)
            answer = self._start(request, prompt)
            for text in answer:
                self._write(id=id, text=text)
            usage = {"prompt_tokens": len(prompt), "completion_tokens": answer.tokens}
            self._write(id=id, finish_reason=answer.finish_reason, usage=usage)
        except RequestFailed as error:
            self._write(id=id, error={"code": error.code, "message": str(error), "param": error.param})
        except Exception as error:
            traceback.print_exc()
            message = f"{type(error).__name__}: {error}"
            self._write(id=id, error={"code": "sampler_error", "message": message, "param": None})
        self._cancelled.discard(id)

    def _start(self, request: dict[str, Any], prompt: list[int]) -> StreamedAnswer:
        id = request["id"]
        options = Options(
            max_tokens=request["max_tokens"],
            temperature=request["temperature"],
            top_p=request["top_p"],
            seed=request["seed"],
            stop=tuple(request["stop"]),
        )
        network = self._networks.get(request["model"])
        return StreamedAnswer(network, prompt, options, lambda: self._is_over or id in self._cancelled)

    def _write(self, **members: Any) -> None:
        self._output.write(json.dumps(members) + "\n")
        self._output.flush()


def _prompt_of(request: dict[str, Any]) -> list[int]:
    try:
        prompt = prompt_tokens(request["messages"])
    except ValueError as error:
        raise RequestFailed("invalid_value", f"Invalid 'messages': {error}.", "messages") from None
    if len(prompt) > MAX_TOKENS:
        message = f"The prompt has {len(prompt):,} tokens. The model takes {MAX_TOKENS:,}."
        raise RequestFailed("context_length_exceeded", message, "messages")
    return prompt


if __name__ == "__main__":
    Sampler(sys.stdout).run(sys.stdin)
