"""The result file of a job: its metrics as CSV, in base64 as the hosted service sends it (api.md §12). Pure."""

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
"""The columns that are always there, and the metrics they hold."""


def csv_of(metrics: Iterable[Mapping[str, Any]]) -> bytes:
    """One row a step, five decimals; a cell is empty where nothing was measured.

    Metrics of other methods (DPO's margins) follow under their own names; the full validation is in the events only.
    """
    rows = list(metrics)
    known = {*_COLUMNS.values(), "total_steps"}
    others = sorted({name for row in rows for name in row if name not in known and not name.startswith("full_valid_")})
    columns = {**_COLUMNS, **{name: name for name in others}}
    lines = [",".join(columns)]
    lines += [",".join(_cell(row.get(name)) for name in columns.values()) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def encoded(csv: bytes) -> bytes:
    """The CSV as it is stored and downloaded."""
    return base64.b64encode(csv)


def _cell(value: object) -> str:
    if not _is_number(value):
        return ""
    return str(value) if isinstance(value, int) else str(round(float(value), 5))  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
