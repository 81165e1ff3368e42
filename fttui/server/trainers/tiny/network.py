"""A small causal language model over bytes: weights, forward pass and hand-written backward pass.

Bytes are embedded and pass through residual layers. Each layer is a gated causal convolution over a position and the
position one dilation before it. The dilations double, so the last of n layers sees 2**n bytes back. All parameters are
views of one flat vector: optimizer, saved state and model file handle whole vectors.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Ints = NDArray[np.int64]

BASE_SEED = 20_260_801
"""Seed of the weights of the base model. Never change it: existing models were trained from these weights."""

VOCABULARY = 262
"""256 bytes, four roles, an end token, and a token before the list of tools."""


class Shape(NamedTuple):
    """Size of a model."""

    vocabulary: int = VOCABULARY
    width: int = 192
    layers: int = 7

    def parts(self) -> list[tuple[str, tuple[int, ...]]]:
        """Return names and shapes of the parameters, in their order in the flat vector."""
        width = self.width
        parts: list[tuple[str, tuple[int, ...]]] = [("embed", (self.vocabulary, width))]
        for layer in range(self.layers):
            parts.append((f"{layer}.mix", (2 * width, 2 * width)))
            parts.append((f"{layer}.bias", (2 * width,)))
            parts.append((f"{layer}.out", (width, width)))
        parts.append(("head", (width, self.vocabulary)))
        parts.append(("head.bias", (self.vocabulary,)))
        return parts

    def size(self) -> int:
        """Return the number of parameters."""
        return sum(int(np.prod(shape)) for _, shape in self.parts())

    @property
    def reach(self) -> int:
        """Number of tokens that the last layer sees."""
        return 1 << self.layers


STANDARD = Shape()
"""Shape of `fttui-tiny-1`. Tests use smaller shapes."""


class Forward(NamedTuple):
    """Results of a forward pass at the target positions, and the values that the backward pass needs."""

    log_probability: Floats
    """Log-probability of each target in nats, at most 0."""
    hit: NDArray[np.bool_]
    """True for each target that was the most probable token."""
    probability: Floats
    tokens: Ints
    rows: Ints
    columns: Ints
    targets: Ints
    layers: list[tuple[Floats, Floats, Floats, Floats, Floats]]
    last: tuple[Floats, Floats]


def base_weights(shape: Shape = STANDARD) -> Floats:
    """Return the weights of the base model: random from a fixed seed."""
    random = np.random.Generator(np.random.PCG64(BASE_SEED))
    flat = np.zeros(shape.size(), dtype=np.float32)
    for name, part in _views(shape, flat).items():
        if name.endswith("bias"):
            continue
        scale = {"embed": 1.0, "head": 0.5 / shape.width**0.5}.get(name, 1.0 / part.shape[0] ** 0.5)
        if name.endswith(".out"):
            scale /= shape.layers**0.5
        part[...] = random.standard_normal(part.shape, dtype=np.float32) * np.float32(scale)
    return flat


class Network:
    """The model over one flat vector of weights. The vector is not copied: changes to it change the model."""

    def __init__(self, flat: Floats, shape: Shape = STANDARD) -> None:
        self.shape = shape
        self.flat = flat
        self.layers = range(shape.layers)
        self._part = _views(shape, flat)

    def forward(self, tokens: Ints, rows: Ints, columns: Ints, targets: Ints) -> Forward:
        """Predict `targets` from `tokens` (batch × time): `targets[i]` follows position `rows[i], columns[i]`.

        Padding does not matter: no position depends on later ones.
        """
        part = self._part
        x = part["embed"][tokens]
        kept = []
        for layer in self.layers:
            normal, scale = _normalized(x)
            pair = _with_past(normal, 1 << layer)
            signal, gate, product = self._gated(layer, pair)
            x = x + product @ part[f"{layer}.out"]
            kept.append((pair, scale, signal, gate, product))
        last, scale = _normalized(x[rows, columns])
        logits = last @ part["head"]
        logits += part["head.bias"]
        logits -= logits.max(axis=1, keepdims=True)
        hit = logits.argmax(axis=1) == targets
        probability = np.exp(logits)
        total = probability.sum(axis=1, keepdims=True)
        probability /= total
        chosen = logits[np.arange(len(targets)), targets] - np.log(total[:, 0])
        return Forward(chosen, hit, probability, tokens, rows, columns, targets, kept, (last, scale))

    def _gated(self, layer: int, pair: Floats) -> tuple[Floats, Floats, Floats]:
        """Return signal, gate and their product for positions, each with its past."""
        width = self.shape.width
        gates = pair @ self._part[f"{layer}.mix"]
        gates += self._part[f"{layer}.bias"]
        signal = np.tanh(gates[..., :width])
        gate = _sigmoid(gates[..., width:])
        return signal, gate, signal * gate

    def start(self, prompts: Sequence[Sequence[int]]) -> "Continuation":
        """Read prompts of at least one token each. Only their last `Shape.reach` tokens have an effect."""
        memory = [np.zeros((len(prompts), 1 << layer, self.shape.width), self.flat.dtype) for layer in self.layers]
        last = np.empty((len(prompts), self.shape.width), self.flat.dtype)
        for row, prompt in enumerate(prompts):
            x = self._part["embed"][np.asarray(prompt[-self.shape.reach :])]
            for layer in self.layers:
                normal, _ = _normalized(x)
                kept = normal[-(1 << layer) :]
                memory[layer][row, (1 << layer) - len(kept) :] = kept
                product = self._gated(layer, _with_past(normal, 1 << layer))[2]
                x = x + product @ self._part[f"{layer}.out"]
            last[row] = x[-1]
        return Continuation(self, memory, self._logits(last))

    def step(self, tokens: Ints, memory: list[Floats], position: int) -> Floats:
        """Return the logits after one more token of each row. `memory` gets what the next steps need."""
        x = self._part["embed"][tokens]
        for layer in self.layers:
            normal, _ = _normalized(x)
            past = memory[layer][:, position % (1 << layer)]
            pair = np.concatenate([past, normal], axis=1)
            past[...] = normal
            x = x + self._gated(layer, pair)[2] @ self._part[f"{layer}.out"]
        return self._logits(x)

    def _logits(self, x: Floats) -> Floats:
        logits: Floats = _normalized(x)[0] @ self._part["head"] + self._part["head.bias"]
        return logits

    def backward(self, result: Forward, weights: Floats, gradient: Floats) -> None:
        """Add the gradient of Σ weights[i] · −log_probability[i] to the flat vector `gradient`."""
        part = self._part
        grad = _views(self.shape, gradient)
        width = self.shape.width

        d_logits = result.probability
        d_logits[np.arange(len(result.targets)), result.targets] -= 1
        d_logits *= weights[:, None]
        last, scale = result.last
        grad["head"] += last.T @ d_logits
        grad["head.bias"] += d_logits.sum(axis=0)
        dx = np.zeros((*result.tokens.shape, width), dtype=gradient.dtype)
        dx[result.rows, result.columns] = _normalized_back(d_logits @ part["head"].T, last, scale)

        for layer in reversed(self.layers):
            pair, scale, signal, gate, product = result.layers[layer]
            flat_dx = dx.reshape(-1, width)
            grad[f"{layer}.out"] += product.reshape(-1, width).T @ flat_dx
            d_product = dx @ part[f"{layer}.out"].T
            d_gates = np.empty_like(pair)
            d_gates[..., :width] = d_product * gate * (1 - signal * signal)
            d_gates[..., width:] = d_product * signal * gate * (1 - gate)
            flat_gates = d_gates.reshape(-1, 2 * width)
            grad[f"{layer}.mix"] += pair.reshape(-1, 2 * width).T @ flat_gates
            grad[f"{layer}.bias"] += flat_gates.sum(axis=0)
            d_pair = d_gates @ part[f"{layer}.mix"].T
            d_normal = d_pair[..., width:].copy()
            dilation = 1 << layer
            d_normal[:, :-dilation] += d_pair[:, dilation:, :width]
            dx = dx + _normalized_back(d_normal, pair[..., width:], scale)

        np.add.at(grad["embed"], result.tokens.reshape(-1), dx.reshape(-1, width))


class Continuation:
    """Several texts that are continued token by token: an incremental forward pass. Made by `Network.start`."""

    def __init__(self, network: Network, memory: list[Floats], logits: Floats) -> None:
        """
        Args:
            memory: the past that each layer sees, a ring of positions for each text.
            logits: of the next token of each text.
        """
        self._network = network
        self._memory = memory
        self._position = 0
        self.logits = logits

    def append(self, tokens: Ints) -> None:
        """Add one token to each text."""
        self.logits = self._network.step(tokens, self._memory, self._position)
        self._position += 1


def _views(shape: Shape, flat: Floats) -> dict[str, Floats]:
    views: dict[str, Floats] = {}
    start = 0
    for name, part in shape.parts():
        end = start + int(np.prod(part))
        views[name] = flat[start:end].reshape(part)
        start = end
    return views


def _with_past(x: Floats, dilation: int) -> Floats:
    """Concatenate each position with the position `dilation` before it, zeros before the start."""
    width = x.shape[-1]
    pair = np.zeros((*x.shape[:-1], 2 * width), dtype=x.dtype)
    pair[..., width:] = x
    pair[..., dilation:, :width] = x[..., :-dilation, :]
    return pair


def _sigmoid(x: Floats) -> Floats:
    # Through tanh, which does not overflow and which numpy vectorizes.
    half: Floats = np.tanh(x * 0.5)
    half += 1
    half *= 0.5
    return half


_EPSILON = 1e-6


def _normalized(x: Floats) -> tuple[Floats, Floats]:
    """Divide `x` by its root mean square along the last axis. Return the result and the factor."""
    scale = 1 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + _EPSILON)
    return x * scale, scale


def _normalized_back(d_normal: Floats, normal: Floats, scale: Floats) -> Floats:
    back: Floats = (d_normal - normal * (d_normal * normal).mean(axis=-1, keepdims=True)) * scale
    return back
