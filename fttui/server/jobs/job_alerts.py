"""Alerts about jobs: their ends and the alarms of their metrics. Pure functions."""

from fttui.learning.alarms import STOPPABLE, Alarm, Kind
from fttui.models.row import short_id
from fttui.server.settings import Settings
from fttui.server.storage.alert_table import NewAlert
from fttui.server.storage.records import JobRecord
from fttui.text import clean_line

LONGEST_MESSAGE = 1000
TOLD_WITHIN = 86_400
"""Seconds after its end in which a job is told. Jobs that were restored after a lost database are not told again."""
_KINDS = (*STOPPABLE, Kind.STALLED)


def told_kinds(settings: Settings) -> tuple[Kind, ...]:
    """Return the kinds of alarms of running jobs that the user is told about; none without a channel."""
    return tuple(kind for kind in _KINDS if is_told(kind, settings))


def is_told(kind: Kind, settings: Settings) -> bool:
    """Tell whether the user wants alerts about alarms of a kind."""
    return bool(settings.channels) and kind not in settings.alarms_off


def event_of(kind: Kind) -> str:
    """Return the event of the alert about an alarm of this kind."""
    return f"alarm.{kind.value}"


def alarm_alert(job: JobRecord, alarm: Alarm, settings: Settings) -> NewAlert:
    """Return the alert about an alarm of a job."""
    return _alert(event_of(alarm.kind), f"{_title(job)}: {alarm.message}", settings)


def end_alert(job: JobRecord, settings: Settings, now: float) -> NewAlert | None:
    """Return the alert about the end of a job. None without a channel, and for a job that ended long ago."""
    if not settings.channels or now - (job.finished_at or 0) > TOLD_WITHIN:
        return None
    match job.status:
        case "succeeded":
            text = f"{_title(job)} succeeded: its model is {job.fine_tuned_model}."
        case "failed":
            text = f"{_title(job)} failed: {(job.error or {}).get('message') or 'no reason is known'}"
        case status:
            text = f"{_title(job)} was {status}."
    if job.stop is not None:
        text += f" {job.stop['message']}"
    return _alert(f"job.{job.status}", text, settings)


def _alert(event: str, text: str, settings: Settings) -> NewAlert:
    return NewAlert(event, clean_line(text)[:LONGEST_MESSAGE], settings.channels)


def _title(job: JobRecord) -> str:
    return f"{job.suffix} ({short_id(job.id)})" if job.suffix else short_id(job.id)
