"""The network: gradients, causality, probabilities, fixed base weights."""

import hashlib

import numpy as np

from fttui.server.trainers.tiny.network import Network, Shape, base_weights

SMALL = Shape(vocabulary=11, width=6, layers=3)


def small() -> tuple[Network, dict[str, np.ndarray]]:
    random = np.random.default_rng(1)
    flat = base_weights(SMALL).astype(np.float64)
    flat += random.normal(0, 0.1, flat.shape)
    tokens = random.integers(0, 11, (2, 9))
    rows, columns = np.array([0, 0, 1, 1, 1]), np.array([2, 7, 0, 4, 8])
    return Network(flat, SMALL), {
        "tokens": tokens,
        "rows": rows,
        "columns": columns,
        "targets": random.integers(0, 11, 5),
    }


def test_gradient_of_every_parameter_equals_finite_differences() -> None:
    network, batch = small()
    weights = np.array([0.3, -0.2, 0.5, 0.1, 0.4])
    gradient = np.zeros_like(network.flat)
    network.backward(network.forward(**batch), weights, gradient)

    def loss() -> float:
        return float(-(network.forward(**batch).log_probability * weights).sum())

    random = np.random.default_rng(2)
    start = 0
    for name, part in SMALL.parts():
        size = int(np.prod(part))
        for index in start + random.choice(size, min(size, 12), replace=False):
            before = network.flat[index]
            network.flat[index] = before + 1e-5
            above = loss()
            network.flat[index] = before - 1e-5
            below = loss()
            network.flat[index] = before
            assert abs((above - below) / 2e-5 - gradient[index]) < 1e-7, name
        start += size
    assert start == SMALL.size() == len(network.flat)


def test_position_does_not_depend_on_later_ones() -> None:
    network, batch = small()
    before = network.forward(**batch).log_probability
    later = {**batch, "tokens": batch["tokens"].copy()}
    later["tokens"][0, 3:] = (later["tokens"][0, 3:] + 1) % 11
    after = network.forward(**later).log_probability
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_probabilities_sum_to_1() -> None:
    network, batch = small()
    total = sum(
        np.exp(network.forward(**{**batch, "targets": np.full(5, symbol)}).log_probability) for symbol in range(11)
    )
    assert np.allclose(total, 1)


def test_base_weights_never_change() -> None:
    assert np.array_equal(base_weights(SMALL), base_weights(SMALL))
    # Existing models were tuned from these weights. Different weights need a new name of the base model.
    assert hashlib.sha256(base_weights(SMALL).tobytes()).hexdigest()[:16] == "200b36007f16db21"
