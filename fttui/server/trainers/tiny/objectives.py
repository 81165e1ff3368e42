"""Training objectives: the next byte of an answer (supervised), or the preference between two answers (DPO)."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from fttui.server.trainers.tiny.dataset import Pair, Sequence, make_batch, read_pairs, read_supervised, split_by_tokens
from fttui.server.trainers.tiny.network import Floats, Forward, Ints, Network

CheckStop = Callable[[], None]
"""Called between pieces of work; raises an exception to interrupt the work."""


class Metrics(NamedTuple):
    """Means over the learned tokens (supervised) or the pairs (DPO) of a batch; None for an empty batch."""

    loss: float | None
    accuracy: float | None
    """Share of the learned tokens that were the most probable token."""
    margin: float | None = None
    """DPO: reward margin, which is beta times the preference of the policy minus the preference of the reference."""
    preferred: float | None = None
    """DPO: share of pairs with a margin above 0."""


class Objective(Protocol):
    """A data set with a loss."""

    @property
    def tokens(self) -> int:
        """Tokens of one epoch."""
        ...

    def __len__(self) -> int: ...

    def measure(self, network: Network, indices: list[int], gradient: Floats | None = None) -> Metrics:
        """Measure the examples at `indices`. Add the gradient of their loss to `gradient`, if given."""
        ...


class Supervised:
    """Next-byte prediction of the assistant's messages."""

    def __init__(self, path: str, check_stop: CheckStop) -> None:
        self._examples = read_supervised(path)
        self._check_stop = check_stop

    @property
    def tokens(self) -> int:
        return sum(len(example.tokens) for example in self._examples)

    def __len__(self) -> int:
        return len(self._examples)

    def measure(self, network: Network, indices: list[int], gradient: Floats | None = None) -> Metrics:
        examples = [self._examples[index] for index in indices]
        learned = sum(len(example.learned) for example in examples)
        if not learned:
            return Metrics(None, None)
        loss = hits = 0.0
        for group in split_by_tokens(examples):
            self._check_stop()
            batch = make_batch(group)
            result = network.forward(*batch)
            loss -= float(result.log_probability.sum(dtype=np.float64))
            hits += int(result.hit.sum())
            if gradient is not None:
                network.backward(result, np.full(len(batch.targets), 1 / learned, dtype=gradient.dtype), gradient)
        return Metrics(loss / learned, hits / learned)


class Preference:
    """Direct preference optimization, relative to a frozen copy of the start model."""

    def __init__(self, path: str, check_stop: CheckStop, reference: Network, beta: float) -> None:
        self._pairs: list[Pair] = read_pairs(path)
        self._check_stop = check_stop
        self._beta = beta
        # The reference never changes, so its preference for each pair is computed once.
        self._reference_differences = [self._difference(reference, pair) for pair in self._pairs]

    @property
    def tokens(self) -> int:
        return sum(len(pair.preferred.tokens) + len(pair.rejected.tokens) for pair in self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def _difference(self, network: Network, pair: Pair) -> float:
        self._check_stop()
        return float(np.diff(_totals(network, [pair.rejected, pair.preferred])[0])[0])

    def measure(self, network: Network, indices: list[int], gradient: Floats | None = None) -> Metrics:
        loss = margin = 0.0
        wins = hits = learned = 0
        for index in indices:
            self._check_stop()
            pair = self._pairs[index]
            totals, result, rows = _totals(network, [pair.rejected, pair.preferred])
            reward = self._beta * (float(totals[1] - totals[0]) - self._reference_differences[index])
            loss += float(np.logaddexp(0.0, -reward))
            margin += reward
            wins += reward > 0
            hits += int(result.hit[rows == 1].sum())
            learned += int((rows == 1).sum())
            if gradient is not None:
                # d loss / d log p(preferred) = −beta · σ(−reward); opposite sign for the rejected answer.
                pull = self._beta / (1 + np.exp(min(reward, 80.0))) / len(indices)
                weights = np.where(rows == 1, pull, -pull).astype(gradient.dtype)
                network.backward(result, weights, gradient)
        count = max(1, len(indices))
        return Metrics(loss / count, hits / learned if learned else None, margin / count, wins / count)


def _totals(network: Network, sequences: list[Sequence]) -> tuple[Floats, Forward, Ints]:
    """Return the log-probability of each sequence's learned tokens, the forward result, and the row of each token."""
    batch = make_batch(sequences)
    result = network.forward(*batch)
    totals = np.bincount(batch.rows, weights=result.log_probability, minlength=len(sequences))
    return totals, result, batch.rows
