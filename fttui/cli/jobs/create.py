"""`fttui jobs create` and `clone`: a job from flags, from files of this disk, or from another job."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fttui.cli import completion, tables
from fttui.cli import invocation as session
from fttui.cli.exit_codes import DONE, FAILED, exit_code_of
from fttui.cli.flags import NumberOrAuto, Pair, forms
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs import preflight
from fttui.cli.jobs.follow import finished, report_end
from fttui.cli.jobs.ids import resolve
from fttui.cli.output import TABLE, say, say_progress
from fttui.config.paths import archive_file
from fttui.core.samples import sample_path
from fttui.data.local_files import NotAFile, local_path
from fttui.text import size_words

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.data.plan import Plan
    from fttui.models.job import Job
    from fttui.models.spec import JobSpec
    from fttui.store.archive.archive import Archive

F = TypeVar("F", bound=Callable[..., Any])
HYPERPARAMETERS = ("n_epochs", "batch_size", "learning_rate_multiplier", "beta")


def _asked(function: F) -> F:
    """The flags that describe a job, apart from its model and training file."""
    whole, fraction = NumberOrAuto(whole=True), NumberOrAuto(whole=False)
    for option in reversed(
        [
            click.option(
                "--validation-file",
                metavar="ID|PATH",
                shell_complete=completion.data,
                help="A file id, or a file to upload.",
            ),
            click.option("--suffix", metavar="S", help="A word in the name of the tuned model."),
            click.option("--seed", type=int, metavar="N", help="The same seed and data give the same run."),
            click.option("--method", type=click.Choice(["supervised", "dpo", "reinforcement"])),
            click.option("--n-epochs", type=whole, metavar="N|auto", help="Times the data are gone through."),
            click.option("--batch-size", type=whole, metavar="N|auto"),
            click.option("--learning-rate-multiplier", type=fraction, metavar="X|auto"),
            click.option("--beta", type=fraction, metavar="X|auto", help="DPO: how close to stay to the base model."),
            click.option("--grader", type=click.Path(), metavar="FILE", help="Reinforcement: the grader, as JSON."),
            click.option("--metadata", type=Pair(), multiple=True, metavar="K=V", help="A note; may be repeated."),
            click.option("--wandb-project", metavar="P", help="Report the run to Weights & Biases."),
            click.option("--force", is_flag=True, help="Send files even where the check found errors in them."),
            click.option("--wait", is_flag=True, help="Wait for the end; the exit code tells how it went."),
            click.option("--results", metavar="DIR", help="With --wait: put the result files there, as CSV."),
        ]
    ):
        function = option(function)
    return function


@click.command("create", cls=ServiceCommand, short_help="Create a job.")
@click.option("--model", required=True, metavar="M", shell_complete=completion.models, help="The model to tune.")
@click.option(
    "--training-file",
    required=True,
    metavar="ID|PATH",
    shell_complete=completion.data,
    help="A file id, or a file to upload.",
)
@_asked
@forms
@pass_invocation
def create(invocation: Invocation, /, **flags: Any) -> int:
    """Create a job and print its id. A path is checked, priced and uploaded first; errors in it stop the command.

    A job is created exactly once: when the answer is lost, the job is looked for instead of sent again.
    ctrl+c while waiting leaves the job alone: it goes on.

    \b
    fttui jobs create --model gpt-4.1-nano-2025-04-14 --training-file train.jsonl --n-epochs 3
    id=$(fttui jobs create --model M --training-file file-abc --suffix support)
    fttui jobs create --model M --training-file train.jsonl --wait --results out && echo trained
    """
    from fttui.models.spec import JobSpec

    spec = _with_flags(JobSpec(model=flags["model"], training_file=flags["training_file"]), flags)
    return _Creation(invocation, spec, flags).run()


@click.command("clone", cls=ServiceCommand, short_help="Create a job like another.")
@click.argument("id", shell_complete=completion.jobs)
@click.option("--model", metavar="M", shell_complete=completion.models, help="Another model.")
@click.option("--training-file", metavar="ID|PATH", shell_complete=completion.data, help="Another file.")
@_asked
@forms
@pass_invocation
def clone(invocation: Invocation, /, id: str, **flags: Any) -> int:
    """Create a job like another one; flags change what should differ.

    \b
    fttui jobs clone ftjob-abc --n-epochs 5 --suffix longer
    """
    _with_flags(_blank(flags), flags)  # faults in the flags come before anything is asked
    return _Creation(invocation, None, flags, source=resolve(invocation, id)).run()


def _blank(flags: dict[str, Any]) -> "JobSpec":
    from fttui.models.spec import JobSpec

    return JobSpec(model=flags["model"] or "", training_file=flags["training_file"] or "")


def _with_flags(spec: "JobSpec", flags: dict[str, Any]) -> "JobSpec":
    """A job with what the flags say about it; what they do not name stays.

    Raises:
        click.UsageError: the grader cannot be read, or a path leads nowhere.
    """
    named = ("model", "training_file", "validation_file", "suffix", "seed", "wandb_project")
    if flags.get("method") is not None:
        spec = spec.with_method(flags["method"])
    update = {name: flags[name] for name in named if flags.get(name) is not None}
    tuned = {name: flags[name] for name in HYPERPARAMETERS if flags.get(name) is not None}
    if tuned:
        update["hyperparameters"] = {**spec.hyperparameters, **tuned}
    if flags["metadata"]:
        update["metadata"] = {**spec.metadata, **dict(flags["metadata"])}
    if flags["grader"]:
        update["grader"] = read_grader(flags["grader"])
    spec = spec.model_copy(update=update)
    for flag in ("training_file", "validation_file"):
        if flags.get(flag) is not None:
            path_of(flags[flag], "--" + flag.replace("_", "-"))
    if flags["results"] is not None and not flags["wait"]:
        raise click.UsageError("--results needs --wait: a job has its result files at its end")
    return spec


def read_grader(path: str) -> dict[str, Any]:
    """A grader from a file of JSON, `-` is standard input; raises `click.UsageError` in words."""
    from fttui.data.grader import BadGrader, parse_grader

    try:
        with click.open_file(path, encoding="utf-8") as file:
            return parse_grader(file.read())
    except OSError as error:
        raise click.UsageError(f"--grader: cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"--grader: {path} is not a text") from None
    except BadGrader as error:
        raise click.UsageError(f"--grader: {path}: {error}") from None


def path_of(text: str, flag: str) -> str | None:
    """The path that a flag names; None when it names a file id (see `local_path`).

    Raises:
        click.UsageError: it looks like a path, and nothing is there.
    """
    try:
        return local_path(text, sample_path)
    except NotAFile as error:
        raise click.UsageError(f"{flag}: {error}") from None


class _Creation:
    """One create, from the files on the disk to the end of the job."""

    def __init__(
        self,
        invocation: Invocation,
        spec: "JobSpec | None",
        flags: dict[str, Any],
        *,
        source: str = "",
    ) -> None:
        self._invocation = invocation
        self._spec = spec
        self._source = source
        self._flags = flags
        self._plan: Plan | None = None
        self._uploaded: list[str] = []
        self._sent = False
        self._job = ""

    def run(self) -> int:
        return self._invocation.run_with_client(self._work, changes=True, interrupted=self._interrupted)

    def _interrupted(self) -> str:
        if self._job:
            return f"{self._job} goes on without us.\nIts state: fttui jobs get {self._job}"
        if self._sent:
            return "The job may have been created.\nLook before creating it again: fttui jobs list"
        return self._left_behind() or "Nothing was created."

    async def _work(self, connection: "Connection") -> int:
        spec = self._spec
        if spec is None:
            from fttui.models.spec import like

            source = await connection.client.get_job(self._source)
            spec = _with_flags(like(source), self._flags)
            self._plan = preflight.like(connection, source, spec)
        if not await self._is_right(connection, spec):
            return FAILED
        spec = await self._with_files(connection, spec)
        job, code = await self._create(connection, spec)
        if job is None:
            return code
        self._job = job.id
        if self._plan is not None:
            preflight.keep(connection.choice.key, job.id, self._plan)
        output = self._invocation.output
        if self._flags["wait"]:
            if output.form == TABLE:
                output.line(job.id)
                output.flush()
            pause = self._invocation.interval or connection.settings.interval or 2.0
            job = await finished(
                connection.client, job.id, pause, lambda job: say(f"{job.id} {tables.status_word(job)}")
            )
            if output.form != TABLE:
                output.line("", job.raw)
            if self._plan is not None and (words := preflight.compared(connection, self._plan, job)):
                say(words)
            code = report_end(job)
            if self._flags["results"] is not None:
                await preflight.download(connection.client, job, self._flags["results"])
            return code
        output.line(job.id, job.raw)
        return DONE

    async def _is_right(self, connection: "Connection", spec: "JobSpec") -> bool:
        """Check the files of this disk and tell what is found; whether they may be sent."""
        paths = [path_of(text or "", "") for text in (spec.training_file, spec.validation_file)]
        if not any(paths):
            return True
        report = await preflight.check(connection, spec, *paths)
        self._plan = report.plan if paths[0] else self._plan
        if report.ok or self._flags["force"]:
            return True
        say("fttui: nothing was sent.\nMend the file (`fttui files check` shows all), or send it with --force.")
        return False

    async def _create(self, connection: "Connection", spec: "JobSpec") -> "tuple[Job | None, int]":
        from fttui.store.archive.archive import Archive
        from fttui.store.create_once import create_kept

        archive = Archive(archive_file(), connection.choice.key)
        try:
            self._sent = True
            outcome = await create_kept(archive, connection.client, spec, session.CLOCK)
        finally:
            await archive.close()
        if outcome.ok:
            if outcome.error:
                say(outcome.message)
            return outcome.job, DONE
        say(f"fttui: {outcome.message}")
        if not outcome.ambiguous and (words := self._left_behind()):
            say(words)
        if outcome.ambiguous or outcome.error is None:
            return None, FAILED
        return None, exit_code_of(outcome.error)

    async def _with_files(self, connection: "Connection", spec: "JobSpec") -> "JobSpec":
        """The spec with every path uploaded, unless it is there already, and replaced by the id of its file."""
        from fttui.store.archive.archive import Archive

        paths = {
            flag: path
            for flag in ("training_file", "validation_file")
            if (path := path_of(getattr(spec, flag) or "", "--" + flag.replace("_", "-"))) is not None
        }
        if not paths:
            return spec
        archive = Archive(archive_file(), connection.choice.key)
        try:
            ids = {path: await self._upload(connection, archive, path) for path in dict.fromkeys(paths.values())}
        except Exception:
            if words := self._left_behind():
                say(words)
            raise
        finally:
            await archive.close()
        return spec.model_copy(update={flag: ids[path] for flag, path in paths.items()})

    async def _upload(self, connection: "Connection", archive: "Archive", path: str) -> str:
        from fttui.store.upload_once import upload_once

        try:
            sent = await upload_once(archive, connection.client, path, session.CLOCK, progress=progress_of(path))
        finally:
            say_progress("")
        if sent.was_there:
            say(f"{path} is there already as {sent.file.id}: used again")
        else:
            self._uploaded.append(sent.file.id)
            say(f"uploaded {path} as {sent.file.id}")
        return sent.file.id

    def _left_behind(self) -> str:
        """What to say about files that were uploaded for a job that is not there."""
        if not self._uploaded:
            return ""
        names = " ".join(self._uploaded)
        return f"What was uploaded stays there: {names}\nTo delete it: fttui files delete {names}"


def progress_of(path: str) -> Callable[[int, int], None]:
    """A line on stderr that says how far an upload is."""
    name = os.path.basename(path)

    def told(done: int, size: int) -> None:
        if size:
            say_progress(f"uploading {name}: {100 * done // size} % of {size_words(size)}")

    return told
