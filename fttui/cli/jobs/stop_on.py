"""`jobs watch --stop-on`, which cancels a job when an alarm is found, and a warning of `jobs create --stop-on`."""

from typing import TYPE_CHECKING

from fttui.learning.stop_rule import StopRule
from fttui.learning.words import stop_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fttui.api.client import Client
    from fttui.models.event import Event
    from fttui.models.job import Job
    from fttui.models.spec import JobSpec


class StopOn:
    """Rules of the watched jobs."""

    def __init__(self, kinds: str) -> None:
        self._kinds = kinds.split(",")
        self._rules: dict[str, StopRule] = {}
        self._found: dict[str, str] = {}
        self._cancelled: set[str] = set()

    def add(self, job: "Job", events: "Sequence[Event]") -> None:
        """Add new events of a job, oldest first. The first ones are its past, which counts as a whole."""
        rule = self._rules.get(job.id)
        is_past = rule is None
        if rule is None:
            rule = self._rules[job.id] = StopRule(self._kinds, bool(job.validation_file))
        look = False
        for event in events:
            if event.step is None:
                continue
            rule.run.total_steps = event.total_steps or rule.run.total_steps
            look = rule.add(event.step, event.metrics, event.created_at) or (is_past and bool(rule.run.series))
            if look and not is_past:
                self._apply(job, rule)
        if look and is_past:
            self._apply(job, rule)

    def _apply(self, job: "Job", rule: StopRule) -> None:
        from fttui.store.runs import learning_rate

        if job.id not in self._found and (found := rule.alarms(learning_rate=learning_rate(job))):
            alarm = found[0]
            self._found[job.id] = f"the rule {alarm.kind} applies: {stop_words(alarm, rule.run)}"

    def should_cancel(self, job: "Job") -> bool:
        """Tell whether to cancel a job now."""
        return job.id in self._found and job.id not in self._cancelled and job.status.is_live

    async def cancel(self, client: "Client", job: "Job") -> "tuple[Job, str]":
        """Cancel a job. Return the job, and half a sentence that says why and what was done.

        Raises:
            ApiError: the request failed, and the job has not ended by itself.
        """
        from fttui.api.errors import BadRequest

        try:
            changed = await client.cancel_job(job.id)
        except BadRequest:
            changed = await client.get_job(job.id)
            if not changed.status.is_final:
                raise
            return changed, f"{self._found[job.id]}. It had ended before it could be cancelled"
        self._cancelled.add(job.id)
        return changed, f"{self._found[job.id]}. Cancelled"


def stop_on_warning(spec: "JobSpec") -> str:
    """Return why a rule that stops the job can never apply; empty when it can."""
    if "overfitting" in spec.stop_on.split(",") and not spec.validation_file:
        return "--stop-on overfitting needs a validation file; without one it never stops the job"
    return ""
