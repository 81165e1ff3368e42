"""`fttui jobs create` and `fttui jobs clone`."""

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion
from fttui.cli.confirm import check_can_ask
from fttui.cli.exit_codes import DONE, FAILED, USAGE, exit_code_of
from fttui.cli.files import check_report
from fttui.cli.flags import json_options
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.create_files import held_out, local_files, read_grader
from fttui.cli.jobs.create_options import job_options
from fttui.cli.jobs.follow import report_end, unread_events
from fttui.cli.jobs.ids import resolve
from fttui.cli.jobs.sweep import SweepCommand, SweepWait
from fttui.cli.jobs.training_settings import TrainingSettings
from fttui.cli.jobs.wait import Wait
from fttui.cli.output import TABLE, say, say_progress
from fttui.cli.progress import LARGE, file_progress
from fttui.data.local_files import is_address
from fttui.learning.sweep import SweepError
from fttui.models.hyperparameters import MAX_SUFFIX

if TYPE_CHECKING:
    from fttui.clock import Clock
    from fttui.core.connect import Connection
    from fttui.core.create_job import CreateJob, Result, Step
    from fttui.core.create_sweep import Sweep
    from fttui.core.pricing import Pricing
    from fttui.data.plan import Plan
    from fttui.models.event import Event
    from fttui.models.job import Job
    from fttui.models.spec import JobSpec


@click.command("create", cls=ServiceCommand, short_help="Create a job.")
@click.option("--model", required=True, metavar="M", shell_complete=completion.models, help="The model to tune.")
@click.option(
    "--training-file",
    required=True,
    metavar="ID|PATH",
    shell_complete=completion.data_files,
    help="A file id, or a file to upload.",
)
@job_options
@json_options
@pass_invocation
def create(invocation: Invocation, /, **flags: Any) -> int:
    """Create a job and print its id.

    If you give the path of a file, fttui checks the data, estimates the cost and uploads the file. If the data has
    errors, it stops before the upload.

    No job is created twice: if the answer to the create request is lost, fttui searches for the job and does not send
    the request again. ctrl+c does not stop a request that is already sent. During --wait it does not stop the job.
    --wait shows states and progress on stderr: step, loss and time left.

    --stop-on makes the embedded service save and stop the job when it finds an alarm of one of these kinds: non_finite,
    diverging, overfitting, plateau. The job succeeds with the best checkpoint. `fttui jobs watch --stop-on` cancels a
    job of another service.

    A hyperparameter or the seed given more than once makes a sweep: one job for each combination, at most 50, after one
    question. The files are uploaded once; a suffix gets the values (support-e1-lr0.5). The first refusal ends a sweep.

    \b
    fttui jobs create --model gpt-4.1-nano-2025-04-14 --training-file train.jsonl --n-epochs 3
    fttui jobs create --model M --training-file train.jsonl --suffix s --n-epochs 1 --n-epochs 3 --yes
    id=$(fttui jobs create --model M --training-file file-abc --suffix support)
    fttui jobs create --model M --training-file train.jsonl --wait --results out && echo trained
    """
    from fttui.models.spec import JobSpec

    flags = held_out(flags)
    spec = _with_flags(JobSpec(model=flags["model"], training_file=flags["training_file"]), flags)
    return _CreateCommand(invocation, flags, spec=spec).run()


@click.command("clone", cls=ServiceCommand, short_help="Create a job with another job's settings.")
@click.argument("id", shell_complete=completion.jobs)
@click.option("--model", metavar="M", shell_complete=completion.models, help="A different model.")
@click.option("--training-file", metavar="ID|PATH", shell_complete=completion.data_files, help="A different file.")
@job_options
@json_options
@pass_invocation
def clone(invocation: Invocation, /, id: str, **flags: Any) -> int:
    """Create a job with the settings of an existing job. Options replace single settings.

    \b
    fttui jobs clone ftjob-abc --n-epochs 5 --suffix longer
    """
    from fttui.models.spec import JobSpec

    flags = held_out(flags)
    # Errors in the options are reported before a request is sent.
    _with_flags(JobSpec(model=flags["model"] or "", training_file=flags["training_file"] or ""), flags)
    return _CreateCommand(invocation, flags, source=resolve(invocation, id)).run()


def _with_flags(spec: "JobSpec", flags: dict[str, Any]) -> "JobSpec":
    """Return the job with the settings given by options.

    Raises:
        click.UsageError: the grader cannot be read, or options contradict each other.
    """
    given = ("model", "training_file", "validation_file", "suffix", "wandb_project")
    method = flags["method"] or ("reinforcement" if flags["grader"] and spec.method is None else None)
    if method is not None:
        spec = spec.with_method(method)
    update = {name: flags[name] for name in given if flags.get(name) is not None}
    if flags["metadata"] or flags["option"]:
        update["metadata"] = {**spec.metadata, **dict(flags["metadata"]), **dict(flags["option"])}
    if flags["stop_on"]:
        spec = spec.model_copy(update=update).with_stop_on(flags["stop_on"])
        update.pop("metadata", None)
    if flags["grader"]:
        update["grader"] = read_grader(flags["grader"])
    if flags["suffix"] is not None and len(flags["suffix"]) > MAX_SUFFIX:
        raise click.UsageError(f"--suffix: {len(flags['suffix'])} characters; at most {MAX_SUFFIX}")
    if flags["results"] is not None and not flags["wait"]:
        raise click.UsageError("--results needs --wait: a job has result files only after it ends")
    return spec.with_settings(TrainingSettings(flags).first).model_copy(update=update)


async def _say_warnings(connection: "Connection", ids: list[str]) -> None:
    """Print what the embedded service warns of in the logs of new jobs: settings that it does not use, a changed name.

    `--wait` prints all warnings. Other services know no more than the job at this moment.
    """
    from fttui.api.errors import ApiError

    if not connection.choice.is_local:
        return
    said: dict[str, None] = {}
    for id in ids:
        with suppress(ApiError):  # the job exists all the same
            events, _ = await unread_events(connection.client, id, set(), newest_page=True)
            said |= {event.message: None for event in events if event.level == "warn"}
    for message in said:
        say(f"fttui: note: {message}")


async def _record(profile: str, clock: "Clock", job: "Job", events: "list[Event]") -> None:
    """Record a job and its new events in the archive, so that lists know its step and loss."""
    from fttui.config.paths import archive_file
    from fttui.store import record
    from fttui.store.archive.archive import Archive

    archive = Archive(archive_file(), profile)
    try:
        await record.record_jobs(archive, [job.raw], clock.now())
        await record.record_events(archive, job.id, events)
    finally:
        await archive.close()


def refused(result: "Result") -> int:
    """Print why a job was not created. Return the exit code."""
    from fttui.core.create_job import Stage, unused_files

    say(f"fttui: {result.outcome.message}")
    if result.stage is Stage.CHECK and result.error is None:
        say("--force creates the job anyway.")
    if result.unused:
        say(unused_files(result.unused))
    if result.stage is Stage.SETTINGS:
        return USAGE
    known = result.error is not None and not result.outcome.ambiguous
    return exit_code_of(result.error) if known and result.error is not None else FAILED


class _CreateCommand:
    """One run of `jobs create` or `jobs clone`, up to the end of the job with `--wait`."""

    def __init__(
        self, invocation: Invocation, flags: dict[str, Any], *, spec: "JobSpec | None" = None, source: str = ""
    ) -> None:
        self._invocation = invocation
        self._flags = flags
        self._files = local_files(flags)
        self._spec = spec
        self._source = source
        self._source_job: Job | None = None
        self._settings = TrainingSettings(flags)
        self._create: CreateJob | None = None
        self._job_id = ""
        self._sweep: SweepCommand | None = None
        self._is_waiting = False
        self._plan: Plan | None = None

    def run(self) -> int:
        if self._settings.axes:
            check_can_ask(yes=self._flags["yes"])
            if self._spec is not None:
                self._jobs_of_sweep(self._spec)  # an error is reported before a request is sent
        return self._invocation.run_with_client(self._work, verb="create", interrupted=self._interrupted)

    def _interrupted(self) -> str:
        from fttui.core.create_job import unused_files

        if self._sweep is not None and self._sweep.ids:
            if self._is_waiting:
                return "The jobs are still running. fttui jobs watch shows them."
            number = len(self._sweep.ids)
            jobs = "1 job was created" if number == 1 else f"{number} jobs were created"
            if self._invocation.output.form != TABLE:  # else the ids are on stdout
                jobs += f": {', '.join(self._sweep.ids)}"
            return f"{jobs}; one more may have been.\nCheck before you create the others: fttui jobs list"
        if self._job_id:
            return f"The job is still running. fttui jobs watch {self._job_id} shows it."
        if self._create is not None and self._create.is_sent:
            return "The job may have been created.\nCheck before you create it again: fttui jobs list"
        unused = unused_files(self._create.uploaded) if self._create is not None else ""
        return "\n".join(filter(None, ("Nothing was created.", unused)))

    async def _work(self, connection: "Connection") -> int:
        from fttui.cli.jobs.stop_on import stop_on_warning
        from fttui.config.paths import archive_file
        from fttui.core.create_job import ClientSender, CreateJob
        from fttui.core.pricing import Pricing
        from fttui.store.archive.archive import Archive

        choice = connection.choice
        self._settings.check_ranges(is_local=choice.is_local)
        for warning in self._settings.warnings:
            say(f"fttui: warning: {warning}")
        if self._flags["option"] and not choice.is_local:
            raise click.UsageError(f"--option: only jobs of the embedded service have an engine, not {choice.name}.")
        if self._flags["stop_on"] and not choice.is_local:
            raise click.UsageError(
                f"--stop-on: only the embedded service stops jobs, not {choice.name}.\n"
                f"To cancel a job on an alarm: fttui jobs watch ID --stop-on {self._flags['stop_on']}"
            )
        for name in filter(is_address, (self._flags["training_file"] or "", self._flags["validation_file"] or "")):
            say(f"{name} is not checked: the provider reads it itself.")
        pricing = Pricing(choice)
        spec = self._spec or await self._cloned(connection, pricing)
        if choice.is_local and (warning := stop_on_warning(spec)):
            say(f"fttui: warning: {warning}")
        archive = Archive(archive_file(), choice.key)
        try:
            self._create = CreateJob(
                ClientSender(connection.client, archive, self._invocation.clock), pricing, on_step=self._show
            )
            if self._settings.axes:
                jobs, code = await self._run_sweep(self._create, pricing, spec)
            else:
                result = await self._create.run(spec, self._files, plan=self._plan, force=self._flags["force"])
        finally:
            say_progress("")
            await archive.close()
        if self._settings.axes:
            return await self._finish_sweep(connection, jobs, code)
        if not result.ok:
            return refused(result)
        if result.error is not None:
            say(result.message)  # the answer was lost, and the job was found
        if result.warning:
            say(f"fttui: {result.warning}")
        self._job_id = result.outcome.id
        return await self._finish(connection, pricing, result.job)

    async def _cloned(self, connection: "Connection", pricing: "Pricing") -> "JobSpec":
        from fttui.models.spec import like

        source = await connection.client.get_job(self._source)
        spec = _with_flags(like(source), self._flags)
        self._source_job = source
        self._plan = pricing.of_clone(source, spec)
        if self._plan is not None and not self._settings.axes:
            say(f"By the tokens of {source.id}: {self._plan.summary()}")
        return spec

    def _jobs_of_sweep(self, spec: "JobSpec") -> "Sweep":
        """Return the jobs of the sweep.

        Raises:
            click.UsageError: a suffix is too long.
        """
        from fttui.core.create_sweep import make_sweep

        try:
            return make_sweep(spec, self._settings.axes)
        except SweepError as error:
            raise click.UsageError(f"--suffix: {error}") from None

    async def _run_sweep(self, create: "CreateJob", pricing: "Pricing", spec: "JobSpec") -> "tuple[list[Job], int]":
        """Check the data, ask, and create the jobs. Return the created jobs and the exit code."""
        from fttui.core.create_job import Result
        from fttui.core.create_sweep import CreateSweep, plans_of

        sweep = self._jobs_of_sweep(spec)
        first, *rest = (job.spec for job in sweep.jobs)
        report = await create.check(first, self._files, others=rest, force=self._flags["force"])
        if isinstance(report, Result):
            return [], refused(report)
        plans = plans_of(sweep, report)
        if report is None and self._source_job is not None:
            plans = [pricing.of_clone(self._source_job, job.spec) for job in sweep.jobs]
        self._sweep = SweepCommand(self._invocation.output, CreateSweep(create))
        is_free = pricing.price(spec.model).is_free
        if not self._sweep.is_wanted(sweep, plans, yes=self._flags["yes"], is_free=is_free):
            say("Nothing was created.")
            return [], FAILED
        return await self._sweep.send(sweep, self._files, plans)

    async def _finish_sweep(self, connection: "Connection", jobs: "list[Job]", code: int) -> int:
        """Wait with `--wait` for the end of all jobs; print them with `--json`."""
        from fttui.cli.jobs import results

        if self._flags["wait"] and jobs:
            self._is_waiting = True
            record = partial(_record, connection.choice.key, self._invocation.clock)
            jobs = await SweepWait(
                connection.client, jobs, self._pause(connection), self._invocation.clock, record
            ).end()
            code = max(code, *map(report_end, jobs))
        else:
            await _say_warnings(connection, [job.id for job in jobs])
        if self._sweep is not None and (jobs or not code):
            self._sweep.print_jobs(jobs)
        if self._flags["results"] is not None:
            for job in jobs:
                await results.download(connection.client, job, self._flags["results"])
        return code

    def _pause(self, connection: "Connection") -> float:
        """Return the seconds between two polls."""
        return self._invocation.interval or connection.shared.interval or 2.0

    async def _finish(self, connection: "Connection", pricing: "Pricing", job: "Job | None") -> int:
        """Print the job; with `--wait`, wait for its end and download its results."""
        from fttui.cli.jobs import results

        output = self._invocation.output
        if not self._flags["wait"] or job is None:
            output.print_line(self._job_id, None if job is None else job.sent)
            await _say_warnings(connection, [self._job_id])
            return DONE
        if output.form == TABLE:
            output.print_line(job.id)
            output.flush()
        record = partial(_record, connection.choice.key, self._invocation.clock)
        job = await Wait(connection.client, job.id, self._pause(connection), self._invocation.clock, record).end()
        if output.form != TABLE:
            output.print_line("", job.sent)
        if self._plan is not None and (words := pricing.comparison(self._plan, job)):
            say(words)
        code = report_end(job)
        if self._flags["results"] is not None:
            await results.download(connection.client, job, self._flags["results"])
        return code

    def _show(self, step: "Step") -> None:
        from fttui.core.create_job import Checked, FileReady, Priced, Uploading
        from fttui.core.job_data import Checking
        from fttui.data.plan import amount

        match step:
            case Checking(read, total):
                path = next(iter(self._files.paths.values()))
                file_progress(path, "checking", min_size=LARGE)(read, total)
            case Checked(report):
                self._plan = report.plan or self._plan
                for line in check_report.brief(report):
                    say(line)
            case Uploading(path, sent, total) if total:
                file_progress(path, "uploading")(sent, total)
            case Priced(cost, currency):
                say(f"The provider estimates a cost of {amount(cost, currency)}")
            case FileReady(path, id, _, reused):
                say(f"{path} is already uploaded as {id}; reusing it" if reused else f"Uploaded {path} as {id}")
