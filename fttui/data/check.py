"""Check training data and plan the run it would give."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol

from fttui.data import rules
from fttui.data.duplicates import LineIndex
from fttui.data.examples import CHAT, COMPLETIONS, DPO, REINFORCEMENT, kind_of
from fttui.data.file_scan import FileScan
from fttui.data.findings import (
    KEPT_FINDINGS,
    MOST_FINDINGS,
    Accepts,
    ErrorFound,
    Finding,
    FindingLog,
    FirstErrorOnly,
    OnFinding,
)
from fttui.data.formats import FOREIGN
from fttui.data.grader import grader_errors, item_members
from fttui.data.length_stats import LengthStats
from fttui.data.line_reader import Progress, ShouldStop, never
from fttui.data.plan import Plan, plan
from fttui.data.prices import THIS_MACHINE, Price, price_of
from fttui.data.report import Report
from fttui.data.tokens import ESTIMATE_ERROR, Counter, token_counter
from fttui.install import install_line

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
    per_hour: float | None = None,
    place: str = THIS_MACHINE,
    form: str = "",
    tokens: bool = True,
    fewest: int = rules.FEWEST_EXAMPLES,
    on_finding: OnFinding | None = None,
    kept: int = KEPT_FINDINGS,
    progress: Progress | None = None,
    should_stop: ShouldStop = never,
) -> Report:
    """Check a training file and plan the run it would give. Memory use does not grow with the file.

    Args:
        path: the training file.
        method: `supervised`, `dpo` or `reinforcement`; None: a grader means reinforcement, else the model or the
            first example decides.
        model: gives the length limit, the tokenizer and the price.
        validation: a validation file. It is checked too, and its examples must not occur in the training file.
        grader: the grader of a reinforcement job. The examples must have the members that it uses.
        n_epochs: as in a job: a number, or `auto` or None for the documented heuristic.
        batch_size: as `n_epochs`.
        provider: `openai`, `azure`, `local` or `other`: its prices (see `price_of`), and the levels of its rules.
        form: the form in which the provider reads data (`provider_forms`); empty for OpenAI's.
        own_prices: path of the user's price file; the file need not exist.
        per_hour: price of an hour of training on this machine; None when it is free.
        place: machines on which the embedded service trains, in words.
        tokens: count tokens. Without tokens the plan has no cost.
        fewest: fewest examples of the training file; a validation file needs one.
        on_finding: receives every finding.
        kept: findings of each rule that the report keeps.
        progress: receives the bytes read and the size of the file, about once a megabyte.
        should_stop: called about once a megabyte; True ends the check early.

    Raises:
        OSError: a file cannot be read.
        PriceFileError: the user's price file is not valid.
    """
    price = price_of(model, own_file=own_prices, provider=provider, per_hour=per_hour, place=place)
    if grader is not None and method is None:
        method = REINFORCEMENT
    choose_kind = partial(_choose_kind, method, price)
    graded = frozenset[str]()
    log = FindingLog(path, on_finding, kept, provider)
    if grader is not None and method == REINFORCEMENT:
        graded = item_members(grader)
        for member, error in grader_errors(grader, functions=provider == "other"):
            log.add("bad_grader", None, member, error)

    def open_scan(path: str, log: FindingLog, counter: Counter | None, limit: int | None) -> FileScan:
        return FileScan(
            path,
            log,
            choose_kind,
            counter=counter,
            limit=limit,
            item_members=graded,
            form=form,
            progress=progress,
            should_stop=should_stop,
        )

    validation_lines: LineIndex | None = None
    if validation is not None:
        validation_lines = LineIndex()
        validation_log = FindingLog(validation, on_finding, kept, provider)
        validation_scan = open_scan(validation, validation_log, None, None)
        validation_scan.run(fewest=1, most_reinforcement=rules.MOST_REINFORCEMENT_VALIDATION, seen=validation_lines)
    counter = token_counter(price.encoding) if tokens else None
    scan = open_scan(path, log, counter, price.limit)
    lines = LineIndex()
    scan.run(fewest=fewest, most_reinforcement=rules.MOST_REINFORCEMENT, seen=lines, overlap=validation_lines)
    lengths = _lengths(scan, counter, price)
    unlearnable = _unlearnable_here(scan, price, model) if provider == "local" else ""
    if unlearnable:
        price = price._replace(local=False, training=None, per_hour=None)
        if model:
            log.add("not_local", None, "", unlearnable)
    kind = scan.checker.kind if scan.checker is not None else method if method in (DPO, REINFORCEMENT) else ""
    share = None
    if lengths is not None and lengths.total and kind in (CHAT, COMPLETIONS):
        share = scan.trained_tokens / lengths.total
    groups, stopped = log.groups(), scan.reader.stopped
    if validation is not None:
        groups = tuple(sorted((*groups, *validation_log.groups()), key=lambda group: rules.LEVELS.index(group.level)))
        stopped = stopped or validation_scan.reader.stopped
    return Report(
        path=path,
        bytes=scan.reader.size,
        kind=scan.foreign or kind or "",
        examples=scan.examples,
        lines=scan.reader.lines_read,
        groups=groups,
        lengths=lengths,
        trained_share=share,
        images=scan.checker.images if scan.checker is not None else 0,
        plan=_plan(scan, lengths, price, model, n_epochs, batch_size),
        stopped=stopped,
        notes=_notes(
            scan, counter, price, model=model, has_forgotten=lines.may_forget, unlearnable="" if model else unlearnable
        ),
    )


class Verdict(NamedTuple):
    """Result of a check that ends at the first error."""

    examples: int
    """Examples before the error, or in the whole file."""
    code: str = ""
    """Code of the error; empty for valid data."""
    finding: Finding | None = None


def find_first_error(
    path: str,
    kind: str,
    *,
    fewest: int = rules.FEWEST_EXAMPLES,
    accepts: Accepts = lambda code, member, detail: False,
    should_stop: ShouldStop = never,
) -> Verdict:
    """Check a file by the rules of `check_file` for this machine, up to the first error.

    Tokens are not counted and duplicates not searched.

    Args:
        kind: `chat`, `completions`, `dpo` or `reinforcement`.
        accepts: returns True for an error that the caller tolerates.
        should_stop: see `check_file`.

    Raises:
        OSError: the file cannot be read.
    """
    scan = FileScan(path, FirstErrorOnly(accepts), lambda first: kind, should_stop=should_stop)
    try:
        scan.run(fewest=fewest, most_reinforcement=rules.MOST_REINFORCEMENT)
    except ErrorFound as error:
        return Verdict(scan.examples, error.code, error.finding)
    return Verdict(scan.examples)


def check_job(
    spec: JobLike,
    training: str | None,
    validation: str | None,
    *,
    provider: str,
    form: str = "",
    own_prices: str | None,
    per_hour: float | None = None,
    place: str = THIS_MACHINE,
    progress: Progress | None = None,
    should_stop: ShouldStop = never,
) -> Report:
    """Check the local files of a job before it is created, and plan the run.

    Args:
        training: path of the training file; None when the file is already uploaded.
        validation: path of the validation file; None when there is none or it is already uploaded. At least one of
            the two paths is given.
        provider, form, per_hour: see `check_file`.

    Raises:
        OSError: a file cannot be read.
        PriceFileError: the user's price file is not valid.
    """
    report = check_file(
        training or validation or "",
        method=spec.method or "supervised",
        model=spec.model or None,
        grader=spec.grader,
        validation=validation if training else None,
        n_epochs=spec.hyperparameters.get("n_epochs"),
        batch_size=spec.hyperparameters.get("batch_size"),
        provider=provider,
        form=form,
        own_prices=own_prices,
        per_hour=per_hour,
        place=place,
        fewest=rules.FEWEST_EXAMPLES if training else 1,
        kept=MOST_FINDINGS,
        progress=progress,
        should_stop=should_stop,
    )
    # A validation file alone says nothing about the run.
    return report if training else report._replace(plan=None)


def _choose_kind(method: str | None, price: Price, first: dict[str, Any]) -> str:
    """Return the kind of example that method and model require, else the kind of the first example."""
    if method not in (None, "supervised"):
        return str(method)
    kind = price.kind or kind_of(first) or CHAT
    if kind in FOREIGN:
        return CHAT
    # Chat models take no completions, and the method supervised takes neither pairs of answers nor questions alone.
    if (kind == COMPLETIONS and price.model and not price.kind) or (
        kind in (DPO, REINFORCEMENT) and method is not None
    ):
        return CHAT
    return kind


def _lengths(scan: FileScan, counter: Counter | None, price: Price) -> LengthStats | None:
    checker = scan.checker
    if checker is None or counter is None or scan.foreign:
        return None
    has_formula = checker.kind == CHAT and not checker.has_tools and not checker.images and not price.local
    error = 0.0 if counter.exact else ESTIMATE_ERROR
    return scan.lengths.stats(exact=counter.exact and has_formula, counter=counter.name, error=error)


def _unlearnable_here(scan: FileScan, price: Price, model: str | None) -> str:
    """Return what no trainer on this machine can learn from: `reinforcement`, `completions`, `images`, else empty.

    A trainer of the user may learn from images.
    """
    checker = scan.checker
    if checker is None or scan.foreign:
        return ""
    if checker.kind in (REINFORCEMENT, COMPLETIONS):
        return checker.kind
    is_of_user = bool(model) and not price.model
    return "images" if checker.images and not is_of_user else ""


def _plan(
    scan: FileScan,
    lengths: LengthStats | None,
    price: Price,
    model: str | None,
    n_epochs: int | str | None,
    batch_size: int | str | None,
) -> Plan | None:
    if scan.checker is None or scan.reader.stopped or scan.foreign:
        return None
    made = plan(
        scan.examples,
        None if lengths is None else lengths.billed,
        price if model else price._replace(model="this model"),
        method="reinforcement" if scan.checker.kind == REINFORCEMENT else "supervised",
        n_epochs=n_epochs,
        batch_size=batch_size,
        exact=lengths is not None and lengths.exact,
    )
    return made if model or made.is_free else made._replace(cost_note="no model given")


def _notes(
    scan: FileScan, counter: Counter | None, price: Price, *, model: str | None, has_forgotten: bool, unlearnable: str
) -> tuple[str, ...]:
    notes = []
    checker = scan.checker
    if unlearnable:
        notes.append(f"no trainer on this machine can learn from {unlearnable}; choose the profile of a provider")
    if checker is not None and counter is not None:
        if price.local and not model:
            notes.append("tokens are counted as for hosted models; --model NAME counts as a model of this machine does")
        elif not counter.exact:
            hint = f"; for exact counts: {install_line('tokens')}" if price.encoding else ""
            notes.append(f"token counts are estimates, off by up to {ESTIMATE_ERROR:.0%}{hint}")
        if scan.sample is not None and scan.sample.is_part:
            notes.append(f"tokens were estimated for {scan.sample.counted:,} of {scan.examples:,} examples")
        if checker.has_tools:
            notes.append("the provider does not document how it counts tools; their JSON was counted")
        if checker.images:
            count = f"{checker.images:,} image{'' if checker.images == 1 else 's'}"
            notes.append(f"the tokens of {count} are not counted")
            notes.append("the provider skips images of people, faces, children and CAPTCHAs")
        if checker.kind == DPO:
            notes.append("the provider does not document how it bills dpo; input and both answers were counted once")
    if has_forgotten:
        notes.append("the file is very large: some duplicates may be missing from the report")
    return tuple(notes)
