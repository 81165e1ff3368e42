"""Write a repaired copy of training data, and refuse one that would not be better. Without output."""

import os
import tempfile
from typing import Any

from fttui.atomic import writing
from fttui.data.check import check_file
from fttui.data.line_reader import Progress
from fttui.data.repair import CannotRepair, RepairResult, is_same_file, repair_file
from fttui.data.rules import WHOLE_FILE


class NothingToRepair(CannotRepair):
    """The copy would be the same. Nothing was written."""


def write_repaired_copy(
    path: str, target: str, rules: dict[str, Any], *, overwrite: bool = False, progress: Progress | None = None
) -> RepairResult:
    """Write a repaired copy of the file at `path` to `target`, which appears only when it is complete.

    Args:
        rules: arguments of `check_file`, by which the copy is compared with the file.

    Raises:
        NothingToRepair: no change is possible.
        CannotRepair: the file cannot be repaired, or the copy would have more findings.
        OSError: a file cannot be read or written.
    """
    if is_same_file(path, target):
        raise CannotRepair(f"{target} is the checked file; choose a different path for the copy")
    with writing(target, overwrite=overwrite) as file:
        done = repair_file(path, file, progress=progress)
        file.flush()
        if not done.changes:
            raise NothingToRepair(f"{target} was not written: a repair changes nothing in {path}")
        _compare(path, file.name, rules)
    return done


def _compare(path: str, copy: str, rules: dict[str, Any]) -> None:
    """Refuse a copy with more findings than the file.

    Raises:
        CannotRepair: the copy has more findings.
    """
    if not os.path.isfile(copy):
        return
    before = _findings(path, rules)
    found = check_file(copy, **rules, tokens=False).findings
    if found > before:
        raise CannotRepair(
            f"not written: the repaired copy would have {found:,} findings, {path} has {before:,}; "
            "correct the findings by hand first"
        )


def _findings(path: str, rules: dict[str, Any]) -> int:
    """Return the number of findings in a file, also those that its format hides from the check."""
    report = check_file(path, **rules, tokens=False)
    if WHOLE_FILE.isdisjoint(group.code for group in report.groups):
        return report.findings
    with tempfile.NamedTemporaryFile(prefix="fttui-") as plain:
        repair_file(path, plain, examples=False)
        plain.flush()
        return report.findings + check_file(plain.name, **rules, tokens=False).findings
