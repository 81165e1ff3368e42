"""Result file of a job: its metrics as CSV, in base64 like the hosted service. Pure functions."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

FILENAME = "step_metrics.csv"

_COLUMNS = {
    "step": "step",
    "train_loss": "train_loss",
    "train_accuracy": "train_mean_token_accuracy",
    "valid_loss": "valid_loss",
    "valid_mean_token_accuracy": "valid_mean_token_accuracy",
}
"""Metric in each of the columns that every result file has."""


def csv_of(metrics: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the metrics as CSV: one row a step, five decimals, empty cells for missing values.

    Further metrics, for example of DPO, follow as columns with their own names. Metrics of the full validation are in
    the events only, and so is step 0, which has no others.
    """
    rows = [row for row in metrics if row.get("step") or not _has_full_validation_only(row)]
    known = {*_COLUMNS.values(), "total_steps"}
    others = sorted({name for row in rows for name in row if name not in known and not name.startswith("full_valid_")})
    columns = {**_COLUMNS, **{name: name for name in others}}
    lines = [",".join(columns)]
    lines += [",".join(_cell(row.get(name)) for name in columns.values()) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _has_full_validation_only(row: Mapping[str, Any]) -> bool:
    return all(name in ("step", "total_steps") or name.startswith("full_valid_") for name in row)


def encoded(csv: bytes) -> bytes:
    """Encode the CSV as the hosted service does."""
    return base64.b64encode(csv)


def _cell(value: object) -> str:
    if not _is_number(value):
        return ""
    return str(value) if isinstance(value, int) else str(round(float(value), 5))  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
