"""`fttui jobs watch`: print each change of a job as a sentence, for screen readers, logs and scripts."""

import time
from typing import TYPE_CHECKING

import click

from fttui.cli import completion, tables
from fttui.cli.exit_codes import DONE, FAILED
from fttui.cli.flags import Seconds, StopKinds, json_options
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs import follow
from fttui.cli.jobs.ids import resolve_all
from fttui.cli.jobs.run_progress import loss_words, newest_step, tenths_done
from fttui.cli.jobs.stop_on import StopOn
from fttui.cli.output import JSON, JSONL, say
from fttui.clock import Clock, duration

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.core.connect import Connection
    from fttui.models.event import Event
    from fttui.models.job import Job

FIRST_PAGES = 10
"""Greatest number of job pages that the first poll reads. Later polls read the newest page only."""


@click.command("watch", cls=ServiceCommand, short_help="Print every change of jobs as a sentence.")
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=completion.jobs)
@click.option("--until-done", is_flag=True, help="Without ids: end when no job is active.")
@click.option("--plain", is_flag=True, help="Print the sentences without the time.")
@click.option("--stop-on", type=StopKinds(), metavar="KIND,...", help="Cancel a job when one of these alarms is found.")
@click.option("--interval", type=Seconds(), metavar="S", help="Seconds between polls, at least 2.")
@json_options
@pass_invocation
def watch(
    invocation: Invocation,
    ids: tuple[str, ...],
    until_done: bool,
    plain: bool,
    stop_on: str | None,
    interval: float | None,
) -> int:
    """Print every change of jobs, one sentence per line, without control codes.

    A change is a new status, a tenth of the steps, a warning or an error. With ids, watch ends when all of these jobs
    have ended. Without ids, it watches all active and new jobs until ctrl+c, or with --until-done until no job is
    active. If the connection is lost, it connects again.

    --stop-on cancels a job as soon as its metrics show an alarm of these kinds: non_finite, diverging, overfitting,
    plateau. It does not ask. It reads all events of each job, and works as long as the command runs. A job of the
    embedded service is better created with `jobs create --stop-on`: the service stops it and keeps its best checkpoint.

    The exit code is 0 if every watched job succeeded, else 1; a job that --stop-on cancelled counts as not succeeded.
    With --jsonl, it prints the job as the provider sent it
    at every change.

    \b
    fttui jobs watch ftjob-abc --plain && echo trained
    fttui jobs watch --until-done | tee run.log
    fttui jobs watch ftjob-abc --stop-on overfitting,diverging
    """
    if invocation.form == JSON:
        raise click.UsageError("watch does not support --json, which prints one list at the end: use --jsonl")
    if stop_on:
        if not ids:
            raise click.UsageError("--stop-on needs the ids of the jobs that it may cancel")
        invocation.check_possible("cancel")
    ids = resolve_all(invocation, ids)
    output = invocation.output

    def report(job: "Job", sentence: str) -> None:
        if output.form == JSONL:
            output.print_line("", job.sent)
        else:
            now = "" if plain else time.strftime("%H:%M:%S ", time.localtime(invocation.clock.now()))
            output.print_line(f"{now}{sentence}")
        output.flush()

    watcher: list[Watcher] = []

    async def work(connection: "Connection") -> int:
        default = 2.0 if connection.choice.is_on_disk else 5.0
        pause = interval or invocation.interval or connection.shared.interval or default
        watcher.append(Watcher(connection.client, list(ids), pause, report, invocation.clock, stop_on))
        return await watcher[0].run(until_done=until_done)

    def still_running() -> str:
        live = watcher[0].live if watcher else []
        return f"Still running: {', '.join(live)}" if live else ""

    return invocation.run_with_client(work, interrupted=still_running)


class Watcher:
    """Polls jobs and reports their changes."""

    def __init__(
        self,
        client: "Client",
        ids: list[str],
        pause: float,
        report: "Report",
        clock: Clock,
        stop_on: str | None = None,
    ) -> None:
        """
        Args:
            stop_on: kinds of alarms at which a job is cancelled, with commas between.
        """
        self._stop_on = StopOn(stop_on) if stop_on else None
        self._client = client
        self._clock = clock
        self._ids = ids
        self._pause = pause
        self._report = report
        self._known: dict[str, Job] = {}
        self._seen: dict[str, set[str]] = {}
        """Ids of the events that were reported or skipped, by job."""
        self._reported_tenths: dict[str, int] = {}
        """Tenths of the steps done at the last progress report, by job."""
        self._failed = False
        self._requests = 0
        """Requests sent in this poll."""

    @property
    def live(self) -> list[str]:
        """Ids of the watched jobs that have not ended."""
        return [id for id, job in self._known.items() if job.status.is_live]

    async def run(self, *, until_done: bool) -> int:
        """Poll until there is nothing left to watch. Return the exit code."""
        from fttui.api.errors import RateLimited, ServerError, Unreachable

        failures, is_first = 0, True
        while True:
            self._requests = 0
            try:
                for job in await self._jobs(is_first):
                    await self._compare(job, is_new=not is_first)
                failures, was_first, is_first = 0, is_first, False
            except (Unreachable, ServerError, RateLimited) as error:
                failures += 1
                await follow.wait_after(error, failures, self._pause, self._clock)
                continue
            if self._ids and not self.live:
                return FAILED if self._failed else DONE
            if not self._ids and not self.live:
                if until_done:
                    if was_first and not self._known:
                        say("No active jobs.")
                    return FAILED if self._failed else DONE
                if was_first:
                    say("No active jobs. Waiting for new ones (ctrl+c to stop).")
            await self._clock.sleep(max(self._pause, self._requests * follow.SECONDS_PER_REQUEST))

    async def _jobs(self, is_first: bool) -> "list[Job]":
        """Fetch the jobs of this poll.

        With ids, these are the given jobs that have not ended. Without ids, they are the jobs that are active, new, or
        were active at the last poll.
        """
        if self._ids:
            wanted = [id for id in self._ids if id not in self._known or self._known[id].status.is_live]
            return [await self._get(id) for id in wanted]
        listed: dict[str, Job] = {}
        async for page in self._client.each_job_page():
            self._requests += 1
            listed.update((job.id, job) for job in page.items if job.can_act)
            if not is_first or self._requests >= FIRST_PAGES:
                break
        found = [
            job
            for job in listed.values()
            if job.status.is_live or job.id in self._known or not (is_first or job.id in self._seen)
        ]
        if is_first:
            self._seen.update((id, set()) for id, job in listed.items() if job.status.is_final)
        # Lists are newest first; report older jobs first.
        found.sort(key=lambda job: job.created_at or 0.0)
        return found + [await self._get(id) for id in self.live if id not in listed]

    async def _get(self, id: str) -> "Job":
        self._requests += 1
        return await self._client.get_job(id)

    async def _compare(self, job: "Job", *, is_new: bool) -> None:
        before = self._known.get(job.id)
        if before is not None and before.status.is_final:
            return
        events = await self._events(job, is_first=before is None) if self._needs_events(job, before) else []
        if self._stop_on is not None:
            self._stop_on.add(job, events)
        if before is None:
            self._report(job, _first_sentence(job, is_new=is_new, at=_progress(events)))
            self._reported_tenths[job.id] = tenths_done(events)
        else:
            # In the order of time: a job runs before its first step, and ends after its last one.
            is_changed = job.status_text != before.status_text
            if is_changed and job.status.is_live:
                self._report(job, _status_sentence(job))
            self._report_events(job, events)
            if is_changed and job.status.is_final:
                self._report(job, _status_sentence(job))
        self._known[job.id] = job
        if self._stop_on is not None and self._stop_on.should_cancel(job):
            job, done = await self._stop_on.cancel(self._client, job)
            self._requests += 1
            self._report(job, f"{_name(job)}: {done}.")
        if job.status.is_final and job.status != "succeeded":
            self._failed = True

    def _needs_events(self, job: "Job", before: "Job | None") -> bool:
        """Return whether to fetch events. For a job seen for the first time, only if it is training."""
        if job.status.is_final:
            return before is not None
        return job.status in ("running", "stalled", "stopping", "unknown") or before is not None

    def _report_events(self, job: "Job", events: "list[Event]") -> None:
        for event in events:
            if event.level in ("warn", "error"):
                self._report(job, f"{_name(job)}: {'warning' if event.level == 'warn' else 'error'}: {event.message}")
        # One sentence for all progress since the last poll.
        if (tenths := tenths_done(events)) > self._reported_tenths.get(job.id, 0):
            self._reported_tenths[job.id] = tenths
            self._report(job, f"{_name(job)} is at {_progress(events)}.")

    async def _events(self, job: "Job", *, is_first: bool) -> "list[Event]":
        """Fetch the new events of a job, oldest first. The first time, read only the newest page,
        unless a rule needs the others too.
        """
        seen = self._seen.setdefault(job.id, set())
        newest_page = is_first and self._stop_on is None
        events, requests = await follow.unread_events(self._client, job.id, seen, newest_page=newest_page)
        self._requests += requests
        return events


def _name(job: "Job") -> str:
    return f"{job.id} ({job.suffix})" if job.suffix else job.id


def _first_sentence(job: "Job", *, is_new: bool, at: str) -> str:
    """Return the sentence for a job that was not watched before.

    Args:
        is_new: the job was created after the first poll.
        at: its progress as text; may be empty.
    """
    status = tables.status_word(job).replace("_", " ")
    state = f"{_name(job)} is {'new: ' if is_new else ''}{status}"
    if job.status.is_final:
        return _status_sentence(job)
    return f"{state}, at {at}." if at else f"{state}, model {job.model}." if job.model else f"{state}."


def _status_sentence(job: "Job") -> str:
    """Return the sentence for a job whose status has changed."""
    name = _name(job)
    took = ""
    if job.created_at is not None and job.finished_at is not None:
        took = f" after {duration(job.finished_at - job.created_at)}"
    why = f": {job.error.message or job.error.code}" if job.error else "."
    match job.status:
        case "succeeded":
            made = f": its model is {job.fine_tuned_model}." if job.fine_tuned_model else "."
            return f"{name} has succeeded{took}{made}"
        case "failed":
            return f"{name} has failed{took}{why}"
        case "cancelled":
            return f"{name} was cancelled{took}."
    return f"{name} is now {tables.status_word(job).replace('_', ' ')}."


def _progress(events: "list[Event]") -> str:
    """Return step and loss of the newest event that has them, as text."""
    event = newest_step(events)
    if event is None:
        return ""
    of = f" of {event.total_steps}" if event.total_steps else ""
    return ", ".join(filter(None, (f"step {event.step}{of}", loss_words(event, events))))


if TYPE_CHECKING:
    from collections.abc import Callable

    Report = Callable[[Job, str], None]
