"""Sending of a sweep from the create form: the question, the jobs one after the other, and another try for the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from fttui.core.create_job import CreateJob, Result
from fttui.core.create_sweep import (
    CreateSweep,
    Sweep,
    SweepJob,
    SweepOutcome,
    SweepResult,
    head_words,
    plans_of,
    question,
)
from fttui.core.job_data import LocalFiles
from fttui.ui.create_form.message_row import MessageRow

if TYPE_CHECKING:
    from fttui.data.plan import Plan

RETRY = " r tries the rest again."


class SweepRun:
    """Creates the jobs of one sweep after a question."""

    def __init__(
        self, create: CreateJob, messages: MessageRow, refused: Callable[[Result], None], *, dot: str, is_free: bool
    ) -> None:
        """
        Args:
            refused: shows why no job was created.
            is_free: the service costs nothing.
        """
        self._create = create
        self._messages = messages
        self._refused = refused
        self._dot = dot
        self._is_free = is_free
        self._sender: CreateSweep | None = None
        self._is_wanted = False

    def stop(self) -> bool:
        """Stop after the job that is being created. Return whether one is."""
        if self._sender is None:
            return False
        self._sender.should_stop = True
        return True

    async def run(self, sweep: Sweep, files: LocalFiles) -> SweepOutcome | None:
        """Check, ask, create. Return None when no job was created."""
        report = await self._create.check(sweep.jobs[0].spec, files, others=[job.spec for job in sweep.jobs[1:]])
        if isinstance(report, Result):
            self._refused(report)
            return None
        plans = plans_of(sweep, report)
        if not await self._ask(question(sweep, plans, is_free=self._is_free)):
            self._messages.show_message("Nothing was created. Your entries are kept.", "dim")
            return None
        end = await self._create_all(sweep.jobs, files, plans)
        if not end.created:
            if end.failure is not None:
                self._refused(end.failure)
            return None
        ids = tuple(result.outcome.id for result in end.created)
        message = f"Created {head_words(sweep)}." if not end.left else end.words()
        return SweepOutcome(not end.left, message, ids[0], ids=ids)

    async def _create_all(
        self, jobs: Sequence[SweepJob], files: LocalFiles, plans: Sequence[Plan | None]
    ) -> SweepResult:
        created: tuple[Result, ...] = ()
        total = len(jobs)
        while True:
            self._sender = CreateSweep(self._create)
            self._sender.on_created = partial(self._show, total)
            try:
                end = await self._sender.send(jobs, files, plans, before_create=self._messages.answered)
            finally:
                self._sender = None
            created += end.created
            end = end._replace(created=created)
            if not created or not end.can_retry or not await self._ask(end.words(retry=RETRY), key="r"):
                return end
            jobs, plans = end.left, plans[-len(end.left) :]

    def _show(self, total: int, number: int, jobs: int, _: Result) -> None:
        number += total - jobs  # created by earlier tries
        rest = f" {self._dot} esc stops after this one" if number < total else ""
        self._messages.show_message(f"Created {number} of {total} jobs…{rest}", "dim")

    async def _ask(self, text: str, *, key: str = "y") -> bool:
        self._is_wanted = False
        self._messages.confirm(text, self._agree, key=key)
        await self._messages.answered()
        return self._is_wanted

    def _agree(self) -> None:
        self._is_wanted = True
