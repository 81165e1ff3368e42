"""Answers of the network: text by tokens, the most probable ones or drawn by temperature, `top_p` and seed.

An answer consists of bytes. It ends with the end token, before one of the stop texts, or at its longest length.
"""

import codecs
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from fttui.server.trainers.sampling import LENGTH, STOP, StopTexts
from fttui.server.trainers.tiny.dataset import END
from fttui.server.trainers.tiny.network import Floats, Network

_BYTES = 256
_NO_ANSWER = [token for token in range(_BYTES, END + 2) if token != END]
"""Tokens of roles and tools, which no answer contains."""


class Answer(NamedTuple):
    """A complete answer."""

    text: str
    finish_reason: str
    tokens: int
    """Number of generated tokens, the end token included."""


class Options(NamedTuple):
    """Options of a generated answer, with the meaning that they have in the API."""

    max_tokens: int
    temperature: float = 0.0
    """0 takes the most probable token."""
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()


def greedy_answers(network: Network, prompts: Sequence[Sequence[int]], max_tokens: int) -> list[Answer]:
    """Answer several prompts with the most probable tokens, all at the same time."""
    if not prompts:
        return []
    texts: list[list[int]] = [[] for _ in prompts]
    ended = [False for _ in prompts]
    continued = network.start(prompts)
    for count in range(max_tokens):
        tokens = _allowed(continued.logits).argmax(axis=1)
        for row, token in enumerate(tokens.tolist()):
            ended[row] = ended[row] or token == END
            if not ended[row]:
                texts[row].append(token)
        if all(ended):
            break
        if count + 1 < max_tokens:
            continued.append(tokens)
    return [
        Answer(bytes(text).decode("utf-8", "replace"), STOP if has_ended else LENGTH, len(text) + has_ended)
        for text, has_ended in zip(texts, ended, strict=True)
    ]


class StreamedAnswer:
    """An answer to one prompt that is generated while it is iterated. Each item is a piece of its text."""

    def __init__(
        self,
        network: Network,
        prompt: Sequence[int],
        options: Options,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """
        Args:
            is_cancelled: asked before each token; True ends the answer.
        """
        self.finish_reason = STOP
        """Valid after the last piece."""
        self.tokens = 0
        """Number of tokens so far."""
        self._network = network
        self._prompt = prompt
        self._options = options
        self._is_cancelled = is_cancelled

    def __iter__(self) -> Iterator[str]:
        stop = StopTexts(self._options.stop)
        for piece in self._pieces():
            if text := stop.feed(piece):
                yield text
            if stop.found:
                self.finish_reason = STOP
                return
        if text := stop.rest():
            yield text

    def _pieces(self) -> Iterator[str]:
        """Generate the answer, and set the finish reason."""
        options, random = self._options, np.random.default_rng(self._options.seed)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        continued = self._network.start([self._prompt])
        self.finish_reason = LENGTH
        while self.tokens < options.max_tokens:
            if self._is_cancelled():
                self.finish_reason = STOP
                break
            token = _chosen(_allowed(continued.logits)[0], options, random)
            self.tokens += 1
            if token == END:
                self.finish_reason = STOP
                break
            if piece := decoder.decode(bytes([token])):
                yield piece
            if self.tokens < options.max_tokens:
                continued.append(np.array([token]))
        if piece := decoder.decode(b"", final=True):
            yield piece


def _allowed(logits: Floats) -> Floats:
    logits[:, _NO_ANSWER] = -np.inf
    return logits


def _chosen(logits: Floats, options: Options, random: np.random.Generator) -> int:
    if options.temperature <= 0:
        return int(logits.argmax())
    scaled = logits.astype(np.float64) / options.temperature
    probability = np.exp(scaled - scaled.max())
    probability /= probability.sum()
    order = np.argsort(-probability, kind="stable")
    cumulated = np.cumsum(probability[order])
    kept = int(np.searchsorted(cumulated, options.top_p)) + 1
    limit = cumulated[: min(kept, len(order))]
    return int(order[min(int(np.searchsorted(limit, random.random() * limit[-1], side="right")), len(limit) - 1)])
