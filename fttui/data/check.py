"""Check training data and plan the run it would give."""

from collections.abc import Mapping
from typing import Any, Protocol

from fttui.data import rules
from fttui.data.duplicates import LineIndex
from fttui.data.examples import REINFORCEMENT
from fttui.data.file_scan import FileScan
from fttui.data.grader import grader_errors, item_members
from fttui.data.lines import Progress, ShouldStop, never
from fttui.data.prices import price_of
from fttui.data.report import Each, FindingLog, Report
from fttui.data.tokens import counter

METHODS = ("supervised", "dpo", "reinforcement")


class JobLike(Protocol):
    """The members of a job that a check reads. A `JobSpec` has them."""

    @property
    def model(self) -> str: ...
    @property
    def method(self) -> str | None: ...
    @property
    def grader(self) -> dict[str, Any] | None: ...
    @property
    def hyperparameters(self) -> Mapping[str, Any]: ...


def check_file(
    path: str,
    *,
    method: str | None = None,
    model: str | None = None,
    validation: str | None = None,
    grader: dict[str, Any] | None = None,
    n_epochs: int | str | None = None,
    batch_size: int | str | None = None,
    provider: str = "openai",
    own_prices: str | None = None,
    tokens: bool = True,
    fewest: int = rules.FEWEST_EXAMPLES,
    each: Each | None = None,
    progress: Progress | None = None,
    should_stop: ShouldStop = never,
) -> Report:
    """Check a training file and plan the run it would give. Memory use does not grow with the file.

    Args:
        path: the training file.
        method: `supervised`, `dpo` or `reinforcement`; None: guess from the first example.
        model: gives the length limit, the tokenizer and the price.
        validation: a validation file. It is checked too, and its examples must not occur in the training file.
        grader: the grader of a reinforcement job. The examples must have the members that it uses.
        n_epochs: as in a job: a number, or `auto` or None for the documented heuristic.
        batch_size: as `n_epochs`.
        provider: `openai`, `local` or `other` (see `price_of`).
        own_prices: path of the user's price file; the file need not exist.
        tokens: count tokens. Without tokens the plan has no cost.
        fewest: fewest examples of the training file; a validation file needs one.
        each: receives every finding. The report keeps the first ten of a kind.
        progress: receives the bytes read and the size of the file, about once a megabyte.
        should_stop: asked about once a megabyte; True ends the check early.

    Raises:
        OSError: a file cannot be read.
        PriceFileError: the user's price file is not valid.
    """
    price = price_of(model, own_file=own_prices, provider=provider)
    count = counter(price.encoding) if tokens else None
    log = FindingLog(path, each)
    graded = frozenset[str]()
    if grader is not None and method == REINFORCEMENT:
        graded = item_members(grader)
        for member, error in grader_errors(grader):
            log.add("bad_grader", None, member, error)
    validation_lines = LineIndex()
    if validation is not None:
        other = FileScan(validation, FindingLog(validation, each), method, None, price, progress, should_stop, graded)
        other.run(seen=validation_lines, overlap=None, fewest=1, most=rules.MOST_REINFORCEMENT_VALIDATION)
    scan = FileScan(path, log, method, count, price, progress, should_stop, graded)
    overlap = validation_lines if validation is not None else None
    scan.run(seen=LineIndex(), overlap=overlap, fewest=fewest, most=rules.MOST_REINFORCEMENT)
    report = scan.report(model, n_epochs, batch_size)
    if validation is None:
        return report
    groups = sorted((*report.groups, *other.tally.groups()), key=lambda group: rules.LEVELS.index(group.level))
    return report._replace(groups=tuple(groups), stopped=report.stopped or other.source.stopped)


def check_job(
    spec: JobLike,
    training: str | None,
    validation: str | None,
    *,
    provider: str,
    own_prices: str | None,
    progress: Progress | None = None,
    should_stop: ShouldStop = never,
) -> Report:
    """Check the local files of a job before it is created, and plan the run.

    Args:
        training: path of the training file; None when the file is already uploaded.
        validation: path of the validation file; None when there is none or it is already uploaded. At least one of
            the two paths is given.
        provider: see `check_file`.

    Raises:
        OSError: a file cannot be read.
        PriceFileError: the user's price file is not valid.
    """
    report = check_file(
        training or validation or "",
        method=spec.method or "supervised",
        model=spec.model,
        grader=spec.grader,
        validation=validation if training else None,
        n_epochs=spec.hyperparameters.get("n_epochs"),
        batch_size=spec.hyperparameters.get("batch_size"),
        provider=provider,
        own_prices=own_prices,
        fewest=rules.FEWEST_EXAMPLES if training else 1,
        progress=progress,
        should_stop=should_stop,
    )
    # A validation file alone says nothing about the run.
    return report if training else report._replace(plan=None)
