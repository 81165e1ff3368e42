"""Bodies of webhooks: JSON, ntfy and Slack. Pure functions.

Text of jobs is in the body only. Headers are constants, apart from the id of the alert.
"""

import json
from typing import Any

from fttui.server.settings import WEBHOOK_FORMATS as WEBHOOK_FORMATS
from fttui.server.storage.alert_table import Alert

_JSON = {"Content-Type": "application/json"}
_TAGS = {"job.succeeded": "white_check_mark", "job.failed": "x", "job.cancelled": "no_entry_sign"}
"""Tags of ntfy, which are shown as emoji."""


def request_of(format: str, alert: Alert) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a request.

    Args:
        format: one of `WEBHOOK_FORMATS`.
    """
    body, headers = _request_of(format, alert)
    return body, {**headers, "Idempotency-Key": alert.id}


def _request_of(format: str, alert: Alert) -> tuple[bytes, dict[str, str]]:
    match format:
        case "ntfy":
            urgent = alert.event.startswith("alarm.") or alert.event == "job.failed"
            tag = "warning" if alert.event.startswith("alarm.") else _TAGS.get(alert.event, "bell")
            headers = {"Content-Type": "text/plain; charset=utf-8", "Title": "fttui", "Tags": tag}
            return alert.message.encode(), {**headers, "Priority": "high" if urgent else "default"}
        case "slack":
            # Escaped as Slack asks for, so that no text becomes a link or a mention.
            text = alert.message.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            return json.dumps({"text": text}).encode(), _JSON
        case _:
            return json.dumps(json_of(alert)).encode(), _JSON


def json_of(alert: Alert) -> dict[str, Any]:
    """Return the generic JSON object of an alert."""
    return {
        "id": alert.id,
        "attempt": alert.attempts + 1,
        "event": alert.event,
        "created_at": alert.created_at,
        "message": alert.message,
        "job": alert.job,
    }
