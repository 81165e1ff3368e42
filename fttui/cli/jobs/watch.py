"""`fttui jobs watch`: the cockpit as sentences, for screen readers, logs and scripts."""

import time
from typing import TYPE_CHECKING

import click

from fttui.cli import completion, tables
from fttui.cli import invocation as session
from fttui.cli.flags import Seconds, forms
from fttui.cli.invocation import DONE, FAILED, Invocation, pass_invocation
from fttui.cli.jobs import create as create  # adds its commands to the group
from fttui.cli.jobs import follow
from fttui.cli.jobs import ids as typed
from fttui.cli.jobs.commands import jobs
from fttui.cli.output import JSON, JSONL, say
from fttui.clock import duration

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.core.connect import Connection
    from fttui.models.event import Event
    from fttui.models.job import Job

TENTHS = 10
"""Progress is told this many times in a run at most: every step would drown what matters."""
FIRST_PAGES = 10
"""Pages of jobs in which the live ones are looked for at first; later only the newest page is read."""
A_REQUEST = 1.0
"""Seconds that each request of a round makes the pause at least: never more than 60 a minute."""


@jobs.command("watch", short_help="Tell every change of jobs, a sentence each.")
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=completion.jobs)
@click.option("--until-done", is_flag=True, help="Without ids: end when no job is live any more.")
@click.option("--plain", is_flag=True, help="The sentences alone, without the time before them.")
@click.option("--interval", type=Seconds(), metavar="S", help="Seconds between two looks, at least 2.")
@forms
@pass_invocation
def watch(invocation: Invocation, ids: tuple[str, ...], until_done: bool, plain: bool, interval: float | None) -> int:
    """Tell every change, one plain sentence a line, without control codes: states, each tenth of a run, warnings.

    With ids it ends when all of them have ended; without, it tells of all live jobs and of new ones until ctrl+c, or
    until none is live with --until-done. The exit code is 0 when every watched job succeeded, else 1. A lost
    connection is waited for. With --jsonl every change prints the job as the service sent it.

    \b
    fttui jobs watch ftjob-abc --plain && echo trained
    fttui jobs watch --until-done | tee run.log
    """
    if invocation.form == JSON:
        raise click.UsageError("watching has no end to close a list at: use --jsonl")
    ids = typed.whole(invocation, ids)
    output = invocation.output

    def tell(job: "Job", sentence: str) -> None:
        if output.form == JSONL:
            output.line("", job.raw)
        else:
            now = "" if plain else time.strftime("%H:%M:%S ", time.localtime(session.CLOCK.now()))
            output.line(f"{now}{sentence}")
        output.flush()

    watcher: list[Watcher] = []

    async def work(connection: "Connection") -> int:
        usual = 2.0 if connection.choice.is_local else 5.0
        pause = interval or invocation.interval or connection.settings.interval or usual
        watcher.append(Watcher(connection.client, list(ids), pause, tell))
        return await watcher[0].run(until_done=until_done)

    def interrupted() -> str:
        live = watcher[0].live if watcher else []
        return f"{', '.join(live)} {'goes' if len(live) == 1 else 'go'} on without us." if live else ""

    return invocation.talk(work, interrupted=interrupted)


class Watcher:
    """Looks at jobs again and again, and tells what is different."""

    def __init__(self, client: "Client", ids: list[str], pause: float, tell: "Tell") -> None:
        self._client = client
        self._ids = ids
        self._pause = pause
        self._tell = tell
        self._known: dict[str, Job] = {}
        self._seen: dict[str, set[str]] = {}
        """Ids of the events that were told or passed over, by job."""
        self._tenths: dict[str, int] = {}
        self._failed = False
        self._requests = 0

    @property
    def live(self) -> list[str]:
        """The watched jobs that have not ended."""
        return [id for id, job in self._known.items() if job.status.is_live]

    async def run(self, *, until_done: bool) -> int:
        """Watch to the end; the exit code."""
        from fttui.api.errors import Limited, ServerFault, Unreachable

        failures, is_first = 0, True
        while True:
            self._requests = 0
            try:
                for job in await self._jobs(is_first):
                    await self._look(job, is_new=not is_first)
                failures, was_first, is_first = 0, is_first, False
            except (Unreachable, ServerFault, Limited) as error:
                failures += 1
                await follow.endure(error, failures, self._pause)
                continue
            if self._ids and not self.live:
                return FAILED if self._failed else DONE
            if not self._ids and not self.live:
                if until_done:
                    if was_first and not self._known:
                        say("no job is live")
                    return FAILED if self._failed else DONE
                if was_first:
                    say("no job is live; new ones will be told")
            await session.CLOCK.sleep(max(self._pause, self._requests * A_REQUEST))

    async def _jobs(self, is_first: bool) -> "list[Job]":
        """The jobs of this round: those asked for, or the live, the new, and those that were live before."""
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
        # The newest first, as it is listed, reads backwards: what began first is told first.
        found.sort(key=lambda job: job.created_at or 0.0)
        return found + [await self._get(id) for id in self.live if id not in listed]

    async def _get(self, id: str) -> "Job":
        self._requests += 1
        return await self._client.get_job(id)

    async def _look(self, job: "Job", *, is_new: bool) -> None:
        before = self._known.get(job.id)
        if before is not None and before.status.is_final:
            return
        # Events first, so that the last step is told before the end.
        events = await self._events(job, is_first=before is None) if self._has_log(job, before) else []
        if before is None:
            self._tell(job, _first(job, is_new=is_new, at=_progress(events)))
            self._tenths[job.id] = _tenth(events)
        else:
            self._news(job, events)
            if job.status_text != before.status_text:
                self._tell(job, _change(job))
        self._known[job.id] = job
        if job.status.is_final and job.status != "succeeded":
            self._failed = True

    def _has_log(self, job: "Job", before: "Job | None") -> bool:
        if job.status.is_final:
            return before is not None
        return job.status in ("running", "stopping", "unknown") or before is not None

    def _news(self, job: "Job", events: "list[Event]") -> None:
        for event in events:
            if event.level in ("warn", "error"):
                self._tell(job, f"{_name(job)}: {'warning' if event.level == 'warn' else 'error'}: {event.message}")
        # However far it has come since the last look, that is one sentence.
        if (tenth := _tenth(events)) > self._tenths.get(job.id, 0):
            self._tenths[job.id] = tenth
            self._tell(job, f"{_name(job)} is at {_progress(events)}.")

    async def _events(self, job: "Job", *, is_first: bool) -> "list[Event]":
        """What is new in a job's log, oldest first; at the first look only its newest page."""
        seen = self._seen.setdefault(job.id, set())
        fresh: list[Event] = []
        async for page in self._client.each_event_page(job.id):
            self._requests += 1
            new = [event for event in page.items if event.id not in seen]
            fresh += new
            rises = follow.rises(page.items)
            if (is_first or len(new) < len(page.items)) and not rises:
                break
        seen.update(event.id for event in fresh)
        return follow.oldest_first(fresh)


def _name(job: "Job") -> str:
    return f"{job.id} ({job.suffix})" if job.suffix else job.id


def _first(job: "Job", *, is_new: bool, at: str) -> str:
    words = tables.status_word(job).replace("_", " ")
    state = f"{_name(job)} is {'new: ' if is_new else ''}{words}"
    if job.status.is_final:
        return _change(job)
    return f"{state}, at {at}." if at else f"{state}, model {job.model}." if job.model else f"{state}."


def _change(job: "Job") -> str:
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
    """Step and loss of the newest event that has them."""
    for event in reversed(events):
        if event.step is not None:
            of = f" of {event.total_steps}" if event.total_steps else ""
            metrics = event.metrics
            name = next((name for name in ("train_loss", "train_mean_reward") if name in metrics), None)
            told = (
                "" if name is None else f", {name.replace('train_', 'training ').replace('_', ' ')} {metrics[name]:.4g}"
            )
            return f"step {event.step}{of}{told}"
    return ""


def _tenth(events: "list[Event]") -> int:
    """How many tenths of the run are done, by the newest event that says it."""
    for event in reversed(events):
        if event.step is not None and event.total_steps:
            return event.step * TENTHS // event.total_steps
    return 0


if TYPE_CHECKING:
    from collections.abc import Callable

    Tell = Callable[[Job, str], None]
