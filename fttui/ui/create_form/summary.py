"""Summary of the data check in the create form: what will happen, and what it costs. Pure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fttui.text import clean_line

if TYPE_CHECKING:
    from fttui.core.create_sweep import Sweep
    from fttui.data.report import Report

PRICELESS = "The price appears when the training file is on this disk."
NAMELESS = "The figures and the price appear when the training file is named."


def summary(report: Report, dot: str) -> tuple[str, str]:
    """Return the lines about checked data, and their role."""
    from fttui.data.report import count_text

    found = f"{count_text(report)}: f2." if report.groups else ""
    if report.errors:
        name = clean_line(os.path.basename(report.path))
        number = "1 error" if report.errors == 1 else f"{report.errors:,} errors"
        return f"! {number} in {name}: a job with this file would fail.\nf2 shows all. {report.worst()}.", "fail"
    plan = report.plan
    lines = [report.figures(), ""]
    if plan is not None:
        lines = [f"{report.figures()} {dot} {plan.size_words()}", f"{plan.cost_words().capitalize()}."]
    return "\n".join([lines[0], f"{lines[1]} {found}".strip()]), "warn" if report.warnings else "done"


def sweep_summary(sweep: Sweep, report: Report | None, *, is_free: bool) -> str:
    """Return the lines about a sweep: its settings, and the costs when they are known."""
    from fttui.core.create_sweep import cost_words, head_words, plans_of

    if report is None and not is_free:
        return f"{head_words(sweep)}\n{PRICELESS}"
    return f"{head_words(sweep)}\n{cost_words(plans_of(sweep, report), is_free=is_free)}"


def automatic_values(report: Report | None) -> dict[str, int]:
    """Return what `auto` means for checked data, by field."""
    plan = report.plan if report is not None else None
    if plan is None:
        return {}
    values = {}
    if plan.epochs_auto:
        values["n_epochs"] = plan.epochs
    if plan.batch_auto and plan.batch_size is not None:
        values["batch_size"] = plan.batch_size
    return values
