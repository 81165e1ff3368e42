"""Facts about a job besides its own JSON, for the detail pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fttui.learning.checkpoints import judged_checkpoints
from fttui.ui.render.status_line import ServiceInfo

if TYPE_CHECKING:
    from fttui.core.pricing import Pricing
    from fttui.models.job import Job
    from fttui.models.row import JobRow
    from fttui.store.port import StorePort
    from fttui.ui.render.detail_lines import JobFacts

FIRST_SEQ = -(2**62)
"""Sequence number before that of every event."""
MOST_COSTS = 200
"""Largest number of jobs whose costs are cached."""


def empty_log_text(store: StorePort, row: JobRow, service: ServiceInfo) -> str:
    """Return the text of the log of a job without events."""
    if row.gone or (row.status.is_final and store.has_read_events(row.id)):
        return "Events are no longer available for this job."
    if "events" in store.restrictions.missing:
        return f"{service.profile} does not offer events."
    return "No events yet."


def empty_checkpoints_text(store: StorePort, row: JobRow, service: ServiceInfo) -> str:
    """Return the text of the checkpoints pane of a job without checkpoints."""
    if "checkpoints" in store.restrictions.missing:
        return f"{service.profile} does not offer checkpoints."
    return "No checkpoints." if row.status.is_final else "No checkpoints yet."


class JobFactsLoader:
    """Loads the facts from the store. The costs of a job, which are in files, are cached for each of its states."""

    def __init__(self, service: ServiceInfo, off: frozenset[str] = frozenset()) -> None:
        """
        Args:
            off: kinds of alarms that the user has turned off.
        """
        self._service = service
        self._off = off
        self._pricing: Pricing | None = None
        self._costs: dict[tuple[str, str, int | None], list[tuple[str, str]]] = {}

    def load(self, store: StorePort, job: Job, id: str) -> JobFacts:
        """Return the facts about a job.

        Args:
            id: id of the job in the store, which has the profile in front when several are shown.
        """
        from fttui.ui.render.detail_lines import JobFacts, file_words  # late: the first frame knows rows only

        run = store.run(id)
        files = (store.file(name) for name in (job.training_file, job.validation_file, *job.result_files))
        return JobFacts(
            first_events=store.events(id, after=FIRST_SEQ, limit=20),
            last_events=store.events(id, limit=40),
            run=run,
            judged=judged_checkpoints(store.checkpoints(id), run),
            report=store.alarms(id).without(self._off),
            files={file.id: file_words(file) for file in files if file is not None},
            costs=self._cost_lines(job),
        )

    def _cost_lines(self, job: Job) -> list[tuple[str, str]]:
        known = (job.id, job.status_text, job.trained_tokens)
        if known not in self._costs:
            if self._pricing is None:
                from fttui.core.pricing import Pricing

                self._pricing = Pricing(self._service)
            if len(self._costs) >= MOST_COSTS:
                self._costs.clear()
            self._costs[known] = self._pricing.fields(job)
        return self._costs[known]
