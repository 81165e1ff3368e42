"""What is learned from a batch: the next byte of an answer (supervised), or which answer is wanted (DPO).

Both measure a batch and, given a vector for it, add the loss's gradient to that vector.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from fttui.server.trainers.tiny.examples import Pair, Sequence, batch_of, in_portions, read_pairs, read_supervised
from fttui.server.trainers.tiny.network import Floats, Ints, Network, Sight

Pulse = Callable[[], None]
"""Called between portions of work; raises to interrupt it."""


class Measure(NamedTuple):
    """What a batch gave: means over its learned tokens (supervised) or its pairs (DPO); None where none are."""

    loss: float | None
    accuracy: float | None
    """Of supervised learning: the share of tokens that were the most probable one."""
    margin: float | None = None
    """Of DPO: how much more the policy prefers the wanted answer than the reference does, times beta."""
    preferred: float | None = None
    """Of DPO: the share of pairs with a margin above zero."""


class Objective(Protocol):
    """A data set and a way to learn from it."""

    @property
    def tokens(self) -> int:
        """Tokens that one epoch passes through the model."""
        ...

    def __len__(self) -> int: ...

    def measure(self, network: Network, indices: list[int], gradient: Floats | None = None) -> Measure:
        """Measure the examples at `indices`; with a vector, add the gradient of their loss to it."""
        ...


class Supervised:
    """Learn the assistant's messages, byte by byte."""

    def __init__(self, path: str, pulse: Pulse) -> None:
        self._examples = read_supervised(path)
        self._pulse = pulse

    @property
    def tokens(self) -> int:
        return sum(len(example.tokens) for example in self._examples)

    def __len__(self) -> int:
        return len(self._examples)

    def measure(self, network: Network, indices: list[int], gradient: Floats | None = None) -> Measure:
        examples = [self._examples[index] for index in indices]
        learned = sum(len(example.learned) for example in examples)
        if not learned:
            return Measure(None, None)
        loss = hits = 0.0
        for portion in in_portions(examples):
            self._pulse()
            batch = batch_of(portion)
            sight = network.forward(*batch)
            loss -= float(sight.log_probability.sum(dtype=np.float64))
            hits += int(sight.hit.sum())
            if gradient is not None:
                network.backward(sight, np.full(len(batch.targets), 1 / learned, dtype=gradient.dtype), gradient)
        return Measure(loss / learned, hits / learned)


class Preference:
    """Direct preference optimization: prefer the wanted answer more than a frozen copy of the start does."""

    def __init__(self, path: str, pulse: Pulse, reference: Network, beta: float) -> None:
        self._pairs: list[Pair] = read_pairs(path)
        self._pulse = pulse
        self._beta = beta
        # The reference never changes, so what it thinks of each pair is worked out once, not at every step.
        self._expected = [self._difference(reference, pair) for pair in self._pairs]

    @property
    def tokens(self) -> int:
        return sum(len(pair.preferred.tokens) + len(pair.rejected.tokens) for pair in self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def _difference(self, network: Network, pair: Pair) -> float:
        self._pulse()
        return float(np.diff(_totals(network, [pair.rejected, pair.preferred])[0])[0])

    def measure(self, network: Network, indices: list[int], gradient: Floats | None = None) -> Measure:
        loss = margin = 0.0
        wins = hits = learned = 0
        for index in indices:
            self._pulse()
            pair = self._pairs[index]
            totals, sight, rows = _totals(network, [pair.rejected, pair.preferred])
            reward = self._beta * (float(totals[1] - totals[0]) - self._expected[index])
            loss += float(np.logaddexp(0.0, -reward))
            margin += reward
            wins += reward > 0
            hits += int(sight.hit[rows == 1].sum())
            learned += int((rows == 1).sum())
            if gradient is not None:
                # d loss / d log p(wanted) = −beta · σ(−reward); the rejected answer's has the other sign.
                pull = self._beta / (1 + np.exp(min(reward, 80.0))) / len(indices)
                weights = np.where(rows == 1, pull, -pull).astype(gradient.dtype)
                network.backward(sight, weights, gradient)
        count = max(1, len(indices))
        return Measure(loss / count, hits / learned if learned else None, margin / count, wins / count)


def _totals(network: Network, sequences: list[Sequence]) -> tuple[Floats, Sight, Ints]:
    """The log-probability of each sequence's learned tokens together; the sight, and the row of each token."""
    batch = batch_of(sequences)
    sight = network.forward(*batch)
    totals = np.bincount(batch.rows, weights=sight.log_probability, minlength=len(sequences))
    return totals, sight, batch.rows
