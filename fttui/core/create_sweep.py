"""Create the jobs of a sweep: check the data and upload the files once, then send one create request for each job.

Each request has its own create token. The first refusal ends the sweep; the jobs before it stay.
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fttui.core.create_job import CreateJob, Result, Stage
from fttui.core.job_data import LocalFiles
from fttui.data.plan import Plan, money
from fttui.learning.sweep import Axis, axes_words, combinations, settings_words, suffix_of
from fttui.models import labels
from fttui.store.snapshot import Outcome

if TYPE_CHECKING:
    from fttui.data.report import Report
    from fttui.models.spec import JobSpec


class SweepJob(NamedTuple):
    """One job of a sweep, not created yet."""

    spec: "JobSpec"
    name: str
    """Suffix, else the settings that differ: `epochs 1, learning rate 0.5`."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Jobs that differ in some settings."""

    axes: tuple[Axis, ...]
    jobs: tuple[SweepJob, ...]


def make_sweep(spec: "JobSpec", axes: Sequence[Axis]) -> Sweep:
    """Return one job for each combination of settings, all with the same value of the metadata `fttui.sweep`.

    Raises:
        SweepError: a suffix is too long.
    """
    base = spec.suffix or ""
    mark = f"{os.urandom(4).hex()} {base}".strip()
    shared = spec.model_copy(update={"metadata": {**spec.metadata, labels.SWEEP: mark}})
    jobs = []
    for settings in combinations(axes):
        suffix = suffix_of(base, settings)
        job = shared.with_settings(settings).model_copy(update={"suffix": suffix or None})
        jobs.append(SweepJob(job, suffix or settings_words(settings)))
    return Sweep(tuple(axes), tuple(jobs))


def plans_of(sweep: Sweep, report: "Report | None") -> list[Plan | None]:
    """Return the plan of each job, over the data of a report."""
    if report is None or report.plan is None:
        return [None] * len(sweep.jobs)
    given = [job.spec.hyperparameters for job in sweep.jobs]
    return [report.plan.resized(report.examples, own.get("n_epochs"), own.get("batch_size")) for own in given]


def head_words(sweep: Sweep) -> str:
    """Return number and settings: `6 jobs: epochs 1, 3 × learning rate 0.5, 1, 2`."""
    return f"{len(sweep.jobs)} jobs: {axes_words(sweep.axes)}"


def cost_words(plans: Sequence[Plan | None], *, is_free: bool = False) -> str:
    """Return what all jobs and the most expensive one cost: `About $1.62 in all, $0.54 at most each.`

    Args:
        is_free: the service costs nothing, whatever the plans are.
    """
    known = [plan for plan in plans if plan is not None]
    if is_free or (known and all(plan.is_free for plan in known)):
        tokens = [plan.tokens for plan in known if plan.tokens is not None]
        return f"{_short_number(sum(tokens))} tokens, free." if tokens and len(tokens) == len(plans) else "Free."
    costs = [plan.cost for plan in known if plan.cost is not None]
    if not costs or len(costs) < len(plans):
        return "The price is not known."
    currency = known[0].currency
    about = "About " if any(plan.is_estimate for plan in known) else ""
    return f"{about}{money(sum(costs), currency)} in all, {money(max(costs), currency)} at most each."


def question(sweep: Sweep, plans: Sequence[Plan | None], *, is_free: bool = False) -> str:
    """Return the question before a sweep, without its answers."""
    return f"Create {len(sweep.jobs)} jobs ({axes_words(sweep.axes)})? {cost_words(plans, is_free=is_free)}"


@dataclass(frozen=True, slots=True)
class SweepOutcome(Outcome):
    """Outcome of a sweep for the cockpit."""

    ids: tuple[str, ...] = ()
    """Ids of the created jobs."""


class SweepResult(NamedTuple):
    """End of a sweep."""

    created: tuple[Result, ...]
    failure: Result | None = None
    """Result that ended the sweep early."""
    left: tuple[SweepJob, ...] = ()
    """Jobs that were not created, or whose creation is unknown, the failed one first."""

    @property
    def can_retry(self) -> bool:
        """The rest can be sent again: every job that was not created is known not to exist."""
        return self.failure is not None and not self.failure.outcome.ambiguous

    def words(self, *, retry: str = "") -> str:
        """Return the sentence about a sweep that ended early.

        Args:
            retry: sentence about another try, with a space before it.
        """
        number = f"{len(self.created)} of {len(self.created) + len(self.left)} jobs created"
        if self.failure is None:
            return f"{number}; stopped." if self.left else f"{number}."
        if self.failure.outcome.ambiguous:
            return f"{number}; the rest was not sent: {self.failure.message}"
        who = "the provider refused the rest" if self.failure.stage is Stage.CREATE else "the rest failed"
        return f"{number}; {who}: {self.failure.message.rstrip('.')}.{retry}"


class CreateSweep:
    """Creates the jobs of a sweep with `CreateJob`, one after the other."""

    def __init__(self, create: CreateJob) -> None:
        self._create = create
        self.on_created: Callable[[int, int, Result], None] | None = None
        """Receives the number of jobs created so far, the number of all jobs, and the newest job."""
        self.created: list[Result] = []
        self.should_stop = False
        """End before the next job."""

    async def send(
        self,
        jobs: Sequence[SweepJob],
        files: LocalFiles,
        plans: Sequence[Plan | None],
        *,
        before_create: Callable[[], Awaitable[None]] | None = None,
    ) -> SweepResult:
        """Upload the files and create the jobs, whose data was checked with `CreateJob.check`.

        Args:
            before_create: awaited before the first create request, as the last moment to cancel.
        """
        self.should_stop = False
        self.created = []
        ids = await self._create.upload(files)
        if isinstance(ids, Result):
            return SweepResult((), ids, tuple(jobs))
        if before_create is not None:
            await before_create()
        for index, (job, plan) in enumerate(zip(jobs, plans, strict=True)):
            if self.should_stop:
                return SweepResult(tuple(self.created), None, tuple(jobs[index:]))
            result = await self._create.send(job.spec.model_copy(update=ids), plan)
            if not result.ok:
                return SweepResult(tuple(self.created), result, tuple(jobs[index:]))
            self.created.append(result)
            if self.on_created is not None:
                self.on_created(len(self.created), len(jobs), result)
        return SweepResult(tuple(self.created))


def _short_number(number: int) -> str:
    """Return a number for a sentence: `360k`, `9.1M`, `812`."""
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.{1 if number < 10 * size else 0}f}{sign}".replace(f".0{sign}", sign)
    return str(number)
