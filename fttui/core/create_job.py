"""Create a job: check its data, upload its files once, send the create request exactly once, save the expected cost.

The form, `jobs create` and `jobs clone` all use `CreateJob`. This module has no output: callers receive progress as
`Step` objects and the end as a `Result`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fttui.config.errors import ConfigError
from fttui.core.job_data import FILES, Checking, DataChecker, LocalFiles, stamp_of
from fttui.data.report import Report
from fttui.models.assessment import Assessment
from fttui.store.snapshot import Outcome
from fttui.text import clean_line

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.clock import Clock
    from fttui.core.pricing import Pricing
    from fttui.data.plan import Plan
    from fttui.models.job import Job
    from fttui.models.spec import JobSpec
    from fttui.store.archive.archive import Archive

_CLOSED = "training_not_available"
"""Error code of a provider that accepts no more jobs."""


class Checked(NamedTuple):
    """The data was read."""

    report: Report


class Uploading(NamedTuple):
    """A file is being uploaded. Sizes are bytes."""

    path: str
    sent: int = 0
    total: int = 0


class FileReady(NamedTuple):
    """A file is at the provider."""

    path: str
    id: str
    members: tuple[str, ...]
    """Members of `FILES` that name the file."""
    reused: bool
    """The provider already had the file."""


class Creating(NamedTuple):
    """The create request is being sent. From now on the try cannot be cancelled."""


class Priced(NamedTuple):
    """The provider has estimated the cost of the job."""

    cost: float
    currency: str


Step = Checking | Checked | Uploading | FileReady | Priced | Creating


class Stage(StrEnum):
    SETTINGS = "settings"
    CHECK = "check"
    UPLOAD = "upload"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class Result:
    """End of one try to create a job."""

    outcome: Outcome
    stage: Stage
    """Stage that ended the try."""
    member: str = ""
    """Member of `FILES` whose upload failed, or member of the job that the provider would refuse."""
    unused: tuple[str, ...] = ()
    """Ids of files uploaded for a job that does not exist."""
    warning: str = ""
    """Failure that did not prevent the job."""

    @property
    def ok(self) -> bool:
        return self.outcome.ok

    @property
    def job(self) -> "Job | None":
        """The created job as the provider sent it."""
        return getattr(self.outcome, "job", None)

    @property
    def error(self) -> Exception | None:
        """Exception behind a failed upload or create request."""
        return getattr(self.outcome, "error", None)

    @property
    def message(self) -> str:
        """Text for the user, in one or more lines."""
        is_closed = getattr(self.error, "code", "") == _CLOSED
        return "\n".join(filter(None, (self.outcome.message, unused_files(self.unused) if is_closed else "")))


def unused_files(ids: tuple[str, ...]) -> str:
    """Return a line about uploaded files that no job uses; empty when there are none."""
    names = " ".join(ids)
    return f"Uploaded but unused: {names}. To delete: fttui files delete {names}" if ids else ""


class Sender(Protocol):
    """Sends files and create requests: a store, or `ClientSender`."""

    async def assess(self, *specs: "JobSpec", has_files: bool) -> Assessment: ...
    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome: ...
    async def create(self, spec: "JobSpec") -> Outcome: ...


class ClientSender:
    """Sender of the commands, which have a client and an archive but no store."""

    def __init__(self, client: "Client", archive: "Archive", clock: "Clock") -> None:
        self._client = client
        self._archive = archive
        self._clock = clock

    async def assess(self, *specs: "JobSpec", has_files: bool) -> Assessment:
        from fttui.store.provider_access import assess

        return await assess(self._client, *specs, has_files=has_files)

    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome:
        from fttui.store.upload_once import upload_once

        return await upload_once(self._archive, self._client, path, self._clock, progress=progress)

    async def create(self, spec: "JobSpec") -> Outcome:
        from fttui.store.create_once import create_recorded

        return await create_recorded(self._archive, self._client, spec, self._clock)


class CreateJob:
    """Creates a job in one or more tries. A try can be cancelled until the create request is sent."""

    def __init__(
        self, sender: Sender, pricing: "Pricing", checker: DataChecker | None = None, *, on_step: Callable[[Step], None]
    ) -> None:
        """
        Args:
            checker: shared with a form that checks while the user types.
            on_step: receives each step.
        """
        self._sender = sender
        self._pricing = pricing
        self._checker = checker or DataChecker(pricing)
        self._on_step = on_step
        self.uploaded: tuple[str, ...] = ()
        """Ids of the files uploaded in all tries, without reused files."""
        self._ready: dict[str, tuple[tuple[int, int], str]] = {}
        """Stamp and id of each file that an earlier try found or put at the provider, by path."""
        self.is_sent = False
        """The create request of the running or last try was sent."""

    async def run(
        self,
        spec: "JobSpec",
        files: LocalFiles,
        *,
        plan: "Plan | None" = None,
        force: bool = False,
        before_create: Callable[[], Awaitable[None]] | None = None,
    ) -> Result:
        """Check, upload, create; return the result. Stops at the first failure.

        Args:
            spec: the job; local files may still be named by their paths.
            plan: expected cost of a job without local files.
            force: send data with errors.
            before_create: awaited directly before the create request, as the last moment to cancel.
        """
        checked = await self.check(spec, files, force=force)
        if isinstance(checked, Result):
            return checked
        if checked is not None:
            plan = checked.plan or plan
        ids = await self.upload(files)
        if isinstance(ids, Result):
            return ids
        if before_create is not None:
            await before_create()
        return await self.send(spec.model_copy(update=ids), plan)

    async def check(
        self, spec: "JobSpec", files: LocalFiles, *, others: "Sequence[JobSpec]" = (), force: bool = False
    ) -> Report | Result | None:
        """Check settings and data. Return the report, None for a job without local files, or why the try ends here.

        Args:
            others: the other jobs of a sweep, with the same model.
        """
        self.is_sent = False
        assessed = Assessment(_pairs_error(spec, self._pricing))
        if not assessed.refusal:
            assessed = await self._sender.assess(spec, *others, has_files=False)
        if reason := assessed.refusal:
            ending = "" if reason.endswith("?") else "."
            return Result(Outcome(False, f"Not created: {reason}{ending}"), Stage.SETTINGS, assessed.member)
        try:
            report = await self._check(spec, files)
        except (OSError, ConfigError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return Result(_Failed(False, f"Not created: {reason}", error=error), Stage.CHECK)
        if report is not None:
            self._on_step(Checked(report))
            if report.errors and not force:
                return Result(Outcome(False, data_errors(report, spec, files)), Stage.CHECK)
        return report

    async def upload(self, files: LocalFiles) -> dict[str, str] | Result:
        """Upload local files, each once. Return the ids by member of `FILES`, or why the try ends here."""
        ids: dict[str, str] = {}
        for path in dict.fromkeys(files.paths.values()):
            members = tuple(member for member in FILES if files.paths.get(member) == path)
            uploaded = await self._upload(path, members)
            if not uploaded.ok:
                return Result(uploaded, Stage.UPLOAD, members[0], self.uploaded)
            ids |= dict.fromkeys(members, uploaded.id)
        return ids

    async def send(self, spec: "JobSpec", plan: "Plan | None") -> Result:
        """Send the create request for a job whose files are at the provider, with its own estimate of the cost."""
        assessed = await self._sender.assess(spec, has_files=True)
        if assessed.refusal:
            return Result(Outcome(False, f"Not created: {assessed.refusal}."), Stage.CREATE, unused=self._unused(spec))
        if assessed.cost is not None:
            self._on_step(Priced(assessed.cost, assessed.currency))
            plan = estimated(plan, assessed)
        self.is_sent = True
        self._on_step(Creating())
        created = await self._sender.create(spec)
        if not created.ok:
            if getattr(getattr(created, "error", None), "param", "") in FILES:
                self._ready.clear()  # the provider may no longer have them
            return Result(created, Stage.CREATE, unused=() if created.ambiguous else self._unused(spec))
        return Result(created, Stage.CREATE, warning="" if plan is None else self._remember(created.id, plan))

    async def _check(self, spec: "JobSpec", files: LocalFiles) -> Report | None:
        if files.paths:
            self._on_step(Checking(0, 0))
        self._checker.progress = self._on_step
        try:
            return await self._checker.report(spec, files)
        finally:
            self._checker.progress = None

    async def _upload(self, path: str, members: tuple[str, ...]) -> Outcome:
        stamp = stamp_of(path)
        if stamp is not None and path in self._ready and self._ready[path][0] == stamp:
            id = self._ready[path][1]
            self._on_step(FileReady(path, id, members, True))
            return Outcome(True, "", id)
        self._on_step(Uploading(path))
        uploaded = await self._sender.upload(path, lambda sent, total: self._on_step(Uploading(path, sent, total)))
        if uploaded.ok:
            reused = bool(getattr(uploaded, "reused", False))
            if stamp is not None and stamp == stamp_of(path):
                self._ready[path] = (stamp, uploaded.id)
            if not reused:  # other jobs may use a reused file
                self.uploaded += (uploaded.id,)
            self._on_step(FileReady(path, uploaded.id, members, reused))
        return uploaded

    def _unused(self, spec: "JobSpec") -> tuple[str, ...]:
        return tuple(id for id in self.uploaded if id in (spec.training_file, spec.validation_file))

    def _remember(self, job_id: str, plan: "Plan") -> str:
        try:
            self._pricing.remember(job_id, plan)
        except OSError as error:
            return f"The expected cost was not saved: {error.strerror or error}"
        return ""


def estimated(plan: "Plan | None", assessed: Assessment) -> "Plan":
    """Return a plan with the provider's own estimate of tokens and cost."""
    from fttui.data.plan import plan_of_estimate

    return plan_of_estimate(plan, assessed.tokens, assessed.cost, assessed.currency)


def _pairs_error(spec: "JobSpec", pricing: "Pricing") -> str:
    from fttui.models.spec import pairs_error

    return pairs_error(spec, is_local=pricing.provider == "local")


@dataclass(frozen=True, slots=True)
class _Failed(Outcome):
    error: Exception | None = None


def data_errors(report: Report, spec: "JobSpec", files: LocalFiles) -> str:
    """Return the message about a job whose data has errors."""
    number = "1 error" if report.errors == 1 else f"{report.errors:,} errors"
    name = clean_line(str(getattr(spec, next(iter(files.paths)))))
    return f"Not created: the data has {number}. `fttui files check {name}` lists them."
