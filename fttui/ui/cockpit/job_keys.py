"""What keys do to jobs: create, clone, cancel, pause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fttui.store.snapshot import Outcome
from fttui.ui.cockpit.desk import Desk


class JobKeys(Desk):
    """The part of the main screen that acts on jobs."""

    async def action_create(self) -> None:
        if self._refuse("job.create") or self._store is None:
            return
        from fttui.core.samples import SAMPLE_JOB

        await self._open_form(SAMPLE_JOB if self._place.is_local else {})

    async def action_clone(self) -> None:
        if self._refuse("job.clone") or self._store is None:
            return
        from fttui.ui.create_form.form import values_of

        job = self._store.job(self._shown or "")
        if job is None:
            self.prompt.say("this job's settings are not known yet", "warn")
            return
        await self._open_form(values_of(job))

    async def _open_form(self, values: Mapping[str, str]) -> None:
        if self._store is None:
            return
        from fttui.core.samples import sample_path
        from fttui.ui.create_form.form import EMPTY
        from fttui.ui.create_form.screen import CreateScreen

        form = CreateScreen(self._store, {**EMPTY, **values}, sample_path, self._place, self._glyphs, now=self._now)
        await self.app.push_screen(form, lambda outcome: self._created(outcome, form.uploaded))

    def _created(self, outcome: Outcome | None, uploaded: Sequence[str]) -> None:
        if outcome is None:
            if uploaded:
                self._offer_to_delete(uploaded)
            return
        self.prompt.say(outcome.message or f"created {outcome.id}", "" if outcome.ok else "warn")
        self._watched.add(outcome.id)
        self._change_view(status=0, filter="")
        self.jobs.list.move_to_key(outcome.id)
        self._go("jobs")
        self._show_job()

    def _offer_to_delete(self, ids: Sequence[str]) -> None:
        """Files that were uploaded for a job that was not created lie at the provider for nothing."""
        what, them = ("1 file was", "it") if len(ids) == 1 else (f"{len(ids)} files were", "them")
        self._hands.delete_files(ids, question=f"{what} uploaded for no job. Delete {them}?")

    def action_cancel(self) -> None:
        if not self._refuse("job.cancel"):
            self._hands.cancel(self._targets())

    def action_pause(self) -> None:
        if not self._refuse("job.pause"):
            self._hands.pause(self._targets())
