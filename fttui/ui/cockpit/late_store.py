"""The store of the create form, which opens before there is a connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fttui.models import refusals
from fttui.store.health import State
from fttui.store.snapshot import Outcome
from fttui.ui.cockpit.model import CockpitModel

if TYPE_CHECKING:
    from fttui.models.assessment import Assessment
    from fttui.models.file import File, Model, ModelAnswer
    from fttui.models.job import Job
    from fttui.models.spec import JobSpec
    from fttui.store.port import StorePort

MOST_JOBS = 100
"""Jobs whose models and files are offered first."""


class LateStore:
    """Store of the create form before there is a connection.

    Requests wait for the connection. Until then no file is known.
    """

    def __init__(self, model: CockpitModel) -> None:
        self._model = model

    @property
    def _store(self) -> StorePort | None:
        return self._model.store

    @property
    def is_connecting(self) -> bool:
        health = self._model.snapshot.health
        return health.state is State.CONNECTING if self._store is not None else not health.why

    @property
    def trouble(self) -> str:
        """State of the connection for a title: `connecting`, `OFFLINE since 12:03`; empty when requests may arrive."""
        health = self._model.snapshot.health
        if self.is_connecting:
            return "connecting"
        if health.state is not State.OFFLINE:
            return ""
        return f"OFFLINE since {time.strftime('%H:%M', time.localtime(health.since))}"

    async def changed(self) -> None:
        """Wait for the next change of the connection or the jobs."""
        await self._model.next_change()

    def list_fault(self, kind: str) -> str:
        """Return why the last list of `models` or `files` failed; empty when it did not."""
        return self._store.list_fault(kind) if self._store is not None else ""

    async def connected(self) -> str:
        """Wait for the connection. Return the reason why no request can arrive; empty when one may."""
        while self.is_connecting:
            await self._model.next_change()
        health = self._model.snapshot.health
        return health.unreachable if self._store is not None else f"not connected: {health.why}"

    def file(self, id: str) -> File | None:
        return self._store.file(id) if self._store is not None else None

    def has_file(self, id: str) -> bool | None:
        return self._store.has_file(id) if self._store is not None else None

    async def files(self) -> list[File]:
        await self.connected()
        return await self._store.files() if self._store is not None else []

    async def models(self) -> list[Model]:
        await self.connected()
        return await self._store.models() if self._store is not None else []

    async def model(self, id: str) -> ModelAnswer:
        await self.connected()
        if self._store is not None:
            return await self._store.model(id)
        from fttui.models.file import ModelAnswer  # late: pydantic is not loaded for the first frame

        return ModelAnswer(None, is_certain=False)

    def newest_jobs(self) -> list[Job]:
        """Return the newest jobs, to offer their models and files first."""
        store, snapshot = self._store, self._model.snapshot
        if store is None:
            return []
        rows = sorted(snapshot.rows.values(), key=lambda row: -(row.created_at or 0.0))[:MOST_JOBS]
        return [job for row in rows if (job := store.job(row.id)) is not None]

    def best_losses(self) -> dict[str, float]:
        """Return the best validation loss of jobs, by their tuned model."""
        rows = self._model.snapshot.rows.values()
        return {
            row.fine_tuned_model: row.summary.best
            for row in rows
            if row.fine_tuned_model and row.summary.best is not None and row.summary.is_validation
        }

    async def assess(self, *specs: JobSpec, has_files: bool) -> Assessment:
        store = self._store
        from fttui.models.assessment import Assessment

        return await store.assess(*specs, has_files=has_files) if store is not None else Assessment()

    async def create(self, spec: JobSpec) -> Outcome:
        store = self._store
        return await store.create(spec) if store is not None else Outcome(False, refusals.NOT_CONNECTED)

    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome:
        store = self._store
        return await store.upload(path, progress) if store is not None else Outcome(False, refusals.NOT_CONNECTED)
