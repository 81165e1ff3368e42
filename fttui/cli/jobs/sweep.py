"""Sweeps of `jobs create` and `jobs clone`: the question, the created jobs, and the wait for all of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fttui.cli.confirm import confirm
from fttui.cli.exit_codes import DONE, FAILED, exit_code_of
from fttui.cli.jobs import follow
from fttui.cli.jobs.wait import Record, Wait
from fttui.cli.output import TABLE, Output, has_progress_line, say, say_progress
from fttui.clock import Clock
from fttui.learning.sweep_progress import Progress, progress_parts

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.core.create_job import Result
    from fttui.core.create_sweep import CreateSweep, Sweep
    from fttui.core.job_data import LocalFiles
    from fttui.data.plan import Plan
    from fttui.models.job import Job


class SweepCommand:
    """One run of a sweep, up to the last created job."""

    def __init__(self, output: Output, create: "CreateSweep") -> None:
        self._output = output
        self._create = create
        create.on_created = self._print_id
        self.ids: list[str] = []
        """Ids of the created jobs."""

    def is_wanted(self, sweep: "Sweep", plans: "Sequence[Plan | None]", *, yes: bool, is_free: bool) -> bool:
        """Print the names of the jobs, and ask."""
        from fttui.core.create_sweep import cost_words, head_words, question

        if yes:
            say(f"{head_words(sweep)}. {cost_words(plans, is_free=is_free)}")
            return True
        say("\n".join(f"  {job.name}" for job in sweep.jobs))
        return confirm(question(sweep, plans, is_free=is_free), yes=False)

    async def send(
        self, sweep: "Sweep", files: "LocalFiles", plans: "Sequence[Plan | None]"
    ) -> tuple[list["Job"], int]:
        """Create the jobs. Return them, and the exit code: of the first refusal when nothing was created."""
        from fttui.core.create_job import unused_files

        end = await self._create.send(sweep.jobs, files, plans)
        say_progress("")
        for warning in dict.fromkeys(result.warning for result in end.created if result.warning):
            say(f"fttui: {warning}")
        jobs = [result.job for result in end.created if result.job is not None]
        if end.failure is None:
            return jobs, DONE
        if end.created:
            say(f"fttui: {end.words()}\nNot created: {', '.join(job.name for job in end.left)}")
            return jobs, FAILED
        say(f"fttui: {end.failure.outcome.message}")
        if end.failure.unused:
            say(unused_files(end.failure.unused))
        error = None if end.failure.outcome.ambiguous else end.failure.error
        return jobs, FAILED if error is None else exit_code_of(error)

    def print_jobs(self, jobs: "Sequence[Job]") -> None:
        """Print the jobs with `--json` and `--jsonl`."""
        if self._output.form != TABLE:
            self._output.print_list(jobs, (), raw=lambda job: job.sent)

    def _print_id(self, number: int, total: int, result: "Result") -> None:
        self.ids.append(result.outcome.id)
        if self._output.form == TABLE:
            self._output.print_line(result.outcome.id)
            self._output.flush()
        if result.error is not None:
            say(result.message)  # the answer was lost, and the job was found
        say_progress(f"Created {number} of {total} jobs…")


class SweepWait:
    """Waits for the end of all jobs of a sweep."""

    def __init__(self, client: "Client", jobs: "Sequence[Job]", pause: float, clock: Clock, record: Record) -> None:
        """
        Args:
            pause: seconds between two polls.
            record: records a job and its new events.
        """
        self._jobs = {job.id: job for job in jobs}
        self._waits = {job.id: Wait(client, job.id, pause, clock, record, is_alone=False) for job in jobs}
        self._pause = pause
        self._clock = clock
        self._told = -1

    async def end(self) -> "list[Job]":
        """Wait for the end of all jobs and return them. A lost connection is retried."""
        from fttui.api.errors import RateLimited, ServerError, Unreachable

        failures = 0
        while True:
            requests = 0
            try:
                for id, wait in self._waits.items():
                    if not self._jobs[id].status.is_final:
                        self._jobs[id], sent = await wait.poll()
                        requests += sent
                        self._show()
                failures = 0
            except (Unreachable, ServerError, RateLimited) as error:
                failures += 1
                await follow.wait_after(error, failures, self._pause, self._clock)
                continue
            if all(job.status.is_final for job in self._jobs.values()):
                return list(self._jobs.values())
            await self._clock.sleep(max(self._pause, requests * follow.SECONDS_PER_REQUEST))

    def _show(self) -> None:
        """Draw the progress line; without a terminal, print a line when a job ends."""
        progress = Progress.of(
            (job.status, job.suffix or job.id, self._waits[id].summary) for id, job in self._jobs.items()
        )
        parts = progress_parts(progress)
        if has_progress_line():
            say_progress(*parts)
        elif progress.done > max(self._told, 0):
            say(" · ".join(parts))
        self._told = progress.done
