"""Sample objects, and Hypothesis strategies that break them."""

import copy
from typing import Any

from hypothesis import strategies as st

JOB: dict[str, Any] = {
    "object": "fine_tuning.job",
    "id": "ftjob-x7Qa91Lk",
    "model": "gpt-4o-mini-2024-07-18",
    "created_at": 1721764800,
    "finished_at": None,
    "fine_tuned_model": "ft:gpt-4o-mini-2024-07-18:acme:support-v3:8J6LXhXG",
    "organization_id": "org-1",
    "status": "running",
    "training_file": "file-train",
    "validation_file": "file-valid",
    "result_files": ["file-result"],
    "trained_tokens": 5070,
    "trained_steps": 12,
    "total_steps": 100,
    "error": {},
    "hyperparameters": {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": 1.8},
    "method": {
        "type": "supervised",
        "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": 1.8}},
    },
    "integrations": [{"type": "wandb", "wandb": {"project": "p", "entity": "e", "run_id": "r", "tags": ["a"]}}],
    "seed": 42,
    "estimated_finish": 0,
    "metadata": {"team": "blue"},
    "user_provided_suffix": None,
    "usage_metrics": None,
    "shared_with_openai": False,
    "eval_id": None,
}
EVENT: dict[str, Any] = {
    "object": "fine_tuning.job.event",
    "id": "ftevent-1",
    "created_at": 1721764867,
    "level": "info",
    "message": "Step 10/100: training loss=0.25",
    "type": "metrics",
    "data": {"step": 10, "total_steps": 100, "train_loss": 0.25, "scores": [{"name": "g", "mean": 1}]},
}
CHECKPOINT: dict[str, Any] = {
    "object": "fine_tuning.job.checkpoint",
    "id": "ftckpt_1",
    "created_at": 1721764867,
    "fine_tuned_model_checkpoint": "ft:gpt-4o-mini:acme:support-v3:abc:ckpt-step-100",
    "fine_tuning_job_id": "ftjob-x7Qa91Lk",
    "step_number": 100,
    "metrics": {"type": "supervised", "step": 100.0, "train_loss": 0.25, "full_valid_loss": 0.4},
}
FILE: dict[str, Any] = {
    "object": "file",
    "id": "file-train",
    "bytes": 140,
    "created_at": 1613779121,
    "filename": "mydata.jsonl",
    "purpose": "fine-tune",
    "status": "processed",
    "status_details": None,
    "expires_at": None,
}
MODEL: dict[str, Any] = {
    "object": "model",
    "id": "gpt-4o-mini",
    "created": 1686935002,
    "owned_by": "openai",
    "shutdown_date": "2027-01-06",
}

_HOSTILE = (
    "\x1b]0;owned\x07",
    "\x1b[2J\x9b31m",
    "a\rb\r\nc\td",
    "\u202egnp.exe",
    "[/home/x] [bold]",
    "\ud800 lone",
    "auto",
    "-1",
    "2.0",
    "1e400",
    "1e300",
    "NaN",
    "",
    " ",
    "2024-07-24T12:00:00Z",
    "9" * 5000,
)

texts = st.one_of(st.sampled_from(_HOSTILE), st.text(max_size=20), st.text(st.characters(), max_size=8))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**400), max_value=10**400),
    st.sampled_from([0, -1, 1721764800, 1721764800000, 2**63, -(2**63) - 1, 1e300]),
    st.floats(),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
"""Any JSON value."""


def deep(levels: int, kind: str = "array") -> Any:
    """Return a value nested `levels` deep."""
    value: Any = 1
    for _ in range(levels):
        value = [value] if kind == "array" else {"id": value}
    return value


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every object member and array item in `value`."""
    found = []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found += [(*prefix, key), *paths(child, (*prefix, key))]
    return found


MISSING = object()


def mutated(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy of `value` with the member at `path` replaced, or removed if `new` is MISSING."""
    value = copy.deepcopy(value)
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    if new is MISSING:
        del holder[path[-1]]
    else:
        holder[path[-1]] = new
    return value
