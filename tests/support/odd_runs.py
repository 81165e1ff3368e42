"""Runs of numbers that a server may send: huge, tiny, negative, not finite, at any step and time."""

import math

from hypothesis import strategies as st

from fttui.learning.run import run_of

NUMBERS = st.sampled_from([0.0, -1.0, 1e308, -1e308, 5e-324, math.nan, math.inf, 1e17, 2.0, 1e-7]) | st.floats(0, 9)
METRICS = st.dictionaries(st.sampled_from(["train_loss", "valid_loss", "full_valid_loss", "x"]), NUMBERS, min_size=1)
STEPS = st.integers(0, 90) | st.sampled_from([-5, 2**62])
TIMES = st.sampled_from([None, 0.5, -3.0, 1e9, 1e9 + 7, 2e9])
ODD_RUNS = st.builds(
    run_of,
    st.lists(st.tuples(STEPS, METRICS, TIMES), max_size=60),
    total_steps=st.sampled_from([None, 0, 1, 60, 10**15]),
    n_epochs=st.sampled_from([None, 0, 0.5, 3, 1e6]),
    checkpoints=st.just([1, 40]),
)
