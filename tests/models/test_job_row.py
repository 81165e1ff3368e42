"""Rows that are read from the JSON of a job."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.models import labels
from fttui.models.job import COST, Job
from fttui.models.job_row import row_of
from fttui.models.row import short_model
from tests.support import hostile
from tests.support.hostile import NASTY

TEXTS = st.sampled_from(
    ["", " ", "a", "running", "supervised", "dpo", "auto", "-1", "2.0", NASTY, "2026-01-02", "ft:m:o:s:id"]
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.lists(TEXTS, max_size=1)
SETTINGS = st.dictionaries(
    st.sampled_from(["n_epochs", "batch_size", "learning_rate", "learning_rate_multiplier", "n_epochs\u200b"]), VALUES
)
METHODS = st.fixed_dictionaries(
    {}, optional={"type": VALUES, "supervised": st.fixed_dictionaries({}, optional={"hyperparameters": SETTINGS})}
)
MEMBERS: dict[str, Any] = {
    **dict.fromkeys(("id", "status", "model", "fine_tuned_model", "user_provided_suffix", "suffix", "seed"), VALUES),
    **dict.fromkeys(("created_at", "finished_at", "trained_tokens", "trained_steps", "total_steps"), VALUES),
    **dict.fromkeys(("status_text", "cost", "currency", "phase", "epochs"), VALUES),
    "hyperparameters": SETTINGS | VALUES,
    "method": METHODS | VALUES,
    "metadata": st.dictionaries(st.sampled_from([labels.SWEEP, f"{labels.SWEEP}\u200b", "a"]), VALUES) | VALUES,
    COST: st.fixed_dictionaries({}, optional={"amount": VALUES, "currency": VALUES}) | VALUES,
    "fttui": st.fixed_dictionaries(
        {}, optional={"phase": st.fixed_dictionaries({"name": VALUES}, optional={"done": VALUES, "total": VALUES})}
    )
    | VALUES,
}


@given(st.fixed_dictionaries({}, optional=MEMBERS) | VALUES)
def test_row_is_that_of_the_whole_job(raw: Any) -> None:
    assert row_of(raw) == Job.read(raw).row()


def test_row_of_a_hostile_job_is_that_of_the_whole_job() -> None:
    for raw in (hostile.job(1), hostile.job(2) | {"id": "ftjob-2", "method": {"type": "dpo", "dpo": {NASTY: 1}}}):
        assert row_of(raw) == Job.read(raw).row()


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini-0718"),
        ("gpt-4.1-2025-04-14:ft", "gpt-4.1-0414:ft"),
        ("a-2024-07-18-2025-01-02", "a-0718-0102"),
        ("a-2024-07-180", "a-2024-07-180"),
        ("a-2024-07-18b", "a-2024-07-18b"),
        ("a-2024-07-18_b", "a-2024-07-18_b"),
        ("a-2024-7-18", "a-2024-7-18"),
        ("a-20b-instruct", "a-20b-instruct"),
        ("a-2024-07", "a-2024-07"),
        ("a-1999-01-01", "a-1999-01-01"),
        ("-20-2024-07-18", "-20-0718"),
        ("", ""),
    ],
)
def test_date_in_the_name_of_a_model_is_shortened(model: str, shown: str) -> None:
    assert short_model(model) == shown
